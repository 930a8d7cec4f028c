/* unigram.h - M1's integer frequencies from counts of symbols. */
#ifndef NCT_TRAIN_UNIGRAM_H
#define NCT_TRAIN_UNIGRAM_H

#include "nct.h"

/* freq[s] = 1 + floor((NCT_FREQ_TOTAL - NCT_SYMBOLS) * count[s] / sum of counts). What is left of NCT_FREQ_TOTAL
 * goes to the most frequent symbol, or the smallest of several. If all counts are 0, they count as 1. The sum must
 * be below 2^64. */
void nct_unigram_frequencies(const uint64_t count[NCT_SYMBOLS], uint32_t freq[NCT_SYMBOLS]);

#endif
