/* net.h - inside of a net: its blocks of memory, and the passes over them. Not for callers of transformer.h. */
#ifndef NCT_MODEL_NET_H
#define NCT_MODEL_NET_H

#include "kernels/float.h"
#include "kernels/gemm.h"
#include "model/transformer.h"

/* Token rows per task: products are done on blocks of this many, whoever does them. */
#define NCT_BLOCK 256

/* N tokens (rows * length), L layers, C = width, F = inner, V = vocab, H = heads. Rows of (N,C) and the like are nct_stride()
 * apart, those of parameters and gradients are not. */
struct nct_net {
	struct nct_shape s;
	struct nct_tensor t[NCT_P_COUNT];
	const struct nct_float *k;
	size_t total;            /* parameters */
	size_t rows, length;     /* of the largest batch */
	size_t tokens;           /* N of the largest batch: also the layers' stride in what is kept */
	size_t ldc, ldq, ldf, ldu, ldv; /* row strides for C, 3C, F, 2F and V columns */
	unsigned threads;
	nct_tap tap;
	void *tap_ctx;

	float *params, *grads;   /* a block each */
	float *block;            /* all below */

	/* Kept by the forward pass for the backward one. */
	float *x;                /* (L+1,N,C) entering norm1; the last one entering normf */
	float *qkv;              /* (L,N,3C) */
	float *lse;              /* (L,H,N) */
	float *mix;              /* (L,N,C) attention's output */
	float *xm;               /* (L,N,C) entering norm2 */
	float *up;               /* (L,N,2F) gate and up; the backward pass writes their gradients over them */

	/* Used anew by each layer. */
	float *h;                /* (N,F) relu(g) * u */
	float *n1, *n2;          /* (N,C) normed, with gain */
	float *dx, *dxm, *dxo;   /* (N,C) gradients by x entering norm1, entering norm2, leaving the layer */
	float *dmix;             /* (N,C) */
	float *dqkv;             /* (N,3C) */
	float *wqkv, *wproj, *wup, *wdown; /* weights as products want them: (out,in) backward, (in,out) forward */
	float *bias;             /* (H,T) by distance, reversed */
	float *dbias;            /* (rows,H,32) */
	float *gains1, *gains2;  /* (parts,C) gradients of norm gains, by task */
	float *work;             /* (threads,work_floats) */
	size_t work_floats;

	/* The head, in groups of slices of tokens. */
	size_t slice, group;     /* tokens in each; a group is a whole number of slices */
	float *logits;           /* (group,V) */
	double *nats;            /* (slices) */
	uint64_t *counts;        /* (slices) */
	nct_err *errs;           /* (threads) a worker's first failure */
};

/* One batch going through: the context of all tasks. */
struct nct_pass {
	struct nct_net *n;
	const struct nct_batch *b;
	size_t tokens;           /* b->rows * b->length */
	uint32_t layer;
	int backward;            /* the head makes gradients, too */
	float scale, zloss;
	float *each;
	uint8_t *hit;
	size_t at;               /* first token of the head's group */
};

/* Runs task(pass, i, worker) for i in [0, tasks), then gives the first failure of any of them. */
nct_err nct_pass_run(struct nct_pass *p, size_t tasks, void (*task)(void *pass, size_t i, unsigned worker)) NCT_USED;
/* For tasks: remembers the first failure. */
void nct_pass_fail(struct nct_pass *p, unsigned worker, nct_err err);

/* Matrix or vector `i` of a tensor's stack, among parameters or gradients. */
static inline float *
nct_net_at(const struct nct_net *n, float *base, enum nct_tensor_id id, size_t i)
{
	return base + n->t[id].offset + i * n->t[id].rows * n->t[id].cols;
}

static inline size_t
nct_pass_blocks(const struct nct_pass *p)
{
	return (p->tokens + NCT_BLOCK - 1) / NCT_BLOCK;
}

/* Tokens of block i. */
static inline size_t
nct_pass_block(const struct nct_pass *p, size_t i)
{
	size_t left = p->tokens - i * NCT_BLOCK;

	return left < NCT_BLOCK ? left : NCT_BLOCK;
}

/* weights.c: sets wqkv of layer `enter` and wproj, wup, wdown of layer `leave`, transposed; L: none. */
nct_err nct_pass_weights_forward(struct nct_pass *p, uint32_t enter, uint32_t leave) NCT_USED;
/* All four of the current layer, not transposed. */
nct_err nct_pass_weights_backward(struct nct_pass *p) NCT_USED;

/* forward.c: all layers, up to x[L]. */
nct_err nct_pass_forward(struct nct_pass *p) NCT_USED;
struct nct_head;
/* Fills in what head `i` = sequence * H + head of the current layer works on. */
void nct_pass_head(const struct nct_pass *p, size_t i, unsigned worker, struct nct_head *a);

/* Fills `bias` with the position bias of the current layer, by distance instead of bucket. */
void nct_pass_bias(const struct nct_pass *p);

/* loss.c: normf, logits and loss; with p->backward the gradients of head and normf, and dxo. */
nct_err nct_pass_loss(struct nct_pass *p, double *nats, uint64_t *count) NCT_USED;

/* backward.c: all layers and the embedding, from dxo. */
nct_err nct_pass_backward(struct nct_pass *p) NCT_USED;

/* wgrad.c: dw (out,in) += dy^T x over all tokens, for several weights at once. */
struct nct_wgrad {
	float *dw;
	const float *dy, *x;     /* (tokens,out), (tokens,in) */
	size_t ldy, ldx, out, in;
};
nct_err nct_pass_wgrad(struct nct_pass *p, const struct nct_wgrad *w, size_t count, size_t tokens) NCT_USED;
/* gain (C) += sum of parts (count,C), in order. */
void nct_pass_gains(struct nct_pass *p, float *gain, const float *parts, size_t count);

#endif
