/* products.c - runs the tasks of a pass on all threads, and does products by packed weights. */
#include "base/clock.h"
#include "net/pass.h"

#define DEPTH 512 /* words of a product at a time, so that a block and a panel stay in the L2 cache */

void
nct_pass_run(struct nct_pass *p, enum nct_part what, size_t tasks, void (*task)(void *pass, size_t i, unsigned worker))
{
	const double start = nct_seconds();

	nct_parallel(p->n->pool, tasks, task, p);
	p->n->time.part[what] += nct_seconds() - start;
}

void
nct_pass_by_weight(const struct nct_pass *p, const struct nct_by_weight *b, unsigned worker)
{
	const struct nct_float *k = p->n->k;
	const size_t words = nct_words(k, b->in), depth = b->e == NULL ? DEPTH : words;
	struct nct_product q = {.rows = b->rows, .cols = b->out, .a_row = b->ldx / nct_pair(k), .a_word = 1,
	    .b_panel = nct_net_panel(p->n, b->in), .c = b->y, .ldc = b->ldy, .add = b->add, .e = b->e, .lde = b->lde};
	const double start = nct_seconds();

	for (size_t at = 0; at < words; at += depth, q.add = 1) {
		q.words = words - at < depth ? words - at : depth;
		q.a = (const uint32_t *)b->x + at;
		q.b = b->w + at * k->panel;
		k->product(&q);
	}
	*nct_net_products(p->n, worker) += nct_seconds() - start;
}
