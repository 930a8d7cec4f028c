/* cpu.h - which instruction sets this processor has and this operating system lets us use. */
#ifndef NCT_BASE_CPU_H
#define NCT_BASE_CPU_H

int nct_cpu_avx2(void);       /* AVX2 and FMA */
int nct_cpu_avx512(void);     /* AVX-512: F, BW, DQ, VL */
int nct_cpu_avx512bf16(void); /* AVX-512 as above, and BF16: dot products of bf16 */
int nct_cpu_avx512vnni(void); /* AVX-512 as above, and VNNI: dot products of int8 */
int nct_cpu_amx(void);        /* avx512vnni and AMX tiles of int8; asks the system for the right to use tiles */
int nct_cpu_amxbf16(void);    /* avx512bf16 and AMX tiles of bf16; asks likewise */
int nct_cpu_neondot(void);    /* aarch64: dot products of int8 (ASIMDDP) */

#endif
