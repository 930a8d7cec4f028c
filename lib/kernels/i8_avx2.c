/* i8_avx2.c - the row "avx2": exact integer kernels for x86-64 with AVX2.
 *
 * Products of int8 are taken 32 at a time: pmaddubsw wants one unsigned factor, so |a| is multiplied by b with the sign of
 * a. Since -128 never occurs, two products are at most 2 * 127 * 127 < 2^15 and nothing saturates. */
#if defined __x86_64__

#include "base/cpu.h"
#include "i8_loops.h"

#include <immintrin.h>
#include <string.h>

#define TILE 4 /* vectors of x, and rows of w, taken together by matmul */

static inline __m256i
load32(const int8_t *p)
{
	return _mm256_loadu_si256((const __m256i *)(const void *)p);
}

/* acc + the 8 partial sums of 4 products of a and b; abs_a = |a|. */
static inline __m256i
dot32(__m256i acc, __m256i abs_a, __m256i a, __m256i b)
{
	const __m256i pairs = _mm256_maddubs_epi16(abs_a, _mm256_sign_epi8(b, a));

	return _mm256_add_epi32(acc, _mm256_madd_epi16(pairs, _mm256_set1_epi16(1)));
}

/* The sums of the eight lanes of a, b, c, d. */
static inline __m128i
sum4(__m256i a, __m256i b, __m256i c, __m256i d)
{
	const __m256i s = _mm256_hadd_epi32(_mm256_hadd_epi32(a, b), _mm256_hadd_epi32(c, d));

	return _mm_add_epi32(_mm256_castsi256_si128(s), _mm256_extracti128_si256(s, 1));
}

static int32_t
dot_tail(const int8_t *a, const int8_t *b, size_t from, size_t n)
{
	int32_t sum = 0;

	for (size_t i = from; i < n; i++)
		sum += a[i] * b[i];
	return sum;
}

/* s[j] = a . b[j] for four vectors b. */
static inline void
dot_by4(int32_t s[TILE], const int8_t *a, const int8_t *const b[TILE], size_t n)
{
	__m256i acc[TILE] = {_mm256_setzero_si256(), _mm256_setzero_si256(), _mm256_setzero_si256(), _mm256_setzero_si256()};
	const size_t whole = n & ~(size_t)31;

	for (size_t i = 0; i < whole; i += 32) {
		const __m256i va = load32(a + i), abs_a = _mm256_abs_epi8(va);

		for (size_t j = 0; j < TILE; j++)
			acc[j] = dot32(acc[j], abs_a, va, load32(b[j] + i));
	}
	_mm_storeu_si128((__m128i *)(void *)s, sum4(acc[0], acc[1], acc[2], acc[3]));
	for (size_t j = 0; j < TILE && whole < n; j++)
		s[j] += dot_tail(a, b[j], whole, n);
}

static inline int32_t
dot_by1(const int8_t *a, const int8_t *b, size_t n)
{
	__m256i acc = _mm256_setzero_si256();
	const __m256i zero = acc;
	const size_t whole = n & ~(size_t)31;

	for (size_t i = 0; i < whole; i += 32) {
		const __m256i va = load32(a + i);

		acc = dot32(acc, _mm256_abs_epi8(va), va, load32(b + i));
	}
	return _mm_cvtsi128_si32(sum4(acc, zero, zero, zero)) + dot_tail(a, b, whole, n);
}

/* Two rows of w by four vectors of x: the weights, once loaded, are used four times. */
static inline void
tile2x4(int32_t *y, const int8_t *x, const int8_t *w, size_t r, size_t k)
{
	__m256i a0[TILE], a1[TILE];
	const size_t whole = k & ~(size_t)31;
	int32_t s0[TILE], s1[TILE];

	for (size_t i = 0; i < TILE; i++)
		a0[i] = a1[i] = _mm256_setzero_si256();
	for (size_t i = 0; i < whole; i += 32) {
		const __m256i w0 = load32(w + i), w1 = load32(w + k + i);
		const __m256i abs0 = _mm256_abs_epi8(w0), abs1 = _mm256_abs_epi8(w1);

		for (size_t j = 0; j < TILE; j++) {
			const __m256i vx = load32(x + j * k + i);

			a0[j] = dot32(a0[j], abs0, w0, vx);
			a1[j] = dot32(a1[j], abs1, w1, vx);
		}
	}
	_mm_storeu_si128((__m128i *)(void *)s0, sum4(a0[0], a0[1], a0[2], a0[3]));
	_mm_storeu_si128((__m128i *)(void *)s1, sum4(a1[0], a1[1], a1[2], a1[3]));
	for (size_t j = 0; j < TILE; j++) {
		y[j * r] = s0[j] + dot_tail(x + j * k, w, whole, k);
		y[j * r + 1] = s1[j] + dot_tail(x + j * k, w + k, whole, k);
	}
}

/* One vector of x by all of w. */
static void
vecmul(int32_t *y, const int8_t *x, const int8_t *w, size_t r, size_t k)
{
	size_t j = 0;

	for (; j + TILE <= r; j += TILE) {
		const int8_t *const row[TILE] = {w + j * k, w + (j + 1) * k, w + (j + 2) * k, w + (j + 3) * k};

		dot_by4(y + j, x, row, k);
	}
	for (; j < r; j++)
		y[j] = dot_by1(x, w + j * k, k);
}

static void
matmul(int32_t *y, const int8_t *x, const int8_t *w, size_t n, size_t r, size_t k)
{
	const size_t tiled = n & ~(size_t)(TILE - 1);

	for (size_t j = 0; j + 2 <= r; j += 2)
		for (size_t i = 0; i < tiled; i += TILE)
			tile2x4(y + i * r + j, x + i * k, w + j * k, r, k);
	for (size_t i = 0; i < tiled && r % 2 != 0; i++)
		y[i * r + r - 1] = dot_by1(x + i * k, w + (r - 1) * k, k);
	for (size_t i = tiled; i < n; i++)
		vecmul(y + i * r, x + i * k, w, r, k);
}

static void
dots(int32_t *s, const int8_t *q, const int8_t *const *row, size_t off, size_t n, size_t d)
{
	size_t j = 0;

	for (; j + TILE <= n; j += TILE) {
		const int8_t *const four[TILE] = {row[j] + off, row[j + 1] + off, row[j + 2] + off, row[j + 3] + off};

		dot_by4(s + j, q, four, d);
	}
	for (; j < n; j++)
		s[j] = dot_by1(q, row[j] + off, d);
}

/* a[0..16) += p0 * v0[0..16) + p1 * v1[0..16) */
static inline void
mix16(int32_t *a, __m256i p01, const int8_t *v0, const int8_t *v1)
{
	const __m128i b0 = _mm_loadu_si128((const __m128i *)(const void *)v0);
	const __m128i b1 = _mm_loadu_si128((const __m128i *)(const void *)v1);
	const __m256i lo = _mm256_cvtepi8_epi16(_mm_unpacklo_epi8(b0, b1)), hi = _mm256_cvtepi8_epi16(_mm_unpackhi_epi8(b0, b1));
	__m256i *out = (__m256i *)(void *)a;

	_mm256_storeu_si256(out, _mm256_add_epi32(_mm256_loadu_si256(out), _mm256_madd_epi16(lo, p01)));
	_mm256_storeu_si256(out + 1, _mm256_add_epi32(_mm256_loadu_si256(out + 1), _mm256_madd_epi16(hi, p01)));
}

static void
mix(int32_t *a, const int16_t *p, const int8_t *const *row, size_t off, size_t n, size_t d)
{
	const size_t whole = d & ~(size_t)15;

	memset(a, 0, d * sizeof a[0]);
	for (size_t j = 0; j < n; j += 2) {
		const size_t other = j + 1 < n ? j + 1 : j;
		const int32_t p0 = p[j], p1 = other > j ? p[other] : 0;
		const __m256i p01 = _mm256_set1_epi32(p1 * 65536 + p0);
		const int8_t *v0 = row[j] + off, *v1 = row[other] + off;

		if ((p0 | p1) == 0)
			continue;
		for (size_t i = 0; i < whole; i += 16)
			mix16(a + i, p01, v0 + i, v1 + i);
		for (size_t i = whole; i < d; i++)
			a[i] += p0 * v0[i] + p1 * v1[i];
	}
}

const struct nct_kernels nct_kernels_avx2 = {
	"avx2", nct_cpu_avx2, matmul, norm, narrow, add, gate, dots, weigh, mix, settle, predict,
};

#else
typedef int nct_kernels_avx2_absent; /* ISO C wants a declaration in every file */
#endif
