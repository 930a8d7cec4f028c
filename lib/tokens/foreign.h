/* foreign.h - writes a stream of foreign tokens, and cuts it into blocks. */
#ifndef NCT_TOKENS_FOREIGN_H
#define NCT_TOKENS_FOREIGN_H

#include "stream/stream.h"

typedef struct nct_foreign nct_foreign;

/* Begins a stream of foreign tokens on `fd`, which is borrowed. On failure *out is NULL: NCT_EIO, NCT_ENOMEM. */
nct_err nct_foreign_new(nct_foreign **out, int fd, uint32_t vocab, int text_unknown) NCT_USED;
void nct_foreign_free(nct_foreign *t); /* NULL is a no-op; writes nothing */
/* Adds a token, an id below `vocab`, to the document, and `text_bytes` to the document's text. */
nct_err nct_foreign_token(nct_foreign *t, uint32_t id, uint64_t text_bytes) NCT_USED; /* NCT_EIO, NCT_ENOMEM */
/* Adds `text_bytes` to the document's text, and ends the document, which may be empty. */
nct_err nct_foreign_document(nct_foreign *t, uint64_t text_bytes) NCT_USED; /* NCT_EIO, NCT_ENOMEM */
/* Writes the last block, and the trailer. No document may be open. */
nct_err nct_foreign_end(nct_foreign *t) NCT_USED; /* NCT_EIO, NCT_ENOMEM */
const struct nct_totals *nct_foreign_totals(const nct_foreign *t);

#endif
