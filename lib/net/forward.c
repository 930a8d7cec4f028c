/* forward.c - the forward pass through all layers, up to the last norm's input. */
#include "net/pass.h"

#include <string.h>

#include "net/attention.h"

/* ---- tasks of one block of tokens ---- */

/* norm1 of layer `l` and the product that makes q, k and v. */
static void
enter_layer(const struct nct_pass *p, uint32_t l, size_t at, size_t rows, unsigned worker)
{
	const struct nct_net *n = p->n;
	const struct nct_scratch w = nct_scratch_at(n, worker);
	const size_t C = n->s.width, row = nct_net_layer(n, l) + at;
	const float *gain = nct_net_at(n, n->params, NCT_P_NORM1, l);
	const struct nct_by_weight qkv = {.x = w.n, .ldx = n->ldc, .rows = rows, .in = C, .out = 3 * C, .w = n->wqkv,
	    .e = nct_net_element(n, n->qkv, row * n->ldq), .lde = n->ldq};

	for (size_t i = 0; i < rows; i++)
		n->k->norm(nct_net_element(n, w.n, i * n->ldc), n->x + (row + i) * n->ldx, gain, C);
	nct_pass_by_weight(p, &qkv, worker);
}

/* norm2 and the feed-forward part of the current layer: x (rows,C) = xm + its output. `row` is the first row in
 * n->xm and n->up. */
static void
feed_forward(const struct nct_pass *p, size_t row, size_t rows, float *x, unsigned worker)
{
	const struct nct_net *n = p->n;
	const struct nct_scratch w = nct_scratch_at(n, worker);
	const size_t C = n->s.width, F = n->s.inner;
	const float *gain = nct_net_at(n, n->params, NCT_P_NORM2, p->layer), *xm = n->xm + row * n->ldx;
	const struct nct_by_weight up = {.x = w.n, .ldx = n->ldc, .rows = rows, .in = C, .out = 2 * F, .w = n->wup,
	    .e = nct_net_element(n, n->up, row * n->ldu), .lde = n->ldu};
	const struct nct_by_weight down = {.x = w.h, .ldx = n->ldf, .rows = rows, .in = F, .out = C, .w = n->wdown,
	    .y = x, .ldy = n->ldx, .add = 1};

	for (size_t i = 0; i < rows; i++)
		n->k->norm(nct_net_element(n, w.n, i * n->ldc), xm + i * n->ldx, gain, C);
	nct_pass_by_weight(p, &up, worker);
	for (size_t i = 0; i < rows; i++)
		n->k->gate(nct_net_element(n, w.h, i * n->ldf), nct_net_element(n, n->up, (row + i) * n->ldu), F);
	memcpy(x, xm, rows * n->ldx * sizeof *x);
	nct_pass_by_weight(p, &down, worker);
}

/* All that follows attention in the current layer: proj, norm2 and the feed-forward part. */
static void
leave_layer(const struct nct_pass *p, size_t at, size_t rows, unsigned worker)
{
	const struct nct_net *n = p->n;
	const size_t C = n->s.width, row = nct_net_layer(n, p->layer) + at;
	float *xm = n->xm + row * n->ldx;
	const struct nct_by_weight proj = {.x = nct_net_element(n, n->mix, row * n->ldc),
	                                   .ldx = n->ldc,
	                                   .rows = rows,
	                                   .in = C,
	                                   .out = C,
	                                   .w = n->wproj,
	                                   .y = xm,
	                                   .ldy = n->ldx,
	                                   .add = 1};

	memcpy(xm, n->x + row * n->ldx, rows * n->ldx * sizeof *xm);
	nct_pass_by_weight(p, &proj, worker);
	feed_forward(p, row, rows, n->x + (nct_net_layer(n, p->layer + 1) + at) * n->ldx, worker);
}

static void
embed_task(void *ctx, size_t i, unsigned worker)
{
	const struct nct_pass *p = ctx;
	const struct nct_net *n = p->n;
	const size_t at = i * NCT_BLOCK, rows = nct_pass_block(p, i), C = n->s.width;

	for (size_t t = at; t < at + rows; t++)
		memcpy(n->x + t * n->ldx, n->in_rows + p->b->in[t] * C, C * sizeof(float));
	enter_layer(p, 0, at, rows, worker);
}

static void
layer_task(void *ctx, size_t i, unsigned worker)
{
	const struct nct_pass *p = ctx;
	const size_t at = i * NCT_BLOCK, rows = nct_pass_block(p, i);

	leave_layer(p, at, rows, worker);
	if (p->layer + 1 < p->n->s.layers)
		enter_layer(p, p->layer + 1, at, rows, worker);
}

/* ---- tasks of one head in one sequence ---- */

static void
head_task(void *ctx, size_t i, unsigned worker)
{
	struct nct_head a;

	nct_pass_head(ctx, i, worker, &a);
	nct_head_forward(&a);
}

void
nct_pass_forward(struct nct_pass *p)
{
	struct nct_net *n = p->n;
	const int shows = n->observer != NULL && !p->backward;

	nct_pass_weights_forward(p, 0, n->s.layers);
	nct_pass_run(p, NCT_PART_FORWARD, nct_pass_blocks(p), embed_task);
	for (p->layer = 0; p->layer < n->s.layers; p->layer++) {
		nct_pass_bias(p);
		nct_pass_weights_forward(p, p->layer + 1, p->layer);
		nct_pass_run(p, NCT_PART_ATTENTION, p->b->rows * n->s.heads, head_task);
		nct_pass_run(p, NCT_PART_FORWARD, nct_pass_blocks(p), layer_task);
		if (shows)
			nct_pass_observe_layer(p);
	}
	if (shows)
		nct_pass_observe_end(p);
}
