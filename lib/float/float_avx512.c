/* float_avx512.c - float kernels compiled for AVX-512; products use fused multiply-add. */
#include "base/cpu.h"

#if defined __x86_64__
#include <immintrin.h>

#define LANES 16
#define PANEL 64
#define DOT(sum, a, b) ((vf)_mm512_fmadd_ps((__m512)(a), (__m512)(b), (__m512)(sum)))
#include "float/float_body.inc"

const struct nct_float nct_float_avx512 = {"avx512", nct_cpu_avx512, NCT_FLOAT_FUNCTIONS};
#else
typedef int nct_float_avx512_unused; /* ISO C forbids an empty file */
#endif
