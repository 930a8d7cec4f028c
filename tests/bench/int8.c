/* int8.c - measures int8 products on M1's shapes, for each row of kernels, beside the peak with operands in
 * registers. */
#include "int8/kernels.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define VECTORS 96

static double
seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* 10^12 operations (multiplications and additions) a second, over the matrices of a layer of size 3m and its head. */
static double
reached(const struct nct_kernels *k, const int8_t *bytes, int32_t *y)
{
	static const size_t shape[][2] = {{768, 256}, {256, 256}, {2048, 256}, {256, 1024}, {257, 256}};
	double ops = 0, spent = 0;

	for (size_t i = 0; i < sizeof shape / sizeof shape[0]; i++) {
		const size_t r = shape[i][0], c = shape[i][1];
		void *w = malloc(k->packed(r, c));

		if (w == NULL)
			exit(1);
		k->pack(w, bytes, r, c, c, 1);
		const double start = seconds();
		do {
			k->matmul(y, bytes, w, VECTORS, r, c);
			ops += 2.0 * VECTORS * (double)(r * c);
		} while (seconds() - start < 0.2);
		spent += seconds() - start;
		free(w);
	}
	return ops / spent / 1e12;
}

#if defined __x86_64__
#define CLOBBERED \
	"xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", "xmm11", "xmm12", "xmm13", \
	    "xmm14", "xmm15"
#define SIX(op, r) op(r, 0) op(r, 1) op(r, 2) op(r, 3) op(r, 4) op(r, 5)
#define TWELVE(op, r) SIX(op, r) op(r, 6) op(r, 7) op(r, 8) op(r, 9) op(r, 10) op(r, 11)
#define DPBUSD(r, i) "vpdpbusd %%" #r "14, %%" #r "15, %%" #r #i "\n\t"
#define MADDWD(r, i) "vpmaddwd %%" #r "14, %%" #r "15, %%" #r #i "\n\t"
#endif

/* The same for a loop of twelve products of registers; 0 if this row has no such loop. */
static double
peak(const char *row)
{
#if defined __x86_64__
	const long rounds = 20000000;
	const int vnni = strcmp(row, "avx512vnni") == 0;
	const double start = seconds();

	if (vnni)
		for (long i = 0; i < rounds; i++)
			__asm__ volatile(TWELVE(DPBUSD, zmm)::: CLOBBERED);
	else if (strcmp(row, "avx2") == 0)
		for (long i = 0; i < rounds; i++)
			__asm__ volatile(TWELVE(MADDWD, ymm)::: CLOBBERED);
	else
		return 0;
	return (double)rounds * 12 * (vnni ? 128 : 32) / (seconds() - start) / 1e12;
#else
	(void)row;
	return 0;
#endif
}

int
main(void)
{
	int8_t *bytes = malloc(1 << 20);
	int32_t *y = malloc(sizeof *y * VECTORS * 2048);
	const struct nct_kernels *k;

	if (bytes == NULL || y == NULL)
		return 1;
	for (size_t i = 0; i < 1 << 20; i++)
		bytes[i] = (int8_t)((int)(i * 7 % 255) - 127);
	printf("%-12s %10s %10s %6s %10s %s\n", "row", "Top/s", "registers", "share", "Mop/byte", "floor, KB/s");
	for (size_t i = 0; nct_cpu_name(i) != NULL; i++) {
		if (nct_kernels_choose(&k, nct_cpu_name(i)) != NCT_OK)
			return 1;
		/* millions of operations for a byte of text by the built-in model; rows with `open` pass over closed gates */
		const double got = reached(k, bytes, y), most = peak(k->name), mop = k->open != NULL ? 3.3 : 6.4;
		if (most > 0)
			printf("%-12s %10.3f %10.3f %6.2f %10.1f %8.1f\n", k->name, got, most, got / most, mop, most / mop * 1000);
		else
			printf("%-12s %10.3f %10s %6s %10.1f %8s\n", k->name, got, "-", "-", mop, "-");
	}
	free(bytes);
	free(y);
	return 0;
}
