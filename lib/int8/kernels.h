/* kernels.h - exact integer kernels: a row (struct nct_kernels) for each instruction set, all with the results of
 * "ref".
 *
 * These are the inner loops of the integer M1. nct-formats(5), "M1", defines them and the names used here: c127()
 * clamps to [-127, 127], and rs(x, s) is x / 2^s, rounded. Pointers need no alignment. All int8 values lie in [-127,
 * 127]: -128 never occurs. */
#ifndef NCT_INT8_KERNELS_H
#define NCT_INT8_KERNELS_H

#include "nct.h"

#define NCT_BIAS_FAR 128 /* a head's position bias is the same for all distances from this one on */

/* Gates that are open: those whose acc[i] of gate() is above 0. In a trained M1 a quarter of them are, and what the
 * others give is 0. Each array has room for F elements and 16 more, which may be overwritten. */
struct nct_open_gates {
	uint32_t *index;        /* rising */
	int32_t *acc;
	int32_t *g_mul, *u_mul; /* mul[i] and mul[F + i] of gate() */
};

/* Products with open gates alone. Matrices are stored by rows, each of NCT_ROW_STRIDE(length) bytes, filled up with
 * zeros; every byte of them is its value ^ flip. */
#define NCT_ROW_STRIDE(k) (((size_t)(k) + 63) & ~(size_t)63)
struct nct_open_kernels {
	uint8_t flip;
	/* Lists the open ones of F <= 16384 gates: acc, g_mul, u_mul (F). Returns how many. The 16 elements of index[]
	 * after them are 0. */
	size_t (*list)(struct nct_open_gates *open, const int32_t *acc, const int32_t *g_mul, const int32_t *u_mul, size_t f);
	/* y[i] = x . row index[i] of w, for i < n. x (k), k <= 4096. y has room for 16 more, too. */
	void (*rows)(int32_t *y, const int8_t *x, const uint8_t *w, const struct nct_open_gates *open, size_t n, size_t k);
	/* gate() of n open gates, with acc[F + i] from y (n). Keeps those whose a is not 0: a[j] becomes it, and which[j] the
	 * gate's index plus `base`. Both have room for 16 more. Returns how many. */
	size_t (*pass)(uint16_t *which, int8_t *a, const struct nct_open_gates *open, const int32_t *y, size_t n, size_t base);
	/* y (C) = sum over i < n of a[i] times row which[i] of w, whose rows have length C <= 4096. n <= 16384. Three zeros
	 * stand behind the last in a[] and in which[]. */
	void (*sum)(int32_t *y, const int8_t *a, const uint16_t *which, size_t n, const uint8_t *w, size_t c);
};

struct nct_kernels {
	const char *name;
	int (*usable)(void);

	/* Bytes of a packed matrix (R,K): the layout that this row's matmul() reads. */
	size_t (*packed)(size_t r, size_t k);
	/* Packs a matrix (R,K), whose element (r,k) is w[r*down + k*right]. One of `down` and `right` is 1. */
	void (*pack)(void *to, const int8_t *w, size_t r, size_t k, size_t down, size_t right);
	/* The same for a matrix whose rows (R,K) or columns (K,R) are row[0], row[1], ..., each from `off` on: keys and values
	 * of positions. Columns k from `given` on are 0. NULL: this row has no quicker way than to copy and pack(). */
	void (*pack_rows)(void *to, const int8_t *const *row, size_t off, size_t r, size_t k);
	void (*pack_columns)(void *to, const int8_t *const *row, size_t off, size_t r, size_t k, size_t given);
	/* y (N,R) = x (N,K) w^T, with w (R,K) packed: y[n*R + r] = sum over k of w(r,k) * x[n*K + k]. K <= 16384, so
	 * that sums fit into 32 bits. */
	void (*matmul)(int32_t *y, const int8_t *x, const void *w, size_t n, size_t r, size_t k);
	/* The same, quicker for an x with many columns of zeros. NULL: matmul() does as well. */
	void (*matmul_zeros)(int32_t *y, const int8_t *x, const void *w, size_t n, size_t r, size_t k);
	/* y (C) = c127(h / rms(h) * mul): norm() of the definition. C <= 4096, |h| < 2^21, mul >= 0. */
	void (*norm)(int8_t *y, const int32_t *h, const int16_t *mul, size_t c);
	/* y (n) = c127(rs(acc * mul, 30)). Here and below |acc| < 2^28 and mul >= 0. */
	void (*narrow)(int8_t *y, const int32_t *acc, const int32_t *mul, size_t n);
	/* h (n) += rs(acc * mul, 30), clamped to +-(2^21 - 1). */
	void (*add)(int32_t *h, const int32_t *acc, const int32_t *mul, size_t n);
	/* a (F) = c127(rs(relu(g) * u, 16)). g is rs(acc[0..F) * mul[0..F), 30), clamped to +-32767, and u the same
	 * of acc[F..2F) and mul[F..2F). */
	void (*gate)(int8_t *a, const int32_t *acc, const int32_t *mul, size_t f);

	/* s[j] = q . (row[j] + off) for j < n: dot products of vectors of length d <= 256. s, and p below, have room
	 * for n rounded up to a multiple of 16; elements from n on may be overwritten. */
	void (*dots)(int32_t *s, const int8_t *q, const int8_t *const *row, size_t off, size_t n, size_t d);
	/* Turns dot products s into attention weights. p[j] becomes the weight of position j, and s[j] becomes u_j
	 * of the definition. Position n - 1 has distance 0. bias[e] is for distance e, bias[NCT_BIAS_FAR] for all
	 * distances from there on. Returns Z, the sum of p. 1 <= n <= 1024, mul <= 2^22. */
	uint32_t (*weigh)(int16_t *p, int32_t *s, const int32_t *bias, int32_t mul, size_t n);
	/* a[i] = sum over j < n of p[j] * (row[j] + off)[i], for i < d. p comes from weigh(), so sums fit into 32
	 * bits. */
	void (*mix)(int32_t *a, const int16_t *p, const int8_t *const *row, size_t off, size_t n, size_t d);
	/* Splits weights p in [0, 2^14] as p = 129 * high + low, with both magnitudes below 128. Then matmul() can
	 * do the work of many calls of mix(). */
	void (*halve)(int8_t *high, int8_t *low, const int16_t *p, size_t n);
	/* o (d) = c127(rs(a * inv, 36)). inv <= 2^26, |a * inv| < 2^62. */
	void (*settle)(int8_t *o, const int32_t *a, uint32_t inv, size_t d);

	/* Frequencies (NCT_SYMBOLS) from the output matrix's sums acc, |acc| < 2^26, and its multipliers mul < 2^29. */
	void (*predict)(uint32_t *freq, const int32_t *acc, const int32_t *mul);

	const struct nct_open_kernels *open; /* NULL: this row multiplies by whole matrices instead */
};

extern const struct nct_kernels nct_kernels_ref; /* plain C, on every machine; it defines the results */
extern const struct nct_kernels nct_kernels_avx2, nct_kernels_avx512vnni, nct_kernels_amx; /* x86-64 only */
extern const struct nct_kernels nct_kernels_neon, nct_kernels_neondot;                     /* aarch64 only */

/* Gives the row named `want`. NULL: the best usable row. A name of base/ladder.h without a row here: the best usable
 * row below it. Rows are constant, so callers may keep the pointer. NCT_EARG if the name is unknown or this machine
 * cannot run the row. */
nct_err nct_kernels_choose(const struct nct_kernels **out, const char *want) NCT_USED;

#endif
