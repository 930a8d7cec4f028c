/* walk_avx512.c - the walk of walk.c with AVX-512, whose mask registers hold sets of lanes. */
#include "book/trie.h"

#if defined __x86_64__
#include <immintrin.h>

typedef __mmask8 lanes_t;

static inline lanes_t
any_of(__m256i v, __m256i w)
{
	return _mm256_test_epi32_mask(v, w);
}

static inline lanes_t
none_of(__m256i v, __m256i w)
{
	return _mm256_testn_epi32_mask(v, w);
}

static inline lanes_t
with(lanes_t a, lanes_t b)
{
	return a & b;
}

static inline lanes_t
without(lanes_t a, lanes_t b)
{
	return a & (lanes_t)~b;
}

static inline lanes_t
either(lanes_t a, lanes_t b)
{
	return a | b;
}

static inline int
empty(lanes_t a)
{
	return a == 0;
}

static inline __m256i
choose(__m256i v, lanes_t a, __m256i w)
{
	return _mm256_mask_mov_epi32(v, a, w);
}

static inline uint32_t *
append(uint32_t *log, __m256i v, lanes_t a)
{
	const lanes_t rest = (lanes_t)~a;

	_mm256_storeu_si256((void *)log, _mm256_maskz_compress_epi32(rest, v));
	return log + __builtin_popcount(rest);
}

#include "book/walk_gather.inc"

void
nct_trie_walk_avx512(const struct nct_trie *t, struct nct_book_lane *lane, unsigned lanes, size_t n, unsigned how)
{
	walk_lanes(t, lane, lanes, n, how);
}
#else
typedef int nct_trie_avx512_unused; /* ISO C forbids an empty file */
#endif
