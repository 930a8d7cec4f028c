/* float.h - float kernels of training: a row (struct nct_float) for each instruction set.
 *
 * Operands of products are arrays of "elements". An element is a float, or in some rows a bf16 number, which halves
 * the memory and doubles the speed. Sums are floats in all rows. Products read words of 32 bits: a word is one float
 * or two bf16 numbers (product.h).
 *
 * Arrays need no alignment. n >= 1. An output overlaps no other argument unless its comment allows that. NaNs
 * propagate. Rows differ in the order of sums and in rounding. "ref" has the same bits on every machine. "avx2" has
 * the same bits as "ref" except in products. */
#ifndef NCT_FLOAT_FLOAT_H
#define NCT_FLOAT_FLOAT_H

#include "float/dots.h"
#include "float/product.h"
#include "nct.h"

struct nct_float {
	const char *name;
	int (*usable)(void);
	size_t element; /* bytes of an element: 4, or 2 for bf16 */
	size_t panel;   /* columns of a panel (product.h); divides 64 */

	/* RMSNorm. y (n) elements = x / sqrt(mean(x^2) + 1e-6) * gain. */
	void (*norm)(void *y, const float *x, const float *gain, size_t n);
	/* Its backward pass, from dy = dL/dy: dx = res + dL/dx and dgain += dL/dgain. dx may be res. Also computes y
	 * anew. */
	void (*norm_back)(float *dx, float *dgain, void *y, const float *x, const float *gain, const float *dy,
	                  const float *res, size_t n);

	/* Gated ReLU. h (n) = relu(g) * u, where gu (2n) is g (n), then u (n). All are elements. */
	void (*gate)(void *h, const void *gu, size_t n);
	/* Its backward pass, from dh = dL/dh: gu becomes dL/dg, then dL/du. Also computes h anew. */
	void (*gate_back)(void *h, void *gu, const void *dh, size_t n);

	/* Softmax of one row: s = s * scale + bias, then p (n) elements = exp(s - max(s)). *sum is the sum of p
	 * before it is rounded to elements. Returns max(s). */
	float (*weigh)(void *p, float *s, float *sum, const float *bias, float scale, size_t n);
	/* Its backward pass: p = exp(s * scale + bias - lse), ds = p * (dp - delta), dbias += ds. Writes p over s
	 * and ds * scale over dp. */
	void (*score_back)(float *s, float *dp, float *dbias, const float *bias, float scale, float lse, float delta,
	                   size_t n);

	/* s += b (NULL: 0). Returns max(s). */
	float (*add_max)(float *s, const float *b, size_t n);
	/* s = exp(s - shift), or 0 if that is below exp(-80). Returns the sum. */
	float (*exp_sum)(float *s, float shift, size_t n);

	float (*dot)(const float *a, const float *b, size_t n);
	float (*dot_elements)(const void *a, const void *b, size_t n);
	void (*add)(float *y, const float *x, size_t n);   /* y += x */
	void (*add_scaled)(float *y, const float *x, float a, size_t n); /* y += x * a */
	void (*scale)(float *y, float a, size_t n);        /* y *= a */
	void (*to_elements)(void *y, const float *x, float a, size_t n); /* y = x * a; y may be x */
	void (*to_floats)(float *y, const void *x, size_t n);

	/* Adafactor: sums[j] += g[j]^2 + 1e-30. Returns the sum of g[j]^2 + 1e-30 over j. */
	float (*square_add)(float *sums, const float *g, size_t n);
	/* Returns the sum of (g * c)^2. */
	float (*square_scaled)(const float *g, const float *c, size_t n);
	/* p -= a * (g * c). */
	void (*descend)(float *p, const float *g, const float *c, float a, size_t n);

	void (*product)(const struct nct_product *p); /* matrix product: see product.h */
	void (*dots)(const struct nct_dots *d); /* rows of a matrix by vectors, each as dot() does it: see dots.h */
	/* Packs x (rows,cols), row stride ldx, into panels. A word holds the numbers of one column in nct_pair()
	 * consecutive rows, and 0 for rows past the last. b_panel: words from one panel to the next. */
	void (*pack_floats)(uint32_t *b, size_t b_panel, const float *x, size_t ldx, size_t rows, size_t cols);
	void (*pack_elements)(uint32_t *b, size_t b_panel, const void *x, size_t ldx, size_t rows, size_t cols);
	/* The same for the transpose of x: rows of x become columns of the packed array. */
	void (*turn_floats)(uint32_t *b, size_t b_panel, const float *x, size_t ldx, size_t rows, size_t cols);
	void (*turn_elements)(uint32_t *b, size_t b_panel, const void *x, size_t ldx, size_t rows, size_t cols);
};

/* Numbers in a word: 1 float or 2 bf16. */
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

/* The product *p with a packed A, which holds A's transpose. p->a_row is then the words from one of its panels to
 * the next, and p->a_word is ignored. */
void nct_product_turned(const struct nct_float *k, const struct nct_product *p);

/* A row stride, in elements, for an array of `cols` columns that products read. It is an odd multiple of 64 bytes,
 * so that rows do not all fall into the same few cache sets. */
static inline size_t
nct_stride(size_t cols, size_t element)
{
	const size_t line = 64 / element;

	return (cols + line - 1) / line * line | line;
}

/* Gives the row named `want`. NULL: the best usable row. A name of base/ladder.h without a row here: the best usable
 * row below it. Rows are constant, so callers may keep the pointer. NCT_EARG if the name is unknown or this machine
 * cannot run the row; *out is then NULL. */
nct_err nct_float_choose(const struct nct_float **out, const char *want) NCT_USED;
/* The best usable row, not above `k`, whose elements are floats: for work that needs single precision. */
const struct nct_float *nct_float_single(const struct nct_float *k);
/* Names of the usable rows, best first and "ref" last; NULL past the last. */
const char *nct_float_name(size_t i);

/* Measures the FLOP/s of `threads` threads together in products, with operands in the L1 caches. A multiplication
 * and an addition are two operations. Takes some milliseconds. 0 if out of memory. */
double nct_float_rate(const struct nct_float *k, unsigned threads);

extern const struct nct_float nct_float_ref; /* on every machine */
extern const struct nct_float nct_float_avx2, nct_float_avx512, nct_float_avx512bf16, nct_float_amx; /* x86-64 only */

#endif
