/* workers.h - the contexts of all worker threads. One can be kept for a chunk that goes on in the next batch. */
#ifndef NCT_M1_WORKERS_H
#define NCT_M1_WORKERS_H

#include "m1/context.h"
#include "m1/plan.h"

struct nct_workers {
	unsigned workers;
	nct_worker **of; /* of[worker]; owned */
};

/* Creates workers with `lanes` contexts each. NCT_ENOMEM. */
nct_err nct_workers_new(struct nct_workers *p, const nct_m1 *m1, unsigned workers, const struct nct_plan *plan,
                        size_t lanes, size_t cache_bytes) NCT_USED;
void nct_workers_free(struct nct_workers *p);
/* Takes a context out of its worker, whichever of them that is. The caller then owns it, and frees it by
 * nct_context_free(). NCT_ENOMEM. */
nct_err nct_workers_keep(struct nct_workers *p, nct_context *c) NCT_USED;

#endif
