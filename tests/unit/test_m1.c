/* test_m1.c - the integer M1: compared with vectors of an independent implementation, in various orders of
 * evaluation, on every row of kernels. */
#include "random_m1.h"

#include "m1/m1.h"
#include "net/transformer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define TEXT_MAX 192

/* A context: its text, keys and values, and the frequencies after each symbol. */
struct context {
	const nct_m1 *m;
	size_t n;
	uint16_t symbol[TEXT_MAX];
	int8_t *kv;
	const int8_t *at[TEXT_MAX]; /* kv of each position */
	uint32_t freq[TEXT_MAX][NCT_SYMBOLS];
};

static struct context *
context_new(const nct_m1 *m, size_t n)
{
	struct context *c = calloc(1, sizeof *c);

	assert_non_null(c);
	c->m = m;
	c->n = n;
	c->kv = calloc(n, nct_m1_kv_bytes(m) + 1);
	assert_non_null(c->kv);
	for (size_t i = 0; i < n; i++)
		c->at[i] = c->kv + i * nct_m1_kv_bytes(m);
	return c;
}

static struct context *
context_random(const nct_m1 *m, size_t n, nct_rng *r)
{
	struct context *c = context_new(m, n);

	for (size_t i = 0; i < n; i++)
		c->symbol[i] = i == 0 ? NCT_EOD : (uint16_t)nct_rng_below(r, NCT_SYMBOLS);
	return c;
}

static void
context_free(struct context *c)
{
	free(c->kv);
	free(c);
}

static struct nct_m1_step
step_of(struct context *c, size_t t)
{
	const size_t reach = nct_m1_reach(c->m), from = t + 1 > reach ? t + 1 - reach : 0;

	return (struct nct_m1_step){.symbol = c->symbol[t], .past = (uint32_t)t, .kv = c->at + from,
	                            .kv_out = c->kv + t * nct_m1_kv_bytes(c->m), .freq = c->freq[t]};
}

static void
eval(const nct_m1 *m, const struct nct_m1_step *steps, size_t n)
{
	nct_m1_scratch *s;

	assert_int_equal(nct_m1_scratch_new(&s, m, n), NCT_OK);
	nct_m1_eval(m, s, steps, n);
	nct_m1_scratch_free(s);
}

static void
eval_one_by_one(struct context *c)
{
	for (size_t t = 0; t < c->n; t++) {
		const struct nct_m1_step step = step_of(c, t);

		eval(c->m, &step, 1);
	}
}

static void
expect_equal(const struct context *want, const struct context *got, const char *row, const char *how)
{
	for (size_t t = 0; t < want->n; t++)
		for (size_t s = 0; s < NCT_SYMBOLS; s++)
			if (want->freq[t][s] != got->freq[t][s])
				fail_msg("%s, %s: position %zu, symbol %zu: want %u, got %u", row, how, t, s, want->freq[t][s], got->freq[t][s]);
	if (memcmp(want->kv, got->kv, want->n * nct_m1_kv_bytes(want->m)) != 0)
		fail_msg("%s, %s: keys or values differ", row, how);
}

/* ---- Against tests/vectors ---- */

static nct_m1 *
open_vector(const char *name, const char *row)
{
	char path[128];
	nct_why why = {0};
	nct_m1 *m;

	snprintf(path, sizeof path, "tests/vectors/%s.safetensors", name);
	if (nct_m1_open(&m, path, row, &why) != NCT_OK)
		fail_msg("%s: %s", path, why.text);
	return m;
}

/* Reads NAME.freq: symbols to c, frequencies to want[]. Frequencies that the file does not have stay 0. */
static void
read_vector(const char *name, struct context *c)
{
	char path[128];
	FILE *f;

	snprintf(path, sizeof path, "tests/vectors/%s.freq", name);
	assert_non_null(f = fopen(path, "r"));
	for (c->n = 0; c->n < TEXT_MAX && fscanf(f, "%hu", &c->symbol[c->n]) == 1; c->n++) {
		const int more = fgetc(f) == ' ';

		for (size_t s = 0; s < NCT_SYMBOLS && more; s++)
			assert_int_equal(fscanf(f, "%u", &c->freq[c->n][s]), 1);
	}
	assert_true(feof(f));
	fclose(f);
}

static void
check_vector(const char *name, const char *row)
{
	nct_m1 *m = open_vector(name, row);
	struct context *want = context_new(m, TEXT_MAX), *got = context_new(m, TEXT_MAX);
	size_t seen = 0;

	read_vector(name, want);
	memcpy(got->symbol, want->symbol, sizeof got->symbol);
	got->n = want->n;
	eval_one_by_one(got);
	for (size_t t = 0; t < want->n; t++) {
		seen += want->freq[t][0] != 0;
		if (want->freq[t][0] != 0 && memcmp(want->freq[t], got->freq[t], sizeof got->freq[t]) != 0)
			fail_msg("%s on %s: other frequencies at position %zu", name, row, t);
	}
	assert_true(seen >= 5);
	context_free(want);
	context_free(got);
	nct_m1_free(m);
}

static void
test_vectors(void **state)
{
	static const char *const names[] = {"m1-tiny", "m1-small", "m1-limits"};
	const char *row;

	(void)state;
	for (size_t n = 0; n < sizeof names / sizeof names[0]; n++)
		for (size_t i = 0; (row = nct_cpu_name(i)) != NULL; i++)
			check_vector(names[n], row);
}

/* ---- Orders of evaluation ---- */

/* Evaluates all steps of all contexts in one call. */
static void
eval_at_once(struct context *const *c, size_t contexts)
{
	struct nct_m1_step steps[4 * TEXT_MAX];
	size_t n = 0;

	for (size_t i = 0; i < contexts; i++)
		for (size_t t = 0; t < c[i]->n; t++)
			steps[n++] = step_of(c[i], t);
	eval(c[0]->m, steps, n);
}

/* Evaluates the next few positions of some contexts in each call. Frequencies of some positions are asked for in
 * another call. */
static void
eval_mixed(struct context *const *c, size_t contexts, nct_rng *r)
{
	struct nct_m1_step steps[4 * TEXT_MAX];
	size_t done[4] = {0}, left = 0, n;

	for (size_t i = 0; i < contexts; i++)
		left += c[i]->n;
	for (; left > 0; left -= n) {
		n = 0;
		for (size_t i = 0; i < contexts; i++)
			for (uint64_t take = nct_rng_below(r, 5); take > 0 && done[i] < c[i]->n; take--)
				steps[n++] = step_of(c[i], done[i]++);
		for (size_t i = 0; i < n; i++)
			if (nct_rng_below(r, 2) == 0)
				steps[i].freq = NULL;
		if (n > 0)
			eval(c[0]->m, steps, n);
	}
	for (size_t i = 0; i < contexts; i++)
		for (size_t t = 0; t < c[i]->n; t++) {
			const struct nct_m1_step step = step_of(c[i], t);

			if (c[i]->freq[t][0] == 0)
				eval(c[0]->m, &step, 1);
		}
}

static void
check_orders(const struct nct_m1_config *config, uint64_t seed)
{
	static const size_t lengths[4] = {61, 1, 40, 17};
	nct_m1 *ref = random_m1(config, "ref", seed), *m;
	struct context *want[4], *got[4];
	const char *row;
	nct_rng r = {seed};

	assert_non_null(ref);
	for (size_t i = 0; i < 4; i++)
		eval_one_by_one(want[i] = context_random(ref, lengths[i], &r));
	for (size_t k = 0; (row = nct_cpu_name(k)) != NULL; k++)
		for (int how = 0; how < 3; how++) {
			assert_non_null(m = random_m1(config, row, seed));
			for (size_t i = 0; i < 4; i++) {
				got[i] = context_new(m, lengths[i]);
				memcpy(got[i]->symbol, want[i]->symbol, sizeof got[i]->symbol);
			}
			if (how == 0)
				eval_at_once(got, 4);
			else if (how == 1)
				eval_mixed(got, 4, &r);
			for (size_t i = 0; i < 4; i++) {
				if (how == 2)
					eval_one_by_one(got[i]);
				expect_equal(want[i], got[i], row, how == 0 ? "all at once" : how == 1 ? "mixed" : "one by one");
				context_free(got[i]);
			}
			nct_m1_free(m);
		}
	for (size_t i = 0; i < 4; i++)
		context_free(want[i]);
	nct_m1_free(ref);
}

static void
test_orders(void **state)
{
	static const struct nct_m1_config configs[] = {
		{.width = 64, .heads = 2, .layers = 2, .inner = 96, .reach = 1024},
		{.width = 64, .heads = 4, .layers = 3, .inner = 40, .reach = 7},
		{.width = 33, .heads = 3, .layers = 1, .inner = 1, .reach = 1},
		{.width = 1, .heads = 1, .layers = 1, .inner = 3, .reach = 2},
		{.width = 256, .heads = 1, .layers = 1, .inner = 64, .reach = 50},
	};

	(void)state;
	for (size_t i = 0; i < sizeof configs / sizeof configs[0]; i++)
		check_orders(&configs[i], 100 + i);
}

/* Symbols beyond the reach have no effect on a layer's attention. So with one layer, they have none at all. */
static void
test_reach(void **state)
{
	const struct nct_m1_config config = {.width = 32, .heads = 2, .layers = 1, .inner = 32, .reach = 5};
	nct_m1 *m = random_m1(&config, NULL, 5);
	struct context *a, *b;
	nct_rng r = {9};

	(void)state;
	assert_non_null(m);
	a = context_random(m, 20, &r);
	b = context_random(m, 20, &r);
	memcpy(b->symbol + 10, a->symbol + 10, 10 * sizeof b->symbol[0]);
	eval_one_by_one(a);
	eval_one_by_one(b);
	assert_memory_not_equal(a->freq[13], b->freq[13], sizeof a->freq[0]); /* 9 is still in reach */
	assert_memory_equal(a->freq[14], b->freq[14], 6 * sizeof a->freq[0]);
	context_free(a);
	context_free(b);
	nct_m1_free(m);
}

static void
test_frequencies_are_a_code(void **state)
{
	const struct nct_m1_config config = {.width = 16, .heads = 2, .layers = 1, .inner = 16, .reach = 9};
	nct_m1 *m = random_m1(&config, NULL, 77);
	struct context *c;
	nct_rng r = {9};

	(void)state;
	assert_non_null(m);
	eval_one_by_one(c = context_random(m, 100, &r));
	for (size_t t = 0; t < c->n; t++) {
		uint64_t sum = 0;

		for (size_t s = 0; s < NCT_SYMBOLS; s++) {
			assert_true(c->freq[t][s] >= 1);
			sum += c->freq[t][s];
		}
		assert_int_equal(sum, NCT_FREQ_TOTAL);
	}
	context_free(c);
	nct_m1_free(m);
}

/* ---- The object ---- */

static void
test_unigram(void **state)
{
	uint32_t freq[NCT_SYMBOLS], got[NCT_SYMBOLS];
	struct nct_m1_step step = {.symbol = NCT_EOD, .freq = got};
	nct_m1 *m;

	(void)state;
	for (uint32_t s = 0; s < NCT_SYMBOLS; s++)
		freq[s] = s + 1;
	assert_int_equal(nct_m1_new_unigram(&m, freq, NULL, NULL), NCT_EARG); /* the sum is wrong */
	assert_null(m);
	freq[7] += NCT_FREQ_TOTAL - NCT_SYMBOLS * (NCT_SYMBOLS + 1) / 2;
	assert_int_equal(nct_m1_new_unigram(&m, freq, NULL, NULL), NCT_OK);
	assert_string_equal(nct_m1_describe(m), "unigram");
	assert_int_equal(nct_m1_kv_bytes(m), 0);
	assert_int_equal(nct_m1_reach(m), 0);
	assert_int_equal(nct_m1_parameters(m), 0);
	eval(m, &step, 1);
	assert_memory_equal(got, freq, sizeof freq);
	nct_m1_free(m);
	freq[7] += 1;
	freq[0] = 0;
	assert_int_equal(nct_m1_new_unigram(&m, freq, NULL, NULL), NCT_EARG); /* a frequency of 0 */
}

static void
test_limits(void **state)
{
	static const struct nct_m1_config bad[] = {
		{.width = 0, .heads = 1, .layers = 1, .inner = 1, .reach = 1},
		{.width = 4, .heads = 0, .layers = 1, .inner = 1, .reach = 1},
		{.width = 6, .heads = 4, .layers = 1, .inner = 1, .reach = 1},
		{.width = 4104, .heads = 27, .layers = 1, .inner = 1, .reach = 1},
		{.width = 514, .heads = 2, .layers = 1, .inner = 1, .reach = 1},
		{.width = 4, .heads = 1, .layers = 0, .inner = 1, .reach = 1},
		{.width = 4, .heads = 1, .layers = 65, .inner = 1, .reach = 1},
		{.width = 4, .heads = 1, .layers = 1, .inner = 0, .reach = 1},
		{.width = 4, .heads = 1, .layers = 1, .inner = 16385, .reach = 1},
		{.width = 4, .heads = 1, .layers = 1, .inner = 1, .reach = 0},
		{.width = 4, .heads = 1, .layers = 1, .inner = 1, .reach = 1025}, {.kind = NCT_M1_UNIGRAM, .width = 4},
	};
	nct_m1 *m;

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		nct_why why = {0};

		assert_int_equal(nct_m1_new(&m, &bad[i], NULL, &why), NCT_EARG);
		assert_true(m == NULL && why.text[0] != '\0');
	}
	assert_int_equal(nct_m1_builtin(&m, "abacus", NULL), NCT_EARG);
	assert_null(m);
}

/* Values outside a tensor's range are refused, at both ends. */
static void
test_ranges(void **state)
{
	const struct nct_m1_config config = {.width = 8, .heads = 2, .layers = 1, .inner = 8, .reach = 9};
	nct_m1 *m = random_m1(&config, NULL, 3);
	nct_why why;

	(void)state;
	assert_non_null(m);
	((int32_t *)m->tensor[NCT_M1_EMBED])[5] = 1 << 21;
	assert_int_equal(nct_m1_seal(m, &why), NCT_EDATA);
	assert_string_equal(why.text, "tensor embed: 1 values outside -2097151..2097151");
	((int32_t *)m->tensor[NCT_M1_EMBED])[5] = 1 - (1 << 21);
	assert_int_equal(nct_m1_seal(m, &why), NCT_OK);
	((int8_t *)m->tensor[NCT_M1_HEAD])[256 * 8 + 7] = -128;
	assert_int_equal(nct_m1_seal(m, NULL), NCT_EDATA);
	((int8_t *)m->tensor[NCT_M1_HEAD])[256 * 8 + 7] = -127;
	((int16_t *)m->tensor[NCT_M1_NORM2])[0] = -1;
	assert_int_equal(nct_m1_seal(m, NULL), NCT_EDATA);
	((int16_t *)m->tensor[NCT_M1_NORM2])[0] = 0;
	((int32_t *)m->tensor[NCT_M1_MIX_MUL])[1] = 0;
	assert_int_equal(nct_m1_seal(m, NULL), NCT_EDATA);
	((int32_t *)m->tensor[NCT_M1_MIX_MUL])[1] = 1 << 20;
	assert_int_equal(nct_m1_seal(m, NULL), NCT_OK);
	nct_m1_free(m);
}

static void
test_description(void **state)
{
	const struct nct_m1_config config = {.width = 256, .heads = 4, .layers = 3, .inner = 1024, .reach = 1024};
	const struct nct_shape shape = {.vocab = 257, .inputs = 257, .width = 256, .heads = 4, .layers = 3, .inner = 1024,
	                                .reach = 1024};
	nct_m1 *m;

	(void)state;
	assert_int_equal(nct_m1_new(&m, &config, NULL, NULL), NCT_OK);
	assert_int_equal(nct_m1_seal(m, NULL), NCT_EDATA); /* mix.mul is still 0 */
	nct_m1_free(m);
	assert_non_null(m = random_m1(&config, NULL, 1));
	assert_string_equal(nct_m1_describe(m), "transformer d=256,layers=3,heads=4,ff=1024,reach=1024");
	assert_int_equal(nct_m1_parameters(m), nct_shape_parameters(&shape));
	assert_int_equal(nct_m1_kv_bytes(m), 3 * 2 * 256);
	assert_int_equal(nct_m1_reach(m), 1024);
	nct_m1_free(m);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_vectors), cmocka_unit_test(test_orders), cmocka_unit_test(test_reach),
		cmocka_unit_test(test_frequencies_are_a_code), cmocka_unit_test(test_unigram), cmocka_unit_test(test_limits),
		cmocka_unit_test(test_ranges), cmocka_unit_test(test_description),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
