/* attention.h - one head of causal attention over one sequence, forward and backward, in tiles of queries. */
#ifndef NCT_MODEL_ATTENTION_H
#define NCT_MODEL_ATTENTION_H

#include "kernels/float.h"

/* A head's view of a sequence of T positions. Row t of q, k and v stands at q + t * ld, and so on; row t of the outputs of
 * attention and of their gradients at mix + t * width. All is borrowed. */
struct nct_head {
	const struct nct_float *kernels;
	size_t length, cols;       /* T, and C/H */
	size_t ld, width;          /* row strides of q, k, v and of mix */
	size_t reach;
	const uint32_t *first;     /* (T) first position that t may attend to; NULL: all 0 */
	const float *bias;         /* (T) by distance, reversed: bias[T - 1 - d] */
	const float *q, *k, *v;
	float *mix, *lse;          /* written forward, read backward; lse (T): log of the sum of exponentials */
	const float *dmix;         /* backward alone */
	float *dq, *dk, *dv;       /* rows as q's; written */
	float *dbias;              /* (NCT_BUCKETS), written */
	float *work;               /* nct_head_floats() of scratch, one thread's */
};

size_t nct_head_floats(size_t length, size_t reach); /* what `work` must hold; 0 if that overflows */

nct_err nct_head_forward(const struct nct_head *a) NCT_USED;
/* Makes the probabilities again from q, k and lse. */
nct_err nct_head_backward(const struct nct_head *a) NCT_USED;

#endif
