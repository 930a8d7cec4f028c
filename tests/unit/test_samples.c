/* test_samples.c - the positions that the quantiser samples: half of them are among the first eight of a row. */
#include "base/rng.h"
#include "quantise/quantise_impl.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define ROWS 600
#define LENGTH 64

static const struct nct_shape shape = {
    .vocab = NCT_SYMBOLS, .inputs = NCT_SYMBOLS, .width = 16, .heads = 2, .layers = 1, .inner = 8, .reach = 8};

/* The first norm's output for symbol `s`. The caller frees it. */
static float *
normed(const float *params, size_t s)
{
	const float *x = params + s * shape.width; /* embeddings come first */
	float *y = malloc(shape.width * sizeof *y);
	double sum = 0;

	assert_non_null(y);
	for (size_t i = 0; i < shape.width; i++)
		sum += (double)x[i] * (double)x[i];
	for (size_t i = 0; i < shape.width; i++)
		y[i] = x[i] / (float)sqrt(sum / shape.width + 1e-6);
	return y;
}

static int
equal(const float *x, const float *y)
{
	size_t same = 0;

	for (size_t i = 0; i < shape.width; i++)
		same += fabsf(x[i] - y[i]) < 0.02f; /* the tolerance of bf16 */
	return same == shape.width;
}

/* Each position of a row has another symbol, so that samples show which position they are from. */
static void
test_half_is_early(void **state)
{
	uint32_t *in = calloc(ROWS, LENGTH * sizeof *in);
	struct nct_samples s;
	nct_net *net;
	size_t count[LENGTH] = {0}, early = 0;

	(void)state;
	assert_non_null(in);
	for (size_t i = 0; i < ROWS * LENGTH; i++)
		in[i] = (uint32_t)(i % LENGTH);
	assert_int_equal(nct_net_new_forward(&net, &shape, 1, LENGTH, 1, NULL, NULL), NCT_OK);
	nct_net_init(net, 3);
	assert_int_equal(nct_samples_take(&s, &shape, nct_net_params(net), in, ROWS, LENGTH, 1, NULL, NULL), NCT_OK);
	for (size_t p = 0; p < LENGTH; p++) {
		float *want = normed(nct_net_params(net), p);

		for (size_t i = 0; i < s.rows; i++)
			count[p] += (size_t)equal(nct_samples_at(&s, 0, NCT_SITE_NORM1) + i * shape.width, want);
		assert_true(count[p] > 0);
		early += p < 8 ? count[p] : 0;
		free(want);
	}
	assert_true(early * 2 >= s.rows - 1 && early * 2 <= s.rows + 1);
	for (size_t p = 1; p < 8; p++)
		assert_true(count[p] * 4 >= count[0] * 3 && count[p] * 3 <= count[0] * 4); /* evenly among themselves */
	nct_samples_free(&s);
	nct_net_free(net);
	free(in);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_half_is_early)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
