/* step.h - inference one position at a time, with a cache of keys and values.
 *
 * It computes the function of transformer.h, always in floats, but with sums in another order than
 * nct_net_forward(). Logits agree with those of float rows to a few parts in 10^5 of their size (test_step.c). The
 * number of positions is unlimited, as the cache holds only the last `reach` of them. */
#ifndef NCT_NET_STEP_H
#define NCT_NET_STEP_H

#include "net/transformer.h"

typedef struct nct_step nct_step; /* one sequence */

/* Starts a sequence. tensor[i] points to tensor i of the table in transformer.h. The tensors are borrowed until
 * nct_step_free(). `cpu` as for nct_net_new(). Results depend on its row of kernels, never on `threads`. On failure
 * *out is NULL. NCT_EARG, NCT_ENOMEM. */
nct_err nct_step_new(nct_step **out, const struct nct_shape *s, const float *const tensor[NCT_P_COUNT],
                     unsigned threads, const char *cpu, nct_why *why) NCT_USED;
void nct_step_free(nct_step *s); /* NULL is a no-op */

/* Reads symbol `in` at the next position. NCT_EARG if `in` is not below the shape's `inputs`; then nothing is read. */
nct_err nct_step_read(nct_step *s, uint32_t in) NCT_USED;
/* The logits (V) of the next symbol, after at least one symbol was read. Valid until the next call. */
const float *nct_step_logits(nct_step *s);

#endif
