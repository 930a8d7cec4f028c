/* test_float_tiles.c - products of float_tiles.inc with tiles in plain C, so that no processor with AMX is needed. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "amx_instructions.h"
#include "base/rng.h"
#include "float/product.h"

#define PANEL 64

static void
tiles_on(void)
{
	configure_tiles();
	memset(tile, 255, sizeof tile); /* NaN in all sums */
}

static void
tiles_off(void)
{
	release();
}

#define tile_zero(t) zero_tile(t)
#define tile_load(t, from, bytes) load_tile(t, (const uint8_t *)(from), (int64_t)(bytes))
#define tile_store(t, to, bytes) store_tile(t, (uint8_t *)(to), (int64_t)(bytes))
#define tile_product(sums, a, b) multiply_bf16(sums, a, b)

static float
number(uint32_t bits)
{
	float f;

	memcpy(&f, &bits, sizeof f);
	return f;
}

/* Truncates instead of rounding; the numbers stored here are exact. */
static void
to_elements(void *out, const float *x, float a, size_t n)
{
	uint16_t *y = out;

	for (size_t i = 0; i < n; i++) {
		const float v = x[i] * a;
		uint32_t bits;

		memcpy(&bits, &v, sizeof bits);
		y[i] = (uint16_t)(bits >> 16);
	}
}

#include "float/float_tiles.inc"

/* Fills words with integers from -2 to 2, so that sums are exact. */
static void
fill(uint32_t *words, size_t n, nct_rng *r)
{
	static const uint32_t numbers[] = {0xc000, 0xbf80, 0, 0x3f80, 0x4000};

	for (size_t i = 0; i < n; i++)
		words[i] = numbers[nct_rng_below(r, 5)] | numbers[nct_rng_below(r, 5)] << 16;
}

static float
want(const struct nct_product *p, size_t i, size_t j)
{
	const uint32_t *a = (const uint32_t *)p->a + i * p->a_row, *b = p->b + j / PANEL * p->b_panel + j % PANEL;
	float sum = 0.0f;

	for (size_t w = 0; w < p->words; w++) {
		const uint32_t x = a[w * p->a_word], y = b[w * PANEL];

		sum += number(x << 16) * number(y << 16) + number(x & 0xffff0000u) * number(y & 0xffff0000u);
	}
	return sum;
}

static void
check(size_t rows, size_t cols, size_t words, int turned, int add)
{
	const size_t panels = (cols + PANEL - 1) / PANEL, ldc = cols + 1;
	uint32_t *a = calloc(turned ? words * PANEL : rows * (words + 3), sizeof *a),
		 *b = calloc(panels * PANEL * words, sizeof *b);
	float *c = calloc(rows * ldc, sizeof *c);
	uint16_t *e = calloc(rows * ldc, sizeof *e);
	nct_rng r = {rows + cols + words};
	const struct nct_product p = {.rows = rows,
	                              .cols = cols,
	                              .words = words,
	                              .a = a,
	                              .a_row = turned ? 1 : words + 3,
	                              .a_word = turned ? PANEL : 1,
	                              .b = b,
	                              .b_panel = PANEL * words,
	                              .c = c,
	                              .ldc = ldc,
	                              .add = add,
	                              .e = turned ? NULL : e,
	                              .lde = ldc};

	assert_true(a != NULL && b != NULL && c != NULL && e != NULL);
	fill(a, turned ? words * PANEL : rows * (words + 3), &r);
	fill(b, panels * PANEL * words, &r);
	for (size_t i = 0; i < rows * ldc; i++)
		c[i] = 5.0f;
	tiles_product(&p);
	assert_false(tiles_configured);
	assert_null(tiles_fault);
	for (size_t i = 0; i < rows; i++) {
		for (size_t j = 0; j < cols; j++) {
			const float sum = want(&p, i, j);

			if (c[i * ldc + j] != sum + (add ? 5.0f : 0.0f))
				fail_msg("%zu x %zu x %zu: (%zu,%zu) is %g, want %g", rows, cols, words, i, j, (double)c[i * ldc + j], (double)sum);
			assert_true(turned || fabsf(number((uint32_t)e[i * ldc + j] << 16) - sum) <= fabsf(sum) / 128.0f);
		}
		assert_true(c[i * ldc + cols] == 5.0f && e[i * ldc + cols] == 0);
	}
	free(a);
	free(b);
	free(c);
	free(e);
}

static void
test_order(void **state)
{
	static const size_t sizes[] = {1, 15, 16, 31, 32, 33, 64};

	(void)state;
	for (size_t i = 0; i < 7; i++)
		for (size_t j = 0; j < 7; j++)
			for (size_t k = 0; k < 7; k++)
				for (int add = 0; add < 2; add++) {
					check(sizes[i], sizes[j] + (j > 4 ? 64 : 0), sizes[k], 0, add);
					check(sizes[i], sizes[j] + (j > 4 ? 64 : 0), sizes[k] + (k > 4 ? 256 : 0), 1, add);
				}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_order)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
