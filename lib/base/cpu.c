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
