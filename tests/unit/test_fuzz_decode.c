/* test_fuzz_decode.c - runs the fuzz target for nct_decode() on mutated streams, without a fuzzer.
 *
 * test_fuzz_decode FILE... replays files, such as a fuzzer has kept; test_fuzz_decode DIR/ writes seeds there. */
#include "../fuzz/fuzz_decode.c"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define SEEDS 15
#define CHOSEN 10  /* streams from this one on have code `best` ... */
#define ALIGNED 12 /* ... and from this one on, they are aligned, too */
#define ROUNDS 300

static nct_err
one_text(void *ctx, size_t i, int *fd)
{
	const char *text = ctx;

	*fd = i == 0 ? pipe_of((const uint8_t *)text, strlen(text) + 1) : -1;
	return NCT_OK;
}

/* A short stream; there is one of every kind. It is made with model i % SOME_M1, which a reserved byte tells the
 * fuzz target. */
static uint8_t *
one_stream(size_t i, size_t *n)
{
	static const struct {
		unsigned bits, resets;
		uint64_t chunk;
		enum nct_separator separator;
		const char *text;
	} seeds[SEEDS - 1] = {
		{10, 1, 0, NCT_SEP_NUL, "aaaa bbbb\xc3\xa4\n\ttext of few words, aaaaaaaaaaaaaaaaaaaaaaaa"},
		{10, 1, 20, NCT_SEP_OPERAND, "text that is cut, every few bytes, into chunks"},
		{13, 1, 30, NCT_SEP_NUL, "one aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa two"},
		{13, 1, 0, NCT_SEP_OPERAND, "four"},
		{16, 1, 25, NCT_SEP_OPERAND, "no codebook is there for windows of that size"},
		{12, 3, 16, NCT_SEP_NUL, "a reset every three windows"},
		{40, 0, 24, NCT_SEP_OPERAND, "no reset within a chunk, and chunks of 24 bytes"},
		{0, 0, 24, NCT_SEP_NUL, "unbroken, and chunks of 24 bytes"},
		{0, 0, 0, NCT_SEP_OPERAND, "unbroken"},
		{128, 1, 0, NCT_SEP_NUL, "the widest windows"},
		{10, 1, 0, NCT_SEP_NUL, "chosen strings: abcabacbcaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaabcc"},
		{10, 1, 14, NCT_SEP_OPERAND, "abbaabaccabbbaccccaabacbabcbabcaabaaaaaaaaaaaaaaaaaaaaaaaacb in chunks"},
		{10, 1, 0, NCT_SEP_OPERAND, "ab bacca aab caab, acab aaaaaaaaa: words"},
		{10, 1, 9, NCT_SEP_NUL, "aaab"},
	};
	const struct nct_encode_options o = {sizeof o,
	                                     .window_bits = seeds[i].bits,
	                                     .resets = seeds[i].resets,
	                                     .chunk = seeds[i].chunk,
	                                     .separator = seeds[i].separator,
	                                     .code = i < CHOSEN ? NCT_CODE_SPLIT : NCT_CODE_BEST,
	                                     .align = i < ALIGNED ? NCT_ALIGN_NONE : NCT_ALIGN_WORDS,
	                                     .threads = 1};
	struct nct_totals totals;
	FILE *f = tmpfile();
	uint8_t *p;

	make_models();
	must(f != NULL, "no file");
	must(nct_encode(models[i % SOME_M1], one_text, (void *)(uintptr_t)seeds[i].text, fileno(f), &o, &totals,
	                NULL) == NCT_OK,
	     "encoding");
	p = contents(f, n);
	p[34] = (uint8_t)(i % SOME_M1);
	return p;
}

/* Seed i: a stream. The last seed is two streams of one model, of code `best` and of code `split`. */
static uint8_t *
seed(size_t i, size_t *n)
{
	size_t more;
	uint8_t *p = one_stream(i < SEEDS - 1 ? i : CHOSEN, n), *q;

	if (i < SEEDS - 1)
		return p;
	q = one_stream(CHOSEN % SOME_M1, &more);
	p = realloc(p, *n + more);
	must(p != NULL, "no memory");
	memcpy(p + *n, q, more);
	free(q);
	*n += more;
	return p;
}

/* Makes one to four changes, after the header or in it: of a byte, a bit or a number. */
static void
mutate(uint8_t *p, size_t n, nct_rng *r)
{
	for (uint64_t left = 1 + nct_rng_below(r, 4); left > 0; left--) {
		const size_t at = nct_rng_below(r, n - 4);

		switch (nct_rng_below(r, 4)) {
		case 0: p[at] = (uint8_t)nct_rng_next(r); break;
		case 1: p[at] ^= (uint8_t)(1u << nct_rng_below(r, 8)); break;
		case 2: p[at] = (uint8_t)(p[at] + (nct_rng_below(r, 2) == 0 ? 1 : -1)); break;
		default: nct_put32(p + (at & ~(size_t)3), (uint32_t)(nct_rng_next(r) >> nct_rng_below(r, 64))); break;
		}
	}
}

/* Seeds are good. With spoiled checksums, the fuzz target mends them. Otherwise a fuzzer would only see refusals. */
static void
test_claim(void **state)
{
	(void)state;
	for (size_t i = 0; i < SEEDS; i++) {
		size_t n;
		uint8_t *p = seed(i, &n);
		const unsigned model = p[34];
		int best;

		memset(p + 40, 0, 16);
		memset(p + 64, 0, 8);
		p[n - 1] ^= 1;
		assert_ptr_equal(claim_all(p, n, &best), models[model]);
		assert_int_equal(best, i >= CHOSEN);
		for (unsigned way = 0; way < 8; way++)
			assert_int_equal(decode_both_ways(models[model], p, n, way, best), p[11] > 0 || !(way & 1));
		free(p);
	}
}

static void
test_mutated_streams(void **state)
{
	nct_rng r = {17};

	(void)state;
	for (size_t i = 0; i < SEEDS; i++) {
		size_t n;
		uint8_t *p = seed(i, &n), *q = malloc(n);

		assert_non_null(q);
		for (int round = 0; round < ROUNDS; round++) {
			memcpy(q, p, n);
			mutate(q, n, &r);
			q[35] = (uint8_t)round;
			LLVMFuzzerTestOneInput(q, n);
		}
		free(p);
		free(q);
	}
}

static void
test_corpus(void **state)
{
	(void)state;
	assert_true(replay_folder("tests/fuzz/corpus/decode") > 0);
}

static void
write_seeds(const char *dir)
{
	for (size_t i = 0; i < SEEDS; i++) {
		size_t n;
		uint8_t *p = seed(i, &n);

		write_seed(dir, i, p, n);
		free(p);
	}
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_claim), cmocka_unit_test(test_mutated_streams),
	                                   cmocka_unit_test(test_corpus)};

	return replay_arguments(argc, argv, write_seeds) ? 0 : cmocka_run_group_tests(tests, NULL, NULL);
}
