/* pass.h - one pass of a batch through a net, and its steps. */
#ifndef NCT_NET_PASS_H
#define NCT_NET_PASS_H

#include "net/net.h"

/* The state of a pass, and the context of its tasks. */
struct nct_pass {
	struct nct_net *n;
	const struct nct_batch *b;
	size_t tokens;           /* b->rows * b->length */
	uint32_t layer;          /* the current layer */
	int backward;            /* gradients are wanted, too */
	float scale, zloss;      /* as for nct_net_backward() */
	float *each;             /* as for nct_net_forward() */
	uint8_t *hit;            /* likewise */
	size_t at;               /* first token of the group whose logits are in memory */
};

/* Blocks in a batch. */
static inline size_t
nct_pass_blocks(const struct nct_pass *p)
{
	return (p->tokens + NCT_BLOCK - 1) / NCT_BLOCK;
}

/* Tokens in block i. */
static inline size_t
nct_pass_block(const struct nct_pass *p, size_t i)
{
	size_t left = p->tokens - i * NCT_BLOCK;

	return left < NCT_BLOCK ? left : NCT_BLOCK;
}

/* products.c: runs task(pass, i, worker) for i in [0, tasks), and adds the time to `what`. */
void nct_pass_run(struct nct_pass *p, enum nct_part what, size_t tasks,
                  void (*task)(void *pass, size_t i, unsigned worker));

/* A product by packed weights: (rows,out) = x (rows,in) w, written as floats, as elements or both. With `add`, it is
 * added to the floats. */
struct nct_by_weight {
	const void *x;  /* elements */
	size_t ldx, rows, in, out;
	const uint32_t *w;
	float *y;       /* floats; may be NULL */
	size_t ldy;
	int add;
	void *e;        /* elements; may be NULL */
	size_t lde;
};
void nct_pass_by_weight(const struct nct_pass *p, const struct nct_by_weight *b, unsigned worker);

/* weight_panels.c: for the forward pass, packs wqkv of layer `enter`, and wproj, wup and wdown of layer `leave`. The
 * number L stands for no layer. */
void nct_pass_weights_forward(struct nct_pass *p, uint32_t enter, uint32_t leave);
/* For the backward pass, packs all four weights of the current layer. */
void nct_pass_weights_backward(struct nct_pass *p);
/* Packs the weight `head` for the forward pass, and with p->backward for the backward pass, too. */
void nct_pass_weights_head(struct nct_pass *p);

/* forward.c: all layers, up to x[L]. */
void nct_pass_forward(struct nct_pass *p);

struct nct_head;
/* heads.c: fills in the arguments of attention for `i` = sequence * H + head of the current layer. */
void nct_pass_head(const struct nct_pass *p, size_t i, unsigned worker, struct nct_head *a);

/* heads.c: fills n->bias with the position bias of the current layer, by distance instead of by bucket. */
void nct_pass_bias(const struct nct_pass *p);

/* loss.c: computes normf, logits and loss; with p->backward also dx and the gradients of `head` and normf. *nats and
 * *count as for nct_net_forward(). */
void nct_pass_loss(struct nct_pass *p, double *nats, uint64_t *count);

/* backward.c: the gradients of all layers and of the embedding, from dx. */
void nct_pass_backward(struct nct_pass *p);

/* observe.c: shows the observer the current layer. */
void nct_pass_observe_layer(const struct nct_pass *p);
/* Shows it what follows the last layer. */
void nct_pass_observe_end(const struct nct_pass *p);

/* weight_gradients.c: dw (out,in) += dy^T x over all tokens, for `count` weights at once. dy and x are packed with
 * words over tokens. */
struct nct_weight_gradient {
	float *dw;
	const uint32_t *dy, *x;  /* (tokens,out), (tokens,in) */
	size_t dy_panel, x_panel; /* words from one panel to the next */
	size_t out, in;
};
void nct_pass_weight_gradients(struct nct_pass *p, enum nct_part what, const struct nct_weight_gradient *w,
                               size_t count, size_t tokens);
/* gain (C) += the sum of the rows of parts (count,C), in order. */
void nct_pass_gains(struct nct_pass *p, float *gain, const float *parts, size_t count);

#endif
