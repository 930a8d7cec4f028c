/* from_run.h - the integer M1 of float parameters, with ranges from the training text. */
#ifndef NCT_QUANTISE_FROM_RUN_H
#define NCT_QUANTISE_FROM_RUN_H

#include "data/examples.h"
#include "net/transformer.h"

/* As nct_m1_quantise(), with a sample of `e`. NCT_ENAN also where the parameters are beyond what integers hold. */
nct_err nct_m1_from_floats(nct_m1 **m, const struct nct_shape *shape, const float *params, const struct nct_examples *e,
                           const struct nct_train_options *o, nct_why *why) NCT_USED;

#endif
