/* by_book.h - encoding by a codebook, where M1 is not asked any more. */
#ifndef NCT_ENCODE_BY_BOOK_H
#define NCT_ENCODE_BY_BOOK_H

#include "book/trie.h"
#include "stream/blocks.h"
#include "text/boundaries.h"

/* Bytes of text in a batch, which is a thread's: of NCT_LANES chunks, each for a lane to walk, between these. The
 * fewer, the more of it is still in the cache where it is needed next. */
#ifndef NCT_BOOK_BATCH_MAX /* fuzzing wants small ones */
#define NCT_BOOK_BATCH_MIN ((size_t)2 << 20)
#define NCT_BOOK_BATCH_MAX ((size_t)16 << 20)
#endif

/* Encodes all text of `bounds` into b->writer's stream, header and trailer left to the caller. The options are good and
 * those of the codebook in *t. Errors as nct_encode(). */
nct_err nct_encode_by_book(const struct nct_trie *t, nct_bounds *bounds, struct nct_blocks *b,
                           const struct nct_encode_options *o, nct_why *why) NCT_USED;

#endif
