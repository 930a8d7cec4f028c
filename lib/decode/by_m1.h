/* by_m1.h - decoding by asking M1: every size of window, any number of resets, unbroken codes. */
#ifndef NCT_DECODE_BY_M1_H
#define NCT_DECODE_BY_M1_H

#include "decode/output.h"
#include "m1/m1.h"
#include "m1/plan.h"

typedef struct nct_m1_decoder nct_m1_decoder;

/* For streams of such windows that *reader reads from fd `in`, whose text goes to *to. All is borrowed. On failure
 * *out is NULL: NCT_ENOMEM. */
nct_err nct_m1_decoder_new(nct_m1_decoder **out, const nct_m1 *m1, const struct nct_plan *plan, nct_reader *reader,
                           int in, struct nct_output *to) NCT_USED;
void nct_m1_decoder_free(nct_m1_decoder *d); /* NULL is a no-op */
/* After a stream's header, or after a loss in it: decodes its blocks as nct_book_decode() does. */
nct_err nct_m1_decode(nct_m1_decoder *d, enum nct_event *event, nct_why *why) NCT_USED;

#endif
