/* forward.c - a batch through all layers, up to what enters the last norm. */
#include "model/net.h"

#include <string.h>

#include "model/attention.h"

/* ---- by blocks of tokens ---- */

/* y (rows,out) = x (rows,in) w + beta y, for w (in,out), all with strides. */
static nct_err
product(float *y, const float *x, const float *w, size_t rows, size_t out, size_t in, float beta)
{
	return nct_gemm('N', 'N', rows, out, in, 1.0f, x, nct_stride(in), w, nct_stride(out), beta, y, nct_stride(out));
}

/* norm1 and the product that makes q, k, v, of layer `l`. */
static nct_err
enter_layer(const struct nct_pass *p, uint32_t l, size_t at, size_t rows)
{
	const struct nct_net *n = p->n;
	const size_t C = n->s.width, row = l * n->tokens + at;
	const float *gain = nct_net_at(n, n->params, NCT_P_NORM1, l);
	float *n1 = n->n1 + at * n->ldc;

	for (size_t i = 0; i < rows; i++)
		n->k->norm(n1 + i * n->ldc, n->x + (row + i) * n->ldc, gain, C);
	return product(n->qkv + row * n->ldq, n1, n->wqkv, rows, 3 * C, C, 0.0f);
}

/* proj, norm2 and the feed-forward of the current layer: all that follows attention. */
static nct_err
leave_layer(const struct nct_pass *p, size_t at, size_t rows)
{
	const struct nct_net *n = p->n;
	const size_t C = n->s.width, F = n->s.inner, l = p->layer, row = l * n->tokens + at;
	const float *gain = nct_net_at(n, n->params, NCT_P_NORM2, l);
	float *xm = n->xm + row * n->ldc, *n2 = n->n2 + at * n->ldc, *up = n->up + row * n->ldu, *h = n->h + at * n->ldf;
	float *out = n->x + (row + n->tokens) * n->ldc;
	nct_err err;

	memcpy(xm, n->x + row * n->ldc, rows * n->ldc * sizeof *xm);
	if ((err = product(xm, n->mix + row * n->ldc, n->wproj, rows, C, C, 1.0f)) != NCT_OK)
		return err;
	for (size_t i = 0; i < rows; i++)
		n->k->norm(n2 + i * n->ldc, xm + i * n->ldc, gain, C);
	if ((err = product(up, n2, n->wup, rows, 2 * F, C, 0.0f)) != NCT_OK)
		return err;
	for (size_t i = 0; i < rows; i++)
		n->k->gate(h + i * n->ldf, up + i * n->ldu, F);
	memcpy(out, xm, rows * n->ldc * sizeof *out);
	return product(out, h, n->wdown, rows, C, F, 1.0f);
}

static void
embed_task(void *ctx, size_t i, unsigned worker)
{
	struct nct_pass *p = ctx;
	const struct nct_net *n = p->n;
	const size_t at = i * NCT_BLOCK, rows = nct_pass_block(p, i), C = n->s.width;
	const float *embed = nct_net_at(n, n->params, NCT_P_EMBED, 0);

	for (size_t t = at; t < at + rows; t++)
		memcpy(n->x + t * n->ldc, embed + p->b->in[t] * C, C * sizeof(float));
	nct_pass_fail(p, worker, enter_layer(p, 0, at, rows));
}

static void
layer_task(void *ctx, size_t i, unsigned worker)
{
	struct nct_pass *p = ctx;
	const size_t at = i * NCT_BLOCK, rows = nct_pass_block(p, i);
	nct_err err = leave_layer(p, at, rows);

	if (err == NCT_OK && p->layer + 1 < p->n->s.layers)
		err = enter_layer(p, p->layer + 1, at, rows);
	nct_pass_fail(p, worker, err);
}

/* ---- by sequence and head ---- */

void
nct_pass_head(const struct nct_pass *p, size_t i, unsigned worker, struct nct_head *a)
{
	const struct nct_net *n = p->n;
	const size_t T = p->b->length, C = n->s.width, H = n->s.heads, l = p->layer;
	const size_t seq = i / H, head = i % H, col = head * (C / H), row = l * n->tokens + seq * T;

	memset(a, 0, sizeof *a);
	a->kernels = n->k;
	a->length = T;
	a->cols = C / H;
	a->ld = n->ldq;
	a->width = n->ldc;
	a->reach = n->s.reach;
	a->first = p->b->first == NULL ? NULL : p->b->first + seq * T;
	a->bias = n->bias + head * T;
	a->q = n->qkv + row * n->ldq + col;
	a->k = a->q + C;
	a->v = a->k + C;
	a->mix = n->mix + row * n->ldc + col;
	a->lse = n->lse + (l * H + head) * n->tokens + seq * T;
	a->dmix = n->dmix + seq * T * n->ldc + col;
	a->dq = n->dqkv + seq * T * n->ldq + col;
	a->dk = a->dq + C;
	a->dv = a->dk + C;
	a->dbias = n->dbias + i * NCT_BUCKETS;
	a->work = n->work + worker * n->work_floats;
}

static void
head_task(void *ctx, size_t i, unsigned worker)
{
	struct nct_head a;

	nct_pass_head(ctx, i, worker, &a);
	nct_pass_fail(ctx, worker, nct_head_forward(&a));
}

void
nct_pass_bias(const struct nct_pass *p)
{
	const struct nct_net *n = p->n;
	const float *bias = nct_net_at(n, n->params, NCT_P_BIAS, p->layer);
	const size_t T = p->b->length;

	for (size_t d = 0; d < T; d++)
		for (size_t h = 0, k = nct_bucket((uint32_t)d); h < n->s.heads; h++)
			n->bias[h * T + T - 1 - d] = bias[h * NCT_BUCKETS + k];
}

/* ---- taps ---- */

/* Shows rmsnorm(x) without the gain, made in `scratch` (N,C). */
static void
tap_norm(const struct nct_pass *p, enum nct_tap_site site, uint32_t layer, const float *x, float *scratch)
{
	const struct nct_net *n = p->n;
	const size_t C = n->s.width;
	float *ones = n->work;

	for (size_t j = 0; j < C; j++)
		ones[j] = 1.0f;
	for (size_t t = 0; t < p->tokens; t++)
		n->k->norm(scratch + t * n->ldc, x + t * n->ldc, ones, C);
	n->tap(n->tap_ctx, NCT_TAP_RESIDUAL, layer, x, p->tokens, C, n->ldc);
	n->tap(n->tap_ctx, site, layer, scratch, p->tokens, C, n->ldc);
}

/* Shows the current layer, now that all of it is there; dxo serves as scratch. */
static void
tap_layer(const struct nct_pass *p)
{
	const struct nct_net *n = p->n;
	const size_t C = n->s.width, F = n->s.inner, row = p->layer * n->tokens;

	tap_norm(p, NCT_TAP_NORM1, p->layer, n->x + row * n->ldc, n->dxo);
	n->tap(n->tap_ctx, NCT_TAP_QKV, p->layer, n->qkv + row * n->ldq, p->tokens, 3 * C, n->ldq);
	n->tap(n->tap_ctx, NCT_TAP_MIX, p->layer, n->mix + row * n->ldc, p->tokens, C, n->ldc);
	tap_norm(p, NCT_TAP_NORM2, p->layer, n->xm + row * n->ldc, n->dxo);
	n->tap(n->tap_ctx, NCT_TAP_UP, p->layer, n->up + row * n->ldu, p->tokens, 2 * F, n->ldu);
	n->tap(n->tap_ctx, NCT_TAP_GATE, p->layer, n->h, p->tokens, F, n->ldf);
}

nct_err
nct_pass_forward(struct nct_pass *p)
{
	struct nct_net *n = p->n;
	nct_err err = nct_pass_weights_forward(p, 0, n->s.layers);

	if (err == NCT_OK)
		err = nct_pass_run(p, nct_pass_blocks(p), embed_task);
	for (p->layer = 0; err == NCT_OK && p->layer < n->s.layers; p->layer++) {
		nct_pass_bias(p);
		if ((err = nct_pass_weights_forward(p, p->layer + 1, p->layer)) != NCT_OK ||
		    (err = nct_pass_run(p, p->b->rows * n->s.heads, head_task)) != NCT_OK)
			break;
		err = nct_pass_run(p, nct_pass_blocks(p), layer_task);
		if (err == NCT_OK && n->tap != NULL && !p->backward)
			tap_layer(p);
	}
	if (err == NCT_OK && n->tap != NULL && !p->backward)
		tap_norm(p, NCT_TAP_NORMF, n->s.layers, n->x + n->s.layers * n->tokens * n->ldc, n->dxo);
	return err;
}
