/* bucket.h - T5's buckets of relative distance, as integer thresholds. */
#ifndef NCT_M1_BUCKET_H
#define NCT_M1_BUCKET_H

#include <stdint.h>

#define NCT_BUCKETS 32

/* The bucket of distance `d` = i - j >= 0: d itself below 16, then 16 logarithmic steps up to 128
 * (T5: 16 + floor(16 ln(d/16) / ln(128/16)), at most 31). The integer M1 uses the same function. */
unsigned nct_bucket(uint32_t d);

#endif
