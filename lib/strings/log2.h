/* log2.h - logarithms in integers, the same on all machines. */
#ifndef NCT_STRINGS_LOG2_H
#define NCT_STRINGS_LOG2_H

#include <stdint.h>

#define NCT_BIT 4096 /* nct_log2() is in this fraction of a bit */

/* log2(n) for n > 0, rounded down. */
static inline int64_t
nct_log2(uint64_t n)
{
	int64_t log = 0;
	uint64_t x; /* n as a fixed-point number from 1 up to, but not including, 2; 1 is 2^31 */

	while (n >> log > 1)
		log++;
	x = log > 31 ? n >> (log - 31) : n << (31 - log);
	for (unsigned unit = NCT_BIT; unit > 1; unit /= 2) { /* squaring doubles the logarithm */
		x = x * x >> 31;
		log = 2 * log + (int64_t)(x >> 32);
		x >>= x >> 32;
	}
	return log;
}

#endif
