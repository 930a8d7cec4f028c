/* to_floats.h - makes a float net of an integer M1, to train it further. */
#ifndef NCT_QUANTISE_TO_FLOATS_H
#define NCT_QUANTISE_TO_FLOATS_H

#include "net/transformer.h"

/* Fills params, in the order of the table for `s` (transformer.h), so that the net predicts what *m does, except for
 * the rounding of m's activations. Norm gains become 1. NCT_EMODEL if *m has another shape, NCT_EARG if `s` is
 * impossible. */
nct_err nct_m1_to_floats(float *params, const struct nct_shape *s, const nct_m1 *m, nct_why *why) NCT_USED;

#endif
