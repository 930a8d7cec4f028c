/* integers.h - the integer M1 of float parameters, with ranges from the training text. */
#ifndef NCT_TRAIN_INTEGERS_H
#define NCT_TRAIN_INTEGERS_H

#include "batch.h"
#include "model/transformer.h"

/* As nct_m1_quantise(), with a sample of `e`. NCT_ENAN also where the parameters are beyond what integers hold. */
nct_err nct_m1_from_floats(nct_m1 **m, const struct nct_shape *shape, const float *params, const struct nct_examples *e,
                           const struct nct_train_options *o, nct_why *why) NCT_USED;

#endif
