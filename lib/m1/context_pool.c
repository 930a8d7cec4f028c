/* context_pool.c - a crew of contexts per worker thread, and a way to keep a context across batches for a chunk that goes on. */
#include "m1/context_pool.h"

#include <stdlib.h>

nct_err
nct_pool_new(struct nct_pool *p, const nct_m1 *m1, unsigned workers, const struct nct_plan *plan, size_t lanes, size_t cache_bytes)
{
	const struct nct_crew_plan crew = {.window_bits = plan->window_bits, .remember = nct_plan_remembers(plan),
	                                   .cache_bytes = cache_bytes, .endless = plan->resets == 0, .lanes = lanes,
	                                   .rewind = plan->aligned ? NCT_WINDOW_SYMBOLS : 0};
	nct_err err = NCT_ENOMEM;

	*p = (struct nct_pool){0};
	if ((p->of = calloc(workers, sizeof(nct_crew *))) == NULL)
		return err;
	for (p->workers = 0; p->workers < workers; p->workers++)
		if ((err = nct_crew_new(&p->of[p->workers], m1, &crew)) != NCT_OK) {
			nct_pool_free(p);
			return err;
		}
	return NCT_OK;
}

void
nct_pool_free(struct nct_pool *p)
{
	for (unsigned i = 0; i < p->workers; i++)
		nct_crew_free(p->of[i]);
	free(p->of);
	*p = (struct nct_pool){0};
}

nct_err
nct_pool_keep(struct nct_pool *p, nct_context *c)
{
	for (unsigned i = 0; i < p->workers; i++)
		for (size_t lane = 0; lane < nct_crew_lanes(p->of[i]); lane++)
			if (nct_crew_context(p->of[i], lane) == c)
				return nct_crew_part(p->of[i], c);
	return NCT_OK;
}
