/* weight_gradients.c - gradients of weights, which are sums over all tokens. Each task does one tile of a weight. */
#include "base/clock.h"
#include "net/pass.h"

#define TILE_OUT 128    /* rows of a tile; a multiple of every panel */
#define TILE_IN 512     /* columns of a tile; likewise */
#define TILE_TOKENS 512 /* tokens at a time, so that the data stays in the L2 cache */

/* The context of tile_task(). The pass is the first member, because nct_pass_run() gives tasks a pointer to it. */
struct tiles {
	struct nct_pass p;
	const struct nct_weight_gradient *w;
	size_t tokens;
};

static size_t
tiles_across(const struct nct_weight_gradient *w)
{
	return (w->in + TILE_IN - 1) / TILE_IN;
}

static size_t
tiles_of(const struct nct_weight_gradient *w)
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
	const struct nct_net *n = t->p.n;
	const struct nct_weight_gradient *w = t->w;
	const double start = nct_seconds();
	size_t out, in;

	for (; i >= tiles_of(w); w++)
		i -= tiles_of(w);
	out = i / tiles_across(w) * TILE_OUT;
	in = i % tiles_across(w) * TILE_IN;
	for (size_t at = 0; at < t->tokens; at += TILE_TOKENS) {
		const struct nct_product q = {.rows = least(TILE_OUT, w->out - out), .cols = least(TILE_IN, w->in - in),
		    .words = nct_words(n->k, least(TILE_TOKENS, t->tokens - at)),
		    .a = w->dy + out / n->k->panel * w->dy_panel + at / nct_pair(n->k) * n->k->panel, .a_row = w->dy_panel,
		    .b = w->x + in / n->k->panel * w->x_panel + at / nct_pair(n->k) * n->k->panel, .b_panel = w->x_panel,
		    .c = w->dw + out * w->in + in, .ldc = w->in, .add = 1};

		nct_product_turned(n->k, &q);
	}
	*nct_net_products(n, worker) += nct_seconds() - start;
}

void
nct_pass_weight_gradients(struct nct_pass *p, enum nct_part what, const struct nct_weight_gradient *w, size_t count,
                          size_t tokens)
{
	struct tiles t = {.p = *p, .w = w, .tokens = tokens};
	size_t tasks = 0;

	for (size_t i = 0; i < count; i++)
		tasks += tiles_of(&w[i]);
	nct_pass_run(&t.p, what, tasks, tile_task);
}

void
nct_pass_gains(struct nct_pass *p, float *gain, const float *parts, size_t count)
{
	const size_t C = p->n->s.width;

	for (size_t i = 0; i < count; i++)
		p->n->k->add(gain, parts + i * C, C);
}
