/* adafactor.h - the optimiser: Adafactor (Shazeer and Stern, 2018) as T5X configures it, without momentum.
 *
 * For each matrix with parameters p and gradients g:
 *   v = decay * v + (1 - decay) * (g^2 + 1e-30), with decay = 1 - step^-0.8
 *   u = g / sqrt(v);  u /= max(1, rms(u))
 *   p -= lr * max(1e-3, rms(p)) * u
 * The second moments v are kept as means of rows and of columns, if there are at least 2 of each; else in full. */
#ifndef NCT_TRAIN_ADAFACTOR_H
#define NCT_TRAIN_ADAFACTOR_H

#include "net/transformer.h"

typedef struct nct_adafactor nct_adafactor; /* second moments of one shape's parameters, and scratch */

/* Creates an optimiser with all moments 0. `cpu` as for nct_net_new(). On failure *out is NULL. NCT_EARG,
 * NCT_ENOMEM. */
nct_err nct_adafactor_new(nct_adafactor **out, const struct nct_shape *s, unsigned threads, const char *cpu,
                          nct_why *why) NCT_USED;
void nct_adafactor_free(nct_adafactor *a); /* NULL is a no-op */

size_t nct_adafactor_floats(const struct nct_shape *s); /* length of the state; 0 if the shape is impossible */
/* Bytes that nct_adafactor_new() will allocate, without some bytes per matrix; 0 if the shape is impossible. */
uint64_t nct_adafactor_bytes(const struct nct_shape *s);
/* The whole state, as one block; borrowed. To save and restore the optimiser, save and restore this. For each
 * matrix, in the order of the table of tensors, it has the means of rows, then those of columns, or the full
 * moments. */
float *nct_adafactor_state(nct_adafactor *a);

/* Makes step number `step`, from 1, on params. Parameters and gradients are in the table's order. NCT_ENAN, which
 * names the tensor, if a gradient is not finite or its square overflows; then nothing has changed. Results do not
 * depend on the number of threads. */
nct_err nct_adafactor_step(nct_adafactor *a, float *params, const float *grads, uint64_t step, double lr,
                           nct_why *why) NCT_USED;

#endif
