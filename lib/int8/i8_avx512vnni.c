/* i8_avx512vnni.c - the row "avx512vnni": exact integer kernels for x86-64 with AVX-512 VNNI.
 *
 * In the matrix product, weights plus 128 are the unsigned factor (see i8_x512.inc). A register holds four values of
 * each of sixteen rows, so no sums over lanes are needed. Up to 4 groups of 16 rows are multiplied by 6 vectors of x
 * at a time, with 24 registers of sums: ten loads for 24 products. */
#if defined __x86_64__

#define PACK_DEPTH 4
#define PACK_ROUND 4
#define PACK_FLIP 0x80
#include "int8/i8_layout.inc"
#include "int8/i8_x512.inc"

#include "base/cpu.h"

#define TALL 6  /* vectors of x at a time */
#define WIDE 4  /* groups of sixteen rows of w at a time */
#define BAND 96 /* vectors of x that are multiplied by all of w before the next ones; a multiple of TALL */

static inline int32_t
load4(const int8_t *x)
{
	int32_t v;

	memcpy(&v, x, 4);
	return v;
}

/* vpdpbusd in place. With the intrinsic, gcc 12 copies the sums between registers. */
static inline __attribute__((always_inline)) void
multiply(__m512i *acc, __m512i w, __m512i x)
{
	__asm__("vpdpbusd %2, %1, %0" : "+v"(*acc) : "v"(w), "v"(x));
}

/* nx <= TALL vectors of x by `groups` <= WIDE groups of rows of w. base[i] is 128 times the sum of vector i. `last`
 * is the mask of rows that the last group has. nx and groups are constant where this is inlined. */
static inline __attribute__((always_inline)) void
tile(int32_t *y, const int8_t *x, const uint8_t *w, const int32_t *base, size_t r, size_t k, size_t nx, size_t groups,
     __mmask16 last)
{
	const size_t whole = k & ~(size_t)3, group = pack_group(k);
	__m512i acc[TALL][WIDE];

#pragma GCC unroll 8
	for (size_t i = 0; i < nx; i++)
#pragma GCC unroll 8
		for (size_t g = 0; g < groups; g++)
			acc[i][g] = _mm512_set1_epi32(-base[i]);
	for (size_t j = 0; j < whole; j += 4) {
		__m512i v[WIDE];

#pragma GCC unroll 8
		for (size_t g = 0; g < groups; g++)
			v[g] = load64(w + g * group + j * PACK_ROWS);
#pragma GCC unroll 8
		for (size_t i = 0; i < nx; i++) {
			const __m512i four = _mm512_set1_epi32(load4(x + i * k + j));

#pragma GCC unroll 8
			for (size_t g = 0; g < groups; g++)
				multiply(&acc[i][g], v[g], four);
		}
	}
	if (whole < k) {
#pragma GCC unroll 8
		for (size_t i = 0; i < nx; i++) {
			int8_t end[4] = {0};

			memcpy(end, x + i * k + whole, k - whole);
#pragma GCC unroll 8
			for (size_t g = 0; g < groups; g++)
				multiply(&acc[i][g], load64(w + g * group + whole * PACK_ROWS), _mm512_set1_epi32(load4(end)));
		}
	}
#pragma GCC unroll 8
	for (size_t i = 0; i < nx; i++) {
#pragma GCC unroll 8
		for (size_t g = 0; g + 1 < groups; g++)
			_mm512_storeu_si512(y + i * r + g * PACK_ROWS, acc[i][g]);
		_mm512_mask_storeu_epi32(y + i * r + (groups - 1) * PACK_ROWS, last, acc[i][groups - 1]);
	}
}

/* n vectors of x by `groups` groups of rows. `groups` is constant where this is inlined. */
static inline __attribute__((always_inline)) void
columns(int32_t *y, const int8_t *x, const uint8_t *w, const int32_t *base, size_t n, size_t r, size_t k, size_t groups,
	__mmask16 last)
{
	size_t i = 0;

	for (; i + TALL <= n; i += TALL)
		tile(y + i * r, x + i * k, w, base + i, r, k, TALL, groups, last);
	y += i * r;
	x += i * k;
	base += i;
	switch (n - i) {
	case 5: tile(y, x, w, base, r, k, 5, groups, last); break;
	case 4: tile(y, x, w, base, r, k, 4, groups, last); break;
	case 3: tile(y, x, w, base, r, k, 3, groups, last); break;
	case 2: tile(y, x, w, base, r, k, 2, groups, last); break;
	case 1: tile(y, x, w, base, r, k, 1, groups, last); break;
	default: break;
	}
}

static int32_t
sum_of(const int8_t *x, size_t k)
{
	__m512i sum = _mm512_setzero_si512();

	for (size_t j = 0; j < k; j += 64)
		sum = _mm512_dpbusd_epi32(sum, _mm512_set1_epi8(1), _mm512_maskz_loadu_epi8(first64(k - j), x + j));
	return _mm512_reduce_add_epi32(sum);
}

static void
matmul(int32_t *y, const int8_t *x, const void *packed_w, size_t n, size_t r, size_t k)
{
	const size_t group = pack_group(k), rows = (size_t)WIDE * PACK_ROWS;
	int32_t base[BAND];

	for (size_t at = 0; at < n; at += BAND, y += BAND * r, x += BAND * k) {
		const size_t now = n - at < BAND ? n - at : BAND;
		const uint8_t *w = packed_w;
		size_t j = 0;

		for (size_t i = 0; i < now; i++)
			base[i] = 128 * sum_of(x + i * k, k);
		for (; j + rows <= r; j += rows, w += WIDE * group)
			columns(y + j, x, w, base, now, r, k, WIDE, 0xffff);
		for (; j < r; j += PACK_ROWS, w += group)
			columns(y + j, x, w, base, now, r, k, 1, first16(r - j));
	}
}

const struct nct_kernels nct_kernels_avx512vnni = {
	"avx512vnni", nct_cpu_avx512vnni, packed, pack, matmul, x512_norm, x512_narrow, x512_add, x512_gate, x512_dots,
	x512_weigh, x512_mix, halve, x512_settle, predict,
};

#else
typedef int nct_kernels_avx512vnni_absent; /* ISO C wants a declaration in every file */
#endif
