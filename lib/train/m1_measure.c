/* m1_measure.c - measures the integer M1 on a text, in bits/byte. */
#include "train/m1_measure.h"

#include <math.h>
#include <stdlib.h>

#include "base/err.h"
#include "base/le.h"
#include "base/threads.h"
#include "loop.h"
#include "m1/m1.h"

/* One thread's memory. A row is evaluated in one call of M1. */
struct worker {
	nct_m1_scratch *scratch;
	uint32_t *in, *target;    /* (length) */
	uint32_t *freq;           /* (length, NCT_SYMBOLS) */
	int8_t *kv;               /* (length, kv_bytes) */
	const int8_t **at;        /* (length) where position t is in kv */
	struct nct_m1_step *step; /* (length) */
};

struct job {
	const nct_m1 *m;
	const struct nct_examples *e;
	size_t rows;
	struct worker *workers;
	double *bits;             /* (rows) results: bits of each row */
	uint64_t *bytes;          /* (rows) and its bytes */
};

static void
measure_row(void *ctx, size_t row, unsigned worker)
{
	struct job *j = ctx;
	struct worker *w = &j->workers[worker];
	const size_t keep = nct_m1_reach(j->m) > 0 ? nct_m1_reach(j->m) - 1 : 0;
	size_t n = 0;

	j->bytes[row] = j->e->get(j->e, nct_examples_sample(j->e, row), w->in, w->target);
	for (size_t t = 0; t < j->e->length; t++) {
		w->step[t] = (struct nct_m1_step){.symbol = (uint16_t)w->in[t],
		                                  .past = (uint32_t)t,
		                                  .kv = w->at + (t < keep ? 0 : t - keep),
		                                  .kv_out = w->kv + t * nct_m1_kv_bytes(j->m)};
		w->at[t] = w->step[t].kv_out;
		if (w->target[t] != NCT_NO_TARGET) {
			w->step[t].freq = w->freq + t * NCT_SYMBOLS;
			n = t + 1;
		}
	}
	nct_m1_eval(j->m, w->scratch, w->step, n);
	j->bits[row] = 0;
	for (size_t t = 0; t < n; t++)
		if (w->step[t].freq != NULL)
			j->bits[row] += 20 - log2(w->step[t].freq[w->target[t]]); /* NCT_FREQ_TOTAL is 2^20 */
}

static nct_err
worker_new(struct worker *w, const nct_m1 *m, size_t length)
{
	size_t cells, kv;

	if (nct_size_mul(&cells, length, NCT_SYMBOLS) != 0 || nct_size_mul(&kv, length, nct_m1_kv_bytes(m) + 1) != 0)
		return NCT_ENOMEM;
	w->in = calloc(length, sizeof *w->in);
	w->target = calloc(length, sizeof *w->target);
	w->freq = calloc(cells, sizeof *w->freq);
	w->kv = calloc(kv, 1);
	w->at = calloc(length, sizeof *w->at);
	w->step = calloc(length, sizeof *w->step);
	if (w->in == NULL || w->target == NULL || w->freq == NULL || w->kv == NULL || w->at == NULL || w->step == NULL)
		return NCT_ENOMEM;
	return nct_m1_scratch_new(&w->scratch, m, length);
}

static void
worker_free(struct worker *w)
{
	nct_m1_scratch_free(w->scratch);
	free(w->in);
	free(w->target);
	free(w->freq);
	free(w->kv);
	free(w->at);
	free(w->step);
}

nct_err
nct_m1_measure(const nct_m1 *m, const struct nct_examples *e, unsigned threads, double *bits, nct_why *why)
{
	struct job j = {.m = m, .e = e, .rows = (size_t)e->sample};
	nct_threads *pool = NULL;
	double total = 0;
	uint64_t bytes = 0;
	nct_err err = NCT_ENOMEM;

	j.workers = calloc(threads, sizeof *j.workers);
	j.bits = calloc(j.rows, sizeof *j.bits);
	j.bytes = calloc(j.rows, sizeof *j.bytes);
	if (j.workers == NULL || j.bits == NULL || j.bytes == NULL)
		goto done;
	err = nct_threads_new(&pool, threads);
	for (unsigned i = 0; err == NCT_OK && i < threads; i++)
		err = worker_new(&j.workers[i], m, e->length);
	if (err != NCT_OK)
		goto done;
	nct_parallel(pool, j.rows, measure_row, &j);
	for (size_t i = 0; i < j.rows; i++) {
		total += j.bits[i];
		bytes += j.bytes[i];
	}
	*bits = bytes > 0 ? total / (double)bytes : NAN;
done:
	nct_threads_free(pool);
	for (unsigned i = 0; j.workers != NULL && i < threads; i++)
		worker_free(&j.workers[i]);
	free(j.workers);
	free(j.bits);
	free(j.bytes);
	return err == NCT_OK ? NCT_OK : nct_fail(why, err, "out of memory");
}
