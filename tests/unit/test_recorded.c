/* test_recorded.c - short training runs: "ref" gives the recorded losses, and every other row nearly the same. */
#include "net_example.h"

#include "train/adafactor.h"

#define STEPS 60

static const struct example e = {"recorded", {31, 32, 64, 2, 2, 128, 48, 0}, 4, 64, 0, 1e-4f};

/* Makes a sequence with a pattern: seven of eight symbols follow from the one two places before. */
static void
fill(struct data *d, uint64_t step)
{
	nct_rng r = {step};

	for (size_t i = 0; i < e.rows * e.length; i++) {
		const size_t t = i % e.length;
		const uint32_t before = t < 2 ? (uint32_t)t : d->target[i - 2];

		d->in[i] = t == 0 ? 31 : d->target[i - 1];
		d->target[i] = nct_rng_below(&r, 8) == 0 ? (uint32_t)nct_rng_below(&r, 31) : (before * 5 + 3) % 31;
	}
}

/* Trains on `row`. loss[]: per symbol, before each step. */
static void
train(const char *row, double loss[STEPS])
{
	struct data d;
	nct_net *n = net_make(&e, 2, row);
	nct_adafactor *a;

	data_make(&d, &e);
	assert_int_equal(nct_adafactor_new(&a, &e.s, 2, row, NULL), NCT_OK);
	for (uint64_t step = 1; step <= STEPS; step++) {
		uint64_t count;

		fill(&d, step);
		nct_net_zero_grads(n);
		assert_int_equal(nct_net_backward(n, &d.b, 1.0f / 256.0f, e.zloss, &loss[step - 1], &count), NCT_OK);
		loss[step - 1] /= (double)count;
		assert_int_equal(nct_adafactor_step(a, nct_net_params(n), nct_net_grads(n), step, 0.03, NULL), NCT_OK);
	}
	nct_adafactor_free(a);
	nct_net_free(n);
	data_free(&d);
}

/* "ref" does the same operations everywhere, except for logarithms and sines of the C library, which may differ by 1
 * ulp. After a few steps that makes 1e-6, the tolerance. */
static void
test_recorded_losses(void **state)
{
	static const double recorded[] = {4.091491146, 3.611189120, 3.398226320, 2.960869615,
	                                  2.953485058, 2.357040108, 1.948275213, 1.883424874};
	double loss[STEPS];

	(void)state;
	train("ref", loss);
	for (size_t i = 0; i < sizeof recorded / sizeof recorded[0]; i++)
		if (!(fabs(loss[i] - recorded[i]) <= 1e-6 * recorded[i]))
			fail_msg("step %zu: loss %.9g, recorded %.9g", i + 1, loss[i], recorded[i]);
	assert_true(loss[STEPS - 1] < 0.7 * loss[0]);
}

/* On every row, the mean loss of the last ten steps is within 3% of that of "ref". Seeds make as much difference. */
static void
test_rows_learn_alike(void **state)
{
	double want[STEPS], got[STEPS];

	(void)state;
	train("ref", want);
	for (size_t r = 0; nct_net_cpu(r) != NULL; r++) {
		double a = 0.0, b = 0.0;

		train(nct_net_cpu(r), got);
		for (size_t i = STEPS - 10; i < STEPS; i++) {
			a += got[i] / 10.0;
			b += want[i] / 10.0;
		}
		if (!(fabs(a - b) <= 0.03 * b))
			fail_msg("%s: loss %.5f, and %.5f by ref", nct_net_cpu(r), a, b);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_recorded_losses),
		cmocka_unit_test(test_rows_learn_alike),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
