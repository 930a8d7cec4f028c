/* test_parse.c - nct_parse() finds the windows that encoding writes, and the reach of each, which is its length without
 * alignment. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "encode/parse.h"
#include "sample_stream.h"
#include "some_m1.h"

enum { DOCUMENTS = 5, TEXT = 700 };

/* Documents of words, digits and blanks, two of them of one byte. */
struct text {
	char bytes[TEXT];
	size_t end[DOCUMENTS]; /* in bytes */
	uint16_t symbol[TEXT + DOCUMENTS];
	size_t n;
};

static void
make_text(struct text *t)
{
	static const size_t ends[DOCUMENTS] = {130, 131, 132, 400, TEXT};
	nct_rng r = {3};
	size_t doc = 0;

	t->n = 0;
	for (size_t i = 0; i <= TEXT; i++) {
		for (; doc < DOCUMENTS && ends[doc] == i; doc++)
			t->symbol[t->n++] = NCT_EOD;
		if (i == TEXT)
			break;
		t->bytes[i] = "aaaaaaaabc de 12 "[nct_rng_below(&r, 17)];
		t->symbol[t->n++] = (uint8_t)t->bytes[i];
	}
	memcpy(t->end, ends, sizeof ends);
}

static nct_err
one_document(void *ctx, size_t i, int *fd)
{
	const struct text *t = ctx;
	const size_t from = i > 0 && i < DOCUMENTS ? t->end[i - 1] : 0;

	*fd = i < DOCUMENTS ? bytes_fd(t->bytes + from, t->end[i] - from) : -1;
	return NCT_OK;
}

/* The lengths, in symbols, of the windows of the encoded text, as shown by decoding. Returns how many. */
static size_t
encoded_lengths(const nct_m1 *m, struct text *t, const struct nct_parse_plan *p, size_t *length)
{
	const struct nct_encode_options o = {sizeof o, .window_bits = p->window_bits, .resets = 1, .align = p->align,
	    .align_pattern = p->align_pattern, .threads = 1, .no_codebook = 1};
	const struct nct_decode_options d = {sizeof d, .threads = 1, .show = 1};
	int coded = bytes_fd("", 0), shown = bytes_fd("", 0);
	struct nct_totals totals;
	size_t n = 0;

	assert_int_equal(nct_encode(m, one_document, t, coded, &o, &totals, NULL), NCT_OK);
	assert_int_equal(lseek(coded, 0, SEEK_SET), 0);
	assert_int_equal(nct_decode(m, coded, shown, &d, &totals, NULL), NCT_OK);
	assert_int_equal(close(coded), 0);
	struct bytes b = fd_bytes(shown);
	for (size_t i = 0; i < b.n; i++) {
		while (b.p[i] != '\t')
			i++;
		for (length[n] = 0, i++; b.p[i] != '\n'; i++)
			length[n] += b.p[i] != '\\'; /* the only escape in this text is \E, for EOD */
		n++;
	}
	free(b.p);
	return n;
}

/* The length of an unaligned window that begins at symbol `at`. */
static size_t
reach_from(const nct_m1 *m, const struct nct_parse_plan *p, const struct text *t, size_t at)
{
	const struct nct_parse_plan plain = {.window_bits = p->window_bits, .span = TEXT + DOCUMENTS, .threads = 1};
	uint16_t reach[TEXT + DOCUMENTS];

	assert_int_equal(nct_parse(m, &plain, t->symbol + at, t->n - at, reach, NULL), NCT_OK);
	return reach[0];
}

/* Compares windows found by parsing and by encoding. Returns how many ended at a boundary before their reach. */
static size_t
same_windows(const nct_m1 *m, struct text *t, const struct nct_parse_plan *p)
{
	uint16_t reach[TEXT + DOCUMENTS];
	size_t length[TEXT + DOCUMENTS], n = encoded_lengths(m, t, p, length), at = 0, early = 0;

	assert_int_equal(nct_parse(m, p, t->symbol, t->n, reach, NULL), NCT_OK);
	for (size_t i = 0; i < n; i++) {
		if (reach[at] < length[i])
			fail_msg("window %zu at %zu of %zu symbols: reach %u", i, at, length[i], reach[at]);
		if (p->align == NCT_ALIGN_NONE)
			assert_int_equal(reach[at], length[i]);
		else if (i % 5 == 0)
			assert_int_equal(reach[at], reach_from(m, p, t, at));
		early += reach[at] > length[i];
		for (size_t j = at + 1; j < at + length[i]; j++)
			assert_int_equal(reach[j], 0);
		at += length[i];
	}
	assert_int_equal(at, t->n);
	return early;
}

static void
test_windows_are_the_encoders(void **state)
{
	static const unsigned bits[] = {10, 16, 32, 100};
	struct text t;
	size_t early = 0;

	(void)state;
	make_text(&t);
	for (unsigned which = 0; which < SOME_M1; which++) {
		nct_m1 *m = some_m1(which);

		for (size_t k = 0; k < sizeof bits / sizeof bits[0]; k++) {
			struct nct_parse_plan p = {.window_bits = bits[k], .span = TEXT + DOCUMENTS, .threads = 1};

			assert_int_equal(same_windows(m, &t, &p), 0);
			p.align = NCT_ALIGN_WORDS;
			early += same_windows(m, &t, &p);
			p.align = NCT_ALIGN_REGEX;
			p.align_pattern = "a";
			early += same_windows(m, &t, &p);
		}
		nct_m1_free(m);
	}
	assert_true(early > 100);
}

/* Each span is cut into windows on its own, by whatever thread. What is open at a span's end is not a window. */
static void
test_spans(void **state)
{
	uint16_t reach[TEXT + DOCUMENTS], alone[TEXT + DOCUMENTS], again[TEXT + DOCUMENTS];
	nct_m1 *m = some_m1(0);
	struct text t;

	(void)state;
	make_text(&t);
	for (size_t span = 1; span < t.n; span = span * 5 + 1) {
		struct nct_parse_plan p = {.window_bits = 16, .align = NCT_ALIGN_WORDS, .span = span, .threads = 1};

		assert_int_equal(nct_parse(m, &p, t.symbol, t.n, reach, NULL), NCT_OK);
		p.threads = 3;
		assert_int_equal(nct_parse(m, &p, t.symbol, t.n, again, NULL), NCT_OK);
		assert_memory_equal(again, reach, t.n * sizeof *reach);
		for (size_t from = 0; from < t.n; from += span) {
			const size_t n = t.n - from < span ? t.n - from : span;

			assert_int_equal(nct_parse(m, &p, t.symbol + from, n, alone, NULL), NCT_OK);
			assert_memory_equal(alone, reach + from, n * sizeof *alone);
			for (size_t i = 0; i < n; i++)
				assert_true(i + alone[i] <= n);
		}
	}
	nct_m1_free(m);
}

static void
test_bad_pattern(void **state)
{
	const struct nct_parse_plan p = {
	    .window_bits = 16, .align = NCT_ALIGN_REGEX, .align_pattern = "(", .span = 10, .threads = 2};
	const uint16_t symbol[20] = {'a'};
	uint16_t reach[20];
	nct_m1 *m = some_m1(3);
	nct_why why = {0};

	(void)state;
	assert_int_equal(nct_parse(m, &p, symbol, 20, reach, &why), NCT_EARG);
	assert_int_equal(strncmp(why.text, "alignment", 9), 0);
	nct_m1_free(m);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_windows_are_the_encoders),
		cmocka_unit_test(test_spans),
		cmocka_unit_test(test_bad_pattern),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
