/* step.h - inference one position at a time, of several sequences side by side, with a cache of keys and values.
 *
 * It computes the function of transformer.h, always in floats, but with sums in another order than
 * nct_net_forward(). Logits agree with those of float rows to a few parts in 10^5 of their size (test_step.c). The
 * number of positions is unlimited, as the cache holds only the last `reach` of them. */
#ifndef NCT_NET_STEP_H
#define NCT_NET_STEP_H

#include "base/threads.h"
#include "float/float.h"
#include "net/transformer.h"

typedef struct nct_step nct_step; /* some sequences */

/* Starts `sequences` sequences, at least 1. tensor[i] points to tensor i of the table in transformer.h. The tensors are
 * borrowed until nct_step_free(). `cpu` as for nct_net_new(). Results depend on its row of kernels, never on `threads`,
 * nor on what other sequences there are. Unless `type` is NCT_DOTS_F32, weights are copied and stored so. On failure
 * *out is NULL. NCT_EARG, NCT_ENOMEM. */
nct_err nct_step_new(nct_step **out, const struct nct_shape *s, const float *const tensor[NCT_P_MODEL],
                     enum nct_dots_type type, size_t sequences, unsigned threads, const char *cpu,
                     nct_why *why) NCT_USED;
void nct_step_free(nct_step *s); /* NULL is a no-op */
/* Bytes of the keys and values of a sequence: most of what it needs. 0: more than there can be. */
size_t nct_step_bytes(const struct nct_shape *s);
nct_threads *nct_step_threads(nct_step *s); /* its threads, for work between its calls; borrowed */
const struct nct_float *nct_step_kernels(const nct_step *s); /* its row of kernels */

/* The next symbol of a sequence. */
struct nct_step_input {
	size_t sequence;
	uint32_t symbol;
};
/* Reads `count` symbols, each of another sequence, at the next positions of these. The weights are read once for all.
 * NCT_EARG if a symbol is not below the shape's `inputs`; then nothing is read. */
nct_err nct_step_read(nct_step *s, const struct nct_step_input *in, size_t count) NCT_USED;
/* The logits (count,V) of what follows the symbols of the last nct_step_read(), in the order of its inputs. Valid until
 * the next call. */
const float *nct_step_logits(nct_step *s);
/* Sequence `to` becomes a copy of sequence `from`, without its logits. */
void nct_step_copy(nct_step *s, size_t to, size_t from);

#endif
