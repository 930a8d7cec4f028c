/* weight_panels.c - packs a layer's weights for products: as they are for the backward pass, transposed for the
 * forward pass.
 *
 * Each weight is packed once per pass. This takes some thousandths of a step's time. */
#include "net/pass.h"

#define TASK_ROWS 64 /* rows of a weight per task; a multiple of every panel */

/* A weight (out,in) and the packed array that is made of it. */
struct copy {
	uint32_t *to;
	const float *from;
	size_t out, in;
};

/* All weights to pack. The pass is the first member, because nct_pass_run() gives tasks a pointer to it. */
struct copies {
	struct nct_pass p;
	struct copy c[4];
};

static size_t
tasks_of(const struct copy *c)
{
	return (c->out + TASK_ROWS - 1) / TASK_ROWS;
}

/* Finds what task `i` packs: rows [*at, *at + *rows) of the weight returned. */
static const struct copy *
task_rows(const struct copies *w, size_t i, size_t *at, size_t *rows)
{
	const struct copy *c = w->c;

	for (; i >= tasks_of(c); c++)
		i -= tasks_of(c);
	*at = i * TASK_ROWS;
	*rows = c->out - *at < TASK_ROWS ? c->out - *at : TASK_ROWS;
	return c;
}

static void
pack_task(void *ctx, size_t i, unsigned worker)
{
	const struct copies *w = ctx;
	const struct nct_net *n = w->p.n;
	size_t at, rows;
	const struct copy *c = task_rows(w, i, &at, &rows);

	(void)worker;
	n->k->pack_floats(nct_net_packed(n, c->to, at), nct_net_panel(n, c->out), c->from + at * c->in, c->in, rows, c->in);
}

static void
turn_task(void *ctx, size_t i, unsigned worker)
{
	const struct copies *w = ctx;
	const struct nct_net *n = w->p.n;
	size_t at, rows;
	const struct copy *c = task_rows(w, i, &at, &rows);
	const size_t panel = nct_net_panel(n, c->in);

	(void)worker;
	n->k->turn_floats(c->to + at / n->k->panel * panel, panel, c->from + at * c->in, c->in, rows, c->in);
}

static void
run_tasks(struct copies *w, void (*task)(void *pass, size_t i, unsigned worker))
{
	size_t tasks = 0;

	for (size_t i = 0; i < sizeof w->c / sizeof w->c[0]; i++)
		tasks += tasks_of(&w->c[i]);
	nct_pass_run(&w->p, NCT_PART_PACK, tasks, task);
}

void
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
	run_tasks(&w, turn_task);
}

void
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

	run_tasks(&w, pack_task);
}

void
nct_pass_weights_head(struct nct_pass *p)
{
	struct nct_net *n = p->n;
	struct copies w = {.p = *p, .c = {{n->whead, n->out_rows, n->s.vocab, n->s.width}}};

	run_tasks(&w, turn_task);
	if (!p->backward)
		return;
	w.c[0].to = n->whead_back;
	run_tasks(&w, pack_task);
}
