/* threads.h - a pool of threads that share out independent tasks, and sleep between them. */
#ifndef NCT_BASE_THREADS_H
#define NCT_BASE_THREADS_H

#include "nct.h"

typedef struct nct_threads nct_threads; /* opaque; one call of nct_parallel() at a time */

/* A pool of `count` threads, the caller's own included; at least 1. The others are started when there is first
 * something to share. Where the system refuses one, the pool goes on with those that it has. On failure *out is
 * NULL. NCT_EARG, NCT_ENOMEM. */
nct_err nct_threads_new(nct_threads **out, unsigned count) NCT_USED;
void nct_threads_free(nct_threads *t); /* ends the threads; NULL is a no-op */

/* Calls task(ctx, i, worker) once for every i in [0, n), and returns when all calls have. The calling thread is
 * worker 0, and task 0 is its own. `worker` is below the pool's count, and no two running calls share it, so it may
 * index scratch memory. The other tasks are handed out in rising order, one at a time, to whoever asks first: a
 * worker may get many of them or none. All signals but those of faults go to threads outside the pool. */
void nct_parallel(nct_threads *t, size_t n, void (*task)(void *ctx, size_t i, unsigned worker), void *ctx);

#endif
