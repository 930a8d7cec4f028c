/* parallel.h - a parallel for over independent tasks. */
#ifndef NCT_BASE_PARALLEL_H
#define NCT_BASE_PARALLEL_H

#include <stddef.h>

/* Calls task(ctx, i, worker) once for every i in [0, n), on up to `threads` threads; `worker` is in
 * [0, threads) and no two running calls share it, so it may index scratch memory. Tasks are handed out in
 * order, one at a time, so a worker's own tasks come in rising order; which worker gets which is open. Returns when all are done. */
void nct_parallel(size_t n, unsigned threads, void (*task)(void *ctx, size_t i, unsigned worker), void *ctx);

unsigned nct_parallel_cores(void); /* processors this process may run on, at least 1 */

#endif
