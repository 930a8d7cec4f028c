/* examples.c - examples to train on, and their order in a run. */
#include "data/examples.h"

#include <math.h>

#include "base/rng.h"
#include "data/mapped_text.h"
#include "net/transformer.h"

#define ROUNDS 6

static uint64_t
text_get(const struct nct_examples *e, uint64_t i, uint32_t *in, uint32_t *target)
{
	const nct_text *t = e->ctx;
	const uint64_t from = i * e->length, left = nct_text_symbols(t) - from;
	const size_t n = left < e->length ? (size_t)left : e->length;
	const uint64_t bytes = nct_text_get(t, from, n, target);

	for (size_t j = n; j < e->length; j++)
		target[j] = NCT_NO_TARGET;
	in[0] = NCT_EOD;
	for (size_t j = 1; j < e->length; j++)
		in[j] = j <= n ? target[j - 1] : NCT_EOD; /* past the end any symbol will do */
	return bytes;
}

void
nct_text_examples(struct nct_examples *e, const nct_text *t, size_t length)
{
	const uint64_t n = nct_text_symbols(t);

	e->ctx = t;
	e->parts = NULL;
	e->rounds = NULL;
	e->length = length;
	e->count = n / length + (n % length != 0);
	e->crc = nct_text_crc(t);
	e->sample = NCT_EVAL_SYMBOLS / length > 0 ? NCT_EVAL_SYMBOLS / length : 1;
	if (e->sample > e->count)
		e->sample = e->count;
	e->what = "text";
	e->unit = "bytes";
	e->per = "byte";
	e->per_unit = 1;
	e->get = text_get;
}

uint64_t
nct_permute(uint64_t n, uint64_t key, uint64_t i)
{
	unsigned half = 0; /* bits of each half */

	while (half < 32 && (n - 1) >> (2 * half) != 0)
		half++;
	const uint64_t mask = (UINT64_C(1) << half) - 1;
	do {
		uint64_t left = i >> half, right = i & mask;

		for (uint64_t round = 0; round < ROUNDS; round++) {
			nct_rng mix = {key + (right << 8 | round)};
			uint64_t t = left ^ (nct_rng_next(&mix) & mask);

			left = right;
			right = t;
		}
		i = left << half | right;
	} while (i >= n);
	return i;
}

uint64_t
nct_examples_order(const struct nct_examples *e, uint64_t seed, uint64_t i)
{
	nct_rng key = {seed};

	key.s = nct_rng_next(&key) + i / e->count; /* a key for each epoch */
	return nct_permute(e->count, nct_rng_next(&key), i % e->count);
}

void
nct_examples_fill(const struct nct_examples *e, uint64_t seed, uint64_t first, size_t rows, uint32_t *in,
                  uint32_t *target, uint64_t *targets, uint64_t *units)
{
	for (size_t r = 0; r < rows; r++) {
		const size_t at = r * e->length;

		*units += e->get(e, nct_examples_order(e, seed, first + r), in + at, target + at);
		for (size_t j = 0; j < e->length; j++)
			*targets += target[at + j] != NCT_NO_TARGET;
	}
}

uint64_t
nct_examples_sample(const struct nct_examples *e, uint64_t i)
{
	return e->count / e->sample * i + e->count % e->sample * i / e->sample;
}

double
nct_examples_bits(const struct nct_examples *e, double nats, uint64_t units)
{
	return units > 0 ? nats / 0.69314718055994530942 / ((double)units * e->per_unit) : NAN;
}
