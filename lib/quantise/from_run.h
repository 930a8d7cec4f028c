/* from_run.h - quantises a training run's parameters to an integer M1, with a sample of the training text. */
#ifndef NCT_QUANTISE_FROM_RUN_H
#define NCT_QUANTISE_FROM_RUN_H

#include "data/examples.h"
#include "net/transformer.h"

/* As nct_m1_quantise(), with some examples of `e` as sample text. NCT_ENAN also if a parameter is too large for the
 * integers. */
nct_err nct_m1_from_floats(nct_m1 **m, const struct nct_shape *shape, const float *params, const struct nct_examples *e,
                           const struct nct_train_options *o, nct_why *why) NCT_USED;

#endif
