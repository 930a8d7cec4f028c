/* test_float_kernels.c - compares float kernels with "ref" to the last bit, and "ref" with doubles. */
#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/ladder.h"
#include "base/rng.h"
#include "float/float.h"

#define LONGEST 71
#define ROOM (2 * LONGEST + 16)

static float
between(nct_rng *r, double lo, double hi)
{
	return (float)(lo + (hi - lo) * nct_rng_unit(r));
}

/* ---- every kernel, on the same numbers ---- */

/* Arguments and results of all kernels; `ret` is the value returned. */
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

enum kernel {
	NORM,
	NORM_BACK,
	GATE,
	GATE_BACK,
	WEIGH,
	ADD_MAX,
	MAX,
	EXP_SUM,
	SCORE_BACK,
	DOT,
	ADD,
	ADD_SCALED,
	SCALE,
	SQUARE_ADD,
	SQUARE_SCALED,
	DESCEND,
	KERNELS
};

static const char *const names[KERNELS] = {
    "norm",       "norm_back", "gate", "gate_back",  "weigh", "add_max",    "add_max of nothing", "exp_sum",
    "score_back", "dot",       "add",  "add_scaled", "scale", "square_add", "square_scaled",      "descend"};

/* Calls one kernel. Inputs are a to d; x, y, z are outputs, or inputs that are changed in place. */
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
	case WEIGH: g->ret = k->weigh(x, y, z, a, 0.5f, n); break;
	case ADD_MAX: g->ret = k->add_max(x, a, n); break;
	case MAX: g->ret = k->add_max(x, NULL, n); break;
	case EXP_SUM: g->ret = k->exp_sum(x, 1.5f, n); break;
	case SCORE_BACK: k->score_back(x, y, z, a, 0.5f, 3.5f, 0.25f, n); break;
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

/* "avx2" agrees with "ref" to the last bit, at every length and alignment, and writes nothing else. */
static void
test_rows_agree(void **state)
{
	const struct nct_float *k;
	struct args start, want, got;
	nct_rng r = {1};

	(void)state;
	for (size_t i = 0; nct_float_name(i) != NULL; i++) {
		assert_int_equal(nct_float_choose(&k, nct_float_name(i)), NCT_OK);
		if (strcmp(k->name, "avx2") != 0 && strcmp(k->name, "ref") != 0)
			continue;
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

/* What a kernel should make of its arguments, in doubles. Elements that it does not write keep their values. */
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

/* Here x is p, y the scores, and z[0] their sum. */
static void
wanted_weigh(struct wanted *w, const struct args *s, size_t n)
{
	w->ret = -INFINITY;
	for (size_t i = 0; i < n; i++) {
		w->y[i] = 0.5 * (double)s->y[i] + (double)s->a[i];
		w->ret = fmax(w->ret, w->y[i]);
	}
	w->z[0] = 0.0;
	for (size_t i = 0; i < n; i++) {
		w->x[i] = exp(w->y[i] - w->ret);
		w->z[0] += w->x[i];
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
	if (which == WEIGH)
		wanted_weigh(w, s, n);
	if (which == ADD_MAX || which == MAX)
		w->ret = -INFINITY;
	for (size_t i = 0; i < n; i++) {
		const double a = (double)s->a[i], b = (double)s->b[i], x = (double)s->x[i];

		switch (which) {
		case ADD_MAX: w->x[i] = x + a; w->ret = fmax(w->ret, w->x[i]); break;
		case MAX: w->ret = fmax(w->ret, x); break;
		case WEIGH: break;
		case EXP_SUM: w->x[i] = exp(x - 1.5); w->ret += w->x[i]; break;
		case SCORE_BACK:
			w->x[i] = exp(0.5 * x + a - 3.5);
			w->y[i] = w->x[i] * ((double)s->y[i] - 0.25);
			w->z[i] += w->y[i];
			w->y[i] *= 0.5;
			break;
		case DOT: w->ret += a * b; break;
		case ADD: w->x[i] = x + a; break;
		case ADD_SCALED: w->x[i] = x + a * 0.7; break;
		case SCALE: w->x[i] = x * 0.7; break;
		case SQUARE_ADD: w->x[i] = x + a * a; w->ret += a * a; break;
		case SQUARE_SCALED: w->ret += a * b * a * b; break;
		case DESCEND: w->x[i] = x - 0.3 * (a * b); break;
		default: break;
		}
	}
}

/* The tolerance is 2e-5: eight sums of up to nine products of numbers below 4, each rounded to 2^-24 of itself, and
 * a few operations more. */
static void
check_row(const struct nct_float *k)
{
	static struct wanted want;
	struct args start, got;
	nct_rng r = {2};

	for (int which = 0; which < KERNELS; which++)
		for (size_t n = 1; n <= LONGEST; n++) {
			args_fill(&start, &r);
			got = start;
			call(k, (enum kernel)which, &got, 0, n);
			wanted_of((enum kernel)which, &want, &start, n);
			if (!(fabs((double)got.ret - want.ret) <= 2e-5 * (1.0 + fabs(want.ret))))
				fail_msg("%s: %s of %zu gives %.9g, want %.9g", k->name, names[which], n, (double)got.ret, want.ret);
			for (size_t i = 0; i < ROOM; i++)
				if (!(fabs((double)got.x[i] - want.x[i]) <= 2e-5 * (1.0 + fabs(want.x[i])) &&
				      fabs((double)got.y[i] - want.y[i]) <= 2e-5 * (1.0 + fabs(want.y[i])) &&
				      fabs((double)got.z[i] - want.z[i]) <= 2e-5 * (1.0 + fabs(want.z[i]))))
					fail_msg("%s: %s of %zu: element %zu is wrong", k->name, names[which], n, i);
		}
}

/* Checks every usable row whose elements are floats. */
static void
test_rows_are_right(void **state)
{
	const struct nct_float *k;

	(void)state;
	for (size_t i = 0; nct_float_name(i) != NULL; i++) {
		assert_int_equal(nct_float_choose(&k, nct_float_name(i)), NCT_OK);
		if (k->element == sizeof(float))
			check_row(k);
	}
}

/* ---- rows with bf16 elements ---- */

/* The elements differ from want[] by rounding to eight bits, and by little else. */
static void
check_rounded(const struct nct_float *k, const char *what, const void *elements, const float *want, size_t n)
{
	float y[ROOM];

	k->to_floats(y, elements, n);
	for (size_t i = 0; i < n; i++)
		if (!(fabs((double)y[i] - (double)want[i]) <= 0.00391 * fabs((double)want[i]) + 1e-5))
			fail_msg("%s: %s of %zu: element %zu is %.9g, want %.9g", k->name, what, n, i, (double)y[i], (double)want[i]);
}

/* Rounds x to elements, which are written to e, and x becomes their values. */
static void
round_to(const struct nct_float *k, void *e, float *x, size_t n)
{
	k->to_elements(e, x, 1.0f, n);
	k->to_floats(x, e, n);
}

/* Kernels that read or write elements do the same as "ref" on the rounded numbers, except for rounding of results. */
static void
check_elements(const struct nct_float *k, size_t n, nct_rng *r)
{
	const struct nct_float *f = &nct_float_ref;
	struct args g, w;
	uint16_t e[ROOM], d[ROOM], h[ROOM];
	float sum, want_sum;

	args_fill(&g, r);
	w = g;
	k->norm(e, g.a, g.b, n);
	f->norm(w.x, g.a, g.b, n);
	check_rounded(k, "norm", e, w.x, n);
	k->norm_back(g.x, g.y, e, g.a, g.b, g.c, g.d, n);
	f->norm_back(w.x, w.y, w.z, g.a, g.b, g.c, g.d, n);
	check_rounded(k, "norm_back", e, w.z, n);
	for (size_t i = 0; i < n; i++)
		assert_true(fabsf(g.x[i] - w.x[i]) < 1e-4f && fabsf(g.y[i] - w.y[i]) < 1e-4f);
	round_to(k, e, w.a, 2 * n);
	k->gate(h, e, n);
	f->gate(w.x, w.a, n);
	check_rounded(k, "gate", h, w.x, n);
	round_to(k, d, w.b, n);
	assert_true(fabsf(k->dot_elements(e, d, n) - f->dot_elements(w.a, w.b, n)) < 1e-3f);
	k->gate_back(h, e, d, n);
	f->gate_back(w.x, w.a, w.b, n);
	check_rounded(k, "gate_back, h", h, w.x, n);
	check_rounded(k, "gate_back", e, w.a, 2 * n);
	memcpy(w.y, g.y, sizeof w.y);
	assert_true(fabsf(k->weigh(e, g.y, &sum, g.c, 0.5f, n) - f->weigh(w.x, w.y, &want_sum, g.c, 0.5f, n)) < 1e-6f);
	assert_true(fabsf(sum - want_sum) <= 1e-5f * want_sum);
	check_rounded(k, "weigh", e, w.x, n);
}

static void
test_short_elements(void **state)
{
	const struct nct_float *k;
	nct_rng r = {6};

	(void)state;
	for (size_t i = 0; nct_float_name(i) != NULL; i++) {
		assert_int_equal(nct_float_choose(&k, nct_float_name(i)), NCT_OK);
		for (size_t n = 1; k->element == 2 && n <= LONGEST; n++)
			check_elements(k, n, &r);
	}
}

/* A NaN among the inputs appears in the results. */
static void
test_nan_stays(void **state)
{
	static const enum kernel passing[] = {NORM, NORM_BACK,  GATE,  EXP_SUM,    SCORE_BACK,    DOT,
	                                      ADD,  ADD_SCALED, SCALE, SQUARE_ADD, SQUARE_SCALED, DESCEND};
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

/* exp() is within 2 ulp in its range and 0 below, and ordinary scores give no infinity. */
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
	while (nct_float_name(rows) != NULL) {
		assert_int_equal(nct_float_choose(&k, nct_float_name(rows)), NCT_OK);
		assert_string_equal(k->name, nct_float_name(rows));
		assert_int_equal(nct_float_single(k)->element, sizeof(float));
		rows++;
	}
	assert_string_equal(nct_float_name(rows - 1), "ref");
	/* a name without a row gives a lower row; a row that this machine cannot run gives an error */
	for (size_t i = 0; nct_ladder_name(i) != NULL; i++)
		assert_true(nct_float_choose(&k, nct_ladder_name(i)) != NCT_OK || nct_ladder_serves(k->name, nct_ladder_name(i)));
	assert_true(!nct_ladder_serves("avx2", "ref") && !nct_ladder_serves("mmx", "mmx") && nct_ladder_serves("ref", NULL));
}

/* ---- dot products of a matrix's rows ---- */

#define DOTS_MOST 11

/* A matrix as it is stored, and its numbers as floats. */
struct stored {
	float f32[DOTS_MOST * LONGEST], scale[DOTS_MOST];
	uint16_t bf16[DOTS_MOST * LONGEST];
	int8_t int8[DOTS_MOST * LONGEST];
	float numbers[DOTS_MOST * LONGEST];
};

static const void *
stored_fill(struct stored *w, enum nct_dots_type type, nct_rng *r)
{
	for (size_t i = 0; i < DOTS_MOST * LONGEST; i++) {
		uint32_t u;

		w->f32[i] = w->numbers[i] = between(r, -2.0, 2.0);
		memcpy(&u, &w->f32[i], sizeof u);
		w->bf16[i] = (uint16_t)(u >> 16);
		u &= 0xffff0000u;
		w->int8[i] = (int8_t)((int)nct_rng_below(r, 255) - 127);
		if (type == NCT_DOTS_BF16)
			memcpy(&w->numbers[i], &u, sizeof u);
		if (type == NCT_DOTS_INT8)
			w->numbers[i] = (float)w->int8[i];
	}
	for (size_t i = 0; i < DOTS_MOST; i++)
		w->scale[i] = between(r, 0.001, 0.1);
	return type == NCT_DOTS_F32 ? (const void *)w->f32 : type == NCT_DOTS_BF16 ? (const void *)w->bf16 : w->int8;
}

/* Each result has the bits that dot() gives for the same numbers as floats, however many rows and vectors there are.
 * Nothing else is written. So "avx2" agrees with "ref" to the last bit. */
static void
dots_agree(const struct nct_float *k, enum nct_dots_type type, nct_rng *r)
{
	static struct stored w;
	float x[DOTS_MOST * ROOM], y[DOTS_MOST * ROOM], was[DOTS_MOST * ROOM];

	for (size_t i = 0; i < 400; i++) {
		struct nct_dots d = {.out = 1 + i % DOTS_MOST, .count = 1 + i / DOTS_MOST % DOTS_MOST, .n = 1 + i % LONGEST,
		                     .type = type, .w = stored_fill(&w, type, r), .x = x, .ldx = ROOM, .y = y,
		                     .ldy = ROOM - i % 3, .add = i % 5 == 0};

		d.scale = type == NCT_DOTS_INT8 ? w.scale : NULL;
		for (size_t j = 0; j < DOTS_MOST * ROOM; j++) {
			x[j] = between(r, -2.0, 2.0);
			y[j] = was[j] = between(r, -2.0, 2.0);
		}
		k->dots(&d);
		for (size_t c = 0; c < d.count; c++)
			for (size_t o = 0; o < d.out; o++) {
				const float scale = type == NCT_DOTS_INT8 ? w.scale[o] : 1.0f;
				const float dot = k->dot(w.numbers + o * d.n, x + c * d.ldx, d.n) * scale;

				was[c * d.ldy + o] = d.add ? was[c * d.ldy + o] + dot : dot;
			}
		if (memcmp(y, was, sizeof y) != 0)
			fail_msg("%s: type %d, %zu rows by %zu vectors of %zu", k->name, (int)type, d.out, d.count, d.n);
	}
}

static void
test_dots(void **state)
{
	const struct nct_float *k;
	nct_rng r = {3};

	(void)state;
	for (size_t row = 0; nct_float_name(row) != NULL; row++) {
		assert_int_equal(nct_float_choose(&k, nct_float_name(row)), NCT_OK);
		for (int type = 0; type < NCT_DOTS_TYPES; type++)
			dots_agree(k, (enum nct_dots_type)type, &r);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows_agree),
		cmocka_unit_test(test_rows_are_right),
		cmocka_unit_test(test_short_elements),
		cmocka_unit_test(test_nan_stays),
		cmocka_unit_test(test_exponential),
		cmocka_unit_test(test_choosing),
		cmocka_unit_test(test_dots),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
