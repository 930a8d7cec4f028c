/* weights.c - copies of a layer's weights, laid out for products: with row strides, and forward transposed.
 *
 * A product by a weight as it stands among the parameters runs at half to nine tenths of the speed: rows that are a power of two
 * apart share cache sets, and oneDNN packs a transposed operand more slowly. The copies cost a few thousandths of a step. */
#include "model/net.h"

#include <string.h>

#define LINES 16 /* rows transposed at a time: one cache line of the result */
#define CHUNK 64 /* rows of a weight per task */

/* A weight (out,in) and where its copy goes. */
struct copy {
	float *to;
	const float *from;
	size_t out, in;
};

/* All copies to be made; the pass comes first, as tasks are handed a pass. */
struct copies {
	struct nct_pass p;
	struct copy c[4];
};

static size_t
chunks(const struct copy *c)
{
	return (c->out + CHUNK - 1) / CHUNK;
}

/* Chunk `i` of all copies: rows [*at, *end) of a weight. */
static const struct copy *
chunk_at(const struct copies *w, size_t i, size_t *at, size_t *end)
{
	const struct copy *c = w->c;

	for (; i >= chunks(c); c++)
		i -= chunks(c);
	*at = i * CHUNK;
	*end = c->out - *at < CHUNK ? c->out : *at + CHUNK;
	return c;
}

static void
spread_task(void *ctx, size_t i, unsigned worker)
{
	size_t at, end;
	const struct copy *c = chunk_at(ctx, i, &at, &end);

	(void)worker;
	for (size_t o = at; o < end; o++)
		memcpy(c->to + o * nct_stride(c->in), c->from + o * c->in, c->in * sizeof *c->to);
}

static void
turn_task(void *ctx, size_t i, unsigned worker)
{
	size_t at, end;
	const struct copy *c = chunk_at(ctx, i, &at, &end);
	const size_t ld = nct_stride(c->out);

	(void)worker;
	for (; at < end; at += LINES)
		for (size_t k = 0; k < c->in; k++)
			for (size_t o = at; o < end && o < at + LINES; o++)
				c->to[k * ld + o] = c->from[o * c->in + k];
}

static nct_err
run(struct copies *w, void (*task)(void *pass, size_t i, unsigned worker))
{
	size_t tasks = 0;

	for (size_t i = 0; i < sizeof w->c / sizeof w->c[0]; i++)
		tasks += chunks(&w->c[i]);
	return nct_pass_run(&w->p, tasks, task);
}

nct_err
nct_pass_weights_forward(struct nct_pass *p, uint32_t enter, uint32_t leave)
{
	struct nct_net *n = p->n;
	const size_t C = n->s.width, F = n->s.inner, L = n->s.layers, l = leave;
	struct copies w = {.p = *p};

	if (enter < L)
		w.c[0] = (struct copy){n->wqkv, nct_net_at(n, n->params, NCT_P_QKV, 3 * (size_t)enter), 3 * C, C};
	if (leave < L) {
		w.c[1] = (struct copy){n->wproj, nct_net_at(n, n->params, NCT_P_PROJ, l), C, C};
		w.c[2] = (struct copy){n->wup, nct_net_at(n, n->params, NCT_P_UP, 2 * l), 2 * F, C};
		w.c[3] = (struct copy){n->wdown, nct_net_at(n, n->params, NCT_P_DOWN, l), C, F};
	}
	return run(&w, turn_task);
}

nct_err
nct_pass_weights_backward(struct nct_pass *p)
{
	struct nct_net *n = p->n;
	const size_t C = n->s.width, F = n->s.inner, l = p->layer;
	struct copies w = {*p, {
		{n->wqkv, nct_net_at(n, n->params, NCT_P_QKV, 3 * l), 3 * C, C},
		{n->wproj, nct_net_at(n, n->params, NCT_P_PROJ, l), C, C},
		{n->wup, nct_net_at(n, n->params, NCT_P_UP, 2 * l), 2 * F, C},
		{n->wdown, nct_net_at(n, n->params, NCT_P_DOWN, l), C, F},
	}};

	return run(&w, spread_task);
}
