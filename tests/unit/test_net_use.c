/* test_net_use.c - what the float net promises besides its results: same bits, gradients that add up, errors,
 * observers. */
#include "net_example.h"

struct layout {
	struct nct_tensor t[NCT_P_COUNT];
	size_t total;
};

static void
layout_make(struct layout *m, const struct nct_shape *s)
{
	assert_int_equal(nct_shape_tensors(s, m->t, &m->total, NULL), NCT_OK);
}

/* Gradients add up: two backward passes give twice the gradients of one. nct_net_zero_grads() clears them. */
static void
test_gradients_add_up(void **state)
{
	const struct example *e = &examples[1];
	struct layout m;
	struct data d;
	double nats;
	uint64_t count;
	nct_net *n = net_make(e, 2, NULL);
	float *once;

	(void)state;
	data_make(&d, e);
	layout_make(&m, &e->s);
	once = calloc(m.total, sizeof *once);
	assert_non_null(once);
	assert_int_equal(nct_net_backward(n, &d.b, 1.0f, 0.0f, &nats, &count), NCT_OK);
	memcpy(once, nct_net_grads(n), m.total * sizeof *once);
	assert_int_equal(nct_net_backward(n, &d.b, 1.0f, 0.0f, &nats, &count), NCT_OK);
	for (size_t i = 0; i < m.total; i++)
		if (!(fabsf(nct_net_grads(n)[i] - 2.0f * once[i]) <= 1e-4f * (1.0f + fabsf(once[i]))))
			fail_msg("gradient %zu: %.9g, then %.9g", i, (double)once[i], (double)nct_net_grads(n)[i]);
	nct_net_zero_grads(n);
	assert_int_equal(nct_net_backward(n, &d.b, 1.0f, 0.0f, &nats, &count), NCT_OK);
	assert_memory_equal(once, nct_net_grads(n), m.total * sizeof *once);
	free(once);
	data_free(&d);
	nct_net_free(n);
}

/* On every row of kernels, losses and gradients have the same bits for any number of threads. A net for the forward
 * pass alone gives the same loss. */
static void
check_row(const struct example *e, const struct data *d, const char *row)
{
	double first = 0.0, nats;
	uint64_t count;
	struct layout m;
	nct_net *one = net_make(e, 1, row), *n;

	layout_make(&m, &e->s);
	assert_int_equal(nct_net_backward(one, &d->b, 0.01f, e->zloss, &first, &count), NCT_OK);
	for (unsigned threads = 2; threads <= 3; threads++) {
		n = net_make(e, threads, row);
		assert_int_equal(nct_net_backward(n, &d->b, 0.01f, e->zloss, &nats, &count), NCT_OK);
		assert_memory_equal(&nats, &first, sizeof nats);
		assert_memory_equal(nct_net_grads(one), nct_net_grads(n), m.total * sizeof(float));
		nct_net_free(n);
		assert_int_equal(nct_net_new_forward(&n, &e->s, e->rows, e->length, threads, row, NULL), NCT_OK);
		memcpy(nct_net_params(n), nct_net_params(one), m.total * sizeof(float));
		assert_int_equal(nct_net_forward(n, &d->b, &nats, &count, NULL, NULL), NCT_OK);
		assert_memory_equal(&nats, &first, sizeof nats);
		assert_int_equal(nct_net_backward(n, &d->b, 0.01f, e->zloss, &nats, &count), NCT_EARG);
		assert_int_equal(nct_net_set_observer(n, NULL, NULL), NCT_EARG);
		nct_net_free(n);
	}
	nct_net_free(one);
}

static void
test_threads_change_nothing(void **state)
{
	static const struct example large = {"large", {257, 257, 128, 4, 2, 512, 300, 0}, 3, 400, 1, 1e-4f};
	struct data d;

	(void)state;
	data_make(&d, &large);
	for (size_t r = 0; nct_net_cpu(r) != NULL; r++)
		check_row(&large, &d, nct_net_cpu(r));
	data_free(&d);
}

/* A vocabulary so large that logits are made in several groups of slices. All rows together give what they give one
 * by one, where a group holds a whole row. Sums in another order differ by some 1e-6 of the largest terms. */
static void
test_large_vocabulary(void **state)
{
	static const struct example e = {"large vocabulary", {65536, 65537, 8, 2, 1, 12, 20, 0}, 5, 70, 1, 1e-4f};
	struct layout m;
	struct data d;
	double nats, alone = 0.0;
	uint64_t count, counted = 0;
	float *together, *grads;
	nct_net *n = net_make(&e, 2, NULL);

	(void)state;
	data_make(&d, &e);
	layout_make(&m, &e.s);
	together = malloc(m.total * sizeof *together);
	assert_non_null(together);
	assert_int_equal(nct_net_backward(n, &d.b, 0.1f, e.zloss, &nats, &count), NCT_OK);
	grads = nct_net_grads(n);
	memcpy(together, grads, m.total * sizeof *together);
	nct_net_zero_grads(n);
	for (size_t r = 0; r < e.rows; r++) {
		const size_t at = r * e.length;
		const struct nct_batch row = {1, e.length, d.in + at, d.target + at, d.first + at};
		double one;
		uint64_t c;

		assert_int_equal(nct_net_backward(n, &row, 0.1f, e.zloss, &one, &c), NCT_OK);
		alone += one;
		counted += c;
	}
	assert_int_equal(count, counted);
	assert_true(fabs(nats - alone) < 1e-6 * nats);
	for (enum nct_tensor_id id = 0; id < NCT_P_MODEL; id++) {
		float most = 0.0f;

		for (size_t i = m.t[id].offset; i < m.t[id].offset + m.t[id].size; i++)
			most = fmaxf(most, fabsf(together[i]));
		assert_true(most > 1e-4f);
		for (size_t i = m.t[id].offset; i < m.t[id].offset + m.t[id].size; i++)
			if (!(fabsf(grads[i] - together[i]) <= 1e-5f * most))
				fail_msg("gradient of %s: %.9g, and %.9g row by row", m.t[id].name, (double)together[i], (double)grads[i]);
	}
	free(together);
	data_free(&d);
	nct_net_free(n);
}

/* A batch smaller than the largest gives the same as with a net of its own size. */
static void
test_smaller_batches(void **state)
{
	const struct example *e = &examples[4];
	struct example larger = *e;
	struct data d;
	double small, large;
	uint64_t count;
	nct_net *a = net_make(e, 2, NULL), *b;

	(void)state;
	larger.rows += 2;
	larger.length += 100;
	b = net_make(&larger, 2, NULL);
	data_make(&d, e);
	assert_int_equal(nct_net_forward(a, &d.b, &small, &count, NULL, NULL), NCT_OK);
	assert_int_equal(nct_net_forward(b, &d.b, &large, &count, NULL, NULL), NCT_OK);
	if (!(fabs(small - large) <= 1e-6 * small))
		fail_msg("loss %.9g, and %.9g in a larger net", small, large);
	data_free(&d);
	nct_net_free(a);
	nct_net_free(b);
}

/* `hit` tells where the target is the most probable symbol. If all logits are equal, that is symbol 0. */
static void
test_hits(void **state)
{
	const struct example *e = &examples[0];
	const size_t tokens = e->rows * e->length;
	struct layout m;
	struct data d;
	double nats;
	uint64_t count;
	uint8_t *hit = malloc(tokens);
	nct_net *n = net_make(e, 1, NULL);

	(void)state;
	assert_non_null(hit);
	data_make(&d, e);
	layout_make(&m, &e->s);
	memset(nct_net_params(n) + m.t[NCT_P_HEAD].offset, 0, m.t[NCT_P_HEAD].size * sizeof(float));
	assert_int_equal(nct_net_forward(n, &d.b, &nats, &count, NULL, hit), NCT_OK);
	assert_true(fabs(nats - (double)count * log(17.0)) < 1e-4);
	for (size_t i = 0; i < tokens; i++)
		assert_int_equal(hit[i], d.target[i] == 0);
	free(hit);
	data_free(&d);
	nct_net_free(n);
}

/* A NaN or an infinity in any tensor that the batch uses is an error. */
static void
test_not_a_number(void **state)
{
	const struct example *e = &examples[1];
	struct layout m;
	struct data d;
	double nats;
	uint64_t count;
	nct_net *n = net_make(e, 2, NULL);

	(void)state;
	data_make(&d, e);
	layout_make(&m, &e->s);
	for (enum nct_tensor_id id = 0; id < NCT_P_MODEL; id++) {
		const size_t i = m.t[id].offset + (id == NCT_P_EMBED ? d.in[0] * (size_t)e->s.width : 0);
		float *p = nct_net_params(n) + i, was = *p;

		*p = NAN;
		if (nct_net_backward(n, &d.b, 1.0f, 0.0f, &nats, &count) != NCT_ENAN)
			fail_msg("a NaN in %s went by", m.t[id].name);
		*p = was;
	}
	assert_int_equal(nct_net_backward(n, &d.b, 1.0f, 0.0f, &nats, &count), NCT_OK);
	data_free(&d);
	nct_net_free(n);
}

static void
test_bad_batches(void **state)
{
	const struct example *e = &examples[0];
	struct data d;
	double nats;
	uint64_t count;
	struct nct_batch b;
	nct_net *n = net_make(e, 1, NULL);

	(void)state;
	data_make(&d, e);
	b = d.b;
	b.rows++;
	assert_int_equal(nct_net_forward(n, &b, &nats, &count, NULL, NULL), NCT_EARG);
	b = d.b;
	b.length = 0;
	assert_int_equal(nct_net_forward(n, &b, &nats, &count, NULL, NULL), NCT_EARG);
	d.in[5] = e->s.inputs;
	assert_int_equal(nct_net_forward(n, &d.b, &nats, &count, NULL, NULL), NCT_EARG);
	d.in[5] = 0;
	d.target[6] = e->s.vocab;
	assert_int_equal(nct_net_backward(n, &d.b, 1.0f, 0.0f, &nats, &count), NCT_EARG);
	d.target[6] = 0;
	d.first[7] = 8;
	d.b.first = d.first;
	assert_int_equal(nct_net_forward(n, &d.b, &nats, &count, NULL, NULL), NCT_EARG);
	data_free(&d);
	nct_net_free(n);
}

/* ---- observers ---- */

struct tapped {
	size_t calls[NCT_SITE_NORMF + 1];
	size_t tokens;
	const struct nct_shape *s;
	double mean_square; /* mean square of NORM1 in layer 0 */
	int gate_fits;      /* GATE is relu(g) * u of the last UP */
	float *up;
};

static void
count_site(void *ctx, enum nct_site site, uint32_t layer, const float *x, size_t rows, size_t cols, size_t stride)
{
	struct tapped *t = ctx;
	const size_t C = t->s->width, F = t->s->inner;
	const size_t want[] = {C, C, 3 * C, C, C, 2 * F, F, C};

	t->calls[site]++;
	assert_int_equal(rows, t->tokens);
	assert_int_equal(cols, want[site]);
	assert_true(layer < t->s->layers || (layer == t->s->layers && (site == NCT_SITE_NORMF || site == NCT_SITE_RESIDUAL)));
	for (size_t r = 0; r < rows; r++)
		for (size_t j = 0; j < cols; j++) {
			const float v = x[r * stride + j];

			assert_true(isfinite(v));
			if (site == NCT_SITE_NORM1 && layer == 0)
				t->mean_square += (double)v * (double)v / (double)(rows * cols);
			if (site == NCT_SITE_UP)
				t->up[r * 2 * F + j] = v;
			if (site == NCT_SITE_GATE && v != fmaxf(t->up[r * 2 * F + j], 0.0f) * t->up[r * 2 * F + F + j])
				t->gate_fits = 0;
		}
}

static void
test_taps(void **state)
{
	const struct example *e = &examples[1];
	const size_t L = e->s.layers, want[] = {2 * L + 1, L, L, L, L, L, L, 1};
	struct tapped t = {.tokens = e->rows * e->length, .s = &e->s, .gate_fits = 1};
	struct data d;
	double with, without;
	uint64_t count;
	nct_net *n = net_make(e, 2, "ref"); /* a row of floats, so that what is shown is exact */

	(void)state;
	t.up = calloc(t.tokens * 2 * e->s.inner, sizeof *t.up);
	assert_non_null(t.up);
	data_make(&d, e);
	assert_int_equal(nct_net_forward(n, &d.b, &without, &count, NULL, NULL), NCT_OK);
	assert_int_equal(nct_net_set_observer(n, count_site, &t), NCT_OK);
	assert_int_equal(nct_net_forward(n, &d.b, &with, &count, NULL, NULL), NCT_OK);
	assert_memory_equal(&with, &without, sizeof with);
	for (size_t i = 0; i <= NCT_SITE_NORMF; i++)
		assert_int_equal(t.calls[i], want[i]);
	assert_true(fabs(t.mean_square - 1.0) < 1e-4); /* of unit embeddings, without the gain */
	assert_true(t.gate_fits);
	free(t.up);
	data_free(&d);
	nct_net_free(n);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_gradients_add_up),
		cmocka_unit_test(test_threads_change_nothing),
		cmocka_unit_test(test_large_vocabulary),
		cmocka_unit_test(test_smaller_batches),
		cmocka_unit_test(test_hits),
		cmocka_unit_test(test_not_a_number),
		cmocka_unit_test(test_bad_batches),
		cmocka_unit_test(test_taps),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
