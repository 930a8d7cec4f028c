/* test_tiles.c - products of i8_tiles.inc with tiles in plain C, so that no processor with AMX is needed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "amx_instructions.h"
#include "base/rng.h"

static void
tiles_on(void)
{
	assert_false(tiles_configured);
	configure_tiles();
}

static void
tiles_off(void)
{
	assert_true(tiles_configured);
	release();
}

#define tile_zero(t) zero_tile(t)
#define tile_load(t, from, bytes) load_tile(t, (const uint8_t *)(from), (int64_t)(bytes))
#define tile_store(t, to, bytes) store_tile(t, (uint8_t *)(to), (int64_t)(bytes))
#define tile_product(sums, x, w) multiply_int8(sums, x, w)
#include "int8/i8_tiles.inc"

static void
check(size_t n, size_t r, size_t k)
{
	int8_t *x = malloc(n * k), *w = malloc(r * k);
	int32_t *want = calloc(n * r, sizeof *want), *got = calloc(n * r + 1, sizeof *got);
	void *p = malloc(packed(r, k));
	nct_rng rng = {n * 1000 + r};

	assert_true(x != NULL && w != NULL && want != NULL && got != NULL && p != NULL);
	for (size_t i = 0; i < n * k; i++)
		x[i] = (int8_t)(nct_rng_below(&rng, 255) - 127);
	for (size_t i = 0; i < r * k; i++)
		w[i] = (int8_t)(nct_rng_below(&rng, 255) - 127);
	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; j < r; j++)
			for (size_t e = 0; e < k; e++)
				want[i * r + j] += x[i * k + e] * w[j * k + e];
	pack(p, w, r, k, k, 1);
	tiles_matmul(got, x, p, n, r, k);
	if (memcmp(want, got, n * r * sizeof *want) != 0 || got[n * r] != 0)
		fail_msg("n=%zu r=%zu k=%zu differs", n, r, k);
	free(x);
	free(w);
	free(want);
	free(got);
	free(p);
}

static void
test_tiles(void **state)
{
	static const size_t ns[] = {1, 2, 15, 16, 17, 31, 32, 33, 96, 97, 130}, rs[] = {1, 15, 16, 17, 32, 33, 48, 65},
			    ks[] = {1, 3, 63, 64, 65, 128, 200};

	(void)state;
	for (size_t n = 0; n < sizeof ns / sizeof ns[0]; n++)
		for (size_t r = 0; r < sizeof rs / sizeof rs[0]; r++)
			for (size_t k = 0; k < sizeof ks / sizeof ks[0]; k++)
				check(ns[n], rs[r], ks[k]);
	check(3, 257, 16384);
	assert_null(tiles_fault);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_tiles)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
