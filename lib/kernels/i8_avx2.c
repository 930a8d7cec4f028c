/* i8_avx2.c - the row "avx2": exact integer kernels for x86-64 with AVX2.
 *
 * Products of int8 are taken 32 at a time: pmaddubsw wants one unsigned factor, so |a| is multiplied by b with the sign of
 * a. Since -128 never occurs, two products are at most 2 * 127 * 127 < 2^15 and nothing saturates. */
#if defined __x86_64__

#include "base/cpu.h"
#include "i8_loops.inc"

#include <immintrin.h>

#define TILE 4  /* vectors taken together: the sums of four fit one register */
#define BAND 16 /* rows of w that meet all of x before the next ones come: a cache line of each row of y */

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

/* Two rows of w by nx <= 4 vectors of x: the weights, once loaded, are used nx times. Inlined with a constant nx. */
static inline __attribute__((always_inline)) void
tile(int32_t *y, const int8_t *x, const int8_t *w, size_t r, size_t k, size_t nx)
{
	const __m256i zero = _mm256_setzero_si256();
	__m256i a0[TILE] = {zero, zero, zero, zero}, a1[TILE] = {zero, zero, zero, zero};
	const size_t whole = k & ~(size_t)31;
	int32_t s0[TILE], s1[TILE];

	for (size_t i = 0; i < whole; i += 32) {
		const __m256i w0 = load32(w + i), w1 = load32(w + k + i);
		const __m256i abs0 = _mm256_abs_epi8(w0), abs1 = _mm256_abs_epi8(w1);

		for (size_t j = 0; j < nx; j++) {
			const __m256i vx = load32(x + j * k + i);

			a0[j] = dot32(a0[j], abs0, w0, vx);
			a1[j] = dot32(a1[j], abs1, w1, vx);
		}
	}
	_mm_storeu_si128((__m128i *)(void *)s0, sum4(a0[0], a0[1], a0[2], a0[3]));
	_mm_storeu_si128((__m128i *)(void *)s1, sum4(a1[0], a1[1], a1[2], a1[3]));
	for (size_t j = 0; j < nx; j++) {
		y[j * r] = s0[j] + (whole < k ? dot_tail(x + j * k, w, whole, k) : 0);
		y[j * r + 1] = s1[j] + (whole < k ? dot_tail(x + j * k, w + k, whole, k) : 0);
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

/* An even number of rows of w, few enough to stay in the cache, by all vectors of x. */
static void
band(int32_t *y, const int8_t *x, const int8_t *w, size_t n, size_t r, size_t k, size_t rows)
{
	size_t i = 0;

	for (; i + TILE <= n; i += TILE)
		for (size_t j = 0; j < rows; j += 2)
			tile(y + i * r + j, x + i * k, w + j * k, r, k, TILE);
	for (size_t j = 0; j < rows && i < n; j += 2)
		switch (n - i) {
		case 3: tile(y + i * r + j, x + i * k, w + j * k, r, k, 3); break;
		case 2: tile(y + i * r + j, x + i * k, w + j * k, r, k, 2); break;
		default: tile(y + i * r + j, x + i * k, w + j * k, r, k, 1); break;
		}
}

static void
matmul(int32_t *y, const int8_t *x, const int8_t *w, size_t n, size_t r, size_t k)
{
	const size_t even = r & ~(size_t)1;

	if (n == 1) {
		vecmul(y, x, w, r, k);
		return;
	}
	for (size_t j = 0; j < even; j += BAND)
		band(y + j, x, w + j * k, n, r, k, even - j < BAND ? even - j : BAND);
	for (size_t i = 0; i < n && even < r; i++)
		y[i * r + even] = dot_by1(x + i * k, w + even * k, k);
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

/* a[0..cols) of mix(), cols <= 64 a multiple of 16: two positions at a time, sums in registers. Inlined with a constant
 * cols. */
static inline __attribute__((always_inline)) void
mix_columns(int32_t *a, const int16_t *p, const int8_t *const *row, size_t off, size_t n, size_t cols)
{
	const __m256i zero = _mm256_setzero_si256();
	__m256i lo[4] = {zero, zero, zero, zero}, hi[4] = {zero, zero, zero, zero};

	for (size_t j = 0; j < n; j += 2) {
		const size_t other = j + 1 < n ? j + 1 : j;
		const int32_t p1 = other > j ? p[other] : 0;
		const __m256i p01 = _mm256_set1_epi32(p1 * 65536 + p[j]);

		if ((p[j] | p1) == 0)
			continue;
		for (size_t i = 0; i < cols / 16; i++) {
			const __m128i v0 = _mm_loadu_si128((const __m128i *)(const void *)(row[j] + off) + i);
			const __m128i v1 = _mm_loadu_si128((const __m128i *)(const void *)(row[other] + off) + i);

			lo[i] = _mm256_add_epi32(lo[i], _mm256_madd_epi16(_mm256_cvtepi8_epi16(_mm_unpacklo_epi8(v0, v1)), p01));
			hi[i] = _mm256_add_epi32(hi[i], _mm256_madd_epi16(_mm256_cvtepi8_epi16(_mm_unpackhi_epi8(v0, v1)), p01));
		}
	}
	for (size_t i = 0; i < cols / 16; i++) {
		_mm256_storeu_si256((__m256i *)(void *)(a + 16 * i), lo[i]);
		_mm256_storeu_si256((__m256i *)(void *)(a + 16 * i + 8), hi[i]);
	}
}

static void
mix(int32_t *a, const int16_t *p, const int8_t *const *row, size_t off, size_t n, size_t d)
{
	size_t i = 0;

	for (; i + 64 <= d; i += 64)
		mix_columns(a + i, p, row, off + i, n, 64);
	for (; i + 16 <= d; i += 16)
		mix_columns(a + i, p, row, off + i, n, 16);
	for (; i < d; i++) {
		a[i] = 0;
		for (size_t j = 0; j < n; j++)
			a[i] += p[j] * row[j][off + i];
	}
}

const struct nct_kernels nct_kernels_avx2 = {
	"avx2", nct_cpu_avx2, matmul, norm, narrow, add, gate, dots, weigh, mix, settle, predict,
};

#else
typedef int nct_kernels_avx2_absent; /* ISO C wants a declaration in every file */
#endif
