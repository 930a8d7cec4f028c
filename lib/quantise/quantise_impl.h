/* quantise_impl.h - inside the quantiser: samples of the net's activations, and matrices fitted to them. */
#ifndef NCT_QUANTISE_QUANTISE_IMPL_H
#define NCT_QUANTISE_QUANTISE_IMPL_H

#include "int8/kernels.h"
#include "net/transformer.h"

/* ---- sample_ranges.c ---- */

#define NCT_SITES (NCT_SITE_NORMF + 1)

/* Activations at some positions of sample text. */
struct nct_samples {
	struct nct_shape s;
	size_t rows;           /* positions; the same ones for each site */
	float **site;          /* site[layer * NCT_SITES + site] (rows, cols); NULL where a layer has no such site */
	float top;             /* the largest magnitude in the residual stream and in embeddings */
};

/* Runs the net over `in` (rows,length) and samples positions evenly. Half of them are among the first 8 of each row:
 * M1 mostly works there, because windows are short. NCT_EARG, NCT_ENOMEM, NCT_ENAN. After an error there is nothing
 * to free. */
nct_err nct_samples_take(struct nct_samples *s, const struct nct_shape *shape, const float *params, const uint32_t *in,
                         size_t rows, size_t length, unsigned threads, const char *cpu, nct_why *why) NCT_USED;
void nct_samples_free(struct nct_samples *s);

static inline const float *
nct_samples_at(const struct nct_samples *s, uint32_t layer, enum nct_site site)
{
	return s->site[(size_t)layer * NCT_SITES + site];
}

/* ---- fit.c ---- */

/* The magnitude at which to clip x (n,cols), rows `stride` apart, so that rounding to -127..127 has the least mean
 * squared error. Errors in column j are weighted by weight[j]; NULL: all 1. Returns 0 if x is all 0. */
float nct_fit_clip(const float *x, size_t n, size_t cols, size_t stride, const float *weight);

/* A matrix to quantise. y (n,r) = x w^T becomes scale * (x8 w8^T), with x8 = c127(round(x * in)), and w8 likewise
 * from w over `in` and scale. */
struct nct_fit {
	size_t n, k, r;
	const float *x;          /* (n,k) sample inputs, rows ldx apart */
	size_t ldx;
	const float *w;          /* (r,k) */
	const float *importance; /* (r) weights of squared errors in each output; NULL: all 1 */
	float step;              /* each in[j] must be a multiple of this; 0: no limit */
	const float *in_max;     /* (k) upper limits of in[j]; NULL: none */
	int given;               /* `in` is given; otherwise it is chosen, too */
	float *in;               /* (k) units of int8 per unit of input */
	int8_t *w8;              /* (r,k) result */
	float *scale;            /* (r) result: units of output per unit of the integer sum */
};

/* Chooses `in` (unless given), w8 and scale. A larger in[j] gives input j more precision, and its weights less.
 * Several ways to divide precision are tried; the one with the least mean squared error over the samples is taken.
 * NCT_ENOMEM. */
nct_err nct_fit_matrix(struct nct_fit *f, const struct nct_kernels *k, unsigned threads) NCT_USED;

#endif
