/* quantise.h - quantises a trained float net to the exact integer M1. Ranges of values are those on sample text. */
#ifndef NCT_QUANTISE_QUANTISE_H
#define NCT_QUANTISE_QUANTISE_H

#include "net/transformer.h"

#define NCT_SAMPLES_MIN 16 /* positions that a sample must have at least */

/* NCT_EARG if no M1 can have this shape. Trainers ask this before they train. */
nct_err nct_m1_quantise_check(const struct nct_shape *s, nct_why *why) NCT_USED;

/* Makes an integer M1 that predicts much like the net with parameters `params`. `in` (rows,length) is sample text,
 * as the trainer feeds it. Some of its positions decide where values are clipped; NCT_SAMPLES_MIN are needed, some
 * thousands are better. The result depends on the arguments and the processor, but not on `threads`. `cpu` names a
 * row of kernels (NULL: the best). On failure *out is NULL. NCT_EARG (no M1 can have this shape, a multiplier is out
 * of range, an input is not in the vocabulary, or `cpu` is unknown), NCT_ENAN (a parameter or an activation is not
 * finite), NCT_ENOMEM. */
nct_err nct_m1_quantise(nct_m1 **out, const struct nct_shape *s, const float *params, const uint32_t *in, size_t rows,
                        size_t length, unsigned threads, const char *cpu, nct_why *why) NCT_USED;

#endif
