/* to_floats.h - a float net again from an integer M1, to be trained further. */
#ifndef NCT_QUANTISE_TO_FLOATS_H
#define NCT_QUANTISE_TO_FLOATS_H

#include "net/transformer.h"

/* Fills params, laid out as the table of `s` has it, with those of a net that predicts what *m does, but for the
 * rounding of what flows through m; norm gains are 1. NCT_EMODEL if *m is of another kind or size, NCT_EARG for an
 * impossible shape. */
nct_err nct_m1_to_floats(float *params, const struct nct_shape *s, const nct_m1 *m, nct_why *why) NCT_USED;

#endif
