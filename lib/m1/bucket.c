/* bucket.c - T5's buckets of relative distance (Raffel et al., 2020), computed in integers. */
#include "m1/bucket.h"

/* start[k] is the smallest distance in bucket 17 + k: ceil(16 * 8^((k + 1) / 16)). */
static const uint8_t start[15] = {19, 21, 24, 27, 31, 35, 40, 46, 52, 59, 67, 77, 87, 99, 113};

unsigned
nct_bucket(uint32_t d)
{
	unsigned b = 16;

	if (d < 16)
		return d;
	while (b < NCT_BUCKETS - 1 && d >= start[b - 16])
		b++;
	return b;
}
