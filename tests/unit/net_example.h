/* net_example.h - small nets of odd shapes and batches for them, for the tests of the float net. */
#ifndef NET_EXAMPLE_H
#define NET_EXAMPLE_H

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/rng.h"
#include "net/transformer.h"

static const struct example {
	const char *name;
	struct nct_shape s;
	size_t rows, length;
	int first;        /* 1: rows of contexts of about 12 positions; 2: with a long context before them */
	float zloss;
} examples[] = {
	{"plain", {17, 18, 24, 1, 1, 40, 1024, 0}, 2, 33, 0, 0.0f},
	{"two heads, several tiles", {17, 17, 24, 2, 2, 40, 1024, 0}, 2, 150, 0, 1e-2f},
	{"short reach", {9, 10, 24, 2, 2, 40, 37, 0}, 1, 200, 0, 1e-2f},
	{"reach 1", {9, 10, 8, 2, 1, 12, 1, 0}, 2, 70, 0, 0.0f},
	{"first", {17, 18, 24, 2, 2, 40, 50, 0}, 3, 131, 1, 1e-2f},
	{"first, after a long one", {5, 6, 8, 2, 1, 12, 1024, 0}, 1, 280, 2, 1e-2f},
	{"several blocks of tokens", {5, 6, 8, 2, 1, 12, 20, 0}, 3, 130, 1, 1e-3f},
	{"larger vocabulary", {300, 301, 16, 1, 1, 24, 64, 0}, 1, 65, 0, 1e-3f},
	{"products in several pieces", {1100, 1101, 8, 1, 1, 600, 16, 0}, 1, 20, 0, 1e-3f},
	{"one token", {3, 4, 6, 3, 2, 5, 8, 0}, 1, 1, 0, 0.0f},
};

#define EXAMPLES (sizeof examples / sizeof examples[0])

struct data {
	struct nct_batch b;
	uint32_t *in, *target, *first;
};

static inline void
data_make(struct data *d, const struct example *e)
{
	const size_t n = e->rows * e->length;
	nct_rng r = {42};

	d->in = calloc(n, sizeof *d->in);
	d->target = calloc(n, sizeof *d->target);
	d->first = calloc(n, sizeof *d->first);
	assert_true(d->in != NULL && d->target != NULL && d->first != NULL);
	for (size_t i = 0; i < n; i++) {
		const size_t t = i % e->length;

		d->in[i] = (uint32_t)nct_rng_below(&r, e->s.inputs);
		d->target[i] = i % 7 == 3 ? NCT_NO_TARGET : (uint32_t)nct_rng_below(&r, e->s.vocab);
		d->first[i] = t > 0 && (nct_rng_below(&r, 12) != 0 || (e->first == 2 && t < 262)) ? d->first[i - 1] : (uint32_t)t;
	}
	d->b = (struct nct_batch){e->rows, e->length, d->in, d->target, e->first ? d->first : NULL};
}

static inline void
data_free(struct data *d)
{
	free(d->in);
	free(d->target);
	free(d->first);
}

/* A net with random parameters, including norm gains. */
static inline nct_net *
net_make(const struct example *e, unsigned threads, const char *cpu)
{
	struct nct_tensor t[NCT_P_COUNT];
	const enum nct_tensor_id gains[] = {NCT_P_NORM1, NCT_P_NORM2, NCT_P_NORMF};
	size_t total;
	nct_rng r = {7};
	nct_net *n;

	assert_int_equal(nct_net_new(&n, &e->s, e->rows, e->length, threads, cpu, NULL), NCT_OK);
	assert_int_equal(nct_shape_tensors(&e->s, t, &total, NULL), NCT_OK);
	nct_net_init(n, 1);
	for (size_t i = 0; i < sizeof gains / sizeof gains[0]; i++)
		for (size_t j = 0; j < t[gains[i]].size; j++)
			nct_net_params(n)[t[gains[i]].offset + j] = (float)(0.5 + nct_rng_unit(&r));
	return n;
}

#endif
