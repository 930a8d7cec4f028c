/* cpu.h - which instruction sets this processor has and this operating system lets us use. */
#ifndef NCT_BASE_CPU_H
#define NCT_BASE_CPU_H

int nct_cpu_avx2(void);       /* AVX2 and FMA */
int nct_cpu_avx512(void);     /* AVX-512: F, BW, DQ, VL */
int nct_cpu_avx512bf16(void); /* that, and products of bf16 */

#endif
