/* walk_avx2.c - the walk of walk.c with AVX2. A set of lanes is a register with all bits set in its lanes. */
#include "book/trie.h"

#if defined __x86_64__
#include <immintrin.h>

typedef __m256i lanes_t;

static inline lanes_t
none_of(__m256i v, __m256i w)
{
	return _mm256_cmpeq_epi32(_mm256_and_si256(v, w), _mm256_setzero_si256());
}

static inline lanes_t
any_of(__m256i v, __m256i w)
{
	return _mm256_xor_si256(none_of(v, w), _mm256_set1_epi32(-1));
}

static inline lanes_t
with(lanes_t a, lanes_t b)
{
	return _mm256_and_si256(a, b);
}

static inline lanes_t
without(lanes_t a, lanes_t b)
{
	return _mm256_andnot_si256(b, a);
}

static inline lanes_t
either(lanes_t a, lanes_t b)
{
	return _mm256_or_si256(a, b);
}

static inline int
empty(lanes_t a)
{
	return _mm256_testz_si256(a, a);
}

static inline __m256i
choose(__m256i v, lanes_t a, __m256i w)
{
	return _mm256_blendv_epi8(v, w, a);
}

/* Entry m has, in its lowest bytes, the numbers of the bits that are set in m. */
#define BELOW(m, b) ((m) & ((1u << (b)) - 1))
#define COUNT3(x) (((x) & 1) + ((x) >> 1 & 1) + ((x) >> 2 & 1))
#define COUNT(x) (COUNT3(x) + COUNT3((x) >> 3) + ((x) >> 6 & 1))
#define BIT(m, b) ((m) >> (b) & 1 ? (uint64_t)(b) << 8 * COUNT(BELOW(m, b)) : 0)
#define ENTRY(m) (BIT(m, 1) | BIT(m, 2) | BIT(m, 3) | BIT(m, 4) | BIT(m, 5) | BIT(m, 6) | BIT(m, 7))
#define FOUR(m) ENTRY(m), ENTRY(m + 1), ENTRY(m + 2), ENTRY(m + 3)
#define SIXTEEN(m) FOUR(m), FOUR(m + 4), FOUR(m + 8), FOUR(m + 12)
#define SIXTY_FOUR(m) SIXTEEN(m), SIXTEEN(m + 16), SIXTEEN(m + 32), SIXTEEN(m + 48)
static const uint64_t set_bits[256] = {SIXTY_FOUR(0u), SIXTY_FOUR(64u), SIXTY_FOUR(128u), SIXTY_FOUR(192u)};

static inline uint32_t *
append(uint32_t *log, __m256i v, lanes_t a)
{
	const unsigned rest = ~(unsigned)_mm256_movemask_ps(_mm256_castsi256_ps(a)) & 0xff;
	const __m256i order = _mm256_cvtepu8_epi32(_mm_cvtsi64_si128((long long)set_bits[rest]));

	_mm256_storeu_si256((void *)log, _mm256_permutevar8x32_epi32(v, order));
	return log + __builtin_popcount(rest);
}

#include "book/walk_gather.inc"

void
nct_trie_walk_avx2(const struct nct_trie *t, struct nct_book_lane *lane, unsigned lanes, size_t n, unsigned how)
{
	walk_lanes(t, lane, lanes, n, how);
}
#else
typedef int nct_trie_avx2_unused; /* ISO C forbids an empty file */
#endif
