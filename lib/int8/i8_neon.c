/* i8_neon.c - the row "neon": exact integer kernels for every aarch64 processor.
 *
 * Products of int8 are taken sixteen at a time. As 2 * 127 * 127 fits into 16 bits, smull and smlal make eight sums
 * of two products each, and sadalp adds these up in pairs. */
#if defined __aarch64__

#include "int8/i8_loops.inc"

#include <arm_neon.h>
#include <string.h>

static int
usable(void)
{
	return 1; /* part of the architecture */
}

static inline int32x4_t
dot16(int32x4_t acc, int8x16_t a, int8x16_t b)
{
	return vpadalq_s16(acc, vmlal_s8(vmull_s8(vget_low_s8(a), vget_low_s8(b)), vget_high_s8(a), vget_high_s8(b)));
}

static int32_t
dot(const int8_t *a, const int8_t *b, size_t n)
{
	int32x4_t acc = vdupq_n_s32(0);
	int32_t sum = 0;
	size_t i = 0;

	for (; i + 16 <= n; i += 16)
		acc = dot16(acc, vld1q_s8(a + i), vld1q_s8(b + i));
	for (; i < n; i++)
		sum += a[i] * b[i];
	return sum + vaddvq_s32(acc);
}

static size_t
packed(size_t r, size_t k)
{
	return r * k;
}

static void
pack(void *to, const int8_t *w, size_t r, size_t k, size_t down, size_t right)
{
	int8_t *p = to;

	for (size_t i = 0; i < r; i++)
		for (size_t j = 0; j < k; j++)
			p[i * k + j] = w[i * down + j * right];
}

/* Four vectors of x by one row of w. x has rows k apart, y has rows r apart. */
static inline void
tile(int32_t *y, const int8_t *x, const int8_t *w, size_t r, size_t k)
{
	int32x4_t a0 = vdupq_n_s32(0), a1 = a0, a2 = a0, a3 = a0;
	int32_t sum[4] = {0};
	size_t j = 0;

	for (; j + 16 <= k; j += 16) {
		const int8x16_t v = vld1q_s8(w + j);

		a0 = dot16(a0, v, vld1q_s8(x + j));
		a1 = dot16(a1, v, vld1q_s8(x + k + j));
		a2 = dot16(a2, v, vld1q_s8(x + 2 * k + j));
		a3 = dot16(a3, v, vld1q_s8(x + 3 * k + j));
	}
	for (; j < k; j++)
		for (size_t i = 0; i < 4; i++)
			sum[i] += w[j] * x[i * k + j];
	y[0] = sum[0] + vaddvq_s32(a0);
	y[r] = sum[1] + vaddvq_s32(a1);
	y[2 * r] = sum[2] + vaddvq_s32(a2);
	y[3 * r] = sum[3] + vaddvq_s32(a3);
}

static void
matmul(int32_t *y, const int8_t *x, const void *packed_w, size_t n, size_t r, size_t k)
{
	const int8_t *w = packed_w;

	for (size_t j = 0; j < r; j++) {
		size_t i = 0;

		for (; i + 4 <= n; i += 4)
			tile(y + i * r + j, x + i * k, w + j * k, r, k);
		for (; i < n; i++)
			y[i * r + j] = dot(w + j * k, x + i * k, k);
	}
}

static void
dots(int32_t *s, const int8_t *q, const int8_t *const *row, size_t off, size_t n, size_t d)
{
	for (size_t j = 0; j < n; j++)
		s[j] = dot(q, row[j] + off, d);
}

/* Columns [0, 8) of mix(). */
static inline void
mix8(int32_t *a, const int16_t *p, const int8_t *const *row, size_t off, size_t n)
{
	int32x4_t low = vdupq_n_s32(0), high = low;

	for (size_t j = 0; j < n; j++) {
		const int16x8_t v = vmovl_s8(vld1_s8(row[j] + off));

		low = vmlal_n_s16(low, vget_low_s16(v), p[j]);
		high = vmlal_n_s16(high, vget_high_s16(v), p[j]);
	}
	vst1q_s32(a, low);
	vst1q_s32(a + 4, high);
}

static void
mix(int32_t *a, const int16_t *p, const int8_t *const *row, size_t off, size_t n, size_t d)
{
	size_t i = 0;

	for (; i + 8 <= d; i += 8)
		mix8(a + i, p, row, off + i, n);
	for (; i < d; i++) {
		a[i] = 0;
		for (size_t j = 0; j < n; j++)
			a[i] += p[j] * row[j][off + i];
	}
}

const struct nct_kernels nct_kernels_neon = {
	.name = "neon", .usable = usable, .packed = packed, .pack = pack, .matmul = matmul, .norm = norm,
	.narrow = narrow, .add = add, .gate = gate, .dots = dots, .weigh = weigh, .mix = mix, .halve = halve,
	.settle = settle, .predict = predict,
};

#else
typedef int nct_kernels_neon_absent; /* ISO C wants a declaration in every file */
#endif
