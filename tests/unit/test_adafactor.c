/* test_adafactor.c - compares the optimiser with the published update, computed in doubles. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/rng.h"
#include "train/adafactor.h"

/* The first shape has one head, so that `bias` is L x (1,32) and has full moments. Its embed and up have more rows
 * than one task takes. */
static const struct nct_shape shapes[] = {
	{17, 150, 24, 1, 2, 140, 16, 0}, {9, 9, 10, 2, 1, 7, 16, 5}, {2, 1, 1, 1, 1, 1, 1, 0}};

#define SHAPES (sizeof shapes / sizeof shapes[0])

static void *
zeros(size_t n, size_t size)
{
	void *x = calloc(n, size);

	assert_non_null(x);
	return x;
}

/* ---- algorithms 4 and 5 of Shazeer and Stern (2018) for one matrix, in doubles ---- */

struct plain {
	double *r, *c, *v; /* means of rows and of columns; v: full moments */
};

/* The update u (rows,cols) for gradient g at step t. `factored`: with means of rows and columns. */
static void
plain_update(struct plain *s, double *u, const double *g, size_t rows, size_t cols, int factored, double t)
{
	const double b2 = 1.0 - pow(t, -0.8), n = (double)rows * (double)cols;
	double mean = 0.0, squares = 0.0;

	for (size_t i = 0; factored && i < rows; i++) {
		double sum = 0.0;

		for (size_t j = 0; j < cols; j++)
			sum += g[i * cols + j] * g[i * cols + j] + 1e-30;
		s->r[i] = b2 * s->r[i] + (1.0 - b2) * sum / (double)cols;
		mean += s->r[i] / (double)rows;
	}
	for (size_t j = 0; factored && j < cols; j++) {
		double sum = 0.0;

		for (size_t i = 0; i < rows; i++)
			sum += g[i * cols + j] * g[i * cols + j] + 1e-30;
		s->c[j] = b2 * s->c[j] + (1.0 - b2) * sum / (double)rows;
	}
	for (size_t k = 0; k < rows * cols; k++) {
		double v;

		if (factored)
			v = s->r[k / cols] * s->c[k % cols] / mean;
		else
			v = s->v[k] = b2 * s->v[k] + (1.0 - b2) * (g[k] * g[k] + 1e-30);
		u[k] = g[k] / sqrt(v);
		squares += u[k] * u[k] / n;
	}
	for (size_t k = 0; k < rows * cols; k++)
		u[k] /= fmax(1.0, sqrt(squares));
}

static void
plain_descend(double *p, const double *u, size_t n, double lr)
{
	double squares = 0.0, alpha;

	for (size_t k = 0; k < n; k++)
		squares += p[k] * p[k] / (double)n;
	alpha = fmax(1e-3, sqrt(squares)) * lr;
	for (size_t k = 0; k < n; k++)
		p[k] -= alpha * u[k];
}

/* ---- steps ---- */

struct problem {
	struct nct_tensor t[NCT_P_COUNT];
	size_t total;
	float *params, *grads;
};

static void
problem_make(struct problem *p, const struct nct_shape *s)
{
	nct_rng r = {11};

	assert_int_equal(nct_shape_tensors(s, p->t, &p->total, NULL), NCT_OK);
	p->params = zeros(p->total, sizeof(float));
	p->grads = zeros(p->total, sizeof(float));
	for (size_t i = 0; i < p->total; i++)
		p->params[i] = (float)(nct_rng_unit(&r) - 0.5);
	/* one tensor is near 0, so that the smallest scale of a step is used */
	for (size_t i = 0; i < p->t[NCT_P_PROJ].size; i++)
		p->params[p->t[NCT_P_PROJ].offset + i] *= 1e-5f;
}

static void
problem_free(struct problem *p)
{
	free(p->params);
	free(p->grads);
}

/* Makes the gradients of a step. Their sizes differ much between rows. They grow at step 3, so that updates are
 * clipped. All of `head` is 0 at first. */
static void
problem_grads(struct problem *p, uint64_t step)
{
	nct_rng r = {step};

	for (size_t i = 0; i < p->total; i++) {
		const double size = (i / 7 % 3 == 0 ? 1e-6 : 1e-2) * (step == 3 ? 50.0 : 1.0);

		p->grads[i] = (float)(size * (nct_rng_unit(&r) - 0.3));
		if (step == 1 && i >= p->t[NCT_P_HEAD].offset)
			p->grads[i] = 0.0f;
	}
}

/* Makes the same steps with the optimiser and with a plain copy of every matrix, and compares the parameters. In
 * each step, p may be rounded by 6e-8 of its size before and after, and lr * scale * u may be off by 1e-6 of its
 * size. `slack` is the sum of these. */
static void
compare_steps(const struct nct_shape *s, struct problem *p)
{
	nct_adafactor *a;
	struct plain st;
	double *want = zeros(p->total, sizeof *want), *g = zeros(p->total, sizeof *g), *u = zeros(p->total, sizeof *u);
	/* blocks as large as the parameters, with each matrix's state at the matrix's offset */
	double *slack = zeros(p->total, sizeof *slack), *r = zeros(p->total, sizeof *r),
	       *c = zeros(p->total, sizeof *c), *v = zeros(p->total, sizeof *v);

	assert_int_equal(nct_adafactor_new(&a, s, 2, NULL, NULL), NCT_OK);
	for (size_t i = 0; i < p->total; i++)
		want[i] = (double)p->params[i];
	for (uint64_t step = 1; step <= 5; step++) {
		problem_grads(p, step);
		for (size_t i = 0; i < p->total; i++)
			g[i] = (double)p->grads[i];
		assert_int_equal(nct_adafactor_step(a, p->params, p->grads, step, 0.1, NULL), NCT_OK);
		for (size_t id = 0; id < NCT_P_COUNT; id++)
			for (size_t k = 0; k < p->t[id].stack; k++) {
				const size_t rows = p->t[id].rows, cols = p->t[id].cols, at = p->t[id].offset + k * rows * cols;

				st = (struct plain){r + at, c + at, v + at};
				plain_update(&st, u + at, g + at, rows, cols, rows > 1 && cols > 1, (double)step);
				plain_descend(want + at, u + at, rows * cols, 0.1);
			}
		for (size_t i = 0; i < p->total; i++) {
			slack[i] += 1.2e-7 * fabs(want[i]) + 1e-6 * 0.1 * 0.3 * fabs(u[i]);
			if (!(fabs((double)p->params[i] - want[i]) <= slack[i]))
				fail_msg("step %u: parameter %zu is %.9g, want %.9g", (unsigned)step, i, (double)p->params[i], want[i]);
		}
	}
	nct_adafactor_free(a);
	free(want);
	free(slack);
	free(g);
	free(u);
	free(r);
	free(c);
	free(v);
}

static void
test_steps_are_those_of_the_paper(void **state)
{
	(void)state;
	for (size_t i = 0; i < SHAPES; i++) {
		struct problem p;

		problem_make(&p, &shapes[i]);
		compare_steps(&shapes[i], &p);
		problem_free(&p);
	}
}

/* Three steps with `threads` threads on row `cpu`. After the second, the state moves to a new optimiser. */
static void
three_steps(struct problem *p, const struct nct_shape *s, unsigned threads, const char *cpu)
{
	nct_adafactor *a, *b;

	assert_int_equal(nct_adafactor_new(&a, s, threads, cpu, NULL), NCT_OK);
	for (uint64_t step = 1; step <= 2; step++) {
		problem_grads(p, step);
		assert_int_equal(nct_adafactor_step(a, p->params, p->grads, step, 0.1, NULL), NCT_OK);
	}
	assert_int_equal(nct_adafactor_new(&b, s, threads, cpu, NULL), NCT_OK);
	memcpy(nct_adafactor_state(b), nct_adafactor_state(a), nct_adafactor_floats(s) * sizeof(float));
	nct_adafactor_free(a);
	problem_grads(p, 3);
	assert_int_equal(nct_adafactor_step(b, p->params, p->grads, 3, 0.1, NULL), NCT_OK);
	nct_adafactor_free(b);
}

/* On every row, the number of threads and resuming make no difference. */
static void
test_threads_and_resuming_change_nothing(void **state)
{
	(void)state;
	for (size_t r = 0; nct_net_cpu(r) != NULL; r++) {
		struct problem want, got;
		nct_adafactor *a;

		problem_make(&want, &shapes[0]);
		assert_int_equal(nct_adafactor_new(&a, &shapes[0], 1, nct_net_cpu(r), NULL), NCT_OK);
		for (uint64_t step = 1; step <= 3; step++) {
			problem_grads(&want, step);
			assert_int_equal(nct_adafactor_step(a, want.params, want.grads, step, 0.1, NULL), NCT_OK);
		}
		nct_adafactor_free(a);
		for (unsigned threads = 1; threads <= 3; threads++) {
			problem_make(&got, &shapes[0]);
			three_steps(&got, &shapes[0], threads, nct_net_cpu(r));
			assert_memory_equal(got.params, want.params, want.total * sizeof(float));
			problem_free(&got);
		}
		problem_free(&want);
	}
}

/* A gradient that is not finite ends the step with the tensor's name, and leaves parameters and state unchanged. */
static void
test_not_finite(void **state)
{
	const float bad[] = {NAN, INFINITY, -INFINITY, 3e38f};
	const size_t floats = nct_adafactor_floats(&shapes[0]);
	struct problem p;
	nct_adafactor *a;
	float *params, *moments;
	nct_why why;

	(void)state;
	problem_make(&p, &shapes[0]);
	assert_int_equal(nct_adafactor_new(&a, &shapes[0], 2, NULL, NULL), NCT_OK);
	problem_grads(&p, 2);
	assert_int_equal(nct_adafactor_step(a, p.params, p.grads, 1, 0.1, NULL), NCT_OK);
	params = zeros(p.total, sizeof *params);
	moments = zeros(floats, sizeof *moments);
	memcpy(params, p.params, p.total * sizeof *params);
	memcpy(moments, nct_adafactor_state(a), floats * sizeof *moments);
	for (size_t id = 0; id < NCT_P_MODEL; id++)
		for (size_t k = 0; k < sizeof bad / sizeof bad[0]; k++) {
			float *g = p.grads + p.t[id].offset + (k % 2 == 0 ? 0 : p.t[id].size - 1), was = *g;

			*g = bad[k];
			why.text[0] = '\0';
			assert_int_equal(nct_adafactor_step(a, p.params, p.grads, 2, 0.1, &why), NCT_ENAN);
			if (strstr(why.text, p.t[id].name) == NULL)
				fail_msg("'%s' does not name %s", why.text, p.t[id].name);
			*g = was;
			assert_memory_equal(p.params, params, p.total * sizeof *params);
			assert_memory_equal(nct_adafactor_state(a), moments, floats * sizeof *moments);
		}
	assert_int_equal(nct_adafactor_step(a, p.params, p.grads, 0, 0.1, &why), NCT_EARG);
	assert_memory_equal(p.params, params, p.total * sizeof *params);
	free(params);
	free(moments);
	nct_adafactor_free(a);
	problem_free(&p);
}

/* Sizes of the state, counted by hand: rows + cols of each matrix, all of a vector. */
static void
test_state_size(void **state)
{
	const struct nct_shape *s = &shapes[0], broken = {17, 150, 24, 5, 2, 140, 16, 0};
	nct_adafactor *a;

	(void)state;
	assert_int_equal(nct_adafactor_floats(s), (150 + 24) + 2 * 24 + 6 * (24 + 24) + 2 * 32 + 2 * (24 + 24) + 2 * 24 +
	                                          4 * (140 + 24) + 2 * (24 + 140) + 24 + (17 + 24));
	assert_int_equal(nct_adafactor_floats(&broken), 0);
	assert_int_equal(nct_adafactor_new(&a, &broken, 1, NULL, NULL), NCT_EARG);
	assert_null(a);
	assert_int_equal(nct_adafactor_new(&a, s, 1, "no such row", NULL), NCT_EARG);
	assert_null(a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_steps_are_those_of_the_paper),
		cmocka_unit_test(test_threads_and_resuming_change_nothing),
		cmocka_unit_test(test_not_finite),
		cmocka_unit_test(test_state_size),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
