/* book_block.h - decodes a block's windows by a codebook, as m1_block.h does by M1. */
#ifndef NCT_DECODE_BOOK_BLOCK_H
#define NCT_DECODE_BOOK_BLOCK_H

#include "book/text_table.h"
#include "decode/job.h"

/* Decodes the windows of part *r to *d, and sets the results of *r. NCT_EDATA: there is more text than d->text_max, or
 * a window follows EOD, which only `loose` allows. NCT_ENOMEM. */
nct_err nct_book_part(const struct nct_text_table *t, struct nct_decoded *d, struct nct_part_job *r,
                      int loose) NCT_USED;

#endif
