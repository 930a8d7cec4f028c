/* parallel.c - a parallel for over independent tasks, by OpenMP. */
#include "parallel.h"

#include <omp.h>

void
nct_parallel(size_t n, unsigned threads, void (*task)(void *ctx, size_t i, unsigned worker), void *ctx)
{
	if (threads <= 1 || n <= 1) {
		for (size_t i = 0; i < n; i++)
			task(ctx, i, 0);
		return;
	}
#pragma omp parallel for schedule(monotonic : dynamic, 1) num_threads((int)threads)
	for (size_t i = 0; i < n; i++)
		task(ctx, i, (unsigned)omp_get_thread_num());
}

unsigned
nct_parallel_cores(void)
{
	int n = omp_get_num_procs();

	return n < 1 ? 1 : (unsigned)n;
}
