/* i8_avx2.c - the row "avx2": exact integer kernels for x86-64 with AVX2.
 *
 * Attention takes 32 products of int8 at a time by pmaddubsw, which multiplies unsigned by signed bytes. So |a| is
 * multiplied by b with the sign of a. As -128 never occurs, a sum of two products is at most 2 * 127 * 127 < 2^15,
 * and nothing saturates. The matrix product widens to 16 bits instead. That costs as much, and keeps the sums of
 * eight rows side by side. */
#if defined __x86_64__

#define PACK_DEPTH 2
#define PACK_ROUND 2
#define PACK_FLIP 0
#include "int8/i8_layout.inc"
#include "int8/i8_loops.inc"

#include "base/cpu.h"

#include <immintrin.h>

#define TILE 4    /* vectors that dots() takes at a time: their four sums fit one register */
#define TALL 6    /* vectors of x at a time in matmul(): by sixteen rows of w, 12 registers of sums */
#define BAND 24   /* vectors of x that are multiplied by all of w before the next ones */
#define SLICE 256 /* columns of x and w that are taken at a time */

static inline __m256i
load256(const void *p)
{
	return _mm256_loadu_si256(p);
}

static inline __m128i
load128(const void *p)
{
	return _mm_loadu_si128(p);
}

static inline __m256i
load32(const int8_t *p)
{
	return _mm256_loadu_si256((const __m256i *)(const void *)p);
}

/* acc + products of a and b, four of which are added up in each of the 8 lanes. abs_a = |a|. */
static inline __m256i
dot32(__m256i acc, __m256i abs_a, __m256i a, __m256i b)
{
	const __m256i pairs = _mm256_maddubs_epi16(abs_a, _mm256_sign_epi8(b, a));

	return _mm256_add_epi32(acc, _mm256_madd_epi16(pairs, _mm256_set1_epi16(1)));
}

/* The four sums over the eight lanes of a, of b, of c and of d. */
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

/* s[j] = a . b[j] for four vectors b[j] of length n. */
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

/* *acc += x. With the intrinsic, gcc 12 copies the sums between registers. */
static inline __attribute__((always_inline)) void
add_to(__m256i *acc, __m256i x)
{
	__asm__("vpaddd %1, %0, %0" : "+x"(*acc) : "x"(x));
}

/* y += x w^T for nx <= TALL vectors of x, sixteen rows of w and n pairs of columns. x is widened to 16 bits, its
 * vectors `width` apart; those of y are r apart. nx is constant where this is inlined. */
static inline __attribute__((always_inline)) void
tile(int32_t *y, const int16_t *x, const uint8_t *w, size_t r, size_t n, size_t width, size_t nx)
{
	__m256i a0[TALL], a1[TALL];

#pragma GCC unroll 8
	for (size_t i = 0; i < nx; i++) {
		a0[i] = load256(y + i * r);
		a1[i] = load256(y + i * r + 8);
	}
	for (size_t j = 0; j < n; j++) {
		const __m256i w0 = _mm256_cvtepi8_epi16(load128(w + j * 2 * PACK_ROWS)),
			      w1 = _mm256_cvtepi8_epi16(load128(w + j * 2 * PACK_ROWS + 16));

#pragma GCC unroll 8
		for (size_t i = 0; i < nx; i++) {
			int32_t two;

			memcpy(&two, x + i * width + 2 * j, 4);
			const __m256i pair = _mm256_set1_epi32(two);
			add_to(&a0[i], _mm256_madd_epi16(w0, pair));
			add_to(&a1[i], _mm256_madd_epi16(w1, pair));
		}
	}
#pragma GCC unroll 8
	for (size_t i = 0; i < nx; i++) {
		_mm256_storeu_si256((__m256i *)(void *)(y + i * r), a0[i]);
		_mm256_storeu_si256((__m256i *)(void *)(y + i * r + 8), a1[i]);
	}
}

/* y += x w^T for n vectors of x and sixteen rows of w. */
static void
group(int32_t *y, const int16_t *x, const uint8_t *w, size_t n, size_t r, size_t pairs)
{
	size_t i = 0;

	for (; i + TALL <= n; i += TALL)
		tile(y + i * r, x + i * SLICE, w, r, pairs, SLICE, TALL);
	switch (n - i) {
	case 5: tile(y + i * r, x + i * SLICE, w, r, pairs, SLICE, 5); break;
	case 4: tile(y + i * r, x + i * SLICE, w, r, pairs, SLICE, 4); break;
	case 3: tile(y + i * r, x + i * SLICE, w, r, pairs, SLICE, 3); break;
	case 2: tile(y + i * r, x + i * SLICE, w, r, pairs, SLICE, 2); break;
	case 1: tile(y + i * r, x + i * SLICE, w, r, pairs, SLICE, 1); break;
	default: break;
	}
}

/* The same for the last rows of w, fewer than sixteen. Sums are made in an array of their own, as y has no room. */
static void
last_group(int32_t *y, const int16_t *x, const uint8_t *w, size_t n, size_t r, size_t pairs, size_t rows)
{
	int32_t sums[BAND * PACK_ROWS] = {0};

	group(sums, x, w, n, PACK_ROWS, pairs);
	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; j < rows; j++)
			y[i * r + j] += sums[i * PACK_ROWS + j];
}

/* Widens the first k values of n vectors to 16 bits. The vectors are `from` apart in x, and SLICE apart in `to`. */
static void
widen(int16_t *to, const int8_t *x, size_t n, size_t k, size_t from)
{
	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; j < SLICE; j++)
			to[i * SLICE + j] = j < k ? x[i * from + j] : 0;
}

static void
matmul(int32_t *y, const int8_t *x, const void *packed_w, size_t n, size_t r, size_t k)
{
	int16_t wide[BAND * SLICE];

	memset(y, 0, n * r * sizeof *y);
	for (size_t at = 0; at < n; at += BAND)
		for (size_t c = 0; c < k; c += SLICE) {
			const size_t now = n - at < BAND ? n - at : BAND, pairs = (k - c < SLICE ? k - c + 1 : SLICE) / 2;
			const uint8_t *w = (const uint8_t *)packed_w + c * PACK_ROWS;
			size_t j = 0;

			widen(wide, x + at * k + c, now, k - c, k);
			for (; j + PACK_ROWS <= r; j += PACK_ROWS, w += pack_group(k))
				group(y + at * r + j, wide, w, now, r, pairs);
			if (j < r)
				last_group(y + at * r + j, wide, w, now, r, pairs, r - j);
		}
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

/* Two weights as the factors of pmaddwd. */
static inline __m256i
pair_of(int32_t p0, int32_t p1)
{
	return _mm256_set1_epi32((int32_t)((uint32_t)p1 << 16 | (uint16_t)p0));
}

/* lo and hi += r0 p0 + r1 p1, where `by` is pair_of(p0, p1): lo[i] has columns 16 i to 16 i + 7, and hi[i] the next
 * eight. cols <= 64 is a multiple of 16, and constant where this is inlined. */
static inline __attribute__((always_inline)) void
add_two_rows(__m256i lo[4], __m256i hi[4], const void *r0, const void *r1, __m256i by, size_t cols)
{
	for (size_t i = 0; i < cols / 16; i++) {
		const __m128i v0 = load128((const uint8_t *)r0 + 16 * i), v1 = load128((const uint8_t *)r1 + 16 * i);

		lo[i] = _mm256_add_epi32(lo[i], _mm256_madd_epi16(_mm256_cvtepi8_epi16(_mm_unpacklo_epi8(v0, v1)), by));
		hi[i] = _mm256_add_epi32(hi[i], _mm256_madd_epi16(_mm256_cvtepi8_epi16(_mm_unpackhi_epi8(v0, v1)), by));
	}
}

static inline __attribute__((always_inline)) void
store_columns(int32_t *y, const __m256i lo[4], const __m256i hi[4], size_t cols)
{
	for (size_t i = 0; i < cols / 16; i++) {
		_mm256_storeu_si256((__m256i *)(void *)(y + 16 * i), lo[i]);
		_mm256_storeu_si256((__m256i *)(void *)(y + 16 * i + 8), hi[i]);
	}
}

/* Columns [0, cols) of mix(), two positions at a time, with sums in registers. cols <= 64 is a multiple of 16, and
 * constant where this is inlined. */
static inline __attribute__((always_inline)) void
mix_columns(int32_t *a, const int16_t *p, const int8_t *const *row, size_t off, size_t n, size_t cols)
{
	const __m256i zero = _mm256_setzero_si256();
	__m256i lo[4] = {zero, zero, zero, zero}, hi[4] = {zero, zero, zero, zero};

	for (size_t j = 0; j < n; j += 2) {
		const size_t other = j + 1 < n ? j + 1 : j;
		const int32_t p1 = other > j ? p[other] : 0;
		const __m256i p01 = pair_of(p[j], p1);

		if ((p[j] | p1) == 0)
			continue;
		add_two_rows(lo, hi, row[j] + off, row[other] + off, p01, cols);
	}
	store_columns(a, lo, hi, cols);
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

/* ---- open gates ---- */

static void
open_rows(int32_t *y, const int8_t *x, const uint8_t *w, const struct nct_open_gates *open, size_t n, size_t k)
{
	const size_t stride = NCT_ROW_STRIDE(k);

	for (size_t i = 0; i < n; i += TILE) {
		const int8_t *four[TILE];

		for (size_t j = 0; j < TILE; j++)
			four[j] = (const int8_t *)w + open->index[i + j] * stride;
		dot_by4(y + i, x, four, k);
	}
}

/* Columns [0, cols) of sum(), two rows at a time. cols <= 64 is a multiple of 16, and constant where this is
 * inlined. */
static inline __attribute__((always_inline)) void
sum_columns(int32_t *y, const int8_t *a, const uint16_t *which, size_t n, const uint8_t *w, size_t stride, size_t cols)
{
	const __m256i zero = _mm256_setzero_si256();
	__m256i lo[4] = {zero, zero, zero, zero}, hi[4] = {zero, zero, zero, zero};

	for (size_t j = 0; j < n; j += 2) {
		const uint8_t *r0 = w + which[j] * stride, *r1 = w + which[j + 1] * stride;

		add_two_rows(lo, hi, r0, r1, pair_of(a[j], a[j + 1]), cols);
	}
	store_columns(y, lo, hi, cols);
}

static void
open_sum(int32_t *y, const int8_t *a, const uint16_t *which, size_t n, const uint8_t *w, size_t c)
{
	const size_t stride = NCT_ROW_STRIDE(c);
	int32_t end[16];
	size_t i = 0;

	for (; i + 64 <= c; i += 64)
		sum_columns(y + i, a, which, n, w + i, stride, 64);
	for (; i + 16 <= c; i += 16)
		sum_columns(y + i, a, which, n, w + i, stride, 16);
	if (i < c) {
		sum_columns(end, a, which, n, w + i, stride, 16);
		memcpy(y + i, end, (c - i) * sizeof *y);
	}
}

static const struct nct_open_kernels open_gates = {0, open_list, open_rows, open_pass, open_sum};

const struct nct_kernels nct_kernels_avx2 = {
	.name = "avx2", .usable = nct_cpu_avx2, .packed = packed, .pack = pack, .matmul = matmul, .norm = norm,
	.narrow = narrow, .add = add, .gate = gate, .dots = dots, .weigh = weigh, .mix = mix, .halve = halve,
	.settle = settle, .predict = predict, .open = &open_gates,
};

#else
typedef int nct_kernels_avx2_absent; /* ISO C wants a declaration in every file */
#endif
