/* bucket.h - T5's buckets of relative distance (Raffel et al., 2020), computed in integers. */
#ifndef NCT_M1_BUCKET_H
#define NCT_M1_BUCKET_H

#include <stdint.h>

#define NCT_BUCKETS 32

/* The bucket of distance d = i - j >= 0. It is d for d < 16, else min(31, 16 + floor(16 ln(d / 16) / ln(128 / 16))). */
unsigned nct_bucket(uint32_t d);

#endif
