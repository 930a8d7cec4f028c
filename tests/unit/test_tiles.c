/* test_tiles.c - the row "amx" where there is none: its order of products and its edges, with tiles that plain C works. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/rng.h"

static uint8_t tile[8][16][64];
static int on;

static void
tiles_on(void)
{
	assert_false(on);
	on = 1;
}

static void
tiles_off(void)
{
	assert_true(on);
	on = 0;
}

static void
tile_zero(int t)
{
	memset(tile[t], 0, sizeof tile[t]);
}

static void
tile_load(int t, const void *from, size_t bytes)
{
	for (size_t i = 0; i < 16; i++)
		memcpy(tile[t][i], (const uint8_t *)from + i * bytes, 64);
}

static void
tile_store(int t, void *to, size_t bytes)
{
	for (size_t i = 0; i < 16; i++)
		memcpy((uint8_t *)to + i * bytes, tile[t][i], 64);
}

/* TDPBSSD: lane (m,n) of the sums gets the four products of quad k of x's row m and quad n of w's row k, for all k. */
static void
tile_product(int sums, int x, int w)
{
	for (size_t m = 0; m < 16; m++)
		for (size_t n = 0; n < 16; n++) {
			int32_t sum;

			memcpy(&sum, &tile[sums][m][4 * n], 4);
			for (size_t k = 0; k < 64; k++)
				sum += (int8_t)tile[x][m][k] * (int8_t)tile[w][k / 4][4 * n + k % 4];
			memcpy(&tile[sums][m][4 * n], &sum, 4);
		}
}

#include "kernels/i8_tiles.inc"

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
}

int
main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_tiles)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
