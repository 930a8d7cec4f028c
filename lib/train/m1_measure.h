/* m1_measure.h - measures the integer M1 on a text, in bits/byte. */
#ifndef NCT_TRAIN_M1_MEASURE_H
#define NCT_TRAIN_M1_MEASURE_H

#include "data/examples.h"

/* Sets *bits to the bits/byte of the sample of `e` that nct_loop_evaluate() takes: the sum of -log2(frequency /
 * NCT_FREQ_TOTAL) over its symbols, EODs included, divided by its bytes. The result does not depend on `threads`.
 * NCT_ENOMEM. */
nct_err nct_m1_measure(const nct_m1 *m, const struct nct_examples *e, unsigned threads, double *bits,
                       nct_why *why) NCT_USED;

#endif
