/* test_float_kernels.c - float kernels against "ref" to the last bit, "ref" and products against doubles. */
#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/parallel.h"
#include "base/rng.h"
#include "kernels/float.h"
#include "kernels/gemm.h"

#define LONGEST 71
#define ROOM (2 * LONGEST + 16)

static float
between(nct_rng *r, double lo, double hi)
{
	return (float)(lo + (hi - lo) * nct_rng_unit(r));
}

/* ---- every kernel, on the same numbers ---- */

/* Arguments of all kernels, and room for what they write; `ret` holds what they give back. */
struct args {
	float a[ROOM], b[ROOM], c[ROOM], d[ROOM], x[ROOM], y[ROOM], z[ROOM], ret;
};

static void
args_fill(struct args *g, nct_rng *r)
{
	float *const all[] = {g->a, g->b, g->c, g->d, g->x, g->y, g->z};

	for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
		for (size_t j = 0; j < ROOM; j++)
			all[i][j] = between(r, -2.0, 2.0);
	g->ret = 0.0f;
}

enum kernel { NORM, NORM_BACK, GATE, GATE_BACK, ADD_MAX, MAX, EXP_SUM, SCORE_BACK, DOT, ADD, ADD_SCALED, SCALE, SQUARE_ADD, SQUARE_SCALED, DESCEND, KERNELS };

static const char *const names[KERNELS] = {"norm", "norm_back", "gate", "gate_back", "add_max", "add_max of nothing", "exp_sum",
	"score_back", "dot", "add", "add_scaled", "scale", "square_add", "square_scaled", "descend"};

/* Inputs are a, b, c, d and, where something is changed in place, x, y, z. */
static void
call(const struct nct_float *k, enum kernel which, struct args *g, size_t off, size_t n)
{
	const float *a = g->a + off, *b = g->b + off, *c = g->c + off, *d = g->d + off;
	float *x = g->x + off, *y = g->y + off, *z = g->z + off;

	switch (which) {
	case NORM: k->norm(x, a, b, n); break;
	case NORM_BACK: k->norm_back(x, y, z, a, b, c, d, n); break;
	case GATE: k->gate(x, a, n); break;
	case GATE_BACK: k->gate_back(x, y, a, n); break;
	case ADD_MAX: g->ret = k->add_max(x, a, n); break;
	case MAX: g->ret = k->add_max(x, NULL, n); break;
	case EXP_SUM: g->ret = k->exp_sum(x, 1.5f, n); break;
	case SCORE_BACK: k->score_back(x, y, z, a, 3.5f, 0.25f, n); break;
	case DOT: g->ret = k->dot(a, b, n); break;
	case ADD: k->add(x, a, n); break;
	case ADD_SCALED: k->add_scaled(x, a, 0.7f, n); break;
	case SCALE: k->scale(x, 0.7f, n); break;
	case SQUARE_ADD: g->ret = k->square_add(x, a, n); break;
	case SQUARE_SCALED: g->ret = k->square_scaled(a, b, n); break;
	case DESCEND: k->descend(x, a, b, 0.3f, n); break;
	case KERNELS: break;
	}
}

/* Every usable row agrees with "ref" to the last bit, at every length and alignment, and writes nothing else. */
static void
test_rows_agree(void **state)
{
	const struct nct_float *k;
	struct args start, want, got;
	nct_rng r = {1};

	(void)state;
	for (size_t i = 0; nct_float_name(i) != NULL; i++) {
		assert_int_equal(nct_float_choose(&k, nct_float_name(i)), NCT_OK);
		for (int which = 0; which < KERNELS; which++)
			for (size_t n = 1; n <= LONGEST; n++) {
				const size_t off = n % 8;

				args_fill(&start, &r);
				want = got = start;
				call(&nct_float_ref, (enum kernel)which, &want, off, n);
				call(k, (enum kernel)which, &got, off, n);
				if (memcmp(&want, &got, sizeof want) != 0)
					fail_msg("%s: %s of %zu differs from ref", k->name, names[which], n);
			}
	}
}

/* What kernel `which` should make of *s, in doubles: to x, y, z and ret of *w. Only [0, n) (z: or [0, 2n)) is set. */
struct wanted {
	double x[ROOM], y[ROOM], z[ROOM], ret;
};

static void
wanted_copy(struct wanted *w, const struct args *s)
{
	for (size_t i = 0; i < ROOM; i++) {
		w->x[i] = (double)s->x[i];
		w->y[i] = (double)s->y[i];
		w->z[i] = (double)s->z[i];
	}
	w->ret = 0.0;
}

static void
wanted_norm(struct wanted *w, const struct args *s, size_t n, int back)
{
	double squares = 0.0, mean = 0.0, r;

	for (size_t i = 0; i < n; i++)
		squares += (double)s->a[i] * (double)s->a[i];
	r = 1.0 / sqrt(squares / (double)n + 1e-6);
	for (size_t i = 0; i < n; i++)
		mean += (double)s->c[i] * (double)s->b[i] * (double)s->a[i] * r / (double)n;
	for (size_t i = 0; i < n; i++) {
		const double h = (double)s->a[i] * r, g = (double)s->b[i], dy = (double)s->c[i];

		if (back) {
			w->x[i] = (double)s->d[i] + r * (dy * g - h * mean);
			w->y[i] += dy * h;
			w->z[i] = h * g;
		} else
			w->x[i] = h * g;
	}
}

static void
wanted_gate(struct wanted *w, const struct args *s, size_t n, int back)
{
	const float *gu = back ? s->y : s->a;

	for (size_t i = 0; i < n; i++) {
		const double g = (double)gu[i], u = (double)gu[n + i], dh = (double)s->a[i];

		w->x[i] = fmax(g, 0.0) * u;
		if (back) {
			w->y[i] = g > 0.0 ? dh * u : 0.0;
			w->y[n + i] = dh * fmax(g, 0.0);
		}
	}
}

static void
wanted_of(enum kernel which, struct wanted *w, const struct args *s, size_t n)
{
	wanted_copy(w, s);
	if (which == NORM || which == NORM_BACK)
		wanted_norm(w, s, n, which == NORM_BACK);
	if (which == GATE || which == GATE_BACK)
		wanted_gate(w, s, n, which == GATE_BACK);
	if (which == ADD_MAX || which == MAX)
		w->ret = -INFINITY;
	for (size_t i = 0; i < n; i++) {
		const double a = (double)s->a[i], b = (double)s->b[i], x = (double)s->x[i];

		switch (which) {
		case ADD_MAX: w->x[i] = x + a; w->ret = fmax(w->ret, w->x[i]); break;
		case MAX: w->ret = fmax(w->ret, x); break;
		case EXP_SUM: w->x[i] = exp(x - 1.5); w->ret += w->x[i]; break;
		case SCORE_BACK:
			w->x[i] = exp(x + a - 3.5);
			w->y[i] = w->x[i] * ((double)s->y[i] - 0.25);
			w->z[i] += w->y[i];
			break;
		case DOT: w->ret += a * b; break;
		case ADD: w->x[i] = x + a; break;
		case SCALE: w->x[i] = x * 0.7; break;
		case SQUARE_ADD: w->x[i] = x + a * a; w->ret += a * a; break;
		case SQUARE_SCALED: w->ret += a * b * a * b; break;
		case DESCEND: w->x[i] = x - 0.3 * (a * b); break;
		default: break;
		}
	}
}

/* Eight sums of up to nine products of numbers below 4, each rounded to 2^-24 of itself, and a few steps more: 2e-5 in all. */
static void
test_ref_is_right(void **state)
{
	static struct wanted want;
	struct args start, got;
	nct_rng r = {2};

	(void)state;
	for (int which = 0; which < KERNELS; which++)
		for (size_t n = 1; n <= LONGEST; n++) {
			args_fill(&start, &r);
			got = start;
			call(&nct_float_ref, (enum kernel)which, &got, 0, n);
			wanted_of((enum kernel)which, &want, &start, n);
			if (!(fabs((double)got.ret - want.ret) <= 2e-5 * (1.0 + fabs(want.ret))))
				fail_msg("%s of %zu gives %.9g, want %.9g", names[which], n, (double)got.ret, want.ret);
			for (size_t i = 0; i < ROOM; i++)
				if (!(fabs((double)got.x[i] - want.x[i]) <= 2e-5 * (1.0 + fabs(want.x[i])) &&
				      fabs((double)got.y[i] - want.y[i]) <= 2e-5 * (1.0 + fabs(want.y[i])) &&
				      fabs((double)got.z[i] - want.z[i]) <= 2e-5 * (1.0 + fabs(want.z[i]))))
					fail_msg("%s of %zu: element %zu is wrong", names[which], n, i);
		}
}

/* A NaN among the inputs reaches what is written or given back; none is made into a number. */
static void
test_nan_stays(void **state)
{
	static const enum kernel passing[] = {NORM, NORM_BACK, GATE, EXP_SUM, SCORE_BACK, DOT, ADD, SCALE, SQUARE_ADD, SQUARE_SCALED, DESCEND};
	struct args g;
	nct_rng r = {3};

	(void)state;
	for (size_t w = 0; w < sizeof passing / sizeof passing[0]; w++)
		for (size_t n = 1; n <= 19; n++)
			for (size_t i = 0; i < n; i++) {
				int seen;

				args_fill(&g, &r);
				g.a[i] = NAN;
				if (passing[w] == EXP_SUM || passing[w] == SCALE)
					g.x[i] = NAN;
				call(&nct_float_ref, passing[w], &g, 0, n);
				seen = isnan(g.ret) || isnan(g.x[i]);
				if (!seen)
					fail_msg("%s of %zu: the NaN at %zu is lost", names[passing[w]], n, i);
			}
}

/* exp within 2 ulp where it is taken, 0 below, and no infinity made of ordinary scores. */
static void
test_exponential(void **state)
{
	(void)state;
	for (double x = -79.9; x < 80.0; x += 0.0137) {
		float e = (float)x;
		const double want = exp((double)e);

		(void)nct_float_ref.exp_sum(&e, 0.0f, 1);
		if (!(fabs((double)e - want) <= 2.4e-7 * want))
			fail_msg("exp(%.9g) is %.9g, want %.9g", x, (double)e, want);
	}
	for (double x = -80.1; x > -1e38; x *= 1.7) {
		float e = (float)x;

		assert_true(nct_float_ref.exp_sum(&e, 0.0f, 1) == 0.0f && e == 0.0f);
	}
}

static void
test_choosing(void **state)
{
	const struct nct_float *k;
	size_t rows = 0;

	(void)state;
	assert_int_equal(nct_float_choose(&k, NULL), NCT_OK);
	assert_string_equal(k->name, nct_float_name(0));
	assert_int_equal(nct_float_choose(&k, "mmx"), NCT_EARG);
	assert_null(k);
	while (nct_float_name(rows) != NULL)
		rows++;
	assert_string_equal(nct_float_name(rows - 1), "ref");
}

/* ---- products ---- */

struct product {
	char ta, tb;
	size_t m, n, k;
	float alpha, beta;
};

static const struct product products[] = {
	{'N', 'N', 1, 1, 1, 1.0f, 0.0f}, {'N', 'T', 3, 5, 7, 0.5f, 1.0f}, {'T', 'N', 65, 64, 33, 1.0f, 1.0f},
	{'T', 'T', 17, 29, 64, -1.0f, 0.5f}, {'N', 'T', 256, 257, 100, 1.0f, 0.0f}, {'T', 'N', 128, 200, 300, 1.0f, 1.0f},
};

/* Operands with strides of their own, in one block: a, b, c. */
static float *
operands(const struct product *p, float **b, float **c, size_t *lda, size_t *ldb, size_t *ldc)
{
	const size_t rows_a = p->ta == 'T' ? p->k : p->m, rows_b = p->tb == 'T' ? p->n : p->k;
	float *a;
	nct_rng r = {4};

	*lda = nct_stride(p->ta == 'T' ? p->m : p->k);
	*ldb = (p->tb == 'T' ? p->k : p->n) + 3;
	*ldc = p->n + 1;
	a = calloc(rows_a * *lda + rows_b * *ldb + p->m * *ldc, sizeof *a);
	assert_non_null(a);
	*b = a + rows_a * *lda;
	*c = *b + rows_b * *ldb;
	for (float *x = a; x < *c + p->m * *ldc; x++)
		*x = between(&r, -1.0, 1.0);
	return a;
}

static void
test_products(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof products / sizeof products[0]; i++) {
		const struct product *p = &products[i];
		size_t lda, ldb, ldc;
		float *b, *c, *a = operands(p, &b, &c, &lda, &ldb, &ldc), *was = malloc(p->m * ldc * sizeof *was);

		assert_non_null(was);
		memcpy(was, c, p->m * ldc * sizeof *was);
		assert_int_equal(nct_gemm(p->ta, p->tb, p->m, p->n, p->k, p->alpha, a, lda, b, ldb, p->beta, c, ldc), NCT_OK);
		for (size_t y = 0; y < p->m; y++) {
			for (size_t x = 0; x < p->n; x++) {
				double want = 0.0;

				for (size_t k = 0; k < p->k; k++)
					want += (double)a[p->ta == 'T' ? k * lda + y : y * lda + k] *
					        (double)b[p->tb == 'T' ? x * ldb + k : k * ldb + x];
				want = (double)p->alpha * want + (double)p->beta * (double)was[y * ldc + x];
				if (!(fabs((double)c[y * ldc + x] - want) <= 2e-5))
					fail_msg("product %zu: (%zu,%zu) is %.9g, want %.9g", i, y, x, (double)c[y * ldc + x], want);
			}
			assert_true(c[y * ldc + p->n] == was[y * ldc + p->n]); /* the gap between rows */
		}
		free(a);
		free(was);
	}
}

/* The same product, many times over, by one or several threads. */
#define TIMES 8

struct crowd {
	const float *a, *b;
	float *c; /* (TIMES,256,256) */
	nct_err err[TIMES];
};

static void
crowd_task(void *ctx, size_t i, unsigned worker)
{
	struct crowd *w = ctx;

	(void)worker;
	w->err[i] = nct_gemm('T', 'N', 256, 256, 700, 1.0f, w->a, 272, w->b, 272, 0.0f, w->c + i * 256 * 256, 256);
}

static void
test_products_have_the_same_bits(void **state)
{
	struct crowd w;
	const size_t bytes = 256 * 256 * sizeof *w.c;
	float *a = calloc((size_t)2 * 700 * 272, sizeof *a), *c = calloc(TIMES, bytes), *alone = malloc(bytes);
	nct_rng r = {5};

	(void)state;
	assert_true(a != NULL && c != NULL && alone != NULL);
	for (size_t i = 0; i < (size_t)2 * 700 * 272; i++)
		a[i] = between(&r, -1.0, 1.0);
	w.a = a;
	w.b = a + (size_t)700 * 272;
	w.c = c;
	crowd_task(&w, 0, 0);
	assert_int_equal(w.err[0], NCT_OK);
	memcpy(alone, c, bytes);
	for (unsigned threads = 1; threads <= 4; threads++) {
		memset(c, 0, TIMES * bytes);
		nct_parallel(TIMES, threads, crowd_task, &w);
		for (size_t i = 0; i < TIMES; i++) {
			assert_int_equal(w.err[i], NCT_OK);
			assert_memory_equal(c + i * 256 * 256, alone, bytes);
		}
	}
	free(alone);
	free(a);
	free(c);
}

static void
test_strides(void **state)
{
	(void)state;
	for (size_t cols = 1; cols < 5000; cols++)
		assert_true(nct_stride(cols) >= cols && nct_stride(cols) < cols + 32 && nct_stride(cols) / 16 % 2 == 1 &&
		            nct_stride(cols) % 16 == 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows_agree),
		cmocka_unit_test(test_ref_is_right),
		cmocka_unit_test(test_nan_stays),
		cmocka_unit_test(test_exponential),
		cmocka_unit_test(test_choosing),
		cmocka_unit_test(test_products),
		cmocka_unit_test(test_products_have_the_same_bits),
		cmocka_unit_test(test_strides),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
