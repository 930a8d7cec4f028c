/* attention.h - one head of causal attention over one sequence, forward and backward, in tiles of queries and keys. */
#ifndef NCT_NET_ATTENTION_H
#define NCT_NET_ATTENTION_H

#include "float/float.h"

/* A head's view of a sequence of T positions. q, k, v, mix and their gradients are elements; row t of q, k and v
 * stands t * ld elements on, and so on; row t of mix and dmix t * width. All is borrowed. */
struct nct_head {
	const struct nct_float *kernels;
	size_t length, cols;       /* T, and C/H */
	size_t ld, width;          /* row strides of q, k, v and of mix */
	size_t reach;
	const uint32_t *first;     /* (T) first position that t may attend to; NULL: all 0 */
	const float *bias;         /* (T) by distance, reversed: bias[T - 1 - d] */
	const void *q, *k, *v;
	void *mix;                 /* written forward, read backward */
	float *lse;                /* (T) the same: log of the sum of exponentials */
	const void *dmix;          /* backward alone */
	void *dq, *dk, *dv;        /* rows as q's; written */
	float *dbias;              /* (NCT_BUCKETS), written */
	unsigned char *work;       /* nct_head_bytes() of scratch, one thread's, 64-byte aligned */
};

/* What `work` must hold, for both directions or only for forward; 0 if that overflows. */
size_t nct_head_bytes(const struct nct_float *k, size_t length, size_t cols, size_t reach, int backward);

void nct_head_forward(const struct nct_head *a);
/* Makes the probabilities again from q, k and lse. */
void nct_head_backward(const struct nct_head *a);

#endif
