/* rate.c - measures how fast products can be on this machine, with operands that stay in the L1 cache. */
#include "base/clock.h"
#include "base/cores.h"
#include "base/threads.h"
#include "float/float.h"

#include <stdlib.h>
#include <string.h>

#define SECONDS 0.003 /* how long each thread measures */
#define ROWS 96       /* rows of the product: a multiple of the tiles' rows in all kernels */
#define WORDS 128

struct measuring {
	const struct nct_float *k;
	unsigned char *scratch; /* (threads,bytes) the operands of each thread */
	size_t bytes;
	double *rate;        /* (threads) the best of many tries, as other processes may use the machine, too */
};

static size_t
operand_bytes(const struct nct_float *k)
{
	return sizeof(uint32_t) * WORDS * (ROWS + k->panel) + k->element * ROWS * k->panel;
}

static void
measure(void *ctx, size_t i, unsigned worker)
{
	struct measuring *m = ctx;
	const struct nct_float *k = m->k;
	uint32_t *a = (uint32_t *)(void *)(m->scratch + i * m->bytes), *b = a + ROWS * WORDS;
	const struct nct_product p = {.rows = ROWS,
	                              .cols = k->panel,
	                              .words = WORDS,
	                              .a = a,
	                              .a_row = WORDS,
	                              .a_word = 1,
	                              .b = b,
	                              .b_panel = WORDS * k->panel,
	                              .e = b + WORDS * k->panel,
	                              .lde = k->panel};
	const double operations = 2.0 * ROWS * (double)k->panel * WORDS * (double)nct_pair(k);
	const double begin = nct_seconds();
	double start = begin, end;

	(void)worker;
	do {
		k->product(&p);
		end = nct_seconds();
		if (end > start && operations / (end - start) > m->rate[i])
			m->rate[i] = operations / (end - start);
		start = end;
	} while (end - begin < SECONDS);
}

double
nct_float_rate(const struct nct_float *k, unsigned threads)
{
	struct measuring m = {.k = k, .bytes = (operand_bytes(k) + 63) / 64 * 64};
	const unsigned cores = nct_cores();
	nct_threads *pool = NULL;
	double sum = 0.0;

	m.scratch = aligned_alloc(64, m.bytes * threads);
	m.rate = calloc(threads, sizeof *m.rate);
	if (m.scratch != NULL && m.rate != NULL && nct_threads_new(&pool, threads) == NCT_OK) {
		memset(m.scratch, 0, m.bytes * threads);
		nct_parallel(pool, threads, measure, &m);
		for (unsigned i = 0; i < threads; i++)
			sum += m.rate[i];
	}
	nct_threads_free(pool);
	free(m.scratch);
	free(m.rate);
	return threads > cores ? sum * cores / threads : sum; /* more threads than cores are no faster */
}
