/* float_avx2.c - float kernels compiled for AVX2; products use fused multiply-add. */
#include "base/cpu.h"

#if defined __x86_64__
#include <immintrin.h>

#define LANES 8
#define PANEL 16
#define DOT(sum, a, b) ((vf)_mm256_fmadd_ps((__m256)(a), (__m256)(b), (__m256)(sum)))
#include "float/float_body.inc"

const struct nct_float nct_float_avx2 = {"avx2", nct_cpu_avx2, NCT_FLOAT_FUNCTIONS};
#else
typedef int nct_float_avx2_unused; /* ISO C forbids an empty file */
#endif
