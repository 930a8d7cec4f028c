/* test_step.c - inference one position at a time gives what the forward pass gives; drawing from logits. */
#include "net_example.h"

#include "float/float.h"
#include "net/step.h"
#include "train/sample.h"

/* ---- steps ---- */

/* The tolerance of a cross-entropy of some nats. Both sides sum some hundred products of size 1 in floats, in
 * different orders, through up to two layers. The largest difference seen is 4e-6. */
#define TOLERANCE 3e-5

static void
pointers(const float *tensor[NCT_P_COUNT], nct_net *n, const struct nct_shape *s)
{
	struct nct_tensor t[NCT_P_COUNT];
	size_t total;

	assert_int_equal(nct_shape_tensors(s, t, &total, NULL), NCT_OK);
	for (size_t i = 0; i < NCT_P_COUNT; i++)
		tensor[i] = nct_net_params(n) + t[i].offset;
}

static double
cross_entropy(const float *logits, uint32_t n, uint32_t target)
{
	double most = (double)logits[0], sum = 0;

	for (uint32_t i = 1; i < n; i++)
		most = (double)logits[i] > most ? (double)logits[i] : most;
	for (uint32_t i = 0; i < n; i++)
		sum += exp((double)logits[i] - most);
	return most + log(sum) - (double)logits[target];
}

static nct_err
read_one(nct_step *s, uint32_t symbol)
{
	return nct_step_read(s, &(struct nct_step_input){0, symbol}, 1);
}

/* Reads the first row of an example step by step. Returns the largest difference to the forward pass. */
static double
follow(const struct example *e, const char *cpu, unsigned threads)
{
	nct_net *n = net_make(e, 1, cpu);
	const float *tensor[NCT_P_COUNT];
	float *each = calloc(e->rows * e->length, sizeof *each);
	double nats, worst = 0;
	uint64_t count;
	struct data d;
	nct_step *s;

	assert_non_null(each);
	data_make(&d, e);
	assert_int_equal(nct_net_forward(n, &d.b, &nats, &count, each, NULL), NCT_OK);
	pointers(tensor, n, &e->s);
	assert_int_equal(nct_step_new(&s, &e->s, tensor, 1, threads, cpu, NULL), NCT_OK);
	for (size_t t = 0; t < e->length; t++) {
		assert_int_equal(read_one(s, d.in[t]), NCT_OK);
		if (d.target[t] == NCT_NO_TARGET)
			continue;
		double diff = fabs(cross_entropy(nct_step_logits(s), e->s.vocab, d.target[t]) - (double)each[t]);

		if (!(diff <= TOLERANCE))
			fail_msg("%s, %s, position %zu: off by %g", e->name, cpu, t, diff);
		worst = diff > worst ? diff : worst;
	}
	assert_int_equal(read_one(s, e->s.inputs), NCT_EARG);
	nct_step_free(s);
	nct_net_free(n);
	data_free(&d);
	free(each);
	return worst;
}

static int
of_floats(const char *row)
{
	const struct nct_float *k;

	assert_int_equal(nct_float_choose(&k, row), NCT_OK);
	return k->element == sizeof(float);
}

static void
test_steps_agree(void **state)
{
	double worst = 0;

	(void)state;
	for (size_t r = 0; nct_float_name(r) != NULL; r++)
		for (size_t i = 0; i < EXAMPLES; i++)
			if (!examples[i].first && of_floats(nct_float_name(r))) {
				double w = follow(&examples[i], nct_float_name(r), 1 + (unsigned)i % 2);

				worst = w > worst ? w : worst;
			}
	assert_true(worst > 0); /* otherwise both would be the same computation */
}

/* With many more positions than the reach, steps give the same as a net that has all of them in one row. */
static void
test_steps_go_on(void **state)
{
	const struct example e = {"around", {9, 10, 8, 2, 1, 12, 5}, 1, 200, 0, 0.0f};

	(void)state;
	(void)follow(&e, "ref", 1);
}

static void
test_steps_same_for_threads(void **state)
{
	const struct example e = {"wide", {4000, 4001, 64, 4, 2, 256, 64}, 1, 1, 0, 0.0f}; /* products of several tasks */
	nct_net *n = net_make(&e, 1, NULL);
	const float *tensor[NCT_P_COUNT];
	nct_step *s[2];

	(void)state;
	pointers(tensor, n, &e.s);
	for (unsigned i = 0; i < 2; i++)
		assert_int_equal(nct_step_new(&s[i], &e.s, tensor, 1, 1 + 2 * i, NULL, NULL), NCT_OK);
	for (uint32_t t = 0; t < 100; t++) {
		for (unsigned i = 0; i < 2; i++)
			assert_int_equal(read_one(s[i], t * 37 % e.s.inputs), NCT_OK);
		assert_memory_equal(nct_step_logits(s[0]), nct_step_logits(s[1]), e.s.vocab * sizeof(float));
	}
	nct_step_free(s[0]);
	nct_step_free(s[1]);
	nct_net_free(n);
}

#define SIDE 7 /* sequences side by side */

/* Sequences that are read side by side have the bits that each has alone, in every row of kernels: also if they have
 * read different numbers of symbols, some do not take part in each step, or one began as a copy of another. */
static void
test_steps_side_by_side(void **state)
{
	const struct example e = {"side by side", {301, 302, 40, 4, 2, 100, 24}, 1, 1, 0, 0.0f};
	const float *tensor[NCT_P_COUNT];

	(void)state;
	for (size_t r = 0; nct_float_name(r) != NULL; r++) {
		nct_net *n = net_make(&e, 1, nct_float_name(r));
		nct_step *together, *alone[SIDE];

		pointers(tensor, n, &e.s);
		assert_int_equal(nct_step_new(&together, &e.s, tensor, SIDE, 2, nct_float_name(r), NULL), NCT_OK);
		for (size_t i = 0; i < SIDE; i++)
			assert_int_equal(nct_step_new(&alone[i], &e.s, tensor, 1, 1, nct_float_name(r), NULL), NCT_OK);
		for (uint32_t t = 0; t < 60; t++) {
			struct nct_step_input in[SIDE];
			const float *logits;
			size_t count = 0;

			if (t == 31) { /* beyond the reach: the copy begins in the middle of the cache */
				nct_step_copy(together, 0, 3);
				nct_step_free(alone[0]);
				assert_int_equal(nct_step_new(&alone[0], &e.s, tensor, 1, 1, nct_float_name(r), NULL), NCT_OK);
				for (uint32_t u = 0; u < t; u++)
					if ((u + 3) % 4 != 0)
						assert_int_equal(read_one(alone[0], (u * 37 + 3 * 11) % e.s.inputs), NCT_OK);
			}
			for (uint32_t i = 0; i < SIDE; i++)
				if ((t + i) % 4 != 0)
					in[count++] = (struct nct_step_input){i, (t * 37 + i * 11) % e.s.inputs};
			assert_int_equal(nct_step_read(together, in, count), NCT_OK);
			logits = nct_step_logits(together);
			for (size_t i = 0; i < count; i++) {
				assert_int_equal(read_one(alone[in[i].sequence], in[i].symbol), NCT_OK);
				assert_memory_equal(logits + i * e.s.vocab, nct_step_logits(alone[in[i].sequence]),
				                    e.s.vocab * sizeof(float));
			}
		}
		nct_step_free(together);
		for (size_t i = 0; i < SIDE; i++)
			nct_step_free(alone[i]);
		nct_net_free(n);
	}
}

/* ---- drawing ---- */

#define IDS 5
#define DRAWS 200000

/* By falling probability, these are ids 2, 0, 4, 1, 3. */
static const double probability[IDS] = {0.3, 0.1, 0.4, 0.05, 0.15};

static void
draw(double share[IDS], const struct nct_sampling *s)
{
	struct nct_weighed work[IDS];
	float logits[IDS];
	nct_rng r = {1};

	for (size_t i = 0; i < IDS; i++) {
		logits[i] = (float)log(probability[i]) + 3.0f;
		share[i] = 0;
	}
	for (size_t i = 0; i < DRAWS; i++) {
		uint32_t id;

		assert_int_equal(nct_sample(&id, logits, IDS, s, &r, work), NCT_OK);
		assert_true(id < IDS);
		share[id] += 1.0 / DRAWS;
	}
}

/* Ids are drawn as often as expected, within five standard deviations, and those with probability 0 never. */
static void
expect(const struct nct_sampling *s, const double want[IDS])
{
	double share[IDS];

	draw(share, s);
	for (size_t i = 0; i < IDS; i++)
		if (fabs(share[i] - want[i]) > 5 * sqrt(want[i] * (1 - want[i]) / DRAWS) + 1e-9)
			fail_msg("id %zu: drawn %g of the time, not %g", i, share[i], want[i]);
}

static void
test_sampling(void **state)
{
	const double squares = 0.3 * 0.3 + 0.1 * 0.1 + 0.4 * 0.4 + 0.05 * 0.05 + 0.15 * 0.15;

	(void)state;
	expect(&(struct nct_sampling){1, 0, 1}, probability);
	expect(&(struct nct_sampling){0.5, 0, 1},
	       (const double[IDS]){0.09 / squares, 0.01 / squares, 0.16 / squares, 0.0025 / squares, 0.0225 / squares});
	expect(&(struct nct_sampling){1, 2, 1}, (const double[IDS]){3.0 / 7, 0, 4.0 / 7, 0, 0});
	expect(&(struct nct_sampling){1, 1, 1}, (const double[IDS]){0, 0, 1, 0, 0});
	expect(&(struct nct_sampling){1, 9, 1}, probability);
	expect(&(struct nct_sampling){1, 0, 0.8}, (const double[IDS]){0.3 / 0.85, 0, 0.4 / 0.85, 0, 0.15 / 0.85});
	expect(&(struct nct_sampling){1, 0, 1e-9}, (const double[IDS]){0, 0, 1, 0, 0});
	expect(&(struct nct_sampling){1, 2, 0.99}, (const double[IDS]){3.0 / 7, 0, 4.0 / 7, 0, 0});
	expect(&(struct nct_sampling){0, 0, 1}, (const double[IDS]){0, 0, 1, 0, 0});
}

static void
test_sampling_equals_and_faults(void **state)
{
	float logits[3] = {1, 2, 2};
	struct nct_weighed work[3];
	nct_rng r = {5};
	uint32_t id;

	(void)state;
	for (int i = 0; i < 100; i++) { /* of equal ones the smallest id */
		assert_int_equal(nct_sample(&id, logits, 3, &(struct nct_sampling){1, 1, 1}, &r, work), NCT_OK);
		assert_int_equal(id, 1);
	}
	logits[0] = -1e30f; /* its weight is 0, so it is never drawn */
	for (int i = 0; i < 1000; i++) {
		assert_int_equal(nct_sample(&id, logits, 3, &(struct nct_sampling){0.1, 0, 1}, &r, work), NCT_OK);
		assert_true(id > 0);
	}
	logits[2] = NAN;
	assert_int_equal(nct_sample(&id, logits, 3, &(struct nct_sampling){1, 0, 1}, &r, work), NCT_ENAN);
	logits[2] = INFINITY;
	assert_int_equal(nct_sample(&id, logits, 3, &(struct nct_sampling){1, 0, 1}, &r, work), NCT_ENAN);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_steps_agree),
		cmocka_unit_test(test_steps_go_on),
		cmocka_unit_test(test_steps_same_for_threads),
		cmocka_unit_test(test_steps_side_by_side),
		cmocka_unit_test(test_sampling),
		cmocka_unit_test(test_sampling_equals_and_faults),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
