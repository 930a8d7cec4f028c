/* gemm.h - single-precision matrix products, each on the calling thread alone. */
#ifndef NCT_KERNELS_GEMM_H
#define NCT_KERNELS_GEMM_H

#include "nct.h"

/* C (m,n) = alpha op(A) op(B) + beta C, row-major, with row strides lda, ldb, ldc in floats. op(A) is (m,k): A itself, or
 * with ta == 'T' the transpose of A (k,m); so too op(B) (k,n). No size may be 0. With beta 0, C need not be set. The bits
 * depend on the arguments and the processor, not on who calls how many at a time. NCT_ENOMEM. */
nct_err nct_gemm(char ta, char tb, size_t m, size_t n, size_t k, float alpha, const float *a, size_t lda, const float *b,
                 size_t ldb, float beta, float *c, size_t ldc) NCT_USED;

/* The row stride, in floats, to give an array of `cols` columns that products will read: an odd multiple of 64 bytes, so that
 * rows do not all meet in the same few cache sets. It doubles the speed of products with a transposed operand. */
static inline size_t
nct_stride(size_t cols)
{
	return (cols + 15) / 16 * 16 | 16;
}

#endif
