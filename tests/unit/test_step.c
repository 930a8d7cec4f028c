/* test_step.c - inference one position at a time gives what the forward pass gives; drawing from logits. */
#include "net_example.h"

#include "float/float.h"
#include "net/step.h"
#include "net/weights.h"
#include "generate/sample.h"

/* ---- steps ---- */

/* The tolerance of a cross-entropy of some nats. Both sides sum some hundred products of size 1 in floats, in
 * different orders, through up to two layers. The largest difference seen is 4e-6. */
#define TOLERANCE 3e-5

static void
pointers(const float *tensor[NCT_P_MODEL], nct_net *n, const struct nct_shape *s)
{
	struct nct_tensor t[NCT_P_COUNT];
	size_t total;

	assert_int_equal(nct_shape_tensors(s, t, &total, NULL), NCT_OK);
	for (size_t i = 0; i < NCT_P_MODEL; i++)
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
	const float *tensor[NCT_P_MODEL];
	float *each = calloc(e->rows * e->length, sizeof *each);
	double nats, worst = 0;
	uint64_t count;
	struct data d;
	nct_step *s;

	assert_non_null(each);
	data_make(&d, e);
	assert_int_equal(nct_net_forward(n, &d.b, &nats, &count, each, NULL), NCT_OK);
	pointers(tensor, n, &e->s);
	assert_int_equal(nct_step_new(&s, &e->s, tensor, NCT_DOTS_F32, 1, threads, cpu, NULL), NCT_OK);
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
	const struct example e = {"around", {9, 10, 8, 2, 1, 12, 5, 0}, 1, 200, 0, 0.0f};

	(void)state;
	(void)follow(&e, "ref", 1);
}

static void
test_steps_same_for_threads(void **state)
{
	const struct example e = {"wide", {4000, 4001, 64, 4, 2, 256, 64, 0}, 1, 1, 0, 0.0f}; /* products of several tasks */
	nct_net *n = net_make(&e, 1, NULL);
	const float *tensor[NCT_P_MODEL];
	nct_step *s[2];

	(void)state;
	pointers(tensor, n, &e.s);
	for (unsigned i = 0; i < 2; i++)
		assert_int_equal(nct_step_new(&s[i], &e.s, tensor, NCT_DOTS_F32, 1, 1 + 2 * i, NULL, NULL), NCT_OK);
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

/* Sequences that are read side by side have the bits that each has alone, in every row of kernels and for weights
 * stored in each way: also if they have read different numbers of symbols, some do not take part in each step, or one
 * began as a copy of another. */
static void
test_steps_side_by_side(void **state)
{
	const struct example e = {"side by side", {301, 302, 40, 4, 2, 100, 24, 0}, 1, 1, 0, 0.0f};
	const float *tensor[NCT_P_MODEL];

	(void)state;
	for (size_t both = 0; nct_float_name(both / NCT_DOTS_TYPES) != NULL; both++) {
		const size_t r = both / NCT_DOTS_TYPES;
		const enum nct_dots_type type = (enum nct_dots_type)(both % NCT_DOTS_TYPES);
		nct_net *n = net_make(&e, 1, nct_float_name(r));
		nct_step *together, *alone[SIDE];

		pointers(tensor, n, &e.s);
		assert_int_equal(nct_step_new(&together, &e.s, tensor, type, SIDE, 2, nct_float_name(r), NULL), NCT_OK);
		for (size_t i = 0; i < SIDE; i++)
			assert_int_equal(nct_step_new(&alone[i], &e.s, tensor, type, 1, 1, nct_float_name(r), NULL), NCT_OK);
		for (uint32_t t = 0; t < 60; t++) {
			struct nct_step_input in[SIDE];
			const float *logits;
			size_t count = 0;

			if (t == 31) { /* beyond the reach: the copy begins in the middle of the cache */
				nct_step_copy(together, 0, 3);
				nct_step_free(alone[0]);
				assert_int_equal(nct_step_new(&alone[0], &e.s, tensor, type, 1, 1, nct_float_name(r), NULL), NCT_OK);
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

/* ---- weights in fewer bits ---- */

static void
test_stored_weights(void **state)
{
	enum { ROWS = 9, COLS = 37 };
	float w[ROWS * COLS], was[ROWS * COLS], scale[ROWS];
	uint16_t h[ROWS * COLS];
	int8_t q[ROWS * COLS];
	nct_rng r = {4};

	(void)state;
	for (size_t i = 0; i < ROWS * COLS; i++)
		w[i] = i / COLS == 4 ? 0.0f : (float)((nct_rng_unit(&r) - 0.5) * (double)(1 + i / COLS));
	memcpy(was, w, sizeof w);
	nct_weights_round(w, NCT_DOTS_F32, ROWS, COLS);
	assert_memory_equal(w, was, sizeof w);
	nct_weights_store(q, scale, NCT_DOTS_INT8, w, ROWS, COLS);
	nct_weights_round(w, NCT_DOTS_INT8, ROWS, COLS);
	for (size_t i = 0; i < ROWS; i++) {
		int most = 0;

		for (size_t j = i * COLS; j < (i + 1) * COLS; j++) {
			assert_true(w[j] == (float)q[j] * scale[i]);
			assert_true(fabsf(w[j] - was[j]) <= scale[i] * 0.50001f);
			most = abs(q[j]) > most ? abs(q[j]) : most;
		}
		assert_int_equal(most, i == 4 ? 0 : 127);
	}
	memcpy(w, was, sizeof w);
	nct_weights_store(h, NULL, NCT_DOTS_BF16, w, ROWS, COLS);
	nct_weights_round(w, NCT_DOTS_BF16, ROWS, COLS);
	for (size_t i = 0; i < ROWS * COLS; i++) {
		const uint32_t u = (uint32_t)h[i] << 16;

		assert_memory_equal(&w[i], &u, sizeof u);
		assert_true(fabsf(w[i] - was[i]) <= fabsf(was[i]) * 0x1.001p-8f);
	}
	/* a tie goes to the even number */
	w[0] = 0x1.01p0f;
	w[1] = 0x1.03p0f;
	nct_weights_round(w, NCT_DOTS_BF16, 1, 2);
	assert_true(w[0] == 1.0f && w[1] == 0x1.04p0f);
}

/* Steps with stored weights give what the net with rounded weights gives, and another result than the net's own. */
static void
test_steps_of_stored_weights(void **state)
{
	const struct example e = {"stored", {301, 302, 40, 4, 2, 100, 24, 0}, 1, 1, 0, 0.0f};
	const float *tensor[NCT_P_MODEL];

	(void)state;
	for (size_t both = 0; nct_float_name(both / NCT_DOTS_TYPES) != NULL; both++) {
		const enum nct_dots_type type = (enum nct_dots_type)(both % NCT_DOTS_TYPES);
		const char *row = nct_float_name(both / NCT_DOTS_TYPES);
		nct_net *n = net_make(&e, 1, row);
		nct_step *stored, *plain, *rounded;
		struct nct_tensor t[NCT_P_COUNT];
		size_t total;
		double off = 0;

		pointers(tensor, n, &e.s);
		assert_int_equal(nct_shape_tensors(&e.s, t, &total, NULL), NCT_OK);
		assert_int_equal(nct_step_new(&stored, &e.s, tensor, type, 1, 1, row, NULL), NCT_OK);
		assert_int_equal(nct_step_new(&plain, &e.s, tensor, NCT_DOTS_F32, 1, 1, row, NULL), NCT_OK);
		for (uint32_t i = 0; i < 20; i++)
			assert_int_equal(read_one(plain, i), NCT_OK);
		for (size_t i = 0; i < NCT_P_MODEL; i++)
			if (nct_weights_stored((enum nct_tensor_id)i))
				nct_weights_round(nct_net_params(n) + t[i].offset, type, t[i].stack * t[i].rows, t[i].cols);
		assert_int_equal(nct_step_new(&rounded, &e.s, tensor, NCT_DOTS_F32, 1, 1, row, NULL), NCT_OK);
		for (uint32_t i = 0; i < 20; i++) {
			assert_int_equal(read_one(stored, i), NCT_OK);
			assert_int_equal(read_one(rounded, i), NCT_OK);
		}
		const float *a = nct_step_logits(stored), *b = nct_step_logits(rounded);
		for (uint32_t i = 0; i < e.s.vocab; i++)
			if (!(fabsf(a[i] - b[i]) <= 1e-4f))
				fail_msg("%s, type %d: logit %u is %g, not %g", row, (int)type, i, (double)a[i], (double)b[i]);
		pointers(tensor, n, &e.s);
		b = nct_step_logits(plain); /* its last product has the rounded weights, all before had not */
		for (uint32_t i = 0; i < e.s.vocab; i++)
			off = fabs((double)(a[i] - b[i])) > off ? fabs((double)(a[i] - b[i])) : off;
		assert_true((off > 1e-4) == (type != NCT_DOTS_F32));
		nct_step_free(stored);
		nct_step_free(plain);
		nct_step_free(rounded);
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
	float weights[IDS];
	float logits[IDS];
	nct_rng r = {1};

	for (size_t i = 0; i < IDS; i++) {
		logits[i] = (float)log(probability[i]) + 3.0f;
		share[i] = 0;
	}
	for (size_t i = 0; i < DRAWS; i++) {
		uint32_t id;

		assert_int_equal(nct_sample(&id, logits, IDS, s, &r, &nct_float_ref, weights, work), NCT_OK);
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

/* With many ids, of which whole sections have no weight, those with a weight are drawn as often as expected. */
static void
test_sampling_many(void **state)
{
	enum { MANY = 3001 };
	static const uint32_t some[] = {0, 255, 256, 1500, 2999, 3000};
	static float logits[MANY], weights[MANY];
	size_t drawn[6] = {0}, all = 0;
	nct_rng r = {9};

	(void)state;
	for (size_t i = 0; i < MANY; i++)
		logits[i] = -1000.0f;
	for (size_t i = 0; i < 6; i++)
		logits[some[i]] = (float)log((double)(i + 1));
	for (size_t i = 0; i < 40000; i++) {
		uint32_t id;

		assert_int_equal(nct_sample(&id, logits, MANY, &(struct nct_sampling){1, 0, 1}, &r, &nct_float_ref, weights, NULL),
		                 NCT_OK);
		for (size_t j = 0; j < 6; j++)
			drawn[j] += id == some[j];
	}
	for (size_t j = 0; j < 6; j++) {
		const double p = (double)(j + 1) / 21;

		all += drawn[j];
		if (fabs((double)drawn[j] / 40000 - p) > 5 * sqrt(p * (1 - p) / 40000))
			fail_msg("id %u: drawn %zu times", some[j], drawn[j]);
	}
	assert_int_equal(all, 40000);
}

static nct_err
draw_of_3(uint32_t *id, const float logits[3], double temperature, uint32_t top_k, double top_p, nct_rng *r)
{
	struct nct_weighed work[3];
	float weights[3];

	return nct_sample(id, logits, 3, &(struct nct_sampling){temperature, top_k, top_p}, r, &nct_float_ref, weights, work);
}

static void
test_sampling_equals_and_faults(void **state)
{
	float logits[3] = {1, 2, 2};
	nct_rng r = {5};
	uint32_t id;

	(void)state;
	for (int i = 0; i < 100; i++) { /* of equal ones the smallest id */
		assert_int_equal(draw_of_3(&id, logits, 1, 1, 1, &r), NCT_OK);
		assert_int_equal(id, 1);
	}
	logits[0] = -1e30f; /* its weight is 0, so it is never drawn */
	for (int i = 0; i < 1000; i++) {
		assert_int_equal(draw_of_3(&id, logits, 0.1, 0, 1, &r), NCT_OK);
		assert_true(id > 0);
	}
	logits[2] = NAN;
	assert_int_equal(draw_of_3(&id, logits, 1, 0, 1, &r), NCT_ENAN);
	logits[2] = INFINITY;
	assert_int_equal(draw_of_3(&id, logits, 1, 0, 1, &r), NCT_ENAN);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_steps_agree),
		cmocka_unit_test(test_steps_go_on),
		cmocka_unit_test(test_steps_same_for_threads),
		cmocka_unit_test(test_steps_side_by_side),
		cmocka_unit_test(test_stored_weights),
		cmocka_unit_test(test_steps_of_stored_weights),
		cmocka_unit_test(test_sampling),
		cmocka_unit_test(test_sampling_many),
		cmocka_unit_test(test_sampling_equals_and_faults),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
