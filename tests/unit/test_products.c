/* test_products.c - compares matrix products of every row of kernels with sums in doubles, and checks packing. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/rng.h"
#include "float/float.h"

/* Shapes with sizes near those of tiles, panels and words. */
static const struct shape {
	size_t m, n, k;
} shapes[] = {{1, 1, 1},    {3, 5, 7},     {6, 16, 2},     {7, 63, 33},
              {13, 64, 64}, {65, 65, 129}, {64, 257, 100}, {130, 200, 301}};

#define SHAPES (sizeof shapes / sizeof shapes[0])

static void *
zeros(size_t n)
{
	void *p = calloc(n, 1);

	assert_non_null(p);
	return p;
}

/* A (m,k), B (k,n) and B transposed, as floats that are exact as elements, and as elements. */
struct operands {
	struct shape s;
	size_t lda, ldb, ldt;
	float *a, *b, *t;
	unsigned char *ea, *eb, *et;
};

static void
fill(const struct nct_float *k, float *x, unsigned char *e, size_t ld, size_t rows, size_t cols, nct_rng *r)
{
	for (size_t i = 0; i < rows; i++) {
		for (size_t j = 0; j < cols; j++)
			x[i * ld + j] = (float)(2.0 * nct_rng_unit(r) - 1.0);
		k->to_elements(e + i * ld * k->element, x + i * ld, 1.0f, cols);
		k->to_floats(x + i * ld, e + i * ld * k->element, cols);
	}
}

static void
operands_make(struct operands *o, const struct nct_float *k, const struct shape *s)
{
	nct_rng r = {4};

	*o = (struct operands){.s = *s,
	                       .lda = nct_stride(s->k, k->element),
	                       .ldb = nct_stride(s->n, k->element),
	                       .ldt = nct_stride(s->k, k->element)};
	o->a = zeros(s->m * o->lda * sizeof *o->a);
	o->b = zeros(s->k * o->ldb * sizeof *o->b);
	o->t = zeros(s->n * o->ldt * sizeof *o->t);
	o->ea = zeros(s->m * o->lda * k->element);
	o->eb = zeros(s->k * o->ldb * k->element);
	o->et = zeros(s->n * o->ldt * k->element);
	fill(k, o->a, o->ea, o->lda, s->m, s->k, &r);
	fill(k, o->b, o->eb, o->ldb, s->k, s->n, &r);
	for (size_t j = 0; j < s->n; j++) {
		for (size_t i = 0; i < s->k; i++)
			o->t[j * o->ldt + i] = o->b[i * o->ldb + j];
		k->to_elements(o->et + j * o->ldt * k->element, o->t + j * o->ldt, 1.0f, s->k);
	}
}

static void
operands_free(struct operands *o)
{
	free(o->a);
	free(o->b);
	free(o->t);
	free(o->ea);
	free(o->eb);
	free(o->et);
}

static size_t
packed_words(const struct nct_float *k, size_t rows, size_t cols)
{
	return nct_words(k, rows) * nct_panels(k, cols) * k->panel;
}

/* Packs B in the four ways, which must give the same words in the same places. */
static uint32_t *
pack(const struct nct_float *k, const struct operands *o)
{
	const size_t K = o->s.k, N = o->s.n, words = packed_words(k, K, N), panel = nct_words(k, K) * k->panel;
	uint32_t *b = zeros(words * sizeof *b), *c = zeros(words * sizeof *c);

	k->pack_floats(b, panel, o->b, o->ldb, K, N);
	k->pack_elements(c, panel, o->eb, o->ldb, K, N);
	assert_memory_equal(b, c, words * sizeof *b);
	memset(c, 0, words * sizeof *c);
	k->turn_floats(c, panel, o->t, o->ldt, N, K);
	assert_memory_equal(b, c, words * sizeof *b);
	memset(c, 0, words * sizeof *c);
	k->turn_elements(c, panel, o->et, o->ldt, N, K);
	assert_memory_equal(b, c, words * sizeof *b);
	free(c);
	return b;
}

static double
sum_at(const struct operands *o, size_t i, size_t j)
{
	double sum = 0.0;

	for (size_t w = 0; w < o->s.k; w++)
		sum += (double)o->a[i * o->lda + w] * (double)o->b[w * o->ldb + j];
	return sum;
}

/* c (m,n+1) is the product plus `plus`; its last column is unchanged. The tolerance is 2e-5, for sums of some
 * hundred products below 1. */
static void
check(const struct nct_float *k, const struct operands *o, const float *c, double plus, const char *what)
{
	for (size_t i = 0; i < o->s.m; i++) {
		for (size_t j = 0; j < o->s.n; j++)
			if (!(fabs((double)c[i * (o->s.n + 1) + j] - sum_at(o, i, j) - plus) <= 2e-5))
				fail_msg("%s: %s %zu x %zu x %zu: (%zu,%zu) is %.9g, want %.9g", k->name, what, o->s.m, o->s.n, o->s.k, i, j,
				         (double)c[i * (o->s.n + 1) + j], sum_at(o, i, j) + plus);
		assert_true(c[i * (o->s.n + 1) + o->s.n] == 9.0f);
	}
}

/* Checks the product with A as rows, and with A packed and transposed, which must give the same bits. */
static void
check_product(const struct nct_float *k, const struct shape *s)
{
	struct operands o;
	const size_t ldc = s->n + 1, bytes = s->m * ldc * sizeof(float);
	float *c = zeros(bytes), *d = zeros(bytes), *row = zeros(ldc * sizeof *row);
	uint32_t *b, *a = zeros(packed_words(k, s->k, s->m) * sizeof *a);
	unsigned char *e = zeros(s->m * ldc * k->element);

	operands_make(&o, k, s);
	b = pack(k, &o);
	for (size_t i = 0; i < s->m * ldc; i++)
		c[i] = 9.0f;
	memcpy(d, c, bytes);
	struct nct_product p = {.rows = s->m,
	                        .cols = s->n,
	                        .words = nct_words(k, s->k),
	                        .a = o.ea,
	                        .a_row = o.lda / nct_pair(k),
	                        .a_word = 1,
	                        .b = b,
	                        .b_panel = nct_words(k, s->k) * k->panel,
	                        .c = c,
	                        .ldc = ldc,
	                        .e = e,
	                        .lde = ldc};
	k->product(&p);
	check(k, &o, c, 0.0, "product");
	for (size_t i = 0; i < s->m; i++) {
		k->to_floats(row, e + i * ldc * k->element, s->n);
		for (size_t j = 0; j < s->n; j++)
			assert_true(fabsf(row[j] - c[i * ldc + j]) <= 0.00391f * fabsf(c[i * ldc + j]));
	}
	k->turn_elements(a, nct_words(k, s->k) * k->panel, o.ea, o.lda, s->m, s->k);
	p.a = a;
	p.a_row = nct_words(k, s->k) * k->panel;
	p.c = d;
	p.e = NULL;
	nct_product_turned(k, &p);
	assert_memory_equal(c, d, bytes);
	for (size_t i = 0; i < s->m * ldc; i++)
		d[i] = 9.0f;
	p.add = 1;
	nct_product_turned(k, &p);
	check(k, &o, d, 9.0, "sum");
	free(a);
	free(b);
	free(c);
	free(d);
	free(e);
	free(row);
	operands_free(&o);
}

static void
test_products(void **state)
{
	const struct nct_float *k;

	(void)state;
	for (size_t i = 0; nct_float_name(i) != NULL; i++) {
		assert_int_equal(nct_float_choose(&k, nct_float_name(i)), NCT_OK);
		for (size_t s = 0; s < SHAPES; s++)
			check_product(k, &shapes[s]);
	}
}

static void
test_strides(void **state)
{
	(void)state;
	for (size_t element = 2; element <= 4; element += 2)
		for (size_t cols = 1; cols < 5000; cols++) {
			const size_t line = 64 / element, stride = nct_stride(cols, element);

			assert_true(stride >= cols && stride < cols + 2 * line && stride / line % 2 == 1 && stride % line == 0);
		}
}

/* Rates are positive. Tests do not say how fast products must be. */
static void
test_rates(void **state)
{
	const struct nct_float *k;

	(void)state;
	for (size_t i = 0; nct_float_name(i) != NULL; i++) {
		assert_int_equal(nct_float_choose(&k, nct_float_name(i)), NCT_OK);
		for (unsigned threads = 1; threads <= 3; threads++) {
			const double rate = nct_float_rate(k, threads);

			if (!(rate > 1e6 && rate < 1e16))
				fail_msg("%s, %u threads: %g operations a second", k->name, threads, rate);
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_products),
		cmocka_unit_test(test_strides),
		cmocka_unit_test(test_rates),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
