/* cpu.c - which instruction sets this processor has and this operating system lets us use. */
#include "cpu.h"

int
nct_cpu_avx2(void)
{
#if defined __x86_64__
	/* libgcc reads XCR0 before it says yes, so the operating system's permission is in the answer. */
	return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
#else
	return 0;
#endif
}

int
nct_cpu_avx512(void)
{
#if defined __x86_64__
	return nct_cpu_avx2() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
	       __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
#else
	return 0;
#endif
}

int
nct_cpu_avx512bf16(void)
{
#if defined __x86_64__
	return nct_cpu_avx512() && __builtin_cpu_supports("avx512bf16");
#else
	return 0;
#endif
}
