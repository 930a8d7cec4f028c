/* float_avx512bf16.c - float kernels compiled for AVX-512 with BF16: elements are bf16, sums are floats. */
#include "base/cpu.h"

#if defined __x86_64__
#include <immintrin.h>

#define BF16
#define LANES 16
#define PANEL 64
#define DOT(sum, a, b) ((vf)_mm512_dpbf16_ps((__m512)(sum), (a), (b)))
#include "float/float_body.inc"

const struct nct_float nct_float_avx512bf16 = {"avx512bf16", nct_cpu_avx512bf16, NCT_FLOAT_FUNCTIONS};
#else
typedef int nct_float_avx512bf16_unused; /* ISO C forbids an empty file */
#endif
