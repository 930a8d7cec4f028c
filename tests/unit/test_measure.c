/* test_measure.c - what nct_measure() tells of token streams and evaluation tables. */
#include "convert_stream.h"

#include "../fuzz/fuzz_table.c"

#define TOTAL "total\t\t10\t25\t20.5\t2.05\t2.9575\t0.25\t6\t0\t0\t0\tnone\t1000\t0\t77\n"
#define REST "\t\t\t\t\t\t\t\t\t\t\t\t\t\n" /* the empty columns at the end of a row of kind token */
#define TOKENS "token\t0\t3" REST "token\t2\t6" REST "token\t5\t1" REST
#define TABLE NCT_EVALUATION_COLUMNS "\n" TOTAL "position\t0\t10\t\t20.5\t2.05\t2.9575\t0.25\t\t\t\t\t\t\t\t\n" TOKENS

/* The last measures that nct_measure() gave, and the number of times that it gave some. */
struct told {
	int times;
	struct nct_measured m;
	uint64_t counts[65536], progress;
};

static struct told told;

static void
remember(void *ctx, const struct nct_measured *m)
{
	assert_ptr_equal(ctx, &told);
	told.times++;
	told.m = *m;
	memset(told.counts, 0, sizeof told.counts);
	if (m->counts != NULL)
		memcpy(told.counts, m->counts, m->header.vocab * sizeof *m->counts);
}

static void
remember_progress(void *ctx, uint64_t bytes)
{
	assert_ptr_equal(ctx, &told);
	assert_true(bytes >= told.progress);
	told.progress = bytes;
}

static nct_err
measured(struct bytes in, nct_why *why)
{
	int fd = bytes_fd(in.p, in.n);
	nct_err err;

	memset(&told, 0, sizeof told);
	err = nct_measure(fd, remember, remember_progress, &told, why);
	assert_int_equal(close(fd), 0);
	return err;
}

static struct bytes
joined(struct bytes a, struct bytes b)
{
	struct bytes both = {malloc(a.n + b.n), a.n + b.n};

	assert_non_null(both.p);
	memcpy(both.p, a.p, a.n);
	memcpy(both.p + a.n, b.p, b.n);
	return both;
}

/* ---- Streams ---- */

/* Two streams of one operand are counted together, as an export would write them. */
static void
test_counts(void **state)
{
	static const unsigned bits[] = {0, 10, 16, 24, 128};
	nct_rng rng = {31};

	(void)state;
	for (size_t i = 0; i < sizeof bits / sizeof bits[0]; i++)
		for (unsigned v = 1; v <= 16; v += 5) {
			struct nct_header h = sample_header(bits[i]);
			struct bytes one = sample_stream(&rng, &h, 2), two = sample_stream(&rng, &h, 1 + i), windows = joined(one, two);
			struct bytes tokens = converted(PACK, windows, v), raw = converted(RAW, tokens, v);
			size_t width = v <= 8 ? 1 : 2;
			static uint64_t want[65536];
			nct_why why;

			memset(want, 0, sizeof want);
			for (size_t k = 0; k < raw.n; k += width)
				want[width == 1 ? raw.p[k] : nct_get16(raw.p + k)]++;
			assert_int_equal(measured(tokens, &why), NCT_OK);
			assert_int_equal(told.times, 1);
			assert_int_equal(told.m.tokens, raw.n / width);
			assert_int_equal(told.m.header.vocab, 1u << v);
			assert_int_equal(told.m.header.window_bits, bits[i]);
			assert_int_equal(told.m.header.m1, h.m1);
			assert_int_equal(told.m.evaluated, 0);
			assert_memory_equal(told.counts, want, sizeof want);
			assert_int_equal(told.progress, tokens.n);
			free(one.p);
			free(two.p);
			free(windows.p);
			free(tokens.p);
			free(raw.p);
		}
}

static void
test_text_bytes(void **state)
{
	nct_rng rng = {32};
	struct nct_header known = sample_header(16), unknown = known;
	struct bytes a, b, both;
	nct_why why;

	(void)state;
	unknown.text_unknown = 1;
	a = sample_stream(&rng, &known, 2);
	b = sample_stream(&rng, &unknown, 1);
	both = joined(a, b);
	for (size_t i = 0; i < 3; i++) {
		struct bytes tokens = converted(PACK, i == 0 ? a : i == 1 ? b : both, 16);

		assert_int_equal(measured(tokens, &why), NCT_OK);
		assert_int_equal(told.m.header.text_unknown, i > 0); /* if one stream's is unknown, so is that of all */
		assert_true((told.m.text_bytes > 0) == (i != 1));
		free(tokens.p);
	}
	free(a.p);
	free(b.p);
	free(both.p);
}

/* Streams whose ids mean different things are not counted together. The error says what differs, and where. */
static void
test_streams_that_differ(void **state)
{
	static const struct {
		unsigned v, window_bits;
		uint32_t resets;
		uint64_t m1, windows, parameters;
		unsigned at;
		const char *what;
	} cases[] = {
		{16, 16, 1, 1, 2, 3, 0, NULL},
		{8, 16, 1, 1, 2, 3, 12, "vocabulary 256, not 65536 as before"},
		{16, 0, 0, 1, 2, 3, 19, "code unbroken, not split as before"},
		{16, 24, 1, 1, 2, 3, 11, "window bits 24, not 16 as before"},
		{16, 16, 2, 1, 2, 3, 20, "resets 2, not 1 as before"},
		{16, 16, 1, 5, 2, 3, 40, "M1 0000000000000005, not 0000000000000001 as before"},
		{16, 16, 1, 1, 10, 3, 48, "windows 000000000000000a, not 0000000000000002 as before"},
		{16, 16, 1, 1, 2, 4, 56, "parameters of M1 4, not 3 as before"},
	};
	struct bytes first = {NULL, 0};
	struct nct_header first_header = {0};
	nct_rng rng = {33};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct nct_header h = sample_header(cases[i].window_bits);
		struct bytes windows, tokens, both;
		char want[200];
		nct_why why;

		h.resets = cases[i].resets;
		h.m1 = cases[i].m1;
		h.windows = cases[i].windows;
		h.m1_parameters = cases[i].parameters;
		windows = sample_stream(&rng, &h, 1);
		tokens = converted(PACK, windows, cases[i].v);
		h.vocab = 1u << cases[i].v;
		h.token_bits = cases[i].v;
		if (i == 0) {
			first = tokens;
			first_header = h;
		}
		both = joined(first, tokens);
		assert_int_equal(measured(both, &why), i == 0 ? NCT_OK : NCT_EKIND);
		assert_int_equal(nct_same_tokens(&first_header, &h, &why), i == 0);
		if (i > 0) {
			assert_int_equal(told.times, 0);
			snprintf(want, sizeof want, "%.*s", (int)(strstr(cases[i].what, " as before") - cases[i].what), cases[i].what);
			assert_string_equal(why.text, want);
			snprintf(want, sizeof want, "%s, byte %zu", cases[i].what, first.n + cases[i].at);
			assert_int_equal(measured(both, &why), NCT_EKIND);
			assert_string_equal(why.text, want);
			free(tokens.p);
		}
		free(both.p);
		free(windows.p);
	}
	free(first.p);
}

/* A table has no fingerprints, so these are not compared. */
static void
test_unknown_fingerprints(void **state)
{
	struct nct_header a = sample_header(16), b = a;

	(void)state;
	b.m1 = b.windows = 0;
	assert_true(nct_same_tokens(&a, &b, NULL));
	assert_true(nct_same_tokens(&b, &a, NULL));
	b.m1 = 1;
	assert_false(nct_same_tokens(&a, &b, NULL));
}

/* ---- Tables ---- */

static void
assert_measured(const char *table, nct_err err, const char *what)
{
	nct_why why;
	struct bytes in = {(uint8_t *)(uintptr_t)table, strlen(table)};
	nct_err got = measured(in, &why);

	if (got != err || strcmp(why.text, what) != 0)
		fail_msg("%d '%s' instead of %d '%s' for\n%s", got, why.text, err, what, table);
}

static void
test_table(void **state)
{
	(void)state;
	assert_measured(TABLE, NCT_OK, "");
	assert_int_equal(told.times, 1);
	assert_true(told.m.evaluated && told.m.counts != NULL && !told.m.header.text_unknown);
	assert_int_equal(told.m.tokens, 10);
	assert_int_equal(told.m.text_bytes, 25);
	assert_true(told.m.nats == 20.5);
	assert_int_equal(told.m.header.vocab, 6);
	assert_int_equal(told.m.m2_parameters, 1000);
	assert_int_equal(told.m.m2_output_parameters, 77);
	assert_int_equal(told.counts[0], 3);
	assert_int_equal(told.counts[1], 0);
	assert_int_equal(told.counts[2], 6);
	assert_int_equal(told.counts[5], 1);
	assert_int_equal(told.progress, strlen(TABLE));
}

/* Nothing of one table remains in the measures of the next. */
static void
test_tables_in_a_row(void **state)
{
	(void)state;
	assert_measured(TABLE TABLE, NCT_OK, "");
	assert_int_equal(told.times, 2);
	assert_int_equal(told.counts[2], 6);
	assert_measured(TABLE NCT_EVALUATION_COLUMNS "\n" TOTAL, NCT_OK, "");
	assert_int_equal(told.times, 2);
	assert_null(told.m.counts);
	assert_measured(TABLE NCT_EVALUATION_COLUMNS "\n" TOTAL "token\t1\t10" REST, NCT_OK, "");
	assert_int_equal(told.counts[0], 0);
	assert_int_equal(told.counts[1], 10);
	assert_measured(NCT_EVALUATION_COLUMNS "\n" TABLE, NCT_EDATA, "no row 'total' before this, line 2");
}

static void
test_faults_of_tables(void **state)
{
	(void)state;
	assert_measured("", NCT_ECUT, "empty: neither token streams nor an evaluation table, byte 0");
	assert_measured("some text\n", NCT_EKIND, "neither an evaluation table nor an nct stream, line 1");
	assert_measured(NCT_EVALUATION_COLUMNS "\n", NCT_EDATA, "no row 'total' before this, line 1");
	assert_measured(NCT_EVALUATION_COLUMNS "\n" TOKENS, NCT_EDATA, "the first row is not 'total', line 2");
	assert_measured(NCT_EVALUATION_COLUMNS "\n" TOTAL TOTAL, NCT_EDATA, "a second row 'total', line 3");
	assert_measured(NCT_EVALUATION_COLUMNS "\n" TOTAL TOKENS "token\t5\t1" REST, NCT_EDATA, "ids do not ascend, line 6");
	assert_measured(NCT_EVALUATION_COLUMNS "\n" TOTAL "token\t6\t1" REST, NCT_EDATA,
	                "index is an id outside the vocabulary, line 3");
	assert_measured(NCT_EVALUATION_COLUMNS "\n" TOTAL "token\t0\t11" REST, NCT_EDATA,
	                "the ids' tokens are more than the total, line 3");
	assert_measured(NCT_EVALUATION_COLUMNS "\n" TOTAL "token\t0\t9" REST, NCT_EDATA,
	                "the ids' tokens are fewer than the total before this, line 3");
	assert_measured(TABLE "token", NCT_ECUT, "ends early, line 7");
}

/* A cut table is refused, unless what is left is a whole table without counts. */
static void
test_cut_tables(void **state)
{
	const char *table = TABLE;
	nct_why why;

	(void)state;
	for (size_t n = 0; n < strlen(table); n++) {
		struct bytes in = {(uint8_t *)(uintptr_t)table, n};
		int whole = n > 0 && table[n - 1] == '\n' && strncmp(table + n, "token\t2", 7) != 0 &&
		            strncmp(table + n, "token\t5", 7) != 0 && strncmp(table + n, "total", 5) != 0;

		if (measured(in, &why) != (whole ? NCT_OK : n > 0 && table[n - 1] == '\n' ? NCT_EDATA : NCT_ECUT))
			fail_msg("cut at %zu: '%s'", n, why.text);
		assert_int_equal(told.times, whole);
	}
}

static void
test_mutated_tables(void **state)
{
	static const char with[] = "\t\n0123456789.e-+x \r";
	const char *table = TABLE TABLE;
	size_t n = strlen(table), good = 0, bad = 0;
	uint8_t p[4096];
	nct_rng rng = {34};

	(void)state;
	assert_true(n + 16 < sizeof p);
	for (int i = 0; i < 20000; i++) {
		size_t m = n;

		memcpy(p, table, n);
		for (uint64_t times = 1 + nct_rng_below(&rng, 3); times > 0; times--) {
			size_t at = nct_rng_below(&rng, m - 1), length = 1 + nct_rng_below(&rng, 4);

			switch (nct_rng_below(&rng, 4)) {
			case 0: p[at] = (uint8_t)with[nct_rng_below(&rng, sizeof with)]; break; /* NUL, too */
			case 1: p[at] = (uint8_t)nct_rng_next(&rng); break;
			case 2:
				memmove(p + at + length, p + at, m - at);
				m += length;
				break;
			default:
				length = at + length > m ? m - at : length;
				memmove(p + at, p + at + length, m - at - length);
				m -= length;
			}
		}
		if (measure_bytes("", p, m) > 0)
			good++;
		else
			bad++;
	}
	LLVMFuzzerTestOneInput((const uint8_t *)TOTAL TOKENS, strlen(TOTAL TOKENS));
	assert_int_equal(measure_bytes(NCT_EVALUATION_COLUMNS "\n", (const uint8_t *)TOTAL TOKENS, strlen(TOTAL TOKENS)), 1);
	assert_true(good > 100 && bad > 10000); /* both happen often */
}

static void
test_corpus(void **state)
{
	(void)state;
	assert_true(replay_folder("tests/fuzz/corpus/table") > 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_counts),
		cmocka_unit_test(test_text_bytes),
		cmocka_unit_test(test_streams_that_differ),
		cmocka_unit_test(test_unknown_fingerprints),
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_tables_in_a_row),
		cmocka_unit_test(test_faults_of_tables),
		cmocka_unit_test(test_cut_tables),
		cmocka_unit_test(test_mutated_tables),
		cmocka_unit_test(test_corpus),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
