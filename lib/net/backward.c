/* backward.c - the backward pass: gradients of all layers and of the embedding, from that of the last norm's input. */
#include "net/pass.h"

#include <string.h>

#include "net/attention.h"

#define EMBED_COLS 64 /* columns of the embedding's gradient per task */

/* From dx to w->y, the gradient of norm2's output, for the block of `rows` tokens at `at`. Writes the gradient of
 * n->up over it, and packs what the weights' gradients need: dx, h and the gradient of n->up. */
static void
gates_back(const struct nct_pass *p, size_t at, size_t rows, const struct nct_scratch *w, unsigned worker)
{
	const struct nct_net *n = p->n;
	const struct nct_float *k = n->k;
	const size_t C = n->s.width, F = n->s.inner, row = nct_net_layer(n, p->layer) + at,
		     panel = nct_net_panel(n, n->tokens);
	unsigned char *gu = nct_net_element(n, n->up, row * n->ldu);
	const struct nct_by_weight down = {.x = w->dn, .ldx = n->ldc, .rows = rows, .in = C, .out = F, .w = n->wdown,
	    .e = w->dh, .lde = n->ldf};
	const struct nct_by_weight up = {.x = gu, .ldx = n->ldu, .rows = rows, .in = 2 * F, .out = C, .w = n->wup,
	    .y = w->y, .ldy = n->ldx};

	for (size_t i = 0; i < rows; i++)
		k->to_elements(nct_net_element(n, w->dn, i * n->ldc), n->dx + (at + i) * n->ldx, 1.0f, C);
	k->pack_elements(nct_net_packed(n, n->pdown, at), panel, w->dn, n->ldc, rows, C);
	nct_pass_by_weight(p, &down, worker);
	for (size_t i = 0; i < rows; i++)
		k->gate_back(nct_net_element(n, w->h, i * n->ldf), nct_net_element(n, gu, i * n->ldu),
		             nct_net_element(n, w->dh, i * n->ldf), F);
	k->pack_elements(nct_net_packed(n, n->ph, at), panel, w->h, n->ldf, rows, F);
	k->pack_elements(nct_net_packed(n, n->pup, at), panel, gu, n->ldu, rows, 2 * F);
	nct_pass_by_weight(p, &up, worker);
}

/* From w->y, the gradient of a norm's output, to dx. Packs the norm's output. `gain` tells which norm. */
static void
norm_back(const struct nct_pass *p, enum nct_tensor_id gain, size_t at, size_t rows, const struct nct_scratch *w)
{
	const struct nct_net *n = p->n;
	const size_t C = n->s.width, first = gain == NCT_P_NORM1;
	const float *x = (first ? n->x : n->xm) + (nct_net_layer(n, p->layer) + at) * n->ldx;
	float *part = (first ? n->gains1 : n->gains2) + at / NCT_BLOCK * C;

	memset(part, 0, C * sizeof *part);
	for (size_t i = 0; i < rows; i++) {
		float *dx = n->dx + (at + i) * n->ldx;

		n->k->norm_back(dx, part, nct_net_element(n, w->n, i * n->ldc), x + i * n->ldx,
		                nct_net_at(n, n->params, gain, p->layer), w->y + i * n->ldx, dx, C);
	}
	n->k->pack_elements(nct_net_packed(n, first ? n->pn1 : n->pn2, at), nct_net_panel(n, n->tokens), w->n, n->ldc,
	                    rows, C);
}

/* For one block: from dx, through the feed-forward part and proj, to dmix. */
static void
feed_task(void *ctx, size_t i, unsigned worker)
{
	const struct nct_pass *p = ctx;
	const struct nct_net *n = p->n;
	const struct nct_float *k = n->k;
	const struct nct_scratch w = nct_scratch_at(n, worker);
	const size_t C = n->s.width, at = i * NCT_BLOCK, rows = nct_pass_block(p, i), panel = nct_net_panel(n, n->tokens);
	const struct nct_by_weight proj = {.x = w.dn, .ldx = n->ldc, .rows = rows, .in = C, .out = C, .w = n->wproj,
	    .e = nct_net_element(n, n->dmix, at * n->ldc), .lde = n->ldc};

	gates_back(p, at, rows, &w, worker);
	norm_back(p, NCT_P_NORM2, at, rows, &w);
	for (size_t j = 0; j < rows; j++)
		k->to_elements(nct_net_element(n, w.dn, j * n->ldc), n->dx + (at + j) * n->ldx, 1.0f, C);
	k->pack_elements(nct_net_packed(n, n->pproj, at), panel, w.dn, n->ldc, rows, C);
	k->pack_elements(nct_net_packed(n, n->pmix, at), panel,
	                 nct_net_element(n, n->mix, (nct_net_layer(n, p->layer) + at) * n->ldc), n->ldc, rows, C);
	nct_pass_by_weight(p, &proj, worker);
}

static void
head_task(void *ctx, size_t i, unsigned worker)
{
	struct nct_head a;

	nct_pass_head(ctx, i, worker, &a);
	nct_head_backward(&a);
}

/* For one block: from dqkv to dx. */
static void
enter_task(void *ctx, size_t i, unsigned worker)
{
	const struct nct_pass *p = ctx;
	const struct nct_net *n = p->n;
	const struct nct_scratch w = nct_scratch_at(n, worker);
	const size_t C = n->s.width, at = i * NCT_BLOCK, rows = nct_pass_block(p, i);
	unsigned char *dqkv = nct_net_element(n, n->dqkv, at * n->ldq);
	const struct nct_by_weight qkv = {.x = dqkv, .ldx = n->ldq, .rows = rows, .in = 3 * C, .out = C, .w = n->wqkv,
	    .y = w.y, .ldy = n->ldx};

	n->k->pack_elements(nct_net_packed(n, n->pqkv, at), nct_net_panel(n, n->tokens), dqkv, n->ldq, rows, 3 * C);
	nct_pass_by_weight(p, &qkv, worker);
	norm_back(p, NCT_P_NORM1, at, rows, &w);
}

/* Gradients of the current layer's weights, gains and biases. */
static void
weights_back(struct nct_pass *p)
{
	struct nct_net *n = p->n;
	const size_t C = n->s.width, F = n->s.inner, l = p->layer, panel = nct_net_panel(n, n->tokens);
	const struct nct_weight_gradient w[] = {
		{nct_net_at(n, n->grads, NCT_P_UP, 2 * l), n->pup, n->pn2, panel, panel, 2 * F, C},
		{nct_net_at(n, n->grads, NCT_P_DOWN, l), n->pdown, n->ph, panel, panel, C, F},
		{nct_net_at(n, n->grads, NCT_P_QKV, 3 * l), n->pqkv, n->pn1, panel, panel, 3 * C, C},
		{nct_net_at(n, n->grads, NCT_P_PROJ, l), n->pproj, n->pmix, panel, panel, C, C},
	};
	float *bias = nct_net_at(n, n->grads, NCT_P_BIAS, l);

	nct_pass_gains(p, nct_net_at(n, n->grads, NCT_P_NORM1, l), n->gains1, nct_pass_blocks(p));
	nct_pass_gains(p, nct_net_at(n, n->grads, NCT_P_NORM2, l), n->gains2, nct_pass_blocks(p));
	for (size_t b = 0; b < p->b->rows; b++)
		n->k->add(bias, n->dbias + b * n->s.heads * NCT_BUCKETS, (size_t)n->s.heads * NCT_BUCKETS);
	nct_pass_weight_gradients(p, NCT_PART_WEIGHTS, w, sizeof w / sizeof w[0], p->tokens);
}

/* EMBED_COLS columns of the embedding's gradient, over all tokens in order. */
static void
embed_task(void *ctx, size_t i, unsigned worker)
{
	const struct nct_pass *p = ctx;
	const struct nct_net *n = p->n;
	const size_t C = n->s.width, at = i * EMBED_COLS, cols = C - at < EMBED_COLS ? C - at : EMBED_COLS;
	float *embed = nct_net_at(n, n->grads, NCT_P_EMBED, 0) + at;

	(void)worker;
	for (size_t t = 0; t < p->tokens; t++)
		n->k->add(embed + p->b->in[t] * C, n->dx + t * n->ldx + at, cols);
}

void
nct_pass_backward(struct nct_pass *p)
{
	struct nct_net *n = p->n;

	for (p->layer = n->s.layers; p->layer-- > 0;) {
		nct_pass_bias(p);
		nct_pass_weights_backward(p);
		nct_pass_run(p, NCT_PART_BACKWARD, nct_pass_blocks(p), feed_task);
		nct_pass_run(p, NCT_PART_ATTENTION, p->b->rows * n->s.heads, head_task);
		nct_pass_run(p, NCT_PART_BACKWARD, nct_pass_blocks(p), enter_task);
		weights_back(p);
	}
	nct_pass_run(p, NCT_PART_BACKWARD, (n->s.width + EMBED_COLS - 1) / EMBED_COLS, embed_task);
}
