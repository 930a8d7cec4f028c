/* i8_neondot.c - the row "neon-dot": exact integer kernels for aarch64 with the dot product of int8 (Armv8.2).
 *
 * sdot multiplies four values of each of four packed rows by four values of x, which it takes from one lane. The
 * matrix product takes sixteen rows by four vectors of x, sixteen values at a time, with all sums in registers. */
#if defined __aarch64__

#define PACK_DEPTH 4
#define PACK_ROUND 16
#define PACK_FLIP 0
#include "int8/i8_layout.inc"
#include "int8/i8_loops.inc"

#include "base/cpu.h"

#include <arm_neon.h>

#define TALL 4 /* vectors of x at a time */

/* sums (nx,16), rows `ld` apart: nx <= TALL vectors of x, `ldx` apart, by sixteen packed rows. Reads k values of
 * each; k is a multiple of 16. nx is constant where this is inlined. */
static inline __attribute__((always_inline)) void
tile(int32_t *sums, size_t ld, const int8_t *x, size_t ldx, const uint8_t *packed_w, size_t k, size_t nx)
{
	const int8_t *w = (const int8_t *)packed_w;
	int32x4_t acc[TALL][4];

#pragma GCC unroll 4
	for (size_t i = 0; i < nx; i++)
		acc[i][0] = acc[i][1] = acc[i][2] = acc[i][3] = vdupq_n_s32(0);
	for (size_t j = 0; j < k; j += 16, w += (size_t)16 * PACK_ROWS)
#pragma GCC unroll 4
		for (size_t i = 0; i < nx; i++) {
			const int8x16_t v = vld1q_s8(x + i * ldx + j);

#pragma GCC unroll 4
			for (size_t g = 0; g < 4; g++) {
				acc[i][g] = vdotq_laneq_s32(acc[i][g], vld1q_s8(w + g * 16), v, 0);
				acc[i][g] = vdotq_laneq_s32(acc[i][g], vld1q_s8(w + 64 + g * 16), v, 1);
				acc[i][g] = vdotq_laneq_s32(acc[i][g], vld1q_s8(w + 128 + g * 16), v, 2);
				acc[i][g] = vdotq_laneq_s32(acc[i][g], vld1q_s8(w + 192 + g * 16), v, 3);
			}
		}
#pragma GCC unroll 4
	for (size_t i = 0; i < nx; i++)
#pragma GCC unroll 4
		for (size_t g = 0; g < 4; g++)
			vst1q_s32(sums + i * ld + 4 * g, acc[i][g]);
}

/* nx <= TALL vectors of x, `ldx` apart, by all of w. */
static inline __attribute__((always_inline)) void
strip(int32_t *y, const int8_t *x, size_t ldx, const uint8_t *w, size_t r, size_t k, size_t nx)
{
	const size_t wide = pack_group(k) / PACK_ROWS;
	size_t j = 0;

	for (; j + PACK_ROWS <= r; j += PACK_ROWS, w += pack_group(k))
		tile(y + j, r, x, ldx, w, wide, nx);
	if (j < r) {
		int32_t sums[TALL * PACK_ROWS];

		tile(sums, PACK_ROWS, x, ldx, w, wide, nx);
		for (size_t i = 0; i < nx; i++)
			memcpy(y + i * r + j, sums + i * PACK_ROWS, (r - j) * sizeof *y);
	}
}

static void
matmul(int32_t *y, const int8_t *x, const void *w, size_t n, size_t r, size_t k)
{
	const size_t wide = pack_group(k) / PACK_ROWS;
	int8_t copy[TALL * 16384]; /* vectors padded with zeros to a multiple of 16 */
	size_t i = 0;

	for (size_t now; i < n; i += now) {
		const int8_t *from = x + i * k;

		now = n - i < TALL ? 1 : TALL;
		if (wide != k) {
			memset(copy, 0, now * wide);
			for (size_t a = 0; a < now; a++)
				memcpy(copy + a * wide, from + a * k, k);
			from = copy;
		}
		if (now == TALL)
			strip(y + i * r, from, wide, w, r, k, TALL);
		else
			strip(y + i * r, from, wide, w, r, k, 1);
	}
}

static int32_t
dot(const int8_t *a, const int8_t *b, size_t n)
{
	int32x4_t acc = vdupq_n_s32(0);
	int32_t sum = 0;
	size_t i = 0;

	for (; i + 16 <= n; i += 16)
		acc = vdotq_s32(acc, vld1q_s8(a + i), vld1q_s8(b + i));
	for (; i < n; i++)
		sum += a[i] * b[i];
	return sum + vaddvq_s32(acc);
}

static void
dots(int32_t *s, const int8_t *q, const int8_t *const *row, size_t off, size_t n, size_t d)
{
	for (size_t j = 0; j < n; j++)
		s[j] = dot(q, row[j] + off, d);
}

/* Columns [0, 16) of mix(). */
static inline void
mix16(int32_t *a, const int16_t *p, const int8_t *const *row, size_t off, size_t n)
{
	int32x4_t s0 = vdupq_n_s32(0), s1 = s0, s2 = s0, s3 = s0;

	for (size_t j = 0; j < n; j++) {
		const int8x16_t v = vld1q_s8(row[j] + off);
		const int16x8_t low = vmovl_s8(vget_low_s8(v)), high = vmovl_high_s8(v);

		s0 = vmlal_n_s16(s0, vget_low_s16(low), p[j]);
		s1 = vmlal_high_n_s16(s1, low, p[j]);
		s2 = vmlal_n_s16(s2, vget_low_s16(high), p[j]);
		s3 = vmlal_high_n_s16(s3, high, p[j]);
	}
	vst1q_s32(a, s0);
	vst1q_s32(a + 4, s1);
	vst1q_s32(a + 8, s2);
	vst1q_s32(a + 12, s3);
}

static void
mix(int32_t *a, const int16_t *p, const int8_t *const *row, size_t off, size_t n, size_t d)
{
	size_t i = 0;

	for (; i + 16 <= d; i += 16)
		mix16(a + i, p, row, off + i, n);
	for (; i < d; i++) {
		a[i] = 0;
		for (size_t j = 0; j < n; j++)
			a[i] += p[j] * row[j][off + i];
	}
}

const struct nct_kernels nct_kernels_neondot = {
	.name = "neon-dot", .usable = nct_cpu_neondot, .packed = packed, .pack = pack, .matmul = matmul,
	.norm = norm, .narrow = narrow, .add = add, .gate = gate, .dots = dots, .weigh = weigh, .mix = mix,
	.halve = halve, .settle = settle, .predict = predict,
};

#else
typedef int nct_kernels_neondot_absent; /* ISO C wants a declaration in every file */
#endif
