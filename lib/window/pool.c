/* pool.c - one context per worker thread, and a way to keep one across batches for a chunk that goes on. */
#include "window/pool.h"

#include <stdlib.h>

static nct_err
new_context(const struct nct_pool *p, nct_context **out)
{
	return nct_context_new(out, p->m1, p->plan.window_bits, nct_plan_remembers(&p->plan), p->cache_bytes);
}

nct_err
nct_pool_new(struct nct_pool *p, const nct_m1 *m1, unsigned workers, const struct nct_plan *plan, size_t cache_bytes)
{
	nct_err err = NCT_ENOMEM;

	*p = (struct nct_pool){.m1 = m1, .plan = *plan, .cache_bytes = cache_bytes};
	if ((p->of = calloc(workers, sizeof(nct_context *))) == NULL)
		return err;
	for (p->workers = 0; p->workers < workers; p->workers++)
		if ((err = new_context(p, &p->of[p->workers])) != NCT_OK) {
			nct_pool_free(p);
			return err;
		}
	return NCT_OK;
}

void
nct_pool_free(struct nct_pool *p)
{
	for (unsigned i = 0; i < p->workers; i++)
		nct_context_free(p->of[i]);
	nct_context_free(p->spare);
	free(p->of);
	*p = (struct nct_pool){0};
}

nct_err
nct_pool_keep(struct nct_pool *p, const nct_context *c)
{
	nct_err err;

	for (unsigned i = 0; i < p->workers; i++) {
		if (p->of[i] != c)
			continue;
		if (p->spare == NULL && (err = new_context(p, &p->spare)) != NCT_OK)
			return err;
		p->of[i] = p->spare;
		p->spare = NULL;
	}
	return NCT_OK;
}

void
nct_pool_give(struct nct_pool *p, nct_context *c)
{
	if (c == NULL)
		return;
	nct_context_free(p->spare);
	p->spare = c;
}
