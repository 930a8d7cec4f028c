/* test_compose.c - rows of tokens composed of rows of parts: what the passes see, and where gradients go. */
#include "net_example.h"

#include "net/compose.h"

#define PARTS 6

/* The example's net with parts, which are up to 3 for each token, some of them twice. */
struct composed {
	struct example e;
	struct nct_composition c;
	struct nct_tensor t[NCT_P_COUNT];
	size_t total;
	nct_net *net;
};

static void
composed_make(struct composed *x, const struct example *e, unsigned threads)
{
	nct_rng r = {11};

	x->e = *e;
	x->e.s.parts = PARTS;
	x->c = (struct nct_composition){.vocab = e->s.vocab, .parts = PARTS};
	x->c.at = calloc((size_t)e->s.vocab + 1, sizeof *x->c.at);
	x->c.part = calloc((size_t)e->s.vocab * 3, sizeof *x->c.part);
	assert_true(x->c.at != NULL && x->c.part != NULL);
	for (uint32_t t = 0; t < e->s.vocab; t++) {
		x->c.at[t + 1] = x->c.at[t] + (uint32_t)nct_rng_below(&r, 4);
		for (uint32_t i = x->c.at[t]; i < x->c.at[t + 1]; i++)
			x->c.part[i] = (uint32_t)nct_rng_below(&r, PARTS);
	}
	assert_int_equal(nct_shape_tensors(&x->e.s, x->t, &x->total, NULL), NCT_OK);
	x->net = net_make(&x->e, threads, "ref");
	assert_int_equal(nct_net_set_parts(x->net, &x->c), NCT_OK);
	nct_net_compose(x->net);
}

static void
composed_free(struct composed *x)
{
	nct_net_free(x->net);
	nct_composition_free(&x->c);
}

/* The loss, with gradients added up. */
static double
loss(nct_net *n, const struct example *e)
{
	struct data d;
	double nats;
	uint64_t count;

	data_make(&d, e);
	assert_int_equal(nct_net_backward(n, &d.b, 1.0f, e->zloss, &nats, &count), NCT_OK);
	data_free(&d);
	return nats;
}

/* A net without parts, with the sums for its rows, has the same loss and gradients. */
static void
test_sums(void **state)
{
	(void)state;
	for (size_t i = 0; i < EXAMPLES; i++)
		for (unsigned threads = 1; threads <= 3; threads += 2) {
			struct composed x;
			nct_net *plain;
			float *params;

			composed_make(&x, &examples[i], threads);
			params = malloc(x.total * sizeof *params);
			assert_non_null(params);
			memcpy(params, nct_net_params(x.net), x.total * sizeof *params);
			nct_compose(&x.e.s, &x.c, params);
			plain = net_make(&examples[i], threads, "ref");
			memcpy(nct_net_params(plain), params, x.t[NCT_P_PARTS].offset * sizeof *params);
			assert_true(loss(x.net, &x.e) == loss(plain, &examples[i]));
			assert_memory_equal(nct_net_grads(x.net), nct_net_grads(plain), x.t[NCT_P_PARTS].offset * sizeof *params);
			nct_net_free(plain);
			free(params);
			composed_free(&x);
		}
}

/* The gradient of a part's row is the sum of those of the rows that have it. */
static void
test_spread(void **state)
{
	(void)state;
	for (size_t i = 0; i < EXAMPLES; i++) {
		struct composed x;
		const float *g;

		composed_make(&x, &examples[i], 2);
		(void)loss(x.net, &x.e);
		nct_net_spread(x.net);
		g = nct_net_grads(x.net);
		for (unsigned out = 0; out < 2; out++)
			for (uint32_t w = 0; w < PARTS; w++)
				for (uint32_t j = 0; j < x.e.s.width; j++) {
					const float *rows = g + x.t[out ? NCT_P_HEAD : NCT_P_EMBED].offset;
					const double have = (double)g[x.t[NCT_P_PARTS].offset + (out * PARTS + w) * x.e.s.width + j];
					double want = 0, size = 1e-3;

					for (uint32_t t = 0; t < x.e.s.vocab; t++)
						for (uint32_t k = x.c.at[t]; k < x.c.at[t + 1]; k++)
							if (x.c.part[k] == w) {
								want += (double)rows[t * x.e.s.width + j];
								size += fabs((double)rows[t * x.e.s.width + j]);
							}
					assert_true(fabs(have - want) <= 1e-5 * size);
				}
		composed_free(&x);
	}
}

/* A small step along a part's row changes the loss as its gradient says. */
static void
test_slope(void **state)
{
	struct composed x;
	float *p, *g;
	const float step = 5e-4f; /* short enough to cross few kinks of ReLUs */
	size_t n;

	(void)state;
	composed_make(&x, &examples[0], 1);
	(void)loss(x.net, &x.e);
	nct_net_spread(x.net);
	p = nct_net_params(x.net) + x.t[NCT_P_PARTS].offset;
	n = x.t[NCT_P_PARTS].size;
	g = malloc(n * sizeof *g); /* the net adds to its own */
	assert_non_null(g);
	memcpy(g, nct_net_grads(x.net) + x.t[NCT_P_PARTS].offset, n * sizeof *g);
	for (size_t j = 0; j < n; j += 7) {
		const double slope = (double)g[j];
		double change = 0;

		for (int side = 1; side >= -1; side -= 2) {
			p[j] += (float)side * step;
			nct_net_compose(x.net);
			change += side * loss(x.net, &x.e);
			p[j] -= (float)side * step;
		}
		if (fabs(change / (2 * (double)step) - slope) > 0.02 * (1 + fabs(slope)))
			fail_msg("part parameter %zu: slope %g, not %g", j, change / (2 * (double)step), slope);
	}
	free(g);
	composed_free(&x);
}

/* Without parts nothing is composed, and nothing is there for them. */
static void
test_none(void **state)
{
	struct nct_tensor t[NCT_P_COUNT];
	size_t total;
	nct_net *n = net_make(&examples[0], 1, "ref");

	(void)state;
	assert_int_equal(nct_shape_tensors(&examples[0].s, t, &total, NULL), NCT_OK);
	assert_int_equal(t[NCT_P_PARTS].size, 0);
	assert_int_equal(total, t[NCT_P_HEAD].offset + t[NCT_P_HEAD].size);
	nct_net_compose(n);
	nct_net_spread(n);
	nct_net_free(n);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sums), cmocka_unit_test(test_spread), cmocka_unit_test(test_slope), cmocka_unit_test(test_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
