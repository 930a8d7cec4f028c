/* m1_measure.h - bits per byte of a text under the exact byte model. */
#ifndef NCT_TRAIN_M1_MEASURE_H
#define NCT_TRAIN_M1_MEASURE_H

#include "data/examples.h"

/* Bits/byte of the sample of `e` that nct_loop_evaluate() takes: the sum of -log2(frequency / NCT_FREQ_TOTAL), EOD's
 * included, over the sample's bytes. The same bits for every thread count. NCT_ENOMEM. */
nct_err nct_m1_measure(const nct_m1 *m, const struct nct_examples *e, unsigned threads, double *bits,
                       nct_why *why) NCT_USED;

#endif
