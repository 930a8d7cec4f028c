/* encode_book.h - encoding by a codebook, where M1 is not asked any more. */
#ifndef NCT_WINDOW_ENCODE_BOOK_H
#define NCT_WINDOW_ENCODE_BOOK_H

#include "window/blocks.h"
#include "window/bounds.h"
#include "window/trie.h"

#ifndef NCT_BOOK_BATCH                    /* fuzzing wants small ones */
#define NCT_BOOK_BATCH ((size_t)16 << 20) /* bytes of text in a batch, per thread, for up to four threads */
#endif

/* Encodes all text of `bounds` into b->writer's stream, header and trailer left to the caller. The options are good and
 * those of the codebook in *t. Errors as nct_encode(). */
nct_err nct_encode_book(const struct nct_trie *t, nct_bounds *bounds, struct nct_blocks *b, const struct nct_encode_options *o,
                        nct_why *why) NCT_USED;

#endif
