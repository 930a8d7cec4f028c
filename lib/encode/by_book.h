/* by_book.h - encodes by a codebook, without evaluating M1. */
#ifndef NCT_ENCODE_BY_BOOK_H
#define NCT_ENCODE_BY_BOOK_H

#include "book/trie.h"
#include "stream/blocks.h"
#include "text/boundaries.h"

/* Bytes of text in a batch: NCT_LANES chunks, so that each lane has one, but between these limits. A small batch stays
 * in the processor's cache from one stage to the next. */
#ifndef NCT_BOOK_BATCH_MAX /* fuzzing sets smaller limits */
#define NCT_BOOK_BATCH_MIN ((size_t)2 << 20)
#define NCT_BOOK_BATCH_MAX ((size_t)16 << 20)
#endif

/* Encodes all text of `bounds` to blocks of *b. The caller writes header and trailer, and has checked the options,
 * which fit the codebook of *t. Errors as nct_encode(). */
nct_err nct_encode_by_book(const struct nct_trie *t, nct_bounds *bounds, struct nct_blocks *b,
                           const struct nct_encode_options *o, nct_why *why) NCT_USED;

#endif
