/* test_shape.c - shapes of nets: sizes by name, counts, limits, and the buckets of distance. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "net/transformer.h"

/* T5's formula, in floating point. */
static unsigned
plain_bucket(size_t d)
{
	double b;

	if (d < 16)
		return (unsigned)d;
	b = 16.0 + floor(16.0 * log((double)d / 16.0) / log(8.0) + 1e-9);
	return b > 31.0 ? 31 : (unsigned)b;
}

static void
test_buckets(void **state)
{
	(void)state;
	for (uint32_t d = 0; d < 5000; d++)
		assert_int_equal(nct_bucket(d), plain_bucket(d));
	assert_int_equal(nct_bucket(UINT32_MAX), 31);
}

static void
test_shape_words(void **state)
{
	const struct nct_shape none = {257, 257, 7, 7, 7, 7, 77, 0};
	struct nct_shape s = none;
	nct_why why;
	static const char *const bad[] = {
	    "",
	    "4m",
	    "3M",
	    "d=256",
	    "d=256,layers=3,heads=4",
	    "d=256,layers=3,heads=4,ff=1024,",
	    "d=256,layers=3,heads=4,ff=0",
	    "d=256,layers=3,heads=4,ff=1024,ff=1024",
	    "d=256,layers=3,heads=5,ff=1024",
	    "d=256,layers=3,heads=4,ff=1024,reach=1025",
	    "d=256,layers=3,heads=4,ff=1024,depth=3",
	    "d=+256,layers=3,heads=4,ff=1024",
	    "d=256 ,layers=3,heads=4,ff=1024",
	    "d=99999999999999999999,layers=3,heads=4,ff=1024",
	    "d=256;layers=3",
	};

	(void)state;
	assert_int_equal(nct_shape_parse(&s, "3m", &why), NCT_OK);
	assert_true(s.width == 256 && s.heads == 4 && s.layers == 3 && s.inner == 1024 && s.reach == 77 && s.vocab == 257);
	assert_int_equal(nct_shape_parse(&s, "heads=2,d=10,ff=30,reach=5,layers=9", &why), NCT_OK);
	assert_true(s.width == 10 && s.heads == 2 && s.layers == 9 && s.inner == 30 && s.reach == 5);
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		s = none;
		why.text[0] = '\0';
		if (nct_shape_parse(&s, bad[i], &why) != NCT_EARG || why.text[0] == '\0' || memcmp(&s, &none, sizeof s) != 0)
			fail_msg("'%s' was taken or left a trace: %s", bad[i], why.text);
	}
}

/* The sizes of Lester et al. in millions of parameters: 16 d^2 per layer, and a little for norms and position
 * biases. */
static void
test_parameter_counts(void **state)
{
	static const struct {
		const char *name;
		double millions;
	} sizes[] = {{"3m", 3.1}, {"25m", 25.2}, {"113m", 113.2}, {"403m", 402.7}, {"2b", 1610.6}};

	(void)state;
	for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
		struct nct_shape s = {.vocab = 65536, .inputs = 65537, .reach = 512};

		assert_int_equal(nct_shape_parse(&s, sizes[i].name, NULL), NCT_OK);
		assert_true(fabs((double)nct_shape_parameters(&s) / 1e6 / sizes[i].millions - 1.0) < 0.02);
	}
}

/* Impossible shapes, and sizes that overflow, are refused before anything is allocated. */
static void
test_impossible_shapes(void **state)
{
	const struct nct_shape good = {257, 257, 16, 2, 1, 16, 16, 0}, bad[] = {
		{1, 257, 16, 2, 1, 16, 16, 0}, {65537, 257, 16, 2, 1, 16, 16, 0}, {257, 0, 16, 2, 1, 16, 16, 0},
		{257, 257, 0, 2, 1, 16, 16, 0}, {257, 257, 16, 3, 1, 16, 16, 0}, {257, 257, 16, 0, 1, 16, 16, 0},
		{257, 257, 16, 2, 0, 16, 16, 0}, {257, 257, 16, 2, 1, 0, 16, 0}, {257, 257, 16, 2, 1, 16, 0, 0},
		{257, 257, 16, 2, 1, 16, 1025, 0},
	};
	nct_net *n;

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		assert_int_equal(nct_net_new(&n, &bad[i], 1, 1, 1, NULL, NULL), NCT_EARG);
		assert_null(n);
		assert_true(nct_net_bytes(&bad[i], 1, 1, 1, 1, NULL) == UINT64_MAX);
	}
	assert_int_equal(nct_net_new(&n, &good, 0, 1, 1, NULL, NULL), NCT_EARG);
	assert_int_equal(nct_net_new(&n, &good, 1, 1, 0, NULL, NULL), NCT_EARG);
	assert_int_equal(nct_net_new(&n, &good, 1, 1, 1, "no such row", NULL), NCT_EARG);
	assert_int_equal(nct_net_new(&n, &good, SIZE_MAX / 4, 2, 1, NULL, NULL), NCT_ENOMEM);
	assert_int_equal(nct_net_new(&n, &good, SIZE_MAX / 2, 16, 1, NULL, NULL), NCT_ENOMEM);
	assert_null(n);
	assert_true(nct_net_bytes(&good, 1, 4, 64, 1, NULL) < nct_net_bytes(&good, 1, 8, 64, 1, NULL));
	assert_true(nct_net_bytes(&good, 0, 8, 64, 1, NULL) < nct_net_bytes(&good, 1, 8, 64, 1, NULL) / 2);
	assert_true(nct_net_bytes(&good, 1, 8, 64, 1, "no such row") == nct_net_bytes(&good, 1, 8, 64, 1, "ref"));
}

/* Operations per token: 24.8 million for size 3m. */
static void
test_operations(void **state)
{
	struct nct_shape s = {.vocab = 257, .inputs = 257, .reach = 1024};

	(void)state;
	assert_int_equal(nct_shape_parse(&s, "3m", NULL), NCT_OK);
	assert_true(nct_shape_operations(&s, 1024) == 6.0 * (3 * 256 * (1024 + 3072) + 256 * 257) + 14.0 * 3 * 256 * 512.5);
	s.reach = 2; /* one query sees itself alone, three see two keys: 7/4 each */
	assert_true(nct_shape_operations(&s, 4) == 6.0 * (3 * 256 * (1024 + 3072) + 256 * 257) + 14.0 * 3 * 256 * 1.75);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_buckets),
		cmocka_unit_test(test_shape_words),
		cmocka_unit_test(test_parameter_counts),
		cmocka_unit_test(test_operations),
		cmocka_unit_test(test_impossible_shapes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
