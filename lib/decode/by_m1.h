/* by_m1.h - decodes by evaluating M1: windows of any size, any number of resets, unbroken codes. */
#ifndef NCT_DECODE_BY_M1_H
#define NCT_DECODE_BY_M1_H

#include "decode/output.h"
#include "m1/m1.h"
#include "m1/plan.h"

typedef struct nct_m1_decoder nct_m1_decoder;

/* Makes a decoder for streams of this plan that *reader reads from fd `in`. Their text goes to *to. `m1`, `reader`,
 * `in` and `to` are borrowed. On failure *out is NULL: NCT_ENOMEM. */
nct_err nct_m1_decoder_new(nct_m1_decoder **out, const nct_m1 *m1, const struct nct_plan *plan, nct_reader *reader,
                           int in, struct nct_output *to) NCT_USED;
void nct_m1_decoder_free(nct_m1_decoder *d); /* NULL is a no-op */
/* Decodes the blocks that come next, as nct_book_decode() does. */
nct_err nct_m1_decode(nct_m1_decoder *d, enum nct_event *event, nct_why *why) NCT_USED;

#endif
