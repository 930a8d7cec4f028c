/* gemm.c - matrix products by oneDNN, held to the calling thread. */
#include "kernels/gemm.h"

#include <omp.h>
#include <oneapi/dnnl/dnnl.h>

nct_err
nct_gemm(char ta, char tb, size_t m, size_t n, size_t k, float alpha, const float *a, size_t lda, const float *b,
         size_t ldb, float beta, float *c, size_t ldc)
{
	/* oneDNN starts threads of its own unless it is called from within a team; sums would then depend on how many. */
	const int team = omp_in_parallel(), most = omp_get_max_threads();
	dnnl_status_t status;

	if (!team)
		omp_set_num_threads(1);
	status = dnnl_sgemm(ta, tb, (dnnl_dim_t)m, (dnnl_dim_t)n, (dnnl_dim_t)k, alpha, a, (dnnl_dim_t)lda, b,
	                    (dnnl_dim_t)ldb, beta, c, (dnnl_dim_t)ldc);
	if (!team)
		omp_set_num_threads(most);
	return status == dnnl_success ? NCT_OK : status == dnnl_out_of_memory ? NCT_ENOMEM : NCT_EARG;
}
