/* cpu.c - which instruction sets this processor has and this operating system lets us use. */
#include "cpu.h"

#if defined __x86_64__

#include <cpuid.h>
#if defined __linux__
#include <sys/syscall.h>

long syscall(long number, ...); /* unistd.h has it only beyond POSIX */
#endif

/* __builtin_cpu_supports() also checks XCR0: it says yes only if the operating system saves the registers. */

int
nct_cpu_avx2(void)
{
	return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
}

int
nct_cpu_avx512vnni(void)
{
	return nct_cpu_avx2() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
	       __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq") &&
	       __builtin_cpu_supports("avx512vnni");
}

/* Linux gives a process the tiles' 8 KiB of state only if it asks. */
static int
may_use_tiles(void)
{
#if defined __linux__
	enum { ARCH_REQ_XCOMP_PERM = 0x1023, XFEATURE_XTILEDATA = 18 };

	return syscall(SYS_arch_prctl, ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA) == 0;
#else
	return 0;
#endif
}

int
nct_cpu_avx512(void)
{
	return nct_cpu_avx2() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
	       __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
}

int
nct_cpu_avx512bf16(void)
{
	return nct_cpu_avx512() && __builtin_cpu_supports("avx512bf16");
}

int
nct_cpu_amxbf16(void)
{
	const unsigned wanted = 1u << 22 | 1u << 24; /* leaf 7, edx: AMX-BF16, AMX-TILE */
	unsigned a, b, c, d;

	return nct_cpu_avx512bf16() && __get_cpuid_count(7, 0, &a, &b, &c, &d) && (d & wanted) == wanted && may_use_tiles();
}

int
nct_cpu_amx(void)
{
	const unsigned wanted = 1u << 24 | 1u << 25; /* leaf 7, edx: AMX-TILE, AMX-INT8 */
	unsigned a, b, c, d;

	return nct_cpu_avx512vnni() && __get_cpuid_count(7, 0, &a, &b, &c, &d) && (d & wanted) == wanted && may_use_tiles();
}

#else

int
nct_cpu_avx2(void)
{
	return 0;
}

int
nct_cpu_avx512(void)
{
	return 0;
}

int
nct_cpu_avx512bf16(void)
{
	return 0;
}

int
nct_cpu_amxbf16(void)
{
	return 0;
}

int
nct_cpu_avx512vnni(void)
{
	return 0;
}

int
nct_cpu_amx(void)
{
	return 0;
}

#endif

#if defined __aarch64__ && defined __linux__

#include <sys/auxv.h>

int
nct_cpu_neondot(void)
{
	return (getauxval(AT_HWCAP) & 1ul << 20) != 0; /* HWCAP_ASIMDDP */
}

#else

int
nct_cpu_neondot(void)
{
	return 0;
}

#endif
