/* foreign.h - cuts foreign tokens into the blocks of a token stream. */
#ifndef NCT_TOKENS_FOREIGN_H
#define NCT_TOKENS_FOREIGN_H

#include "stream/stream.h"

typedef struct nct_foreign nct_foreign;

/* Begins a stream of foreign tokens on fd `out`. NCT_EIO, NCT_ENOMEM. */
nct_err nct_foreign_new(nct_foreign **out, int fd, uint32_t vocab, int text_unknown) NCT_USED;
void nct_foreign_free(nct_foreign *t); /* NULL is a no-op; writes nothing */
/* Adds one token (less than the vocabulary) to the document; `text_bytes` of text are known to belong to it. */
nct_err nct_foreign_token(nct_foreign *t, uint32_t id, uint64_t text_bytes) NCT_USED; /* NCT_EIO, NCT_ENOMEM */
/* Ends the document, which may be empty, and adds to its text bytes. */
nct_err nct_foreign_document(nct_foreign *t, uint64_t text_bytes) NCT_USED; /* NCT_EIO, NCT_ENOMEM */
/* Writes what is left, and the trailer. */
nct_err nct_foreign_end(nct_foreign *t) NCT_USED; /* NCT_EIO, NCT_ENOMEM */
const struct nct_totals *nct_foreign_totals(const nct_foreign *t);

#endif
