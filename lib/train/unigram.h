/* unigram.h - integer frequencies from symbol counts. */
#ifndef NCT_TRAIN_UNIGRAM_H
#define NCT_TRAIN_UNIGRAM_H

#include "nct.h"

/* freq[s] = 1 + floor((NCT_FREQ_TOTAL - NCT_SYMBOLS) * count[s] / sum of counts); what is left of NCT_FREQ_TOTAL
 * goes to the most frequent symbol, of equals the smallest. All counts 0: as if all were 1. The sum must be below
 * 2^64. */
void nct_unigram_frequencies(const uint64_t count[NCT_SYMBOLS], uint32_t freq[NCT_SYMBOLS]);

#endif
