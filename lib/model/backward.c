/* backward.c - gradients of all layers and of the embedding, from those of what enters the last norm. */
#include "model/net.h"

#include <string.h>

#include "model/attention.h"

#define EMBED_COLS 64 /* columns of the embedding's gradient per task */

/* dx (rows,in) = dy (rows,out) w, for w (out,in), all with strides. */
static nct_err
product_back(float *dx, const float *dy, const float *w, size_t rows, size_t out, size_t in)
{
	return nct_gemm('N', 'N', rows, in, out, 1.0f, dy, nct_stride(out), w, nct_stride(in), 0.0f, dx, nct_stride(in));
}

/* From dxo through the feed-forward to dxm and dmix; leaves h, n2 and, over `up`, its gradient, for the weights. */
static nct_err
feed_back(const struct nct_pass *p, size_t block, unsigned worker)
{
	const struct nct_net *n = p->n;
	const size_t C = n->s.width, F = n->s.inner, at = block * NCT_BLOCK, rows = nct_pass_block(p, block);
	const size_t ld = n->ldc, row = p->layer * n->tokens + at;
	const float *dxo = n->dxo + at * ld, *xm = n->xm + row * ld, *gain = nct_net_at(n, n->params, NCT_P_NORM2, p->layer);
	float *up = n->up + row * n->ldu, *dxm = n->dxm + at * ld, *n2 = n->n2 + at * ld, *part = n->gains2 + block * C;
	float *dn = n->work + worker * n->work_floats, *dh = dn + NCT_BLOCK * ld;
	nct_err err;

	if ((err = product_back(dh, dxo, n->wdown, rows, C, F)) != NCT_OK)
		return err;
	for (size_t i = 0; i < rows; i++)
		n->k->gate_back(n->h + (at + i) * n->ldf, up + i * n->ldu, dh + i * n->ldf, F);
	if ((err = product_back(dn, up, n->wup, rows, 2 * F, C)) != NCT_OK)
		return err;
	memset(part, 0, C * sizeof *part);
	for (size_t i = 0; i < rows; i++)
		n->k->norm_back(dxm + i * ld, part, n2 + i * ld, xm + i * ld, gain, dn + i * ld, dxo + i * ld, C);
	return product_back(n->dmix + at * ld, dxm, n->wproj, rows, C, C);
}

static void
feed_task(void *ctx, size_t i, unsigned worker)
{
	nct_pass_fail(ctx, worker, feed_back(ctx, i, worker));
}

static void
head_task(void *ctx, size_t i, unsigned worker)
{
	struct nct_head a;

	nct_pass_head(ctx, i, worker, &a);
	nct_pass_fail(ctx, worker, nct_head_backward(&a));
}

/* From dqkv to dx; leaves n1 for the weights. */
static void
enter_task(void *ctx, size_t block, unsigned worker)
{
	struct nct_pass *p = ctx;
	const struct nct_net *n = p->n;
	const size_t C = n->s.width, ld = n->ldc, at = block * NCT_BLOCK, rows = nct_pass_block(p, block);
	const float *x = n->x + (p->layer * n->tokens + at) * ld, *gain = nct_net_at(n, n->params, NCT_P_NORM1, p->layer);
	const float *dxm = n->dxm + at * ld;
	float *dn = n->work + worker * n->work_floats, *part = n->gains1 + block * C, *n1 = n->n1 + at * ld, *dx = n->dx + at * ld;
	nct_err err = product_back(dn, n->dqkv + at * n->ldq, n->wqkv, rows, 3 * C, C);

	memset(part, 0, C * sizeof *part);
	for (size_t i = 0; err == NCT_OK && i < rows; i++)
		n->k->norm_back(dx + i * ld, part, n1 + i * ld, x + i * ld, gain, dn + i * ld, dxm + i * ld, C);
	nct_pass_fail(p, worker, err);
}

/* The current layer's weights and biases. */
static nct_err
weights_back(struct nct_pass *p)
{
	struct nct_net *n = p->n;
	const size_t C = n->s.width, F = n->s.inner, l = p->layer, row = l * n->tokens;
	const struct nct_wgrad w[] = {
		{nct_net_at(n, n->grads, NCT_P_UP, 2 * l), n->up + row * n->ldu, n->n2, n->ldu, n->ldc, 2 * F, C},
		{nct_net_at(n, n->grads, NCT_P_DOWN, l), n->dxo, n->h, n->ldc, n->ldf, C, F},
		{nct_net_at(n, n->grads, NCT_P_QKV, 3 * l), n->dqkv, n->n1, n->ldq, n->ldc, 3 * C, C},
		{nct_net_at(n, n->grads, NCT_P_PROJ, l), n->dxm, n->mix + row * n->ldc, n->ldc, n->ldc, C, C},
	};
	float *bias = nct_net_at(n, n->grads, NCT_P_BIAS, l);

	nct_pass_gains(p, nct_net_at(n, n->grads, NCT_P_NORM1, l), n->gains1, nct_pass_blocks(p));
	nct_pass_gains(p, nct_net_at(n, n->grads, NCT_P_NORM2, l), n->gains2, nct_pass_blocks(p));
	for (size_t b = 0; b < p->b->rows; b++)
		n->k->add(bias, n->dbias + b * n->s.heads * NCT_BUCKETS, (size_t)n->s.heads * NCT_BUCKETS);
	return nct_pass_wgrad(p, w, sizeof w / sizeof w[0], p->tokens);
}

/* Some columns of the embedding's gradient: all tokens, in order. */
static void
embed_task(void *ctx, size_t i, unsigned worker)
{
	const struct nct_pass *p = ctx;
	const struct nct_net *n = p->n;
	const size_t C = n->s.width, at = i * EMBED_COLS, cols = C - at < EMBED_COLS ? C - at : EMBED_COLS;
	float *embed = nct_net_at(n, n->grads, NCT_P_EMBED, 0) + at;

	(void)worker;
	for (size_t t = 0; t < p->tokens; t++)
		n->k->add(embed + p->b->in[t] * C, n->dxo + t * n->ldc + at, cols);
}

/* The current layer: from dxo to dx, which then is the dxo of the layer below. */
static nct_err
layer_back(struct nct_pass *p)
{
	struct nct_net *n = p->n;
	float *dx;
	nct_err err;

	nct_pass_bias(p);
	if ((err = nct_pass_weights_backward(p)) != NCT_OK || (err = nct_pass_run(p, nct_pass_blocks(p), feed_task)) != NCT_OK ||
	    (err = nct_pass_run(p, p->b->rows * n->s.heads, head_task)) != NCT_OK ||
	    (err = nct_pass_run(p, nct_pass_blocks(p), enter_task)) != NCT_OK || (err = weights_back(p)) != NCT_OK)
		return err;
	dx = n->dx;
	n->dx = n->dxo;
	n->dxo = dx;
	return NCT_OK;
}

nct_err
nct_pass_backward(struct nct_pass *p)
{
	struct nct_net *n = p->n;
	nct_err err = NCT_OK;

	for (uint32_t l = n->s.layers; err == NCT_OK && l-- > 0;) {
		p->layer = l;
		err = layer_back(p);
	}
	return err == NCT_OK ? nct_pass_run(p, (n->s.width + EMBED_COLS - 1) / EMBED_COLS, embed_task) : err;
}
