/* foreign.h - cuts foreign tokens into the blocks of a token stream. */
#ifndef NCT_TOKENS_FOREIGN_H
#define NCT_TOKENS_FOREIGN_H

#include "stream/stream.h"

typedef struct nct_build nct_build;

/* Begins a stream of foreign tokens on fd `out`. NCT_EIO, NCT_ENOMEM. */
nct_err nct_build_new(nct_build **out, int fd, uint32_t vocab, int text_unknown) NCT_USED;
void nct_build_free(nct_build *t); /* NULL is a no-op; writes nothing */
/* Adds one token (less than the vocabulary) to the document; `text_bytes` of text are known to belong to it. */
nct_err nct_build_token(nct_build *t, uint32_t id, uint64_t text_bytes) NCT_USED; /* NCT_EIO, NCT_ENOMEM */
/* Ends the document, which may be empty, and adds to its text bytes. */
nct_err nct_build_document(nct_build *t, uint64_t text_bytes) NCT_USED; /* NCT_EIO, NCT_ENOMEM */
/* Writes what is left, and the trailer. */
nct_err nct_build_end(nct_build *t) NCT_USED; /* NCT_EIO, NCT_ENOMEM */
const struct nct_totals *nct_build_totals(const nct_build *t);

#endif
