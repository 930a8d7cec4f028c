/* float.h - the float loops of training, matrix products among them: one row per instruction set.
 *
 * What goes into products is kept in `elements`: floats, or, in the rows that say so, bf16 numbers, which halve the
 * memory and double the speed; sums are floats in all rows. Arrays need no alignment; n may be anything from 1;
 * outputs overlap no other argument unless it says so. A NaN that goes in comes out. Rows differ in the order of
 * sums and in rounding; of "ref", the bits are the same on every machine. "avx2" does all but products by the same
 * operations as "ref", eight lanes side by side. */
#ifndef NCT_FLOAT_FLOAT_H
#define NCT_FLOAT_FLOAT_H

#include "float/product.h"
#include "nct.h"

struct nct_float {
	const char *name;
	int (*usable)(void);
	size_t element; /* bytes of an element: 4, or 2 for bf16 */
	size_t panel;   /* columns of a panel of a packed array; divides 64 */

	/* y (elements) = x / sqrt(mean(x^2) + 1e-6) * gain. */
	void (*norm)(void *y, const float *x, const float *gain, size_t n);
	/* Its gradient, given that of y: dx = res + dL/dx (dx may be res) and dgain += dL/dgain. Writes y again, too. */
	void (*norm_back)(float *dx, float *dgain, void *y, const float *x, const float *gain, const float *dy,
	                  const float *res, size_t n);

	/* h = relu(g) * u, where gu is g[0..n), u[0..n); all are elements. */
	void (*gate)(void *h, const void *gu, size_t n);
	/* gu becomes the gradient by g, then by u, given that of h. Writes h again, too. */
	void (*gate_back)(void *h, void *gu, const void *dh, size_t n);

	/* Softmax, one row: s = s * scale + bias, p (elements) = exp(s - max(s)); sets *sum of p before it is rounded,
	 * gives the maximum. */
	float (*weigh)(void *p, float *s, float *sum, const float *bias, float scale, size_t n);
	/* Softmax backward, one row: p = exp(s * scale + bias - lse), ds = p * (dp - delta), dbias += ds; p takes the place
	 * of s and ds * scale that of dp. */
	void (*score_back)(float *s, float *dp, float *dbias, const float *bias, float scale, float lse, float delta,
	                   size_t n);

	/* s += b (NULL: 0); gives the largest. */
	float (*add_max)(float *s, const float *b, size_t n);
	/* s = exp(s - shift), 0 where that is below exp(-80); gives the sum. */
	float (*exp_sum)(float *s, float shift, size_t n);

	float (*dot)(const float *a, const float *b, size_t n);
	float (*dot_elements)(const void *a, const void *b, size_t n);
	void (*add)(float *y, const float *x, size_t n);   /* y += x */
	void (*add_scaled)(float *y, const float *x, float a, size_t n); /* y += x * a */
	void (*scale)(float *y, float a, size_t n);        /* y *= a */
	void (*to_elements)(void *y, const float *x, float a, size_t n); /* y = x * a; y may be x */
	void (*to_floats)(float *y, const void *x, size_t n);

	/* Adafactor: sums[j] += g[j]^2 + 1e-30, and their sum over j. */
	float (*square_add)(float *sums, const float *g, size_t n);
	/* The sum of (g * c)^2. */
	float (*square_scaled)(const float *g, const float *c, size_t n);
	/* p -= a * (g * c). */
	void (*descend)(float *p, const float *g, const float *c, float a, size_t n);

	void (*product)(const struct nct_product *p);
	/* Packs x (rows,cols), row stride ldx: words hold the numbers of a column in nct_pair() rows, 0 past the last. */
	void (*pack_floats)(uint32_t *b, size_t b_panel, const float *x, size_t ldx, size_t rows, size_t cols);
	void (*pack_elements)(uint32_t *b, size_t b_panel, const void *x, size_t ldx, size_t rows, size_t cols);
	/* The same of x transposed: its rows become the packed array's columns. */
	void (*turn_floats)(uint32_t *b, size_t b_panel, const float *x, size_t ldx, size_t rows, size_t cols);
	void (*turn_elements)(uint32_t *b, size_t b_panel, const void *x, size_t ldx, size_t rows, size_t cols);
};

/* Numbers in a word. */
static inline size_t
nct_pair(const struct nct_float *k)
{
	return sizeof(uint32_t) / k->element;
}

/* Words that hold n numbers. */
static inline size_t
nct_words(const struct nct_float *k, size_t n)
{
	return (n + nct_pair(k) - 1) / nct_pair(k);
}

/* Panels that hold n columns. */
static inline size_t
nct_panels(const struct nct_float *k, size_t n)
{
	return (n + k->panel - 1) / k->panel;
}

/* p, with A given packed and transposed: p->a_row is the distance of its panels; a_word is not looked at. */
void nct_product_turned(const struct nct_float *k, const struct nct_product *p);

/* The row stride, in elements, to give an array of `cols` columns that products will read: an odd multiple of 64
 * bytes, so that rows do not all meet in the same few cache sets. */
static inline size_t
nct_stride(size_t cols, size_t element)
{
	const size_t line = 64 / element;

	return (cols + line - 1) / line * line | line;
}

/* Gives the row named `want`, or the best usable one if NULL; for a name of base/ladder.h that has no row here, the
 * best usable row below it. Rows are constant: callers keep the pointer. NCT_EARG if that row is unknown or this
 * machine cannot run it; *out is then NULL. */
nct_err nct_float_choose(const struct nct_float **out, const char *want) NCT_USED;
/* The best usable row not above `k` whose elements are floats: for what must not lose digits. */
const struct nct_float *nct_float_single(const struct nct_float *k);
/* Names of the usable rows, best first and "ref" last; NULL past the last. */
const char *nct_float_name(size_t i);

/* Operations a second (a product and a sum are two) that `threads` threads together reach in products, with operands
 * in the first-level caches; takes some milliseconds. 0 if memory is out. */
double nct_float_rate(const struct nct_float *k, unsigned threads);

extern const struct nct_float nct_float_ref; /* everywhere */
extern const struct nct_float nct_float_avx2, nct_float_avx512, nct_float_avx512bf16, nct_float_amx; /* x86-64 alone */

#endif
