/* float_avx2.c - float kernels compiled for AVX2. */
#include "base/cpu.h"

#if defined __x86_64__
#include "kernels/float_body.inc"

const struct nct_float nct_float_avx2 = {"avx2", nct_cpu_avx2, NCT_FLOAT_FUNCTIONS};
#else
typedef int nct_float_avx2_unused; /* ISO C forbids an empty file */
#endif
