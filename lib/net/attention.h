/* attention.h - one head of causal attention over one sequence, forward and backward, in tiles of queries by keys. */
#ifndef NCT_NET_ATTENTION_H
#define NCT_NET_ATTENTION_H

#include "float/float.h"

/* The arguments for one head and one sequence of T positions, with D = C/H columns. q, k, v, mix and their gradients
 * are (T,D) elements. Row strides are `ld` elements for q, k, v, dq, dk and dv, and `width` elements for mix and
 * dmix. All memory is borrowed. */
struct nct_head {
	const struct nct_float *kernels;
	size_t length, cols;       /* T and D */
	size_t ld, width;          /* row strides */
	size_t reach;              /* positions that a query may attend to, its own included */
	const uint32_t *first;     /* (T) the first position that position t may attend to; NULL: all 0 */
	const float *bias;         /* (T) by distance d, reversed: bias[T - 1 - d] */
	const void *q, *k, *v;
	void *mix;                 /* the head's output; the forward pass writes it, the backward pass reads it */
	float *lse;                /* (T) log of the sum of exponentials of t's scores; likewise */
	const void *dmix;          /* for the backward pass alone, as the next three */
	void *dq, *dk, *dv;        /* written */
	float *dbias;              /* (NCT_BUCKETS), written */
	unsigned char *scratch;    /* nct_head_bytes() bytes, aligned to 64, for one thread */
};

/* Bytes that `scratch` must have, for the forward pass or, with `backward`, for both. 0 if that overflows. */
size_t nct_head_bytes(const struct nct_float *k, size_t length, size_t cols, size_t reach, int backward);

void nct_head_forward(const struct nct_head *a);
/* Computes the probabilities anew from q, k and lse. */
void nct_head_backward(const struct nct_head *a);

#endif
