/* net.h - the memory of a net (struct nct_net). For lib/net alone; others include transformer.h. */
#ifndef NCT_NET_NET_H
#define NCT_NET_NET_H

#include "base/threads.h"
#include "float/float.h"
#include "net/transformer.h"

/* Tokens of a block. A task works on one block; its data fits into 1 MiB of cache. Results are the same whatever
 * thread does a block. */
#define NCT_BLOCK 128

/* Letters in shapes: N tokens (rows * length), L layers, C = width, F = inner, V = vocab, H = heads.
 *
 * Rows of activations, (N,C) and the like, are nct_stride() apart; rows of parameters and gradients lie side by
 * side. "elements" are those of the kernels n->k, and "packed" means the panels of a product's operand (float.h). A
 * net without gradients keeps the activations of one layer only: then L is 1 in the shapes of what is kept. */
struct nct_net {
	struct nct_shape s;
	struct nct_tensor t[NCT_P_COUNT];
	const struct nct_float *k; /* kernels */
	int learns;              /* the net has gradients */
	size_t total;            /* number of parameters */
	size_t rows, length;     /* of the largest batch */
	size_t tokens;           /* N of the largest batch */
	size_t ldx, ldv;         /* row strides of floats, for C and V columns */
	size_t ldc, ldq, ldf, ldu; /* of elements, for C, 3C, F, 2F columns */
	unsigned threads;
	nct_threads *pool;
	nct_observer observer;
	void *observer_ctx;
	float *shown;            /* elements as floats, for the observer; NULL without one */
	struct nct_timing time;

	float *params, *grads;   /* one block of memory each */
	const float *in_rows, *out_rows; /* (inputs,C), (V,C) the rows that the passes see: in `params`, or composed */
	float *embed, *head;     /* the composed ones; NULL without parts */
	const struct nct_composition *composition; /* borrowed; NULL without parts */
	/* Owned: part p is in tokens users[users_at[p]..users_at[p + 1]), (P + 1). */
	uint32_t *users_at, *users;
	float *block;            /* one block for all arrays below */

	/* Kept by the forward pass for the backward pass. */
	float *x;                /* (L+1,N,C) input of norm1; the last one is the input of normf */
	float *xm;               /* (L,N,C) input of norm2 */
	float *lse;              /* (L,H,N) */
	unsigned char *qkv;      /* (L,N,3C) elements, like the next two */
	unsigned char *mix;      /* (L,N,C) attention's output */
	unsigned char *up;       /* (L,N,2F) gate and up; the backward pass writes their gradients over them */

	/* Used again by each layer. */
	float *dx;               /* (N,C) gradient of the layer's output, then of norm2's input, then of norm1's */
	unsigned char *dmix, *dqkv; /* (N,C), (N,3C) elements */
	/* Inputs of the four weights, packed, with words over tokens: (N,C), (N,C), (N,C), (N,F). */
	uint32_t *pn1, *pn2, *pmix, *ph;
	/* Gradients of their outputs, likewise: (N,3C), (N,C), (N,2F), (N,C). */
	uint32_t *pqkv, *pproj, *pup, *pdown;
	/* The weights, packed: words run over inputs in the forward pass, over outputs in the backward pass. */
	uint32_t *wqkv, *wproj, *wup, *wdown;
	float *bias;             /* (H,T) by distance, reversed */
	float *dbias;            /* (rows,H,32) */
	float *gains1, *gains2;  /* (blocks,C) gradients of norm gains, from each block */
	unsigned char *scratch;  /* (threads,scratch_bytes) */
	size_t scratch_bytes;

	/* Logits and loss. Tokens are taken in groups, and groups in slices. A task works on one slice. The logits of one
	 * group are in memory. */
	size_t slice, group;     /* tokens in each; a slice is an even number, a group a whole number of slices */
	float *logits;           /* (group,V); the backward pass writes their gradients over them, as elements */
	uint32_t *plogits;       /* (group,V) the gradients, packed */
	uint32_t *whead, *whead_back; /* the weight `head`, packed with words over C, and over V */
	double *nats;            /* (slices) loss of each slice */
	uint64_t *counts;        /* (slices) targets in each slice */
	unsigned char *products; /* (threads) seconds in products by weights; each has a cache line of its own */
};

/* One thread's scratch. Each array always has rows of the same length, so their padding stays 0. */
struct nct_scratch {
	unsigned char *head;     /* scratch of attention.h */
	unsigned char *n, *dn;   /* (NCT_BLOCK,C) elements: a norm's output; a gradient */
	unsigned char *h, *dh;   /* (NCT_BLOCK,F) elements: output of the gate and its gradient */
	float *y;                /* (NCT_BLOCK,C) a product's output */
};

/* Matrix or vector `i` of a tensor's stack. `base` is n->params or n->grads. */
static inline float *
nct_net_at(const struct nct_net *n, float *base, enum nct_tensor_id id, size_t i)
{
	return base + n->t[id].offset + i * n->t[id].rows * n->t[id].cols;
}

static inline double *
nct_net_products(const struct nct_net *n, unsigned worker)
{
	return (double *)(void *)(n->products + 64 * (size_t)worker);
}

/* Element `i` of an array of elements. */
static inline void *
nct_net_element(const struct nct_net *n, unsigned char *base, size_t i)
{
	return base + i * n->k->element;
}

/* For an array packed with words over tokens: where token `at`, an even number, begins in its first panel. */
static inline uint32_t *
nct_net_packed(const struct nct_net *n, uint32_t *base, size_t at)
{
	return base + at / nct_pair(n->k) * n->k->panel;
}

/* net.c: rows of words in each panel of a packed array of `rows` rows, including padding between panels. */
size_t nct_net_words(const struct nct_net *n, size_t rows);

/* Words from one panel to the next. */
static inline size_t
nct_net_panel(const struct nct_net *n, size_t rows)
{
	return nct_net_words(n, rows) * n->k->panel;
}

/* The first token of layer `l` in arrays (L,N,...). */
static inline size_t
nct_net_layer(const struct nct_net *n, size_t l)
{
	return n->learns ? l * n->tokens : 0;
}

/* scratch.c: bytes of a thread's scratch (0: overflow), and a worker's scratch. */
size_t nct_scratch_bytes(const struct nct_net *n);
struct nct_scratch nct_scratch_at(const struct nct_net *n, unsigned worker);

#endif
