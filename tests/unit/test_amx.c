/* test_amx.c - products of the rows "amx", as compiled: on a processor with AMX, or with its instructions emulated. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/cpu.h"
#include "base/rng.h"
#include "float/float.h"
#include "int8/kernels.h"

#if defined __x86_64__
#include "amx_emulated.h"

static nct_rng rng = {20261129};

/* Uses the processor's AMX (`here`), or emulates it if the processor has all else that is needed (`nearly`).
 * Otherwise skips the test. */
static void
want_amx(int here, int nearly)
{
	if (here)
		return;
	if (!nearly)
		skip();
	assert_true(amx_emulated());
}

static void
expect_no_fault(int here)
{
	if (tiles_fault != NULL)
		fail_msg("AMX refuses: %s", tiles_fault);
	assert_false(tiles_configured); /* tiles_off() was called */
	assert_true(here || tiles_done > 0);
}

/* ---- int8 ---- */

static void
fill8(int8_t *p, size_t n, int largest)
{
	for (size_t i = 0; i < n; i++)
		p[i] = (int8_t)(largest ? (nct_rng_below(&rng, 2) ? 127 : -127) : (int)nct_rng_below(&rng, 255) - 127);
}

/* y (N,R) = x (N,K) w^T is that of "ref", and nothing is written after it. */
static void
check_int8(size_t n, size_t r, size_t k, int largest)
{
	const struct nct_kernels *const row[2] = {&nct_kernels_ref, &nct_kernels_amx};
	int8_t *x = malloc(n * k), *w = malloc(r * k);
	int32_t *y[2];

	assert_true(x != NULL && w != NULL);
	fill8(x, n * k, largest);
	fill8(w, r * k, largest);
	for (size_t i = 0; i < 2; i++) {
		void *p = malloc(row[i]->packed(r, k));

		y[i] = calloc(n * r + 1, sizeof *y[i]);
		assert_true(p != NULL && y[i] != NULL);
		row[i]->pack(p, w, r, k, k, 1);
		row[i]->matmul(y[i], x, p, n, r, k);
		free(p);
	}
	if (memcmp(y[0], y[1], (n * r + 1) * sizeof *y[0]) != 0)
		fail_msg("%zu x %zu x %zu: not what plain C makes", n, r, k);
	for (size_t i = 0; i < 2; i++)
		free(y[i]);
	free(x);
	free(w);
}

static void
test_int8(void **state)
{
	static const size_t ns[] = {1, 2, 16, 31, 32, 33, 97, 130}, rs[] = {1, 16, 17, 33, 64, 257},
			    ks[] = {1, 3, 63, 64, 65, 200, 256};
	const int here = nct_cpu_amx();

	(void)state;
	want_amx(here, nct_cpu_avx512vnni());
	for (size_t n = 0; n < sizeof ns / sizeof ns[0]; n++)
		for (size_t r = 0; r < sizeof rs / sizeof rs[0]; r++)
			for (size_t k = 0; k < sizeof ks / sizeof ks[0]; k++)
				check_int8(ns[n], rs[r], ks[k], (n + r + k) % 2 > 0);
	check_int8(33, 40, 16384, 1);
	expect_no_fault(here);
}

/* ---- bf16 ---- */

/* Fills words with pairs of integers from -2 to 2, so that sums are exact in any order. */
static void
fill_words(uint32_t *p, size_t n)
{
	static const uint32_t numbers[] = {0xc000, 0xbf80, 0, 0x3f80, 0x4000};

	for (size_t i = 0; i < n; i++)
		p[i] = numbers[nct_rng_below(&rng, 5)] | numbers[nct_rng_below(&rng, 5)] << 16;
}

/* The row's products are those of "avx512bf16", as floats and as elements, with and without `add`. */
static void
check_bf16(size_t rows, size_t cols, size_t words, int add)
{
	const struct nct_float *const row[2] = {&nct_float_avx512bf16, &nct_float_amx};
	const size_t panel = row[0]->panel, panels = (cols + panel - 1) / panel, a_row = words + 3, ldc = cols + 1;
	uint32_t *a = malloc(rows * a_row * sizeof *a), *b = malloc(panels * panel * words * sizeof *b);
	float *c[2];
	uint16_t *e[2];

	assert_true(a != NULL && b != NULL && row[1]->panel == panel);
	fill_words(a, rows * a_row);
	fill_words(b, panels * panel * words);
	for (size_t i = 0; i < 2; i++) {
		c[i] = calloc(rows * ldc, sizeof *c[i]);
		e[i] = calloc(rows * ldc, sizeof *e[i]);
		assert_true(c[i] != NULL && e[i] != NULL);
		for (size_t j = 0; j < rows * ldc; j++)
			c[i][j] = (float)(j % 7);
		row[i]->product(&(struct nct_product){.rows = rows,
		                                      .cols = cols,
		                                      .words = words,
		                                      .a = a,
		                                      .a_row = a_row,
		                                      .a_word = 1,
		                                      .b = b,
		                                      .b_panel = panel * words,
		                                      .c = c[i],
		                                      .ldc = ldc,
		                                      .add = add,
		                                      .e = e[i],
		                                      .lde = ldc});
	}
	if (memcmp(c[0], c[1], rows * ldc * sizeof *c[0]) != 0 || memcmp(e[0], e[1], rows * ldc * sizeof *e[0]) != 0)
		fail_msg("%zu x %zu x %zu%s: not what dot products make", rows, cols, words, add ? ", added" : "");
	for (size_t i = 0; i < 2; i++) {
		free(c[i]);
		free(e[i]);
	}
	free(a);
	free(b);
}

static void
test_bf16(void **state)
{
	static const size_t ms[] = {1, 16, 31, 32, 33, 100}, ns[] = {1, 16, 33, 64, 65, 200}, ks[] = {1, 15, 16, 17, 128};
	const int here = nct_cpu_amxbf16();

	(void)state;
	want_amx(here, nct_cpu_avx512bf16());
	for (size_t m = 0; m < sizeof ms / sizeof ms[0]; m++)
		for (size_t n = 0; n < sizeof ns / sizeof ns[0]; n++)
			for (size_t k = 0; k < sizeof ks / sizeof ks[0]; k++)
				check_bf16(ms[m], ns[n], ks[k], (m + n + k) % 2 > 0);
	expect_no_fault(here);
}
#else
static void
test_int8(void **state)
{
	(void)state;
	skip();
}

static void
test_bf16(void **state)
{
	(void)state;
	skip();
}
#endif

int
main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_int8), cmocka_unit_test(test_bf16)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
