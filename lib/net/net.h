/* net.h - inside of a net: its blocks of memory. Not for callers of transformer.h. */
#ifndef NCT_NET_NET_H
#define NCT_NET_NET_H

#include "base/threads.h"
#include "float/float.h"
#include "net/transformer.h"

/* Token rows per task: products are done on blocks of this many, whoever does them; what a block works on fits into
 * 1 MiB. */
#define NCT_BLOCK 128

/* N tokens (rows * length), L layers, C = width, F = inner, V = vocab, H = heads. (N,C) and the like have rows
 * nct_stride() apart, parameters and gradients have not. "elements" are of n->k's kind; what is packed stands in
 * words, for products (float.h). A net without gradients keeps one layer alone: then L is 1 in what is kept. */
struct nct_net {
	struct nct_shape s;
	struct nct_tensor t[NCT_P_COUNT];
	const struct nct_float *k;
	int learns;              /* has gradients */
	size_t total;            /* parameters */
	size_t rows, length;     /* of the largest batch */
	size_t tokens;           /* N of the largest batch */
	size_t ldx, ldv;         /* row strides of floats, for C and V columns */
	size_t ldc, ldq, ldf, ldu; /* of elements, for C, 3C, F, 2F columns */
	unsigned threads;
	nct_threads *pool;
	nct_observe tap;
	void *tap_ctx;
	float *shown;            /* elements as floats, for the tap; NULL: not needed */
	struct nct_timing time;

	float *params, *grads;   /* a block each */
	float *block;            /* all below */

	/* Kept by the forward pass for the backward one. */
	float *x;                /* (L+1,N,C) entering norm1; the last one entering normf */
	float *xm;               /* (L,N,C) entering norm2 */
	float *lse;              /* (L,H,N) */
	unsigned char *qkv;      /* (L,N,3C) elements, as the next two */
	unsigned char *mix;      /* (L,N,C) attention's output */
	unsigned char *up;       /* (L,N,2F) gate and up; the backward pass writes their gradients over them */

	/* Used anew by each layer. */
	float *dx;               /* (N,C) gradient by what leaves the layer, then by x entering norm2, then norm1 */
	unsigned char *dmix, *dqkv; /* (N,C), (N,3C) elements */
	uint32_t *pn1, *pn2, *pmix, *ph;      /* packed over tokens: what the weights are multiplied by, (N,C) and (N,F) */
	/* packed over tokens: gradients by what comes out of them, (N,3C), (N,C), (N,2F), (N,C) */
	uint32_t *pqkv, *pproj, *pup, *pdown;
	uint32_t *wqkv, *wproj, *wup, *wdown; /* weights packed: their inputs in words forward, their outputs backward */
	float *bias;             /* (H,T) by distance, reversed */
	float *dbias;            /* (rows,H,32) */
	float *gains1, *gains2;  /* (parts,C) gradients of norm gains, by task */
	unsigned char *work;     /* (threads,work_bytes) */
	size_t work_bytes;

	/* The head, in groups of slices of tokens. */
	size_t slice, group;     /* tokens in each; a slice is an even number, a group a whole number of slices */
	float *logits;           /* (group,V); with gradients these take their place, as elements */
	uint32_t *plogits;       /* (group,V) packed gradients */
	uint32_t *whead, *whead_back; /* packed: C in words, V in words */
	double *nats;            /* (slices) */
	uint64_t *counts;        /* (slices) */
	unsigned char *products; /* (threads) a cache line each: seconds in products by weights */
};

/* One thread's scratch. The rows of each part are always of one kind, so what pads them stays 0. */
struct nct_scratch {
	unsigned char *head;     /* attention's */
	unsigned char *n, *dn;   /* (NCT_BLOCK,C) elements: what norms give, gradients */
	unsigned char *h, *dh;   /* (NCT_BLOCK,F) elements */
	float *y;                /* (NCT_BLOCK,C) */
};

/* Matrix or vector `i` of a tensor's stack, among parameters or gradients. */
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

/* Word 0, column 0 of an array packed over tokens, from token `at`, an even number, on. */
static inline uint32_t *
nct_net_packed(const struct nct_net *n, uint32_t *base, size_t at)
{
	return base + at / nct_pair(n->k) * n->k->panel;
}

/* net.c: rows of words in a panel of an array packed over `rows` rows, with what sets large panels apart. */
size_t nct_net_words(const struct nct_net *n, size_t rows);

/* Words from one panel to the next. */
static inline size_t
nct_net_panel(const struct nct_net *n, size_t rows)
{
	return nct_net_words(n, rows) * n->k->panel;
}

/* Where layer `l` begins in what is kept, in tokens. */
static inline size_t
nct_net_layer(const struct nct_net *n, size_t l)
{
	return n->learns ? l * n->tokens : 0;
}

/* scratch.c: what a thread needs in bytes (0: too many), and where it is. */
size_t nct_scratch_bytes(const struct nct_net *n);
struct nct_scratch nct_scratch_at(const struct nct_net *n, unsigned worker);

#endif
