/* clock.h - the monotonic clock, in seconds. */
#ifndef NCT_BASE_CLOCK_H
#define NCT_BASE_CLOCK_H

#include <time.h>

static inline double
nct_seconds(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

#endif
