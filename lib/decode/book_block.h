/* book_block.h - decoding a block's windows by a codebook's strings: what m1_block.h does by asking M1. */
#ifndef NCT_DECODE_BOOK_BLOCK_H
#define NCT_DECODE_BOOK_BLOCK_H

#include "book/text_table.h"
#include "decode/job.h"

/* Decodes the windows of run *r to *d. NCT_EDATA if there is more text than d->text_max, or, unless `loose`, a
 * window after EOD; NCT_ENOMEM. */
nct_err nct_book_run(const struct nct_text_table *t, struct nct_decoded *d, struct nct_run *r, int loose) NCT_USED;

#endif
