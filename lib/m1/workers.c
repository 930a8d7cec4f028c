/* workers.c - the contexts of all worker threads. One can be kept for a chunk that goes on in the next batch. */
#include "m1/workers.h"

#include <stdlib.h>

nct_err
nct_workers_new(struct nct_workers *p, const nct_m1 *m1, unsigned workers, const struct nct_plan *plan, size_t lanes,
                size_t cache_bytes)
{
	const struct nct_worker_plan each = {.window_bits = plan->window_bits, .remember = nct_plan_remembers(plan),
	                                   .cache_bytes = cache_bytes, .endless = plan->resets == 0, .lanes = lanes,
	                                   .rewind = plan->aligned ? NCT_WINDOW_SYMBOLS : 0};
	nct_err err = NCT_ENOMEM;

	*p = (struct nct_workers){0};
	if ((p->of = calloc(workers, sizeof(nct_worker *))) == NULL)
		return err;
	for (p->workers = 0; p->workers < workers; p->workers++)
		if ((err = nct_worker_new(&p->of[p->workers], m1, &each)) != NCT_OK) {
			nct_workers_free(p);
			return err;
		}
	return NCT_OK;
}

void
nct_workers_free(struct nct_workers *p)
{
	for (unsigned i = 0; i < p->workers; i++)
		nct_worker_free(p->of[i]);
	free(p->of);
	*p = (struct nct_workers){0};
}

nct_err
nct_workers_keep(struct nct_workers *p, nct_context *c)
{
	for (unsigned i = 0; i < p->workers; i++)
		for (size_t lane = 0; lane < nct_worker_lanes(p->of[i]); lane++)
			if (nct_worker_context(p->of[i], lane) == c)
				return nct_worker_detach(p->of[i], c);
	return NCT_OK;
}
