/* threads.h - a pool of threads that work through independent tasks and sleep in between. */
#ifndef NCT_BASE_THREADS_H
#define NCT_BASE_THREADS_H

#include "nct.h"

typedef struct nct_threads nct_threads; /* opaque; one call of nct_parallel() at a time */

/* Makes a pool of `count` >= 1 threads, the caller's own included. The others are started by the first call that has
 * more than one task. If the system refuses a thread, the pool goes on with those that it has. On failure *out is
 * NULL. NCT_EARG, NCT_ENOMEM. */
nct_err nct_threads_new(nct_threads **out, unsigned count) NCT_USED;
void nct_threads_free(nct_threads *t); /* ends the threads; NULL is a no-op */

/* Calls task(ctx, i, worker) once for every i in [0, n), and returns when all tasks are done. The calling thread is
 * worker 0 and does task 0. The other tasks are handed out in rising order, one at a time, to whichever thread is
 * free: a worker may get many of them or none. `worker` is below the pool's count, and no two tasks that run at once
 * have the same, so it may index scratch memory. The pool's own threads block all signals except SIGBUS, SIGSEGV,
 * SIGFPE and SIGILL. */
void nct_parallel(nct_threads *t, size_t n, void (*task)(void *ctx, size_t i, unsigned worker), void *ctx);

#endif
