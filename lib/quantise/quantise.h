/* quantise.h - from a trained float net to the exact integer M1, with the ranges that values take on sample text. */
#ifndef NCT_QUANTISE_QUANTISE_H
#define NCT_QUANTISE_QUANTISE_H

#include "net/transformer.h"

#define NCT_SAMPLES_MIN 16 /* positions from which the ranges of values can be learned */

/* NCT_EARG if no M1 can have this shape: to be asked before training, not after. */
nct_err nct_m1_quantise_check(const struct nct_shape *s, nct_why *why) NCT_USED;

/* Makes the integer M1 whose predictions come closest to those of the net with parameters `params`. `in`
 * (rows,length) is sample text as the trainer feeds it; a sample of its positions decides where values are cut off,
 * at least 16 and better some thousands are needed. The result depends on the arguments and the processor, not on
 * `threads`. `cpu` names a row of kernels (NULL: the best). On failure *out is NULL. NCT_EARG (no M1 can have this
 * shape, a multiplier outside its range, an input outside the vocabulary, `cpu`), NCT_ENAN (a parameter or an
 * activation is not finite), NCT_ENOMEM. */
nct_err nct_m1_quantise(nct_m1 **out, const struct nct_shape *s, const float *params, const uint32_t *in, size_t rows,
                        size_t length, unsigned threads, const char *cpu, nct_why *why) NCT_USED;

#endif
