/* observe.c - shows a net's activations to its observer. */
#include <stdlib.h>

#include "net/pass.h"

nct_err
nct_net_set_observer(nct_net *n, nct_observer observer, void *ctx)
{
	const size_t C = n->s.width, F = n->s.inner, wide = 3 * C > 2 * F ? 3 * C : 2 * F;

	if (!n->learns)
		return NCT_EARG;
	if (n->shown == NULL && (n->shown = calloc(n->tokens * wide, sizeof *n->shown)) == NULL)
		return NCT_ENOMEM;
	n->observer = observer;
	n->observer_ctx = ctx;
	return NCT_OK;
}

/* Shows x, then rmsnorm(x) without the gain. */
static void
show_norm(const struct nct_pass *p, enum nct_site site, uint32_t layer, const float *x)
{
	const struct nct_net *n = p->n;
	const size_t C = n->s.width;
	const struct nct_scratch w = nct_scratch_at(n, 0);

	n->observer(n->observer_ctx, NCT_SITE_RESIDUAL, layer, x, p->tokens, C, n->ldx);
	for (size_t j = 0; j < C; j++)
		w.y[j] = 1.0f;
	for (size_t t = 0; t < p->tokens; t++) {
		n->k->norm(w.n, x + t * n->ldx, w.y, C);
		n->k->to_floats(n->shown + t * C, w.n, C);
	}
	n->observer(n->observer_ctx, site, layer, n->shown, p->tokens, C, C);
}

/* Shows elements from row `row` on, as floats. Rows are `ld` elements apart. */
static void
show(const struct nct_pass *p, enum nct_site site, unsigned char *x, size_t row, size_t cols, size_t ld)
{
	const struct nct_net *n = p->n;

	for (size_t t = 0; t < p->tokens; t++)
		n->k->to_floats(n->shown + t * cols, nct_net_element(n, x, (row + t) * ld), cols);
	n->observer(n->observer_ctx, site, p->layer, n->shown, p->tokens, cols, cols);
}

/* Shows the gate's output. It is not kept, so it is computed anew. */
static void
show_gate(const struct nct_pass *p, size_t row)
{
	const struct nct_net *n = p->n;
	const size_t F = n->s.inner;
	const struct nct_scratch w = nct_scratch_at(n, 0);

	for (size_t t = 0; t < p->tokens; t++) {
		n->k->gate(w.h, nct_net_element(n, n->up, (row + t) * n->ldu), F);
		n->k->to_floats(n->shown + t * F, w.h, F);
	}
	n->observer(n->observer_ctx, NCT_SITE_GATE, p->layer, n->shown, p->tokens, F, F);
}

void
nct_pass_observe_layer(const struct nct_pass *p)
{
	const struct nct_net *n = p->n;
	const size_t row = nct_net_layer(n, p->layer);

	show_norm(p, NCT_SITE_NORM1, p->layer, n->x + row * n->ldx);
	show(p, NCT_SITE_QKV, n->qkv, row, 3 * (size_t)n->s.width, n->ldq);
	show(p, NCT_SITE_MIX, n->mix, row, n->s.width, n->ldc);
	show_norm(p, NCT_SITE_NORM2, p->layer, n->xm + row * n->ldx);
	show(p, NCT_SITE_UP, n->up, row, 2 * (size_t)n->s.inner, n->ldu);
	show_gate(p, row);
}

void
nct_pass_observe_end(const struct nct_pass *p)
{
	const struct nct_net *n = p->n;

	show_norm(p, NCT_SITE_NORMF, n->s.layers, n->x + nct_net_layer(n, n->s.layers) * n->ldx);
}
