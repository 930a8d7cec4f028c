/* wgrad.c - gradients of weights: sums over all tokens, shared out by tiles of the weights. */
#include "model/net.h"

#define TILE_OUT 128
#define TILE_IN 256

/* What a tile's task needs; the pass comes first, as tasks are handed a pass. */
struct tiles {
	struct nct_pass p;
	const struct nct_wgrad *w;
	size_t tokens;
};

static size_t
tiles_across(const struct nct_wgrad *w)
{
	return (w->in + TILE_IN - 1) / TILE_IN;
}

static size_t
tiles_of(const struct nct_wgrad *w)
{
	return (w->out + TILE_OUT - 1) / TILE_OUT * tiles_across(w);
}

static size_t
least(size_t a, size_t b)
{
	return a < b ? a : b;
}

static void
tile_task(void *ctx, size_t i, unsigned worker)
{
	struct tiles *t = ctx;
	const struct nct_wgrad *w = t->w;
	size_t out, in;

	for (; i >= tiles_of(w); w++)
		i -= tiles_of(w);
	out = i / tiles_across(w) * TILE_OUT;
	in = i % tiles_across(w) * TILE_IN;
	nct_pass_fail(&t->p, worker, nct_gemm('T', 'N', least(TILE_OUT, w->out - out), least(TILE_IN, w->in - in), t->tokens, 1.0f,
	              w->dy + out, w->ldy, w->x + in, w->ldx, 1.0f, w->dw + out * w->in + in, w->in));
}

nct_err
nct_pass_wgrad(struct nct_pass *p, const struct nct_wgrad *w, size_t count, size_t tokens)
{
	struct tiles t = {.p = *p, .w = w, .tokens = tokens};
	size_t tasks = 0;

	for (size_t i = 0; i < count; i++)
		tasks += tiles_of(&w[i]);
	return nct_pass_run(&t.p, tasks, tile_task);
}

void
nct_pass_gains(struct nct_pass *p, float *gain, const float *parts, size_t count)
{
	const size_t C = p->n->s.width;

	for (size_t i = 0; i < count; i++)
		p->n->k->add(gain, parts + i * C, C);
}
