/* step.h - the Transformer one position at a time: keys and values of the positions before are kept, nothing is
 * computed twice.
 *
 * The same function as nct_net_forward() (transformer.h has the equations), in floats whatever the row, summed in
 * another order: logits agree with those of float rows to a few parts in 10^5 of their size (test_step.c). Positions
 * may go on for ever: only the last `reach` of them are kept. */
#ifndef NCT_NET_STEP_H
#define NCT_NET_STEP_H

#include "net/transformer.h"

typedef struct nct_step nct_step; /* one sequence */

/* `tensor` points to each tensor of the table, laid out as nct_shape_tensors() says, and is borrowed until
 * nct_step_free(), what it points to, too. `cpu` as for nct_net_new(). The bits of the results depend on that row,
 * never on `threads`. NCT_EARG, NCT_ENOMEM; on failure *out is NULL. */
nct_err nct_step_new(nct_step **out, const struct nct_shape *s, const float *const tensor[NCT_P_COUNT],
                     unsigned threads, const char *cpu, nct_why *why) NCT_USED;
void nct_step_free(nct_step *s); /* NULL is a no-op */

/* Reads symbol `in` at the next position. NCT_EARG if it is none of the shape's inputs: then nothing was read. */
nct_err nct_step_read(nct_step *s, uint32_t in) NCT_USED;
/* The logits (V) of what follows what was read, at least one symbol; valid until the next call. */
const float *nct_step_logits(nct_step *s);

#endif
