/* test_quantise.c - the quantiser: a net that is trained here loses next to nothing when it is quantised. */
#include "base/rng.h"
#include "m1/m1.h"
#include "m1/m1_impl.h"
#include "quantise/quantise.h"
#include "quantise/quantise_impl.h"
#include "train/adafactor.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define ROWS 8
#define LENGTH 96
#define TOKENS (ROWS * LENGTH)
#define STEPS 250

static const struct nct_shape shape = {
    .vocab = NCT_SYMBOLS, .inputs = NCT_SYMBOLS, .width = 48, .heads = 2, .layers = 2, .inner = 96, .reach = 40};

/* ---- text to learn: documents of sentences of a small grammar ---- */

struct text {
	nct_rng rng;
	char pending[64];
	size_t at, n;
};

static uint32_t
next_symbol(struct text *t)
{
	static const char *const words[4][8] = {
		{"the", "a", "every", "no", "this", "her", "his", "one"},
		{"sailor", "garden", "letter", "river", "machine", "doctor", "window", "morning"},
		{"watched", "opened", "remembered", "carried", "followed", "answered", "broke", "painted"},
		{", and", ".", ".", ";", ".\n", ",", "!", ".\n"},
	};
	static const int order[] = {0, 1, 2, 0, 1, 3};

	if (t->at < t->n)
		return (uint8_t)t->pending[t->at++];
	t->n = t->at = 0;
	if (nct_rng_below(&t->rng, 12) == 0)
		return NCT_EOD;
	for (size_t i = 0; i < 6; i++) {
		const char *word = words[order[i]][nct_rng_below(&t->rng, 8)];

		if (i > 0 && order[i] != 3)
			t->pending[t->n++] = ' ';
		memcpy(t->pending + t->n, word, strlen(word));
		t->n += strlen(word);
	}
	return (uint8_t)t->pending[t->at++];
}

/* Fills `in` with rows of text that begin with EOD, and `target` with what follows each symbol. */
static void
fill(struct text *t, uint32_t *in, uint32_t *target, size_t rows)
{
	for (size_t r = 0; r < rows; r++)
		for (size_t i = 0; i < LENGTH; i++) {
			in[r * LENGTH + i] = i == 0 ? NCT_EOD : target[r * LENGTH + i - 1];
			target[r * LENGTH + i] = next_symbol(t);
		}
}

/* ---- a net that is trained once for all tests ---- */

static struct {
	float *params;
	struct nct_tensor t[NCT_P_COUNT];
	size_t total;
	uint32_t sample[4 * TOKENS], in[4 * TOKENS], target[4 * TOKENS]; /* for calibration; for measuring */
} trained;

static int
train(void **state)
{
	struct text t = {.rng = {1}};
	uint32_t in[TOKENS], target[TOKENS];
	nct_adafactor *adafactor;
	uint64_t count;
	double nats;
	nct_net *net;

	(void)state;
	assert_int_equal(nct_shape_tensors(&shape, trained.t, &trained.total, NULL), NCT_OK);
	assert_non_null(trained.params = malloc(trained.total * sizeof *trained.params));
	assert_int_equal(nct_net_new(&net, &shape, ROWS, LENGTH, 1, NULL, NULL), NCT_OK);
	assert_int_equal(nct_adafactor_new(&adafactor, &shape, 1, NULL, NULL), NCT_OK);
	nct_net_init(net, 1);
	for (uint64_t step = 1; step <= STEPS; step++) {
		const struct nct_batch b = {ROWS, LENGTH, in, target, NULL};

		fill(&t, in, target, ROWS);
		nct_net_zero_grads(net);
		assert_int_equal(nct_net_backward(net, &b, 1.0f / TOKENS, 1e-4f, &nats, &count), NCT_OK);
		assert_int_equal(nct_adafactor_step(adafactor, nct_net_params(net), nct_net_grads(net), step, 0.03, NULL), NCT_OK);
	}
	memcpy(trained.params, nct_net_params(net), trained.total * sizeof *trained.params);
	fill(&t, trained.sample, trained.target, 4 * ROWS);
	fill(&t, trained.in, trained.target, 4 * ROWS);
	nct_adafactor_free(adafactor);
	nct_net_free(net);
	return 0;
}

static int
forget(void **state)
{
	(void)state;
	free(trained.params);
	return 0;
}

static float *
copy_params(void)
{
	float *p = malloc(trained.total * sizeof *p);

	assert_non_null(p);
	return memcpy(p, trained.params, trained.total * sizeof *p);
}

/* ---- bits per symbol, by floats and by integers ---- */

static double
float_bits(const float *params)
{
	double sum = 0, nats;
	uint64_t count;
	nct_net *net;

	assert_int_equal(nct_net_new(&net, &shape, ROWS, LENGTH, 1, NULL, NULL), NCT_OK);
	memcpy(nct_net_params(net), params, trained.total * sizeof *params);
	for (size_t i = 0; i < 4; i++) {
		const struct nct_batch b = {ROWS, LENGTH, trained.in + i * TOKENS, trained.target + i * TOKENS, NULL};

		assert_int_equal(nct_net_forward(net, &b, &nats, &count, NULL, NULL), NCT_OK);
		sum += nats;
	}
	nct_net_free(net);
	return sum / log(2) / (4 * TOKENS);
}

static double
integer_bits(const nct_m1 *m)
{
	static uint32_t freq[LENGTH][NCT_SYMBOLS];
	const size_t bytes = nct_m1_kv_bytes(m);
	int8_t *kv = malloc(LENGTH * bytes);
	const int8_t *at[LENGTH];
	struct nct_m1_step steps[LENGTH];
	nct_m1_scratch *s;
	double sum = 0;

	assert_non_null(kv);
	assert_int_equal(nct_m1_scratch_new(&s, m, LENGTH), NCT_OK);
	for (size_t r = 0; r < 4 * ROWS; r++) {
		for (size_t i = 0; i < LENGTH; i++) {
			at[i] = kv + i * bytes;
			steps[i] = (struct nct_m1_step){.symbol = (uint16_t)trained.in[r * LENGTH + i], .past = (uint32_t)i,
			    .kv = at + (i + 1 > shape.reach ? i + 1 - shape.reach : 0), .kv_out = kv + i * bytes, .freq = freq[i]};
		}
		nct_m1_eval(m, s, steps, LENGTH);
		for (size_t i = 0; i < LENGTH; i++)
			sum -= log2(freq[i][trained.target[r * LENGTH + i]] / (double)NCT_FREQ_TOTAL);
	}
	nct_m1_scratch_free(s);
	free(kv);
	return sum / (4 * TOKENS);
}

static nct_m1 *
quantised(const float *params, unsigned threads)
{
	nct_why why = {0};
	nct_m1 *m;

	if (nct_m1_quantise(&m, &shape, params, trained.sample, 4 * ROWS, LENGTH, threads, NULL, &why) != NCT_OK)
		fail_msg("%s", why.text);
	return m;
}

/* Values in int8 have a relative error of some 0.3%, so logits of a few bits are off by some 0.01, and the loss
 * grows by about the square of that. The tolerance of half a percent leaves room for chance. A wrong scale would
 * cost tens of percent. */
static void
expect_close(const float *params, const char *what)
{
	nct_m1 *m = quantised(params, 1);
	const double floats = float_bits(params), integers = integer_bits(m);

	if (fabs(integers / floats - 1) > 0.005)
		fail_msg("%s: %f bits with floats, %f with integers", what, floats, integers);
	nct_m1_free(m);
}

/* ---- Tests ---- */

static void
test_little_is_lost(void **state)
{
	(void)state;
	/* the net has learnt: the text's entropy is about 0.5 bits, that of its unigrams 4.1 */
	assert_true(float_bits(trained.params) < 1.6);
	expect_close(trained.params, "as trained");
}

static void
test_threads_do_not_matter(void **state)
{
	nct_m1 *a = quantised(trained.params, 1), *b = quantised(trained.params, 2);

	(void)state;
	assert_int_equal(nct_m1_fingerprint(a), nct_m1_fingerprint(b));
	nct_m1_free(a);
	nct_m1_free(b);
}

static void
scale_tensor(float *p, enum nct_tensor_id id, float by)
{
	for (size_t i = 0; i < trained.t[id].size; i++)
		p[trained.t[id].offset + i] *= by;
}

/* Scales that change the floats, but not the function, do not make the integers worse. */
static void
test_free_scales(void **state)
{
	static const float residual[] = {0.1f, 300, 1e6f};
	float *p;

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		p = copy_params();
		scale_tensor(p, NCT_P_EMBED, residual[i]);
		scale_tensor(p, NCT_P_PROJ, residual[i]);
		scale_tensor(p, NCT_P_DOWN, residual[i]);
		expect_close(p, "another scale of the residual stream");
		free(p);
	}
	p = copy_params();
	for (size_t j = 0; j < shape.width; j += 3) { /* gains of either sign, 0 included, and of any size */
		float *gain = p + trained.t[NCT_P_NORM1].offset, *w = p + trained.t[NCT_P_QKV].offset;
		const float by = j % 2 == 0 ? -40 : 0.02f;

		gain[j] *= by;
		for (size_t r = 0; r < 3 * shape.width; r++)
			w[r * shape.width + j] /= by;
	}
	for (size_t l = 0; l < shape.layers; l++)
		for (size_t f = 0; f < shape.inner; f += 2) { /* up larger, down smaller */
			float *up = p + trained.t[NCT_P_UP].offset + (2 * l + 1) * shape.inner * shape.width + f * shape.width;
			float *down = p + trained.t[NCT_P_DOWN].offset + l * shape.width * shape.inner + f;

			for (size_t j = 0; j < shape.width; j++) {
				up[j] *= 100;
				down[j * shape.inner] /= 100;
			}
		}
	expect_close(p, "scales moved between tensors");
	free(p);
}

/* Features and heads that are always 0. */
static void
test_dead_parts(void **state)
{
	float *p = copy_params();

	(void)state;
	memset(p + trained.t[NCT_P_UP].offset, 0, 5 * shape.width * sizeof *p);
	memset(p + trained.t[NCT_P_QKV].offset, 0, shape.width * shape.width / 2 * sizeof *p); /* q of head 0 */
	memset(p + trained.t[NCT_P_QKV].offset + 2 * shape.width * shape.width, 0, /* its v */
	       shape.width * shape.width / 2 * sizeof *p);
	p[trained.t[NCT_P_NORM2].offset + 3] = 0;
	memset(p + trained.t[NCT_P_HEAD].offset + 200 * shape.width, 0, shape.width * sizeof *p);
	expect_close(p, "dead parts");
	free(p);
}

static void
expect_error(nct_err want, const char *text, const struct nct_shape *s, const float *p, size_t rows, size_t length)
{
	nct_why why = {0};
	nct_m1 *m;
	const nct_err got = nct_m1_quantise(&m, s, p, trained.sample, rows, length, 1, NULL, &why);

	if (got != want || m != NULL || strstr(why.text, text) == NULL)
		fail_msg("want error %d with '%s', got %d with '%s'", want, text, got, why.text);
}

static void
test_refusals(void **state)
{
	struct nct_shape s = shape;
	float *p = copy_params();

	(void)state;
	expect_error(NCT_EARG, "16 symbols", &shape, p, 1, 15);
	expect_error(NCT_EARG, "16 symbols", &shape, p, 3, 5);
	p[trained.t[NCT_P_DOWN].offset + 77] = NAN;
	expect_error(NCT_ENAN, "", &shape, p, 2, LENGTH);
	memcpy(p, trained.params, trained.total * sizeof *p);
	scale_tensor(p, NCT_P_HEAD, 1e6f); /* more certain than the format can express */
	expect_error(NCT_EARG, "head.mul", &shape, p, 4, LENGTH);
	s.vocab = s.inputs = 300;
	expect_error(NCT_EARG, "symbols", &s, p, 4, LENGTH);
	assert_int_equal(nct_m1_quantise_check(&s, NULL), NCT_EARG);
	s = shape;
	s.width = 514;
	assert_int_equal(nct_m1_quantise_check(&s, NULL), NCT_EARG); /* heads of 257 */
	assert_int_equal(nct_m1_quantise_check(&shape, NULL), NCT_OK);
	free(p);
}

/* ---- the fit of one matrix ---- */

static double
gauss(nct_rng *r)
{
	return sqrt(-2 * log(1 - nct_rng_unit(r))) * cos(6.283185307179586 * nct_rng_unit(r));
}

/* The squared error of x (n), every stride-th value, clipped at `clip`. */
static double
clip_error(const float *x, size_t n, size_t stride, double clip)
{
	double sum = 0;

	for (size_t i = 0; i < n; i++) {
		const double level = fmin(fmax(nearbyint((double)x[i * stride] * 127 / clip), -127), 127);

		sum += (level * clip / 127 - (double)x[i * stride]) * (level * clip / 127 - (double)x[i * stride]);
	}
	return sum;
}

/* The error at `got` is at most 5% above the least, for clips from the largest value down to a fifteenth of it.
 * nct_fit_clip() tries a coarse grid of clips, so it may miss the best one by that much. */
static void
expect_best_clip(const float *x, size_t n, size_t stride, float got)
{
	double least = INFINITY, top = 0;

	for (size_t i = 0; i < n; i++)
		top = fmax(top, fabs((double)x[i * stride]));
	for (double clip = top; clip > top / 15; clip *= 0.99)
		least = fmin(least, clip_error(x, n, stride, clip));
	if (clip_error(x, n, stride, (double)got) > 1.05 * least)
		fail_msg("cut at %f of %f: error %g, not %g", (double)got, top, clip_error(x, n, stride, (double)got), least);
}

static void
test_clip(void **state)
{
	static float x[8000];
	nct_rng r = {3};

	(void)state;
	assert_true(nct_fit_clip(x, 8000, 1, 1, NULL) == 0);
	for (size_t i = 0; i < 8000; i++)
		x[i] = (float)(2 * nct_rng_unit(&r) - 1);
	assert_true(nct_fit_clip(x, 8000, 1, 1, NULL) > 0.98f); /* clipping gains nothing */
	expect_best_clip(x, 8000, 1, nct_fit_clip(x, 8000, 1, 1, NULL));
	for (size_t i = 0; i < 8000; i += 2)
		x[i] = (float)pow(gauss(&r), 7); /* a few values have most of the sum of squares */
	const float heavy = nct_fit_clip(x, 4000, 1, 2, NULL);
	expect_best_clip(x, 4000, 2, heavy);
	assert_true(nct_fit_clip(x + 1, 4000, 1, 2, NULL) < 1.01f); /* only the column asked for */
	assert_true(nct_fit_clip(x, 4000, 2, 2, NULL) == heavy);
	for (size_t i = 0; i < 8000; i += 2)
		x[i] = i < 100 ? 40 : 0.5f * (float)gauss(&r);
	for (size_t i = 1; i < 8000; i += 2)
		x[i] = (float)gauss(&r);
	assert_true(nct_fit_clip(x, 4000, 2, 2, (const float[2]){0, 1}) < 6); /* a column without weight may be clipped */
	assert_true(nct_fit_clip(x, 4000, 2, 2, NULL) > 30);
}

/* The mean squared error of a fit, relative to the mean square of the exact outputs. */
static double
fit_error(const struct nct_fit *f)
{
	double sum = 0, all = 0;

	for (size_t i = 0; i < f->n; i++)
		for (size_t r = 0; r < f->r; r++) {
			double want = 0, got = 0;

			for (size_t j = 0; j < f->k; j++) {
				want += (double)f->x[i * f->ldx + j] * (double)f->w[r * f->k + j];
				got += fmin(fmax(nearbyint((double)f->x[i * f->ldx + j] * (double)f->in[j]), -127), 127) * f->w8[r * f->k + j];
			}
			sum += (got * (double)f->scale[r] - want) * (got * (double)f->scale[r] - want);
			all += want * want;
		}
	return sum / all;
}

static void
test_matrix(void **state)
{
	enum { N = 200, K = 40, R = 24 };
	static float x[N * K], w[R * K], in[K], scale[R], in_max[K];
	static int8_t w8[R * K];
	struct nct_fit f = {.n = N, .k = K, .r = R, .x = x, .ldx = K, .w = w, .in = in, .w8 = w8, .scale = scale};
	const struct nct_kernels *k;
	nct_rng r = {4};

	(void)state;
	assert_int_equal(nct_kernels_choose(&k, NULL), NCT_OK);
	for (size_t i = 0; i < N * K; i++)
		x[i] = (float)gauss(&r) * (i % K < 3 ? 30.0f : 1.0f);
	for (size_t i = 0; i < R * K; i++)
		w[i] = (float)gauss(&r);
	assert_int_equal(nct_fit_matrix(&f, k, 1), NCT_OK);
	const double free_error = fit_error(&f);
	/* two roundings of 1/127 of the largest, which is some 3 deviations: 2 * (3 / 127)^2 / 12 */
	assert_true(free_error < 2e-4);
	f.step = 0.5f;
	for (size_t j = 0; j < K; j++)
		in_max[j] = 11;
	f.in_max = in_max;
	assert_int_equal(nct_fit_matrix(&f, k, 2), NCT_OK);
	assert_true(fit_error(&f) < 2e-3);
	for (size_t j = 0; j < K; j++) {
		assert_true(in[j] <= 11 && in[j] >= 0.5f);
		assert_true(in[j] * 2 == floorf(in[j] * 2));
	}
	f.given = 1;
	for (size_t j = 0; j < K; j++)
		in[j] = 8;
	assert_int_equal(nct_fit_matrix(&f, k, 1), NCT_OK);
	for (size_t j = 0; j < K; j++)
		assert_true(in[j] == 8);
}

/* One input has the largest weights and so determines the rows' scales, but most of the output comes from the other
 * inputs. A good fit does not let these fill the range of int8. */
static void
test_matrix_balances(void **state)
{
	enum { N = 300, K = 64, R = 16 };
	static float x[N * K], w[R * K], in[K], scale[R], filled[K];
	static int8_t w8[R * K];
	struct nct_fit f = {.n = N, .k = K, .r = R, .x = x, .ldx = K, .w = w, .in = in, .w8 = w8, .scale = scale};
	const struct nct_kernels *k;
	nct_rng r = {5};

	(void)state;
	assert_int_equal(nct_kernels_choose(&k, NULL), NCT_OK);
	for (size_t i = 0; i < N * K; i++)
		x[i] = i % K == 0 ? (i / K % 50 == 0 ? 60.0f : 0.0f) : (float)gauss(&r);
	for (size_t i = 0; i < R * K; i++)
		w[i] = (float)gauss(&r) * (i % K == 0 ? 8.0f : 1.0f);
	assert_int_equal(nct_fit_matrix(&f, k, 1), NCT_OK);
	const double balanced = fit_error(&f);
	for (size_t j = 0; j < K; j++) {
		const float clip = nct_fit_clip(x + j, N, 1, K, NULL);

		filled[j] = 127 / clip;
	}
	f.in = filled;
	f.given = 1;
	assert_int_equal(nct_fit_matrix(&f, k, 1), NCT_OK);
	assert_true(balanced * 2 < fit_error(&f));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_little_is_lost), cmocka_unit_test(test_threads_do_not_matter),
	    cmocka_unit_test(test_free_scales),    cmocka_unit_test(test_dead_parts),
	    cmocka_unit_test(test_refusals),       cmocka_unit_test(test_clip),
	    cmocka_unit_test(test_matrix),         cmocka_unit_test(test_matrix_balances),
	};

	return cmocka_run_group_tests(tests, train, forget);
}
