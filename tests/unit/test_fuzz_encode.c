/* test_fuzz_encode.c - runs the fuzz target for nct_encode() on mutated texts, without a fuzzer.
 *
 * test_fuzz_encode FILE... replays files, such as a fuzzer has kept; test_fuzz_encode DIR/ writes seeds there. */
#include "../fuzz/fuzz_encode.c"
#include "long_tests.h"

#include <malloc.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define SEEDS 7
#define LONG_SEED 6
#define ROUNDS 100

/* Seed i: bytes that choose how to encode, and a text. Returns the length. */
static size_t
seed(size_t i, uint8_t *p)
{
	static const struct {
		uint8_t way[WAY];
		const char *text;
	} seeds[SEEDS] = {
		{{4 + 0}, "abcab acbba, cc aab: chosen strings"},
		{{4 + 8 + 1, 0, 30}, "abcab acbba cc ab abbabcabbcbabcba ccab acbaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab, words"},
		{{4 + 16 + 2, 0, 9}, "bacabacabacbacbabc\nabcbabcb documents"},
		{{4 + 8 + 32 + 3, 0, 0, 0, 0, 100}, "abcbabcba open, and in two operands babcbabcb"},
		{{8 + 2, 1, 0, 0, 'M'}, "split windows of words aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"},
		{{16 + 0, 0, 40, 0, 'M'}, "split windows of 13 bits, documents"},
		{{4 + 8 + 0, 0, 200, 30, 'L'}, "aaab abcb abaabcabcb, abcbabc bcbacbabcb aaaaaaaaaaaaaaaaaaaaaaaa bc"},
	};
	const size_t n = strlen(seeds[i].text) + 1;

	memcpy(p, seeds[i].way, WAY);
	memcpy(p + WAY, seeds[i].text, n);
	return WAY + n;
}

/* Changes bytes, doubles some, or cuts the end off, mostly in the text alone. Returns the new length. */
static size_t
mutate(uint8_t *p, size_t n, nct_rng *r)
{
	if (nct_rng_below(r, 4) == 0)
		p[nct_rng_below(r, 4)] = (uint8_t)nct_rng_next(r);
	for (uint64_t left = 1 + nct_rng_below(r, 6); left > 0 && n > WAY + 1; left--) {
		const size_t at = WAY + nct_rng_below(r, n - WAY), length = 1 + nct_rng_below(r, n - at);

		switch (nct_rng_below(r, 5)) {
		case 0: p[at] = (uint8_t)nct_rng_next(r); break;
		case 1: p[at] = (uint8_t)"abc \n"[nct_rng_below(r, 6)]; break;
		case 2: memset(p + at, 'a', length); break;
		case 3:
			if (n + length <= INPUT_MAX) {
				memmove(p + at + length, p + at, n - at);
				n += length;
			}
			break;
		default: n -= nct_rng_below(r, 4) == 0 ? n - at : 0; break;
		}
	}
	return n;
}

static void
test_seeds(void **state)
{
	static uint8_t p[INPUT_MAX];

	(void)state;
	LLVMFuzzerTestOneInput(p, WAY); /* no text */
	for (size_t i = 0; i < SEEDS; i++)
		LLVMFuzzerTestOneInput(p, seed(i, p));
}

static void
test_mutated_texts(void **state)
{
	static uint8_t p[INPUT_MAX];
	nct_rng r = {23};

	(void)state;
	for (size_t i = 0; i < SEEDS; i++)
		for (unsigned round = 0; round < (i == LONG_SEED ? ROUNDS / 20 : long_tests() ? ROUNDS : ROUNDS / 2); round++) {
			const size_t n = seed(i, p);

			LLVMFuzzerTestOneInput(p, mutate(p, n, &r));
		}
}

static void
test_corpus(void **state)
{
	(void)state;
	assert_true(replay_folder("tests/fuzz/corpus/encode") > 0);
}

static void
write_seeds(const char *dir)
{
	static uint8_t p[INPUT_MAX];

	for (size_t i = 0; i < SEEDS; i++)
		write_seed(dir, i, p, seed(i, p));
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_seeds), cmocka_unit_test(test_mutated_texts),
	                                   cmocka_unit_test(test_corpus)};

	/* without this, the encoder's large buffers would be mapped, and so zeroed, for each short text */
	(void)mallopt(M_MMAP_THRESHOLD, 1 << 20);
	return replay_arguments(argc, argv, write_seeds) ? 0 : cmocka_run_group_tests(tests, NULL, NULL);
}
