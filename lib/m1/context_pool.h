/* context_pool.h - a crew of contexts per worker thread, and a way to keep a context across batches for a chunk that goes on. */
#ifndef NCT_M1_CONTEXT_POOL_H
#define NCT_M1_CONTEXT_POOL_H

#include "encode/m1_chunk.h"

struct nct_pool {
	unsigned workers;
	nct_crew **of; /* of[worker]; owned */
};

/* Crews of `lanes` contexts each. NCT_ENOMEM. */
nct_err nct_pool_new(struct nct_pool *p, const nct_m1 *m1, unsigned workers, const struct nct_plan *plan, size_t lanes,
		     size_t cache_bytes) NCT_USED;
void nct_pool_free(struct nct_pool *p);
/* Takes a context out of its crew, wherever that is: the caller keeps it until nct_context_free(). NCT_ENOMEM. */
nct_err nct_pool_keep(struct nct_pool *p, nct_context *c) NCT_USED;

#endif
