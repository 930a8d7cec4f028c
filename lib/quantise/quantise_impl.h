/* quantise_impl.h - inside the quantiser: samples of what flows through the net, and matrices fitted to them. */
#ifndef NCT_QUANTISE_QUANTISE_IMPL_H
#define NCT_QUANTISE_QUANTISE_IMPL_H

#include "int8/kernels.h"
#include "net/transformer.h"

/* ---- sample_ranges.c ---- */

#define NCT_SITES (NCT_SITE_NORMF + 1)

struct nct_samples {
	struct nct_shape s;
	size_t rows;           /* kept of each site, the same positions everywhere */
	float **site;          /* [layer * NCT_SITES + site] (rows, cols); NULL where there is none */
	float top;             /* the largest magnitude in the residual stream, embeddings included */
};

/* Runs the net over `in` and keeps an even choice of positions, half of them from the first 8 of each row: windows are
 * short, so that is where M1 works. NCT_EARG, NCT_ENOMEM, NCT_ENAN; after an error there is nothing to free. */
nct_err nct_samples_take(struct nct_samples *s, const struct nct_shape *shape, const float *params, const uint32_t *in,
                         size_t rows, size_t length, unsigned threads, const char *cpu, nct_why *why) NCT_USED;
void nct_samples_free(struct nct_samples *s);

static inline const float *
nct_samples_at(const struct nct_samples *s, uint32_t layer, enum nct_site site)
{
	return s->site[(size_t)layer * NCT_SITES + site];
}

/* ---- fit.c ---- */

/* The magnitude at which to cut all of x (n,cols), with a row stride, so that rounding to -127..127 loses least in mean
 * square, column j weighing weight[j] (NULL: all 1); 0 if all are 0. */
float nct_fit_clip(const float *x, size_t n, size_t cols, size_t stride, const float *weight);

/* A matrix between int8 vectors: y (N,R) = x w^T becomes scale * (w8 x8), x8 = c127(round(x * in)). */
struct nct_fit {
	size_t n, k, r;
	const float *x;          /* (n,k) samples of what goes in, at a stride of ldx */
	size_t ldx;
	const float *w;          /* (r,k) */
	const float *importance; /* (r) of an error in each output; NULL: equal */
	float step;              /* `in` is a multiple of this; 0: any */
	const float *in_max;     /* (k) not above these; NULL: any */
	int given;               /* `in` is not to be chosen: it is given */
	float *in;               /* (k) */
	int8_t *w8;              /* (r,k) */
	float *scale;            /* (r) */
};

/* Chooses `in` (unless given), w8 and scale: of a family of ways to divide precision between inputs and weights the
 * one with the least mean square error over the samples. NCT_ENOMEM. */
nct_err nct_fit_matrix(struct nct_fit *f, const struct nct_kernels *k, unsigned threads) NCT_USED;

#endif
