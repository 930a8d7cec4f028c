/* test_fuzz_m1.c - the fuzzer's entry point on mutated model files, without a fuzzer.
 *
 * test_fuzz_m1 FILE... replays files, such as a fuzzer has kept; test_fuzz_m1 DIR/ writes seeds there. */
#include "../fuzz/fuzz_m1.c"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "some_m1.h"

#define ROUNDS 400

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

/* The model's file, with or without a codebook. */
static uint8_t *
file_of(nct_m1 *m, int compiled, size_t *n)
{
	uint8_t *p = malloc(FUZZ_FILE_MAX);
	FILE *f = tmpfile();

	must(p != NULL && f != NULL, "no memory, or no file");
	must(!compiled || nct_m1_compile(m, NCT_WINDOW_MIN, 1, NULL) == NCT_OK, "compile");
	must(nct_m1_write(m, fileno(f)) == NCT_OK, "write");
	rewind(f);
	*n = fread(p, 1, FUZZ_FILE_MAX, f);
	fclose(f);
	return p;
}

static uint8_t *
compiled(const char *path, size_t *n)
{
	nct_m1 *m;

	must(nct_m1_open(&m, path, NULL, NULL) == NCT_OK, path);
	uint8_t *p = file_of(m, 1, n);
	nct_m1_free(m);
	return p;
}

/* Changes in a codebook alone, most of which a tree can hold or nearly so: one more or less, two strings' symbols exchanged. */
static void
test_mutated_codebooks(void **state)
{
	nct_rng r = {9};
	nct_m1 *m;

	(void)state;
	must(nct_m1_open(&m, "tests/vectors/m1-tiny.safetensors", NULL, NULL) == NCT_OK, "m1-tiny");
	for (int round = 0; round < 20 * ROUNDS; round++) {
		struct nct_codebook *c;

		if (round % 100 == 0)
			must(nct_m1_compile(m, NCT_WINDOW_MIN, 1, NULL) == NCT_OK, "compile");
		must(nct_codebook_new(&c, NCT_CODE_SPLIT, NCT_WINDOW_MIN, (size_t)1 << NCT_WINDOW_MIN) == NCT_OK, "no memory");
		memcpy(c->depth, nct_m1_codebook(m, NCT_CODE_SPLIT, c->bits)->depth, sizeof *c->depth * 2 << c->bits);
		for (uint64_t left = 1 + nct_rng_below(&r, 3); left > 0; left--) {
			const size_t k = nct_rng_below(&r, 1u << c->bits);
			uint16_t *x = nct_rng_below(&r, 2) == 0 ? &c->depth[k] : &c->symbol[k];

			*x = (uint16_t)(*x + (nct_rng_below(&r, 2) == 0 ? 1 : -1));
		}
		if (nct_codebook_seal(c, 0, NULL) == NCT_OK) {
			use_codebook(c);
			nct_m1_take_codebook(m, c); /* the next ones change it further */
		} else {
			nct_codebook_free(c);
		}
	}
	nct_m1_free(m);
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
	for (size_t i = 0; i < 2 * (sizeof seeds / sizeof seeds[0]); i++) {
		uint8_t *p = i % 2 == 0 ? load(seeds[i / 2], &n) : compiled(seeds[i / 2], &n), *q = malloc(n);

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

static void
test_corpus(void **state)
{
	(void)state;
	assert_true(replay_folder("tests/fuzz/corpus/m1") > 0);
}

static void
write_seeds(const char *dir)
{
	static const struct nct_m1_config tiny = {.kind = NCT_M1_TRANSFORMER, .width = 2, .heads = 1, .layers = 1, .inner = 3, .reach = 2};

	for (unsigned i = 0; i < 4; i++) {
		nct_m1 *m = i < 2 ? random_m1(&tiny, NULL, 1) : some_m1(SOME_M1_LONG);
		size_t n;
		uint8_t *p = file_of(m, i % 2, &n);

		write_seed(dir, i, p, n);
		free(p);
		nct_m1_free(m);
	}
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_correction), cmocka_unit_test(test_mutated_files),
	                                    cmocka_unit_test(test_mutated_codebooks), cmocka_unit_test(test_corpus)};

	for (int i = 1; i < argc; i++)
		if (argv[i][strlen(argv[i]) - 1] == '/')
			write_seeds(argv[i]);
		else
			replay(argv[i]);
	return argc > 1 ? 0 : cmocka_run_group_tests(tests, NULL, NULL);
}
