/* pass.h - one pass of a batch through a net, and the steps that it is made of. */
#ifndef NCT_NET_PASS_H
#define NCT_NET_PASS_H

#include "net/net.h"

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

/* products.c: rns task(pass, i, worker) for i in [0, tasks); the time it takes is `what`'s. */
void nct_pass_run(struct nct_pass *p, enum nct_part what, size_t tasks,
                  void (*task)(void *pass, size_t i, unsigned worker));

/* A product by packed weights: y (rows,out) = x (rows,in) w, or, with `add`, += to floats. x has a stride in
 * elements. */
struct nct_by_weight {
	const void *x;
	size_t ldx, rows, in, out;
	const uint32_t *w;
	float *y;       /* floats, or NULL */
	size_t ldy;
	int add;
	void *e;        /* elements, or NULL */
	size_t lde;
};
void nct_pass_by_weight(const struct nct_pass *p, const struct nct_by_weight *b, unsigned worker);

/* weight_panels.c: packs wqkv of layer `enter` and wproj, wup, wdown of layer `leave` for the forward pass; L: none. */
void nct_pass_weights_forward(struct nct_pass *p, uint32_t enter, uint32_t leave);
/* All four of the current layer, for the backward pass. */
void nct_pass_weights_backward(struct nct_pass *p);
void nct_pass_weights_head(struct nct_pass *p);

/* forward.c: all layers, up to x[L]. */
void nct_pass_forward(struct nct_pass *p);

struct nct_head;
/* Fills in what head `i` = sequence * H + head of the current layer works on. */
void nct_pass_head(const struct nct_pass *p, size_t i, unsigned worker, struct nct_head *a);

/* Fills `bias` with the position bias of the current layer, by distance instead of bucket. */
void nct_pass_bias(const struct nct_pass *p);

/* loss.c: normf, logits and loss; with p->backward the gradients of head and normf, and dx. */
void nct_pass_loss(struct nct_pass *p, double *nats, uint64_t *count);

/* backward.c: all layers and the embedding, from dx. */
void nct_pass_backward(struct nct_pass *p);

/* observe.c: shows the current layer, then what follows the last. */
void nct_pass_observe_layer(const struct nct_pass *p);
void nct_pass_observe_end(const struct nct_pass *p);

/* weight_gradients.c: dw (out,in) += dy^T x over all tokens, for several weights at once. dy and x are packed over
 * tokens. */
struct nct_weight_gradient {
	float *dw;
	const uint32_t *dy, *x;  /* (tokens,out), (tokens,in) */
	size_t dy_panel, x_panel; /* words from one panel to the next */
	size_t out, in;
};
void nct_pass_weight_gradients(struct nct_pass *p, enum nct_part what, const struct nct_weight_gradient *w,
                               size_t count, size_t tokens);
/* gain (C) += sum of parts (count,C), in order. */
void nct_pass_gains(struct nct_pass *p, float *gain, const float *parts, size_t count);

#endif
