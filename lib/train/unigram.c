/* unigram.c - M1's integer frequencies from counts of symbols. */
#include "unigram.h"

void
nct_unigram_frequencies(const uint64_t count[NCT_SYMBOLS], uint32_t freq[NCT_SYMBOLS])
{
	__extension__ typedef unsigned __int128 u128;
	uint64_t sum = 0;
	uint32_t left = NCT_FREQ_TOTAL;
	unsigned most = 0;

	for (unsigned s = 0; s < NCT_SYMBOLS; s++) {
		sum += count[s];
		if (count[s] > count[most])
			most = s;
	}
	for (unsigned s = 0; s < NCT_SYMBOLS; s++) {
		const u128 share = sum > 0 ? (u128)count[s] * (NCT_FREQ_TOTAL - NCT_SYMBOLS) / sum
		                           : (NCT_FREQ_TOTAL - NCT_SYMBOLS) / NCT_SYMBOLS;

		freq[s] = 1 + (uint32_t)share;
		left -= freq[s];
	}
	freq[most] += left;
}
