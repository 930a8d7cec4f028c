/* float.h - the float loops of training that are not matrix products: one row per instruction set.
 *
 * Every row does the same IEEE operations in the same order, eight lanes side by side and without fused multiply-adds, so
 * all rows give the same bits. Arrays need no alignment; n may be anything from 1; outputs overlap no other argument. A NaN
 * that goes in comes out. */
#ifndef NCT_KERNELS_FLOAT_H
#define NCT_KERNELS_FLOAT_H

#include "nct.h"

struct nct_float {
	const char *name;
	int (*usable)(void);

	/* y = x / sqrt(mean(x^2) + 1e-6) * gain. */
	void (*norm)(float *y, const float *x, const float *gain, size_t n);
	/* Its gradient, given that of y: dx = res + dL/dx (dx may be res) and dgain += dL/dgain. Writes y again, too. */
	void (*norm_back)(float *dx, float *dgain, float *y, const float *x, const float *gain, const float *dy,
	                  const float *res, size_t n);

	/* h = relu(g) * u, where gu is g[0..n), u[0..n). */
	void (*gate)(float *h, const float *gu, size_t n);
	/* gu becomes the gradient by g, then by u, given that of h. Writes h again, too. */
	void (*gate_back)(float *h, float *gu, const float *dh, size_t n);

	/* s += b (NULL: 0); gives the largest. */
	float (*add_max)(float *s, const float *b, size_t n);
	/* s = exp(s - shift), 0 where that is below exp(-80); gives the sum. */
	float (*exp_sum)(float *s, float shift, size_t n);
	/* Softmax backward, one row: p = exp(s + bias - lse), ds = p * (dp - delta), dbias += ds; p takes the place of s and ds
	 * that of dp. */
	void (*score_back)(float *s, float *dp, float *dbias, const float *bias, float lse, float delta, size_t n);

	float (*dot)(const float *a, const float *b, size_t n);
	void (*add)(float *y, const float *x, size_t n);   /* y += x */
	void (*add_scaled)(float *y, const float *x, float a, size_t n); /* y += x * a */
	void (*scale)(float *y, float a, size_t n);        /* y *= a */

	/* Adafactor: sums[j] += g[j]^2 + 1e-30, and their sum over j. */
	float (*square_add)(float *sums, const float *g, size_t n);
	/* The sum of (g * c)^2. */
	float (*square_scaled)(const float *g, const float *c, size_t n);
	/* p -= a * (g * c). */
	void (*descend)(float *p, const float *g, const float *c, float a, size_t n);
};

/* Gives the row named `want`, or the best usable one if NULL. Rows are constant: callers keep the pointer. NCT_EARG if that row
 * is unknown or this machine cannot run it; *out is then NULL. */
nct_err nct_float_choose(const struct nct_float **out, const char *want) NCT_USED;
/* Names of the usable rows, best first and "ref" last; NULL past the last. */
const char *nct_float_name(size_t i);

extern const struct nct_float nct_float_ref, nct_float_avx2;

#endif
