/* cpu.h - which instruction sets this processor has and this operating system lets us use. */
#ifndef NCT_BASE_CPU_H
#define NCT_BASE_CPU_H

int nct_cpu_avx2(void); /* AVX2 and FMA */

#endif
