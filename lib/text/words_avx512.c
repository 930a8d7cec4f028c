/* words_avx512.c - nct_words_bytes() for AVX-512: each step loads 64 bytes, two to look back at and 62 to mark. */
#include "text/words.h"

#if defined __x86_64__
#include <immintrin.h>

#define STEP 62

/* The bytes of v in [first, first + count). */
static inline __mmask64
in_range(__m512i v, char first, char count)
{
	return _mm512_cmplt_epu8_mask(_mm512_sub_epi8(v, _mm512_set1_epi8(first)), _mm512_set1_epi8(count));
}

/* Bit i is set if a word begins at byte i + 2 of v, for i < 62. */
static inline __mmask64
begins(__m512i v)
{
	const __mmask64 space = _mm512_cmpeq_epi8_mask(v, _mm512_set1_epi8(' ')), white = space | in_range(v, '\t', 5);
	const __mmask64 apostrophe = _mm512_cmpeq_epi8_mask(v, _mm512_set1_epi8('\'')), number = in_range(v, '0', 10);
	const __mmask64 plain = in_range(_mm512_or_si512(v, _mm512_set1_epi8(32)), 'a', 26);
	const __mmask64 letter = plain | (apostrophe & plain << 1), other = ~(letter | number | white);
	const __mmask64 goes_on =
	    (letter & letter << 1) | (number & number << 1) | (other & other << 1) | (white & white << 1);
	const __mmask64 has_space = ~white & space << 1 & ~(white << 2);

	return ~(goes_on | has_space) >> 2;
}

void
nct_words_bytes_avx512(const uint8_t *text, size_t n, uint8_t *mark)
{
	size_t at = 0;

	for (; n - at >= 64; at += STEP) /* the last two marks written are wrong; the next step overwrites them */
		_mm512_storeu_si512(mark + at, _mm512_maskz_set1_epi8(begins(_mm512_loadu_si512(text + at - 2)), 1));
	for (; at < n; at += STEP) {
		const size_t now = n - at < STEP ? n - at : STEP;
		const __m512i v = _mm512_maskz_loadu_epi8(~(uint64_t)0 >> (STEP - now), text + at - 2);

		_mm512_mask_storeu_epi8(mark + at, ~(uint64_t)0 >> (64 - now), _mm512_maskz_set1_epi8(begins(v), 1));
	}
}
#else
typedef int nct_words_avx512_unused; /* ISO C forbids an empty file */
#endif
