/* adafactor.h - the optimiser: Adafactor (Shazeer & Stern 2018) as T5X runs it, without momentum.
 *
 * Per matrix: v = decay * v + (1 - decay) * (g^2 + 1e-30) with decay = 1 - step^-0.8, kept as row and column means
 * where rows and cols are both at least 2, in full elsewhere; u = g / sqrt(v); u /= max(1, rms(u));
 * p -= lr * max(1e-3, rms(p)) * u. */
#ifndef NCT_TRAIN_ADAFACTOR_H
#define NCT_TRAIN_ADAFACTOR_H

#include "net/transformer.h"

typedef struct nct_adafactor nct_adafactor; /* second moments of one shape's parameters, and scratch */

/* `cpu` as for nct_net_new(). All moments are 0. NCT_EARG, NCT_ENOMEM; on failure *out is NULL. */
nct_err nct_adafactor_new(nct_adafactor **out, const struct nct_shape *s, unsigned threads, const char *cpu,
                          nct_why *why) NCT_USED;
void nct_adafactor_free(nct_adafactor *a); /* NULL is a no-op */

size_t nct_adafactor_floats(const struct nct_shape *s); /* length of the state; 0 if the shape is impossible */
/* What nct_adafactor_new() will allocate, but for some bytes for each matrix; 0 if the shape is impossible. */
uint64_t nct_adafactor_bytes(const struct nct_shape *s);
/* The whole state, one block: saving and restoring it is saving and restoring the optimiser. Matrix by matrix in the
 * tensor table's order: row means then column means, or the full moments. Borrowed. */
float *nct_adafactor_state(nct_adafactor *a);

/* One step, the step-th (from 1), on parameters and gradients in the table's layout. NCT_ENAN, naming the tensor, if a
 * gradient is not finite or its square overflows: then nothing has changed. The bits do not depend on the thread
 * count. */
nct_err nct_adafactor_step(nct_adafactor *a, float *params, const float *grads, uint64_t step, double lr,
                           nct_why *why) NCT_USED;

#endif
