/* test_fuzz_m1.c - runs the fuzz target for model files on mutated files, without a fuzzer.
 *
 * test_fuzz_m1 FILE... replays files, such as a fuzzer has kept; test_fuzz_m1 DIR/ writes seeds there. */
#include "../fuzz/fuzz_m1.c"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "some_m1.h"
#include "some_strings.h"

#define ROUNDS 400

/* Makes one to eight changes, in the header or in tensors: of a byte, of a bit, or by bytes from elsewhere in the
 * file. */
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

#define SPLIT 1 /* flags: the codebooks of a model */
#define BEST 2

/* Adds a codebook of code `best`, with the places of its nodes. Strings have up to `most` symbols over `letters`
 * letters. */
static void
give_strings(nct_m1 *m, unsigned letters, unsigned most)
{
	static struct some s[STRINGS];
	nct_rng r = {letters};
	struct nct_codebook *c;

	draw_strings_of(&r, s, letters, most, letters == 3);
	c = codebook_of(s);
	must(nct_codebook_seal(c, nct_m1_fingerprint(m), NULL) == NCT_OK && nct_codebook_keep_places(c) == NCT_OK &&
	         c->base != NULL,
	     "no codebook");
	nct_m1_take_codebook(m, c);
}

/* The model's file, with these codebooks. `brief`: with fewer nodes. */
static uint8_t *
file_of(nct_m1 *m, unsigned books, int brief, size_t *n)
{
	FILE *f = tmpfile();

	must(f != NULL, "no file");
	must(!(books & SPLIT) || nct_m1_compile(m, NCT_WINDOW_MIN, 1, NULL) == NCT_OK, "compile");
	if (books & BEST)
		give_strings(m, brief ? 26 : 3, brief ? 3 : SOME_SYMBOLS);
	must(nct_m1_write(m, fileno(f)) == NCT_OK, "write");
	return contents(f, n);
}

static uint8_t *
with_books(const char *path, unsigned books, size_t *n)
{
	nct_m1 *m;

	must(nct_m1_open(&m, path, NULL, NULL) == NCT_OK, path);
	uint8_t *p = file_of(m, books, 0, n);
	nct_m1_free(m);
	return p;
}

/* Small changes in a codebook, most of which leave a possible tree or nearly so: a number becomes one more or less,
 * or symbols of two strings are exchanged. */
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
			nct_m1_take_codebook(m, c); /* later changes add to this one */
		} else {
			nct_codebook_free(c);
		}
	}
	nct_m1_free(m);
}

/* A copy of *c, which the caller frees, with one to three changes: a depth or a symbol is one more or less, or the
 * end of a string moves to another node. */
static struct nct_codebook *
changed(const struct nct_codebook *c, nct_rng *r)
{
	struct nct_codebook *d;

	must(nct_codebook_new(&d, c->code, c->bits, c->nodes) == NCT_OK, "no memory");
	memcpy(d->depth, c->depth, c->nodes * sizeof *c->depth);
	memcpy(d->symbol, c->symbol, c->nodes * sizeof *c->symbol);
	for (uint64_t left = 1 + nct_rng_below(r, 3); left > 0; left--) {
		const size_t k = nct_rng_below(r, c->nodes), i = nct_rng_below(r, c->nodes);
		uint16_t *x = nct_rng_below(r, 2) == 0 ? &d->depth[k] : &d->symbol[k];

		if (nct_rng_below(r, 3) != 0) {
			*x = (uint16_t)(*x + (nct_rng_below(r, 2) == 0 ? 1 : -1));
		} else if ((d->symbol[k] ^ d->symbol[i]) & NCT_NODE_INNER) {
			d->symbol[k] ^= NCT_NODE_INNER;
			d->symbol[i] ^= NCT_NODE_INNER;
		}
	}
	return d;
}

/* The same with code `best`. Some of the codebooks that are accepted have places of nodes, and some of these places
 * are false. */
static void
test_mutated_strings(void **state)
{
	nct_rng r = {11};
	unsigned taken = 0;
	nct_m1 *m;

	(void)state;
	must(nct_m1_open(&m, "tests/vectors/m1-tiny.safetensors", NULL, NULL) == NCT_OK, "m1-tiny");
	for (unsigned round = 0; round < 10 * ROUNDS; round++) {
		struct nct_codebook *c;

		if (round % 100 == 0)
			give_strings(m, round / 100 % 2 == 0 ? 3 : 26, round / 100 % 2 == 0 ? SOME_SYMBOLS : 3);
		c = changed(nct_m1_codebook(m, NCT_CODE_BEST, BITS), &r);
		if (nct_codebook_seal(c, 0, NULL) != NCT_OK) {
			nct_codebook_free(c);
			continue;
		}
		must(round % 4 == 0 || nct_codebook_keep_places(c) == NCT_OK, "no memory");
		for (unsigned i = 0; i < round % 4 / 2 && c->base != NULL; i++)
			spoil_base(&r, c->base, nct_codebook_parents(c));
		use_codebook(c);
		nct_m1_take_codebook(m, c);
		taken++;
	}
	assert_true(taken > ROUNDS);
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
	for (unsigned i = 0; i < 4 * (sizeof seeds / sizeof seeds[0]); i++) {
		uint8_t *p = i % 4 == 0 ? load(seeds[i / 4], &n) : with_books(seeds[i / 4], i % 4, &n), *q = malloc(n);

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

/* The fuzz target's correction of fingerprints makes a file good again. Otherwise it would be of no use. */
static void
test_correction(void **state)
{
	nct_why why = {0};
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

/* The same if all fingerprints are false, those of codebooks of both codes, too. */
static void
test_correction_of_codebooks(void **state)
{
	static const char *const keys[] = {"\"fingerprint\":\"", "\"split10\":\"", "\"best10\":\""};
	nct_why why = {0};
	size_t n;
	uint8_t *p = with_books("tests/vectors/m1-tiny.safetensors", SPLIT | BEST, &n);

	(void)state;
	assert_int_equal(parse(p, n, &why), NCT_OK);
	for (size_t k = 0; k < 3; k++)
		for (size_t i = 8; i < 4096; i++)
			if (memcmp(p + i, keys[k], strlen(keys[k])) == 0)
				p[i + strlen(keys[k])] ^= 1;
	for (size_t k = 0; k < 3; k++) {
		assert_int_equal(parse(p, n, &why), NCT_EDATA);
		assert_true(correct(p, n, &why));
	}
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
	static const struct nct_m1_config tiny = {
	    .kind = NCT_M1_TRANSFORMER, .width = 2, .heads = 1, .layers = 1, .inner = 3, .reach = 2};

	for (unsigned i = 0; i < 8; i++) {
		nct_m1 *m = i < 4 ? random_m1(&tiny, NULL, 1) : some_m1(SOME_M1_LONG);
		size_t n;
		uint8_t *p = file_of(m, i % 4, 1, &n);

		write_seed(dir, i, p, n);
		free(p);
		nct_m1_free(m);
	}
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_correction),      cmocka_unit_test(test_correction_of_codebooks),
	    cmocka_unit_test(test_mutated_files),   cmocka_unit_test(test_mutated_codebooks),
	    cmocka_unit_test(test_mutated_strings), cmocka_unit_test(test_corpus)};

	return replay_arguments(argc, argv, write_seeds) ? 0 : cmocka_run_group_tests(tests, NULL, NULL);
}
