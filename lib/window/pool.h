/* pool.h - one context per worker thread, and a way to keep one across batches for a chunk that goes on. */
#ifndef NCT_WINDOW_POOL_H
#define NCT_WINDOW_POOL_H

#include "window/chunk.h"

struct nct_pool {
	const nct_m1 *m1;
	struct nct_plan plan;
	size_t cache_bytes;
	unsigned workers;
	nct_context **of;   /* of[worker]; owned */
	nct_context *spare; /* owned, may be NULL */
};

nct_err nct_pool_new(struct nct_pool *p, const nct_m1 *m1, unsigned workers, const struct nct_plan *plan, size_t cache_bytes) NCT_USED;
void nct_pool_free(struct nct_pool *p); /* contexts kept by callers are theirs to give back first */
/* Takes a worker's context out of the pool: the caller keeps it until nct_pool_give(); its worker gets another. NCT_ENOMEM. */
nct_err nct_pool_keep(struct nct_pool *p, const nct_context *c) NCT_USED;
void nct_pool_give(struct nct_pool *p, nct_context *c); /* NULL is a no-op */

#endif
