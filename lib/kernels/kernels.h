/* kernels.h - exact integer kernels: one row per instruction set, all equal to "ref" to the last bit. */
#ifndef NCT_KERNELS_KERNELS_H
#define NCT_KERNELS_KERNELS_H

#include "../nct.h"

struct nct_kernels {
	const char *name;
	int (*usable)(void);
	/* y (N,R) = x (N,K) w^T, w (R,K): y[n*R + r] = sum over k of w[r*K + k] * x[n*K + k]. Inputs are in [-127, 127], K <= 16384,
	 * so sums fit. No alignment is asked for. */
	void (*matmul)(int32_t *y, const int8_t *x, const int8_t *w, size_t n, size_t r, size_t k);
};

/* Gives the row named `want`, or the best usable one if NULL. Rows are constant: callers keep the pointer in their own
 * state. NCT_EARG if that row is unknown or this machine cannot run it. */
nct_err nct_kernels_choose(const struct nct_kernels **out, const char *want) NCT_USED;

#endif
