/* test_fuzz_stream.c - runs the fuzz target for streams on mutated streams, without a fuzzer.
 *
 * test_fuzz_stream FILE... replays files, such as a fuzzer has kept; test_fuzz_stream DIR/ writes seeds there. */
#include "sample_stream.h"

#include "../fuzz/fuzz_stream.c"

#define SEEDS 6
#define ROUNDS 3000

/* Seed i: a stream of windows of code `split`, of unbroken codes, of tokens of these, or of foreign tokens. Seeds
 * are small, so that most of their bytes matter. */
static struct bytes
seed(size_t i)
{
	static const unsigned bits[SEEDS] = {16, 0, 13, 100, 0, 10};
	nct_rng rng = {i};
	struct nct_header h = sample_header(bits[i]);
	struct bytes windows = sample_stream(&rng, &h, 1 + i % 3), ids = {(uint8_t *)(uintptr_t)"1 2 3\n\n4 5 9\n", 13};
	struct input in = i == 5 ? (struct input){ids.p, ids.n} : (struct input){windows.p, windows.n};
	const struct nct_import_options foreign = {sizeof foreign, .vocab = 10, .text = -1};
	const struct nct_pack_options pack = {sizeof pack, .token_bits = 3 + 4 * (unsigned)(i % 2)};
	int fd = bytes_fd("", 0);

	if (i < 3) {
		close(fd);
		return windows;
	}
	assert_int_equal(i == 5 ? nct_import_ids(one_input, &in, fd, &foreign, NULL, NULL)
	                        : nct_pack(one_input, &in, fd, &pack, NULL, NULL),
	                 NCT_OK);
	free(windows.p);
	return fd_bytes(fd);
}

/* Changes some bits, bytes or numbers, removes or doubles bytes, or cuts the end off. Returns the new length. */
static size_t
mutate(uint8_t *p, size_t n, size_t cap, nct_rng *rng)
{
	for (uint64_t times = 1 + nct_rng_below(rng, 4); times > 0 && n > 16; times--) {
		size_t at = nct_rng_below(rng, n - 8), length = 1 + nct_rng_below(rng, 8);

		switch (nct_rng_below(rng, 8)) {
		case 0: p[at] ^= (uint8_t)(1u << nct_rng_below(rng, 8)); break;
		case 1: p[at] = (uint8_t)nct_rng_next(rng); break;
		case 2: p[at] = (uint8_t)(p[at] + 1); break;
		case 3: nct_put32(p + (at & ~(size_t)3), (uint32_t)(nct_rng_next(rng) >> nct_rng_below(rng, 64))); break;
		case 4: memset(p + at, 0xff, length); break;
		case 5:
			memmove(p + at, p + at + length, n - at - length);
			n -= length;
			break;
		case 6:
			length *= 10;
			if (n - at < length || n + length > cap)
				break;
			memmove(p + at + length, p + at, n - at);
			n += length;
			break;
		default:
			if (nct_rng_below(rng, 10) == 0)
				n -= nct_rng_below(rng, n / 2);
		}
	}
	return n;
}

static void
test_mutated_streams(void **state)
{
	static uint8_t p[INPUT_MAX];
	nct_rng rng = {99};

	(void)state;
	LLVMFuzzerTestOneInput(p, 0);
	for (size_t i = 0; i < SEEDS; i++) {
		struct bytes s = seed(i);
		nct_err err;

		read_stream(s.p, s.n, 0, &err);
		assert_int_equal(err, NCT_OK);
		LLVMFuzzerTestOneInput(s.p, s.n);
		for (size_t k = 0; k < ROUNDS / SEEDS; k++) {
			memcpy(p, s.p, s.n);
			LLVMFuzzerTestOneInput(p, mutate(p, s.n, sizeof p, &rng));
		}
		free(s.p);
	}
}

/* mend_stream() makes a stream good again. Otherwise it would be of no use. */
static void
test_mending(void **state)
{
	(void)state;
	for (size_t i = 0; i < SEEDS; i++) {
		struct bytes s = seed(i);
		nct_err err;

		nct_put64(s.p + 24, nct_get64(s.p + 24) + (i < 5)); /* the chunk size, and so id and checksums */
		mend(s.p, s.n);
		read_stream(s.p, s.n, 0, &err);
		assert_int_equal(err, NCT_OK);
		free(s.p);
	}
}

static void
test_corpus(void **state)
{
	(void)state;
	assert_true(replay_folder("tests/fuzz/corpus/stream") > 0);
}

static void
write_seeds(const char *dir)
{
	for (size_t i = 0; i < SEEDS; i++) {
		struct bytes s = seed(i);

		write_seed(dir, i, s.p, s.n);
		free(s.p);
	}
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_mending), cmocka_unit_test(test_mutated_streams),
	                                   cmocka_unit_test(test_corpus)};

	return replay_arguments(argc, argv, write_seeds) ? 0 : cmocka_run_group_tests(tests, NULL, NULL);
}
