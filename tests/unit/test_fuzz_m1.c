/* test_fuzz_m1.c - the fuzzer's entry point on mutated model files, without a fuzzer.
 *
 * test_fuzz_m1 FILE... replays files, such as a fuzzer has kept. */
#include "../fuzz/fuzz_m1.c"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "base/rng.h"

#define FILE_MAX ((size_t)1 << 20)
#define ROUNDS 400

static uint8_t *
load(const char *path, size_t *n)
{
	uint8_t *p = malloc(FILE_MAX);
	FILE *f = fopen(path, "rb");

	must(p != NULL && f != NULL, path);
	*n = fread(p, 1, FILE_MAX, f);
	must(!ferror(f) && fclose(f) == 0, path);
	return p;
}

/* One to eight changes, each in the header or in the tensors: a byte, a bit, a run of bytes from elsewhere. */
static void
mutate(uint8_t *p, size_t n, nct_rng *r)
{
	for (uint64_t left = 1 + nct_rng_below(r, 8); left > 0; left--) {
		const size_t span = nct_rng_below(r, 2) == 0 && n > 1400 ? 1400 : n, at = nct_rng_below(r, span);
		const size_t most = n - at < 16 ? n - at : 16, from = nct_rng_below(r, n - most + 1);

		switch (nct_rng_below(r, 3)) {
		case 0: p[at] = (uint8_t)nct_rng_next(r); break;
		case 1: p[at] ^= (uint8_t)(1 << nct_rng_below(r, 8)); break;
		default: memmove(p + at, p + from, 1 + nct_rng_below(r, most)); break;
		}
	}
}

static void
test_mutated_files(void **state)
{
	static const char *const seeds[] = {
		"tests/vectors/m1-tiny.safetensors", "tests/vectors/m1-small.safetensors", "tests/vectors/m1-limits.safetensors",
	};
	nct_rng r = {5};
	size_t n;

	(void)state;
	for (size_t i = 0; i < sizeof seeds / sizeof seeds[0]; i++) {
		uint8_t *p = load(seeds[i], &n), *q = malloc(n);

		assert_non_null(q);
		for (int round = 0; round < ROUNDS; round++) {
			memcpy(q, p, n);
			mutate(q, n, &r);
			LLVMFuzzerTestOneInput(q, nct_rng_below(&r, 4) == 0 ? nct_rng_below(&r, n + 1) : n);
		}
		free(p);
		free(q);
	}
}

/* The fuzzer's correction must make a file good again, else it guards nothing. */
static void
test_correction(void **state)
{
	nct_why why = {""};
	size_t n;
	uint8_t *p = load("tests/vectors/m1-tiny.safetensors", &n);

	(void)state;
	assert_int_equal(parse(p, n, &why), NCT_OK);
	p[n - 1] = p[n - 1] == 1 ? 2 : 1; /* the last weight of head */
	assert_int_equal(parse(p, n, &why), NCT_EDATA);
	assert_true(correct(p, n, &why));
	assert_int_equal(parse(p, n, &why), NCT_OK);
	free(p);
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_correction), cmocka_unit_test(test_mutated_files)};

	for (int i = 1; i < argc; i++) {
		size_t n;
		uint8_t *p = load(argv[i], &n);

		LLVMFuzzerTestOneInput(p, n);
		free(p);
	}
	return argc > 1 ? 0 : cmocka_run_group_tests(tests, NULL, NULL);
}
