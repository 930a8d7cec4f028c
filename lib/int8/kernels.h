/* kernels.h - exact integer kernels: one row per instruction set, all equal to "ref" to the last bit.
 *
 * They are the loops of the integer M1 (nct-formats(5), "M1"), whose names and fixed points they use. No pointer needs
 * an alignment. Inputs called int8 lie in [-127, 127]: -128 never occurs. */
#ifndef NCT_INT8_KERNELS_H
#define NCT_INT8_KERNELS_H

#include "nct.h"

#define NCT_BIAS_FAR 128 /* the bias of a head is the same for all distances from here on */

struct nct_kernels {
	const char *name;
	int (*usable)(void);

	/* A matrix w (R,K) of int8 in the layout that this row's matmul() reads: its bytes, and making it. Element (r,k) is
	 * w[r*down + k*right]; one of down and right is 1. */
	size_t (*packed)(size_t r, size_t k);
	void (*pack)(void *to, const int8_t *w, size_t r, size_t k, size_t down, size_t right);
	/* y (N,R) = x (N,K) w^T: y[n*R + r] = sum over k of w(r,k) * x[n*K + k], `w` packed. K <= 16384: sums fit. */
	void (*matmul)(int32_t *y, const int8_t *x, const void *w, size_t n, size_t r, size_t k);
	/* y = c127(h / rms(h) * mul): the definition's norm(). C <= 4096, |h| < 2^21, mul >= 0. */
	void (*norm)(int8_t *y, const int32_t *h, const int16_t *mul, size_t c);
	/* y = c127(rs(acc * mul, 30)), |acc| < 2^28, mul >= 0; likewise below. */
	void (*narrow)(int8_t *y, const int32_t *acc, const int32_t *mul, size_t n);
	/* h += rs(acc * mul, 30), clamped to +-(2^21 - 1). */
	void (*add)(int32_t *h, const int32_t *acc, const int32_t *mul, size_t n);
	/* a = c127(relu(g) * u >> 16, rounded), g = acc[0..f), u = acc[f..2f), each narrowed to 16 bits by its mul. */
	void (*gate)(int8_t *a, const int32_t *acc, const int32_t *mul, size_t f);

	/* s[j] = q . (row[j] + off), vectors of length d <= 256. Here s, and p below, have room for n rounded up to a
	 * multiple of 16: what stands behind n may change. */
	void (*dots)(int32_t *s, const int8_t *q, const int8_t *const *row, size_t off, size_t n, size_t d);
	/* Turns dots into weights: s[j] becomes u_j, p[j] the weight of position j. The last position has distance 0;
	 * bias[e] belongs to distance e, bias[NCT_BIAS_FAR] to all from there on. Returns Z, the sum of p.
	 * 1 <= n <= 1024, mul <= 2^22. */
	uint32_t (*weigh)(int16_t *p, int32_t *s, const int32_t *bias, int32_t mul, size_t n);
	/* a[i] = sum over j of p[j] * (row[j] + off)[i], i < d; p from weigh(), so sums fit. */
	void (*mix)(int32_t *a, const int16_t *p, const int8_t *const *row, size_t off, size_t n, size_t d);
	/* p = 129 * high + low for weights p, 0..2^14, both magnitudes below 128: matmul() can then do for many what mix()
	 * does. */
	void (*halve)(int8_t *high, int8_t *low, const int16_t *p, size_t n);
	/* o = c127(rs(a * inv, 36)), inv <= 2^26, |a * inv| < 2^62. */
	void (*settle)(int8_t *o, const int32_t *a, uint32_t inv, size_t d);

	/* The frequencies of the NCT_SYMBOLS symbols, from the head's sums, below 2^26, and multipliers, below 2^29. */
	void (*predict)(uint32_t *freq, const int32_t *acc, const int32_t *mul);
};

extern const struct nct_kernels nct_kernels_ref; /* plain C, everywhere: it defines the result */
extern const struct nct_kernels nct_kernels_avx2, nct_kernels_avx512vnni, nct_kernels_amx; /* x86-64 alone */
extern const struct nct_kernels nct_kernels_neon, nct_kernels_neondot;                     /* aarch64 alone */

/* Gives the row named `want`, or the best usable one if NULL; for a name of base/ladder.h that has no row here, the
 * best usable row below it. Rows are constant: callers keep the pointer in their own
 * state. NCT_EARG if that row is unknown or this machine cannot run it. */
nct_err nct_kernels_choose(const struct nct_kernels **out, const char *want) NCT_USED;

#endif
