/* test_kernels.c - compares exact integer kernels with "ref" to the last bit, and "ref" with real numbers. */
#include "base/rng.h"
#include "int8/exp2.h"
#include "int8/kernels.h"

#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static nct_rng rng = {20260101};

static int32_t
between(int32_t low, int32_t high)
{
	return low + (int32_t)nct_rng_below(&rng, (uint64_t)(high - low) + 1);
}

/* A random value of any magnitude up to `limit`, often the limit itself. */
static int32_t
spread(int32_t limit)
{
	const int32_t x = between(0, limit) >> between(0, 30), y = nct_rng_below(&rng, 16) == 0 ? limit : x;

	return nct_rng_below(&rng, 2) == 0 ? y : -y;
}

static void
fill8(int8_t *p, size_t n, int32_t limit)
{
	for (size_t i = 0; i < n; i++)
		p[i] = (int8_t)between(-limit, limit);
}

/* ---- Rows against "ref" ---- */

static const struct nct_kernels *
row_at(size_t i)
{
	const struct nct_kernels *k = NULL;

	if (nct_cpu_name(i) != NULL)
		assert_int_equal(nct_kernels_choose(&k, nct_cpu_name(i)), NCT_OK);
	return k;
}

static void
expect_same(const char *row, const char *kernel, const void *want, const void *got, size_t bytes, size_t a, size_t b,
            size_t c)
{
	if (memcmp(want, got, bytes) != 0)
		fail_msg("%s of %s differs from ref at sizes %zu, %zu, %zu", kernel, row, a, b, c);
}

/* w, packed for a row's matmul(); the caller frees it. */
static void *
packed_for(const struct nct_kernels *k, const int8_t *w, size_t r, size_t width, size_t down, size_t right)
{
	void *p = malloc(k->packed(r, width) + 1);

	assert_non_null(p);
	k->pack(p, w, r, width, down, right);
	return p;
}

/* matmul_zeros() against matmul(), with x mostly 0. */
static void
check_zeros(const struct nct_kernels *k, size_t n, size_t r, size_t width)
{
	int8_t *x = malloc(n * width), *w = malloc(r * width);
	int32_t *want = malloc(n * r * 4), *got = malloc((n * r + 1) * 4);

	assert_true(x != NULL && w != NULL && want != NULL && got != NULL);
	fill8(x, n * width, 127);
	fill8(w, r * width, 127);
	for (size_t j = 0; j < width; j++)
		for (size_t i = 0; i < n && nct_rng_below(&rng, 8) > 0; i++)
			x[i * width + j] = 0;
	void *p = packed_for(k, w, r, width, width, 1);
	k->matmul(want, x, p, n, r, width);
	memset(got, 0x55, (n * r + 1) * 4);
	k->matmul_zeros(got, x, p, n, r, width);
	expect_same(k->name, "matmul_zeros", want, got, n * r * 4, n, r, width);
	assert_int_equal(got[n * r], 0x55555555);
	free(p);
	free(x);
	free(w);
	free(want);
	free(got);
}

/* pack_rows() and pack_columns() against pack(): `given` rows in memory, rightmost first. */
static void
check_pack_rows(const struct nct_kernels *k, size_t given, size_t d, size_t off)
{
	const size_t wide = (given + 63) & ~(size_t)63, keys = k->packed(given, d), values = k->packed(d, wide);
	int8_t *kv = malloc(given * 300), *copy = calloc(wide, d);
	const int8_t **row = malloc(given * sizeof *row);
	uint8_t *want = malloc(keys + values), *got = malloc(keys + values + 1);

	assert_true(kv != NULL && copy != NULL && row != NULL && want != NULL && got != NULL);
	fill8(kv, given * 300, 127);
	for (size_t j = 0; j < given; j++) {
		row[j] = kv + (given - 1 - j) * 300;
		memcpy(copy + j * d, row[j] + off, d);
	}
	memset(got, 0x55, keys + values + 1);
	k->pack(want, copy, given, d, d, 1);
	k->pack_rows(got, row, off, given, d);
	expect_same(k->name, "pack_rows", want, got, keys, given, d, off);
	assert_int_equal(got[keys], 0x55);
	k->pack(want, copy, d, wide, 1, d);
	k->pack_columns(got, row, off, d, wide, given);
	expect_same(k->name, "pack_columns", want, got, values, given, d, off);
	free(kv);
	free(copy);
	free(row);
	free(want);
	free(got);
}

enum fill { ANY, LARGEST, OPPOSITE, ZERO_X, ZERO_W };

static void
check_matmul(const struct nct_kernels *k, size_t n, size_t r, size_t width, size_t off, enum fill fill)
{
	int8_t *x = malloc(n * width + off + 1), *w = malloc(r * width + off + 1), *turned = malloc(r * width + 1);
	int32_t *want = calloc(n * r + 1, 4), *got = malloc((n * r + 1) * 4);

	assert_true(x != NULL && w != NULL && turned != NULL && want != NULL && got != NULL);
	fill8(x, n * width + off, 127);
	fill8(w, r * width + off, 127);
	if (fill == LARGEST || fill == OPPOSITE) /* the largest products possible */
		memset(x, 127, n * width + off);
	if (fill == LARGEST || fill == OPPOSITE)
		memset(w, fill == LARGEST ? 127 : -127, r * width + off);
	if (fill == ZERO_X)
		memset(x, 0, n * width + off);
	if (fill == ZERO_W)
		memset(w, 0, r * width + off);
	for (size_t i = 0; i < r; i++)
		for (size_t j = 0; j < width; j++)
			turned[j * r + i] = w[off + i * width + j];
	void *p = packed_for(&nct_kernels_ref, w + off, r, width, width, 1), *q = packed_for(k, w + off, r, width, width, 1);
	nct_kernels_ref.matmul(want, x + off, p, n, r, width);
	for (int turn = 0; turn < 2; turn++) {
		memset(got, 0x55, (n * r + 1) * 4);
		k->matmul(got, x + off, q, n, r, width);
		expect_same(k->name, turn ? "matmul of columns" : "matmul", want, got, n * r * 4, n, r, width);
		assert_int_equal(got[n * r], 0x55555555); /* nothing is written after y */
		free(q);
		q = packed_for(k, turned, r, width, 1, r);
	}
	free(p);
	free(q);
	free(x);
	free(w);
	free(turned);
	free(want);
	free(got);
}

static void
test_matmul(void **state)
{
	static const size_t widths[] = {1, 2, 3, 4, 15, 16, 17, 31, 32, 33, 63, 64, 65, 100, 256, 257};
	static const size_t heights[] = {1, 2, 3, 8, 9, 15, 16, 17, 24, 31, 32, 33, 48, 63, 64, 65, 80, 100, 257};
	const struct nct_kernels *k;

	(void)state;
	for (size_t i = 0; (k = row_at(i)) != NULL; i++) {
		for (size_t n = 1; n <= 13; n++)
			for (size_t r = 0; r < sizeof heights / sizeof heights[0]; r++)
				for (size_t w = 0; w < sizeof widths / sizeof widths[0]; w++)
					check_matmul(k, n, heights[r], widths[w], (n + r) % 3, ANY);
		for (enum fill fill = ANY; fill <= ZERO_W; fill++) {
			for (size_t n = 1; n <= 7; n++)
				check_matmul(k, n, 18, 16384, 0, fill);
			check_matmul(k, 33, 257, 256, 0, fill);
		}
		for (size_t n = 14; n <= 210; n += 7) /* more vectors than any row takes at a time */
			check_matmul(k, n, 70, 64 + n % 3, 0, ANY);
	}
}

static void
test_products_of_attention(void **state)
{
	static const size_t widths[] = {1, 4, 8, 15, 16, 20, 32, 33, 63, 64, 65, 100, 128, 256};
	const struct nct_kernels *k;

	(void)state;
	for (size_t i = 0; (k = row_at(i)) != NULL; i++) {
		for (size_t n = 1; n <= 26 && k->matmul_zeros != NULL; n++)
			for (size_t w = 0; w < sizeof widths / sizeof widths[0]; w++) {
				check_zeros(k, n, widths[w], 64 * n);
				check_zeros(k, n, 70, widths[w]);
			}
		for (size_t n = 1; n <= 140 && k->pack_rows != NULL; n += n < 40 ? 1 : 13)
			for (size_t w = 0; w < sizeof widths / sizeof widths[0]; w++)
				check_pack_rows(k, n, widths[w], n % 40);
	}
}

static void
check_attention(const struct nct_kernels *k, size_t n, size_t d)
{
	int8_t q[256], o[2][256], *kv = malloc(n * 300 + 1);
	int32_t s[2][NCT_REACH_MAX], a[2][256], bias[NCT_BIAS_FAR + 1];
	int16_t p[2][NCT_REACH_MAX];
	const int8_t *row[NCT_REACH_MAX];
	const int32_t mul = between(0, 1 << 22) >> between(0, 16);
	const struct nct_kernels *both[2] = {&nct_kernels_ref, k};
	uint32_t z[2];

	assert_non_null(kv);
	fill8(q, d, 127);
	fill8(kv, n * 300, 127);
	for (size_t j = 0; j < n; j++)
		row[j] = kv + (n - 1 - j) * 300;
	for (size_t e = 0; e <= NCT_BIAS_FAR; e++)
		bias[e] = spread((1 << 20) - 1);
	for (size_t i = 0; i < 2; i++) {
		both[i]->dots(s[i], q, row, 7, n, d);
		z[i] = both[i]->weigh(p[i], s[i], bias, mul, n);
		both[i]->mix(a[i], p[i], row, 7 + 13, n, d);
		both[i]->settle(o[i], a[i], (uint32_t)(((uint64_t)98304 << 20) / z[i]), d);
	}
	expect_same(k->name, "dots or weigh", s[0], s[1], n * 4, n, d, 0);
	expect_same(k->name, "weigh", p[0], p[1], n * 2, n, d, 0);
	expect_same(k->name, "weigh's sum", &z[0], &z[1], 4, n, d, 0);
	expect_same(k->name, "mix", a[0], a[1], d * 4, n, d, 0);
	expect_same(k->name, "settle", o[0], o[1], d, n, d, 0);
	free(kv);
}

static void
test_attention(void **state)
{
	static const size_t widths[] = {1, 8, 15, 16, 20, 32, 33, 63, 64, 65, 100, 128, 129, 255, 256};
	static const size_t lengths[] = {1,  2,   3,   4,   5,   7,   15,  16,  17,  31,  32,   33,
					 63, 100, 127, 128, 129, 130, 143, 144, 145, 512, 1023, 1024};
	const struct nct_kernels *k;

	(void)state;
	for (size_t i = 0; (k = row_at(i)) != NULL; i++)
		for (size_t w = 0; w < sizeof widths / sizeof widths[0]; w++)
			for (size_t n = 0; n < sizeof lengths / sizeof lengths[0]; n++)
				check_attention(k, lengths[n], widths[w]);
}

/* All possible weights are split correctly. */
static void
test_halve(void **state)
{
	static int16_t p[(1 << 14) + 1];
	static int8_t high[2][(1 << 14) + 1], low[2][(1 << 14) + 1];
	const struct nct_kernels *k;

	(void)state;
	for (int w = 0; w <= 1 << 14; w++)
		p[w] = (int16_t)w;
	nct_kernels_ref.halve(high[0], low[0], p, (1 << 14) + 1);
	for (int w = 0; w <= 1 << 14; w++)
		if (129 * high[0][w] + low[0][w] != w || high[0][w] < 0 || low[0][w] == -128)
			fail_msg("weight %d: 129 * %d + %d", w, high[0][w], low[0][w]);
	for (size_t i = 0; (k = row_at(i)) != NULL; i++) {
		k->halve(high[1], low[1], p, (1 << 14) + 1);
		expect_same(k->name, "halve, high", high[0], high[1], sizeof high[0], 0, 0, 0);
		expect_same(k->name, "halve, low", low[0], low[1], sizeof low[0], 0, 0, 0);
	}
}

static void
check_loops(const struct nct_kernels *k, size_t n)
{
	int32_t *acc = calloc(2 * n, 4), *mul = calloc(2 * n, 4), *h[3];
	int16_t *mul16 = calloc(n, 2);
	int8_t *y[2];

	for (size_t i = 0; i < 3; i++)
		h[i] = calloc(n, 4);
	for (size_t i = 0; i < 2; i++)
		y[i] = calloc(n, 1);
	for (size_t i = 0; i < 2 * n; i++) {
		acc[i] = spread((1 << 28) - 1);
		mul[i] = abs(spread(INT32_MAX));
	}
	for (size_t i = 0; i < n; i++) {
		h[0][i] = h[1][i] = h[2][i] = spread((1 << 21) - 1);
		mul16[i] = (int16_t)abs(spread(INT16_MAX));
	}
	nct_kernels_ref.norm(y[0], h[0], mul16, n);
	k->norm(y[1], h[0], mul16, n);
	expect_same(k->name, "norm", y[0], y[1], n, n, 0, 0);
	nct_kernels_ref.narrow(y[0], acc, mul, n);
	k->narrow(y[1], acc, mul, n);
	expect_same(k->name, "narrow", y[0], y[1], n, n, 0, 0);
	nct_kernels_ref.add(h[1], acc, mul, n);
	k->add(h[2], acc, mul, n);
	expect_same(k->name, "add", h[1], h[2], n * 4, n, 0, 0);
	nct_kernels_ref.gate(y[0], acc, mul, n);
	k->gate(y[1], acc, mul, n);
	expect_same(k->name, "gate", y[0], y[1], n, n, 0, 0);
	for (size_t i = 0; i < 3; i++)
		free(h[i]);
	for (size_t i = 0; i < 2; i++)
		free(y[i]);
	free(acc);
	free(mul);
	free(mul16);
}

/* M1 computes the output of a feed-forward part from its open gates alone. Compares the functions for that with gate()
 * and products of whole matrices. One gate in `rare` has an acc above 0. */
static void
check_open(const struct nct_kernels *k, size_t c, size_t f, uint64_t rare)
{
	const size_t stride = NCT_ROW_STRIDE(c), room = f + 16;
	int8_t *x = malloc(c), *u = malloc(f * c), *down = malloc(c * f), *a = calloc(f, 1), *kept_a = malloc(room);
	uint8_t *rows = malloc(2 * f * stride), *down_rows = rows + f * stride;
	int32_t *acc = malloc(2 * f * 4), *mul = malloc(2 * f * 4), *want = malloc(c * 4), *got = malloc((c + 1) * 4);
	int32_t *y = malloc(room * 4);
	uint16_t *which = malloc(room * 2);
	struct nct_open_gates open = {malloc(room * 4), malloc(room * 4), malloc(room * 4), malloc(room * 4)};

	assert_true(x != NULL && u != NULL && down != NULL && a != NULL && kept_a != NULL && rows != NULL && acc != NULL);
	assert_true(mul != NULL && want != NULL && got != NULL && y != NULL && which != NULL);
	assert_true(open.index != NULL && open.acc != NULL && open.g_mul != NULL && open.u_mul != NULL);
	fill8(x, c, 127);
	fill8(u, f * c, 127);
	fill8(down, c * f, 127);
	memset(rows, k->open->flip, 2 * f * stride);
	for (size_t i = 0; i < f; i++)
		for (size_t j = 0; j < c; j++) {
			rows[i * stride + j] = (uint8_t)(u[i * c + j] ^ k->open->flip);
			down_rows[i * stride + j] = (uint8_t)(down[j * f + i] ^ k->open->flip);
		}
	for (size_t i = 0; i < f; i++) {
		acc[i] = nct_rng_below(&rng, rare) == 0 ? abs(spread((1 << 28) - 1)) : -abs(spread((1 << 28) - 1));
		mul[i] = abs(spread(INT32_MAX));
		mul[f + i] = abs(spread(INT32_MAX));
	}
	void *p = packed_for(&nct_kernels_ref, u, f, c, c, 1), *q = packed_for(&nct_kernels_ref, down, c, f, f, 1);
	nct_kernels_ref.matmul(acc + f, x, p, 1, f, c);
	nct_kernels_ref.gate(a, acc, mul, f);
	nct_kernels_ref.matmul(want, a, q, 1, c, f);

	const size_t n = k->open->list(&open, acc, mul, mul + f, f);
	k->open->rows(y, x, rows, &open, n, c);
	for (size_t i = 0; i < n; i++)
		if (y[i] != acc[f + open.index[i]])
			fail_msg("rows of %s: gate %u of %zu, width %zu", k->name, open.index[i], f, c);
	const size_t kept = k->open->pass(which, kept_a, &open, y, n, 0);
	size_t not_0 = 0;
	for (size_t i = 0; i < f; i++)
		if (a[i] != 0) {
			assert_true(not_0 < kept && which[not_0] == i && kept_a[not_0] == a[i]);
			not_0++;
		}
	assert_int_equal(kept, not_0);
	memset(kept_a + kept, 0, 3);
	memset(which + kept, 0, 6);
	memset(got, 0x55, (c + 1) * 4);
	k->open->sum(got, kept_a, which, kept, down_rows, c);
	expect_same(k->name, "the sum of open gates", want, got, c * 4, c, f, kept);
	assert_int_equal(got[c], 0x55555555);
	free(p);
	free(q);
	free(x);
	free(u);
	free(down);
	free(a);
	free(kept_a);
	free(rows);
	free(acc);
	free(mul);
	free(want);
	free(got);
	free(y);
	free(which);
	free(open.index);
	free(open.acc);
	free(open.g_mul);
	free(open.u_mul);
}

static void
test_open_gates(void **state)
{
	static const size_t widths[] = {1, 8, 15, 16, 31, 32, 33, 63, 64, 65, 128, 192, 256, 300, 320, 512, 600};
	static const size_t gates[] = {1, 2, 15, 16, 17, 64, 100, 256, 1024};
	const struct nct_kernels *k;

	(void)state;
	for (size_t i = 0; (k = row_at(i)) != NULL; i++)
		for (size_t w = 0; w < sizeof widths / sizeof widths[0] && k->open != NULL; w++)
			for (size_t g = 0; g < sizeof gates / sizeof gates[0]; g++)
				for (uint64_t rare = 1; rare <= 16; rare *= 4)
					check_open(k, widths[w], gates[g], rare);
}

static void
test_loops(void **state)
{
	const struct nct_kernels *k;
	int32_t acc[NCT_SYMBOLS], mul[NCT_SYMBOLS];
	uint32_t freq[2][NCT_SYMBOLS];

	(void)state;
	for (size_t i = 0; (k = row_at(i)) != NULL; i++) {
		for (size_t n = 1; n < 80; n++)
			check_loops(k, n);
		check_loops(k, 4096);
		for (int round = 0; round < 50; round++) {
			for (size_t s = 0; s < NCT_SYMBOLS; s++) {
				acc[s] = spread(round < 5 ? 127 * 127 * 4096 : 1 << 17);
				mul[s] = round < 5 ? (1 << 29) - 1 : 1 << 20;
			}
			nct_kernels_ref.predict(freq[0], acc, mul);
			k->predict(freq[1], acc, mul);
			expect_same(k->name, "predict", freq[0], freq[1], sizeof freq[0], 0, 0, 0);
		}
	}
}

static void
test_choose(void **state)
{
	const struct nct_kernels *k = NULL;
	size_t n = 0;

	(void)state;
	assert_int_equal(nct_kernels_choose(&k, "abacus"), NCT_EARG);
	assert_int_equal(nct_kernels_choose(&k, NULL), NCT_OK);
	assert_string_equal(k->name, nct_cpu_name(0));
	while (nct_cpu_name(n + 1) != NULL)
		n++;
	assert_string_equal(nct_cpu_name(n), "ref");
}

/* Reports a test as skipped for each row that this machine cannot run. */
static void
test_row_ran(void **state)
{
	const struct nct_kernels *k;

	if (nct_kernels_choose(&k, *state) != NCT_OK)
		skip();
	assert_string_equal(k->name, *state);
}

/* ---- "ref" against real numbers ---- */

/* Recomputes every constant in the tables. */
static void
test_exp2_tables(void **state)
{
	(void)state;
	for (int i = 0; i < 64; i++) {
		assert_int_equal(nct_exp2_coarse[i], (uint32_t)llroundl(ldexpl(exp2l(-i / 64.0L), 31)));
		assert_int_equal(nct_exp2_fine[i], (uint32_t)llroundl(ldexpl(exp2l(-i / 4096.0L), 31)));
	}
	assert_int_equal(nct_exp2_odds(0), 1 << 30);
	for (uint32_t x = 0; x < 40 << 12; x++) /* two roundings of half a unit of 2^-31, then a cut */
		if (x >> 12 > 30)
			assert_int_equal(nct_exp2_odds(x), 0);
		else {
			const double want = ldexp(exp2(-(double)x / 4096), 30), got = nct_exp2_odds(x);

			if (got > want + 0.51 || got < want - 1.51)
				fail_msg("2^-(%u/4096): want %f, got %f", x, want, got);
		}
}

static double
weight_error(int32_t c1, int32_t c2, int32_t c3, double stop)
{
	double worst = 0;

	for (int32_t x = 1023; x >= 0 && worst <= stop; x -= 1) {
		const int32_t f = x << 5, w = 16384 + nct_mulhrs(f, c1 + nct_mulhrs(f, c2 + nct_mulhrs(f, c3)));

		worst = fmax(worst, fabs(w - 16384 * exp2(-x / 1024.0)));
	}
	return worst;
}

/* The cubic's maximal error is as documented, and no other cubic with coefficients within 6 of these has a smaller
 * one. */
static void
test_exp2_weight(void **state)
{
	const double worst = weight_error(NCT_EXP2_C1, NCT_EXP2_C2, NCT_EXP2_C3, DBL_MAX);

	(void)state;
	assert_true(worst > 1.794 && worst < 1.795);
	for (int32_t a = -6; a <= 6; a++)
		for (int32_t b = -6; b <= 6; b++)
			for (int32_t c = -6; c <= 6; c++)
				assert_true(weight_error(NCT_EXP2_C1 + a, NCT_EXP2_C2 + b, NCT_EXP2_C3 + c, worst) >= worst);
	assert_int_equal(nct_exp2_weight(0), 16384);
	assert_int_equal(nct_exp2_weight(14 << 10), 1);
	assert_int_equal(nct_exp2_weight(15 << 10), 0);
	assert_int_equal(nct_exp2_weight(INT32_MAX), 0);
	for (int32_t x = 0; x < 15 << 10; x++) { /* it never rises, and the error halves with each octave */
		const double error = fabs(nct_exp2_weight(x) - 16384 * exp2(-x / 1024.0));

		assert_true(nct_exp2_weight(x + 1) <= nct_exp2_weight(x));
		assert_true(error <= 1.795 / (1 << (x >> 10)) + 0.5);
	}
}

static void
test_norm_is_rms_norm(void **state)
{
	int32_t h[4096];
	int16_t mul[4096];
	int8_t y[4096];

	(void)state;
	for (int round = 0; round < 400; round++) {
		const size_t c = (size_t)between(1, round % 8 == 0 ? 4096 : 300);
		const int32_t limit = 1 << between(6, 20);
		double sum = 0;

		for (size_t i = 0; i < c; i++) {
			h[i] = between(-limit, limit);
			mul[i] = (int16_t)between(0, 1600);
			sum += (double)h[i] * h[i];
		}
		nct_kernels_ref.norm(y, h, mul, c);
		const double rms = sqrt(sum / (double)c);
		for (size_t i = 0; i < c; i++) {
			/* the root is truncated, by 1 in 16 rms; x and y are rounded, by half a unit each */
			const double x = fmin(fmax(h[i] / rms, -16), 16), want = fmin(fmax(x * mul[i] / 16, -127), 127);
			const double slack = 0.5 + fabs(want) * (1.1 / (16 * rms)) + 0.51 * mul[i] / 32768 + 0.02;

			if (rms > 1 && fabs(y[i] - want) > slack)
				fail_msg("h %d of %zu, rms %f, mul %d: want %f, got %d", h[i], c, rms, mul[i], want, y[i]);
		}
	}
	memset(h, 0, sizeof h);
	nct_kernels_ref.norm(y, h, mul, 7);
	for (size_t i = 0; i < 7; i++)
		assert_int_equal(y[i], 0);
}

static void
test_attention_is_a_softmax(void **state)
{
	const int8_t q[2] = {100, -50}, k0[4] = {20, 30, 100, -7}, k1[4] = {-10, 5, -60, 90}, k2[4] = {40, -20, 11, 127};
	const int8_t *const row[3] = {k0, k1, k2};
	const double dot[3] = {500, -1250, 5000};
	int32_t s[3], a[2], bias[NCT_BIAS_FAR + 1] = {300, -700, 1200};
	int16_t p[3];
	int8_t o[2];
	double w[3], z = 0;

	(void)state;
	nct_kernels_ref.dots(s, q, row, 0, 3, 2);
	const uint32_t sum = nct_kernels_ref.weigh(p, s, bias, 20000, 3);
	nct_kernels_ref.mix(a, p, row, 2, 3, 2);
	nct_kernels_ref.settle(o, a, (uint32_t)(((uint64_t)81920 << 20) / sum), 2); /* gain 1.25 */
	for (size_t j = 0; j < 3; j++) /* the oldest comes first: position j has distance 2 - j */
		z += w[j] = exp2((dot[j] * 20000 / 65536 + bias[2 - j]) / 1024);
	for (size_t i = 0; i < 2; i++) {
		double want = 0;

		for (size_t j = 0; j < 3; j++)
			want += 1.25 * w[j] / z * row[j][2 + i];
		assert_true(fabs(o[i] - fmin(want, 127)) < 0.6);
	}
}

static void
test_predict_is_a_softmax(void **state)
{
	int32_t acc[NCT_SYMBOLS], mul[NCT_SYMBOLS];
	uint32_t freq[NCT_SYMBOLS];

	(void)state;
	for (int round = 0; round < 100; round++) {
		const int32_t range = 1 << between(4, 17);
		double z = 0;

		for (size_t s = 0; s < NCT_SYMBOLS; s++) {
			acc[s] = between(-range, range);
			mul[s] = 1 << 23; /* l = acc / 2 */
			z += exp2(((acc[s] + 1) >> 1) / 4096.0);
		}
		nct_kernels_ref.predict(freq, acc, mul);
		uint64_t sum = 0;
		for (size_t s = 0; s < NCT_SYMBOLS; s++) {
			const double want = 1 + exp2(((acc[s] + 1) >> 1) / 4096.0) / z * (NCT_FREQ_TOTAL - NCT_SYMBOLS);

			sum += freq[s];
			if (freq[s] < want - 1.01 || freq[s] > want + (freq[s] > NCT_FREQ_TOTAL / 300 ? 257 : 0.01))
				fail_msg("round %d, symbol %zu: want %f, got %u", round, s, want, freq[s]);
		}
		assert_int_equal(sum, NCT_FREQ_TOTAL);
	}
	for (size_t s = 0; s < NCT_SYMBOLS; s++) /* all tie, so the rest goes to the smallest symbol */
		acc[s] = 5;
	nct_kernels_ref.predict(freq, acc, mul);
	assert_true(freq[0] > freq[1] && freq[1] == freq[256]);
	acc[200] = acc[210] = 1 << 25; /* two symbols are certain, so all others get 1 */
	nct_kernels_ref.predict(freq, acc, mul);
	assert_int_equal(freq[0], 1);
	assert_int_equal(freq[200] + freq[210], NCT_FREQ_TOTAL - 255);
	assert_true(freq[200] - freq[210] <= 2);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_matmul),
	    cmocka_unit_test(test_products_of_attention),
		cmocka_unit_test(test_attention),
		cmocka_unit_test(test_open_gates),
	    cmocka_unit_test(test_loops),
	    cmocka_unit_test(test_halve),
	    cmocka_unit_test(test_choose),
	    cmocka_unit_test(test_exp2_tables),
	    cmocka_unit_test(test_exp2_weight),
	    cmocka_unit_test(test_norm_is_rms_norm),
	    cmocka_unit_test(test_attention_is_a_softmax),
	    cmocka_unit_test(test_predict_is_a_softmax),
	    {"test_row_ran: amx", test_row_ran, NULL, NULL, "amx"},
	    {"test_row_ran: avx512vnni", test_row_ran, NULL, NULL, "avx512vnni"},
	    {"test_row_ran: avx2", test_row_ran, NULL, NULL, "avx2"},
	    {"test_row_ran: neon-dot", test_row_ran, NULL, NULL, "neon-dot"},
	    {"test_row_ran: neon", test_row_ran, NULL, NULL, "neon"},
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
