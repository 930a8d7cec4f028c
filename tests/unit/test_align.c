/* test_align.c - aligned windows: boundaries are where the pattern matches, and windows end where a plain encoder
 * ends them, with codebooks and without. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cpu.h"
#include "base/io.h"
#include "book/codebook.h"
#include "encode/by_book.h"
#include "encode/m1_chunk.h"
#include "encode_text.h"
#include "long_tests.h"
#include "some_m1.h"
#include "text/boundaries.h"
#include "text/pattern.h"
#include "text/words.h"

/* ---- texts ---- */

/* All characters of Unicode, each before and after others. */
static struct bytes
all_characters(void)
{
	struct bytes b = {malloc((size_t)32 << 20), 0};

	assert_non_null(b.p);
	for (uint32_t c = 0; c < 0x110000; c++) {
		uint8_t u[4] = {(uint8_t)c};
		size_t n = 1;

		if (c >= 0xd800 && c < 0xe000)
			continue;
		if (c >= 0x80)
			n = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
		for (size_t i = n; n > 1 && i-- > 0;)
			u[i] = (uint8_t)((i > 0 ? 0x80 : 0xf00 >> n & 0xff) | (i > 0 ? c >> 6 * (n - 1 - i) & 0x3f : c >> 6 * (n - 1)));
		for (const char *p = "_ _a_1__'"; *p != '\0'; p++) {
			memcpy(b.p + b.n, *p == '_' ? (const char *)u : p, *p == '_' ? n : 1);
			b.n += *p == '_' ? n : 1;
		}
	}
	return b;
}

/* Random text. `which` 0: random bytes; 1: words and other text, with bytes that are not UTF-8; 2: without these. */
static void
mixed_text(uint8_t *text, size_t n, unsigned which, nct_rng *r)
{
	static const char *const piece[] = {"a",
	                                    "b",
	                                    "The",
	                                    " ",
	                                    " ",
	                                    "  ",
	                                    "'",
	                                    "1",
	                                    "23",
	                                    ".",
	                                    ", ",
	                                    "\n",
	                                    "\t",
	                                    "\xe2\x80\x99",
	                                    "\xc3\xa9",
	                                    "e\xcc\x81",
	                                    "\xd0\x96\xd1\x83",
	                                    "\xe4\xb8\xad\xe6\x96\x87",
	                                    "\xf0\x9f\x98\x80",
	                                    "\xc2\xa0",
	                                    "\xc2\xb2",
	                                    "\xf0\x90\x8d\x88",
	                                    "\xf3\xa0\x84\x80",
	                                    "\xe3\x80\x80",
	                                    "\xff",
	                                    "\xe2\x80",
	                                    "\xc3",
	                                    "\xed\xa0\x80",
	                                    "\x80",
	                                    "\xf4\x90\x80\x80",
	                                    "\xc0\xaf",
	                                    "\xf0\x9f\x98"};

	for (size_t at = 0; at < n;) {
		const char *p = piece[nct_rng_below(r, which == 1 ? 32 : 24)];
		const size_t k = strlen(p) < n - at ? strlen(p) : n - at;

		if (which == 0)
			text[at++] = (uint8_t)nct_rng_below(r, 256);
		else
			memcpy(text + at, p, k);
		at += which == 0 ? 0 : k;
	}
}

/* ---- boundaries ---- */

/* Marks where matches begin, searched for in the whole text at once. The caller frees them. */
static uint8_t *
marks_of(const char *pattern, const uint8_t *text, size_t n)
{
	uint8_t *mark = calloc(1, n + 1);
	size_t start, end;
	nct_pattern *p;
	int found = 1;

	assert_non_null(mark);
	assert_int_equal(nct_pattern_new(&p, pattern, NULL), NCT_OK);
	for (size_t from = 0; found; from = end > start ? end : start + 1) {
		assert_int_equal(nct_pattern_find(p, text, n, from, 1, 1, &found, &start, &end, NULL), NCT_OK);
		if (found && start < n)
			mark[start] = 1;
	}
	nct_pattern_free(p);
	return mark;
}

/* nct_words_mark(), on all text at once and on pieces of it, marks what the pattern does. */
static void
same_words(const nct_words *w, const uint8_t *text, size_t n, nct_rng *r)
{
	uint8_t *want = marks_of(NCT_WORDS_PATTERN, text, n), *got = malloc(n + 1);

	assert_non_null(got);
	for (int pieces = 0; pieces < 2; pieces++) {
		memset(got, 2, n + 1);
		for (size_t at = 0, k; at < n; at += k) {
			k = pieces ? 1 + nct_rng_below(r, nct_rng_below(r, 8) > 0 ? 12 : 3000) : n;
			k = k < n - at ? k : n - at;
			nct_words_mark(w, text + at, at < 8 ? at : NCT_WORDS_BEHIND, k,
			               n - at - k < 3 ? n - at - k : NCT_WORDS_AHEAD, got + at);
		}
		for (size_t i = 0; i < n; i++)
			if (got[i] != want[i])
				fail_msg("%zu bytes, pieces %d: byte %zu is marked %d, not %d", n, pieces, i, got[i], want[i]);
		assert_int_equal(got[n], 2);
	}
	free(want);
	free(got);
}

static void
test_words(void **state)
{
	struct bytes real = sample_text(long_tests() ? 1000000 : 300000), all = all_characters();
	uint8_t text[3000];
	nct_rng r = {11};
	nct_words *w;

	(void)state;
	assert_int_equal(nct_words_new(&w, NULL), NCT_OK);
	same_words(w, real.p, real.n, &r);
	same_words(w, all.p, all.n, &r);
	for (unsigned i = 0; i < (long_tests() ? 6000 : 2000); i++) {
		const size_t n = nct_rng_below(&r, i % 100 == 0 ? sizeof text : 100);

		mixed_text(text, n, i % 3, &r);
		same_words(w, text, n, &r);
	}
	nct_words_free(w);
	free(real.p);
	free(all.p);
}

/* nct_words_bytes_avx512() marks the same as nct_words_bytes(), at every length, and writes nothing else. */
static void
test_words_avx512(void **state)
{
#if defined __x86_64__
	enum { LONGEST = 1100 };
	static const char plain[] = " 'aZ09.\n";
	uint8_t text[2 + LONGEST], want[LONGEST + 1], got[LONGEST + 1];
	nct_rng r = {12};

	(void)state;
	if (!nct_cpu_avx512())
		skip();
	for (unsigned round = 0; round < 8; round++)
		for (size_t n = 0; n <= LONGEST; n++) {
			for (size_t i = 0; i < n + 2; i++)
				text[i] = round % 2 > 0 ? (uint8_t)nct_rng_below(&r, 256) : (uint8_t)plain[nct_rng_below(&r, sizeof plain - 1)];
			memset(want, 2, sizeof want);
			memset(got, 2, sizeof got);
			nct_words_bytes(text + 2, n, want);
			nct_words_bytes_avx512(text + 2, n, got);
			assert_memory_equal(got, want, sizeof got);
		}
#else
	(void)state;
	skip();
#endif
}

/* Boundaries found piece by piece are those found in whole documents, also in documents longer than the buffer. */
static void
same_bounds(enum nct_align align, const char *pattern, struct bytes text)
{
	nct_docs *docs;
	nct_bounds *bounds;
	struct nct_piece p;
	uint8_t *seen = malloc(text.n + 2 * NCT_WORDS_BEHIND), *mark = malloc(text.n); /* a piece and what is before it */
	size_t at = 0;

	assert_true(seen != NULL && mark != NULL);
	assert_int_equal(nct_docs_new(&docs, open_text, &text, NCT_SEP_NUL, NULL, 0, NULL), NCT_OK);
	assert_int_equal(nct_bounds_new(&bounds, docs, align, align == NCT_ALIGN_REGEX ? pattern : NULL, NULL, NULL), NCT_OK);
	for (int done = 0; !done;) {
		const uint8_t *nul = at < text.n ? memchr(text.p + at, 0, text.n - at) : NULL;
		const size_t n = nul != NULL ? (size_t)(nul - text.p) - at : text.n - at;
		uint8_t *want = marks_of(pattern, text.p + at, n);
		size_t i = 0;

		do {
			assert_int_equal(nct_bounds_next(bounds, &p, NULL), NCT_OK);
			if (nct_bounds_words(bounds) != NULL && p.n > 0) { /* the caller marks */
				const size_t behind = i < NCT_WORDS_BEHIND ? i : NCT_WORDS_BEHIND;

				memcpy(seen + NCT_WORDS_BEHIND, p.text, p.n + p.ahead);
				nct_words_mark(nct_bounds_words(bounds), seen + NCT_WORDS_BEHIND, behind, p.n, p.ahead, mark);
				memmove(seen, seen + p.n, NCT_WORDS_BEHIND);
				p.mark = mark;
			}
			if (p.n > n - i || (p.n > 0 && (memcmp(p.text, text.p + at + i, p.n) != 0 || memcmp(p.mark, want + i, p.n) != 0)))
				fail_msg("pattern %s: not so from byte %zu of the document at %zu", pattern, i, at);
			i += p.n;
		} while (!p.ends && !p.done);
		assert_true(i == n);
		done = p.done || nul == NULL;
		at += n + 1;
		free(want);
	}
	free(seen);
	free(mark);
	nct_bounds_free(bounds);
	nct_docs_free(docs);
}

static void
test_bounds(void **state)
{
	static const char *const patterns[] = {"\\w+|\\W", "^",      "(?<=[.!?]) ",   "(?<=\\n).|x$",
	                                       "\\b",      "(?=ab)", "a.{0,40}b|\\z", ".*",
	                                       "x*",       "(?<= )", "(?<=[^ -~])"};
	struct bytes real = sample_text(1178860), two = {malloc(3 * real.n), 3 * real.n};
	uint8_t mixed[5000];
	nct_rng r = {3};

	(void)state;
	assert_non_null(two.p);
	for (size_t i = 0; i < 3; i++)
		memcpy(two.p + i * real.n, real.p, real.n);
	two.p[1500] = two.p[1501] = two.p[2 * real.n] = 0;
	same_bounds(NCT_ALIGN_WORDS, NCT_WORDS_PATTERN, two);
	for (size_t i = 0; i < sizeof patterns / sizeof patterns[0]; i++) {
		same_bounds(NCT_ALIGN_REGEX, patterns[i], two);
		mixed_text(mixed, sizeof mixed, 1, &r);
		mixed[1000] = mixed[4999] = 0;
		same_bounds(NCT_ALIGN_REGEX, patterns[i], (struct bytes){mixed, sizeof mixed});
		same_bounds(NCT_ALIGN_WORDS, NCT_WORDS_PATTERN, (struct bytes){mixed, sizeof mixed});
	}
	free(real.p);
	free(two.p);
}

/* True if text[i] is part of a valid UTF-8 character: a match of `any`, the pattern ".", covers it. */
static int
in_character(nct_pattern *any, const uint8_t *text, size_t n, size_t i)
{
	size_t start = 0, end = 0;
	int found = 1;

	for (size_t from = i < 3 ? 0 : i - 3; found && end <= i; from = end)
		assert_int_equal(nct_pattern_find(any, text, n, from, 1, 1, &found, &start, &end, NULL), NCT_OK);
	return found && start <= i;
}

/* A pattern that matches the empty string has boundaries before characters, but not before bytes that are not UTF-8. */
static void
test_empty_matches(void **state)
{
	static const char *const patterns[] = {"(?:)", "x*", "$|^", "\\b|\\B", "(?<=a)|(?=b)"};
	uint8_t text[300];
	nct_pattern *any;
	nct_rng r = {17};

	(void)state;
	assert_int_equal(nct_pattern_new(&any, "(?s).", NULL), NCT_OK);
	for (unsigned round = 0; round < 300; round++)
		for (size_t k = 0; k < sizeof patterns / sizeof patterns[0]; k++) {
			const size_t n = nct_rng_below(&r, sizeof text);
			size_t places = 0, marks = 0;

			mixed_text(text, n, round % 3, &r);
			uint8_t *mark = marks_of(patterns[k], text, n);
			for (size_t i = 0; i < n; i++) {
				const int inside = in_character(any, text, n, i), first = (text[i] & 0xc0) != 0x80;

				if (mark[i] && (!inside || !first))
					fail_msg("pattern '%s': a boundary before byte %zu, %02x", patterns[k], i, text[i]);
				places += inside && first;
				marks += mark[i];
			}
			if (k == 0)
				assert_int_equal(marks, places);
			free(mark);
		}
	nct_pattern_free(any);
}

/* ---- a plain encoder ---- */

/* One window: its length in bytes, its code, and whether it contains EOD. It begins at text[0], after M1 has read
 * before[0..m). */
struct plain {
	size_t n;
	nct_u128 code;
	int eod;
};

static struct plain
plain_window(nct_context *c, unsigned bits, const uint8_t *before, size_t m, const uint8_t *text, const uint8_t *mark,
             size_t n, int eod)
{
	struct nct_node node = nct_split_root(bits), bound = node;
	struct plain w = {0};

	nct_context_reset(c);
	for (size_t i = 0; i < m; i++)
		nct_context_push(c, before[i]);
	for (; !nct_split_ended(&node) && w.n < n && nct_context_take(c, &node, text[w.n]); w.n++) {
		nct_context_push(c, text[w.n]);
		if (mark[w.n + 1])
			bound = node;
	}
	if (w.n == n) {
		w.eod = eod && !nct_split_ended(&node) && nct_context_take(c, &node, NCT_EOD);
	} else if (bound.symbols > 0) { /* not at the chunk's end: the window ends at its last boundary */
		node = bound;
		w.n = bound.symbols;
	}
	w.code = node.first;
	return w;
}

/* All windows of a document, chunk after chunk. */
static nct_bits
plain_encode(const nct_m1 *m, const struct nct_encode_options *o, const uint8_t *mark, struct bytes text)
{
	const struct nct_worker_plan plan = {
	    .window_bits = o->window_bits, .remember = o->resets == 1, .endless = 0, .lanes = 1};
	const size_t chunk = o->chunk == 0 ? text.n : (size_t)o->chunk;
	nct_bits code = {0};
	nct_worker *worker;

	assert_int_equal(nct_worker_new(&worker, m, &plan), NCT_OK);
	for (size_t from = 0; from < text.n; from += chunk) {
		const size_t n = chunk < text.n - from ? chunk : text.n - from;
		const int last = from + n == text.n;
		size_t at = 0, reset = 0;
		uint32_t windows = 0;

		for (int eod = 0; at < n || (last && !eod); windows++) {
			if (o->resets != 0 && windows % o->resets == 0)
				reset = at;
			const uint8_t *p = text.p + from;
			const struct plain w = plain_window(nct_worker_context(worker, 0), o->window_bits, p + reset,
			                                    at - reset, p + at, mark + from + at, n - at, last);

			assert_int_equal(nct_bits_put(&code, w.code, o->window_bits), NCT_OK);
			at += w.n;
			eod = w.eod;
		}
	}
	nct_worker_free(worker);
	return code;
}

/* Checks that the code of a stream's blocks, joined, is `want`. */
static void
assert_code(struct bytes stream, nct_bits want, const char *what, const struct nct_encode_options *o)
{
	const int fd = bytes_fd(stream.p, stream.n);
	enum nct_event event = NCT_AT_HEADER;
	struct nct_block b;
	nct_bits got = {0};
	nct_reader *r;

	assert_int_equal(nct_reader_new(&r, fd, 0), NCT_OK);
	while (event != NCT_AT_END) {
		assert_int_equal(nct_reader_next(r, &event, &b, NULL), NCT_OK);
		if (event == NCT_AT_HEADER)
			assert_int_equal(nct_reader_header(r)->align, o->align);
		if (event == NCT_AT_BLOCK)
			assert_int_equal(nct_bits_append(&got, b.code, 0, (uint64_t)b.units * o->window_bits), NCT_OK);
	}
	if (got.bits != want.bits || memcmp(got.bytes, want.bytes, nct_bits_bytes(got.bits)) != 0)
		fail_msg("%s, b=%u, r=%u, chunk=%u: other windows than plainly", what, o->window_bits,
		         (unsigned)o->resets, (unsigned)o->chunk);
	nct_bits_free(&got);
	nct_reader_free(r);
	(void)close(fd);
}

static void
decodes(const nct_m1 *m, struct bytes stream, struct bytes text, int no_codebook)
{
	const struct nct_decode_options d = {sizeof d, .threads = 2, .no_codebook = no_codebook};
	const int in = bytes_fd(stream.p, stream.n), out = bytes_fd("", 0);
	struct nct_totals t;

	assert_int_equal(nct_decode(m, in, out, &d, &t, NULL), NCT_OK);
	struct bytes back = fd_bytes(out);
	assert_bytes_equal(back, text);
	free(back.p);
	(void)close(in);
}

/* By codebook and by M1, with one thread and with three, windows are those of the plain encoder, and the text comes
 * back. (M1 is slow, so texts are longer than its batches, but not longer than those of codebooks.) */
static void
same_windows(const nct_m1 *m, struct bytes text, struct nct_encode_options o)
{
	const char *pattern = o.align == NCT_ALIGN_REGEX ? o.align_pattern : NCT_WORDS_PATTERN;
	uint8_t *mark = marks_of(pattern, text.p, text.n);
	nct_bits want = plain_encode(m, &o, mark, text);

	for (o.threads = 1; o.threads <= 3; o.threads += 2)
		for (o.no_codebook = 0; o.no_codebook < (text.n > 2000000 ? 1 : 2); o.no_codebook++) {
			struct bytes got = encode(m, text, &o);

			assert_code(got, want, o.no_codebook ? "general" : "codebook, if any", &o);
			decodes(m, got, text, o.no_codebook);
			free(got.p);
		}
	nct_bits_free(&want);
	free(mark);
}

/* Every kind of model and text, with a codebook and without. */
static void
test_windows(void **state)
{
	static const unsigned bits[] = {10, 12, 16, 20, 24, 64};
	static const char *const patterns[] = {"\\w+|\\W", "a", ".*", "\\b", "(?<=\\n)"};
	static const uint64_t chunks[] = {0, 1, 7, 97, 1000};
	struct bytes real = sample_text(3000);
	uint8_t mixed[1000];
	nct_rng r = {9};
	unsigned i = 0;

	(void)state;
	for (unsigned which = 0; which < SOME_M1; which++)
		for (unsigned k = 0; k < 6; k++) {
			nct_m1 *m = some_m1(which);

			if (bits[k] <= 16 || (bits[k] == 20 && which == 3))
				assert_int_equal(nct_m1_compile(m, bits[k], 2, NULL), NCT_OK);
			for (uint32_t resets = 1; resets <= 3; resets++)
				for (size_t c = i % 2; c < 5; c += which < 2 || !long_tests() ? 2 : 1, i++) {
					const size_t n = (size_t)(which < 2 ? 100 : 500) << (long_tests() != 0);
					struct nct_encode_options o = {sizeof o, .window_bits = bits[k],
					                               .resets = resets % 3, .chunk = chunks[c],
					                               .align = NCT_ALIGN_WORDS};

					mixed_text(mixed, n, i % 3, &r);
					same_windows(m, (struct bytes){real.p + i % 500, n}, o);
					same_windows(m, (struct bytes){mixed, n}, o);
					o.align = NCT_ALIGN_REGEX;
					o.align_pattern = patterns[i % 5];
					same_windows(m, (struct bytes){mixed, n}, o);
				}
			nct_m1_free(m);
		}
	free(real.p);
}

/* The longest windows, with boundaries far back, and chunks that do not end with a batch. */
static void
test_long_windows(void **state)
{
	const size_t n = 2 * NCT_BOOK_BATCH_MIN + 300000, chunk = 100000;
	struct bytes text = {malloc(n), n};
	nct_m1 *m = some_m1(SOME_M1_LONG);
	nct_rng r = {2};

	(void)state;
	assert_non_null(text.p);
	assert_true(chunk * NCT_LANES < NCT_BOOK_BATCH_MIN && NCT_BOOK_BATCH_MIN % chunk > 1000);
	assert_int_equal(nct_m1_compile(m, 12, 2, NULL), NCT_OK);
	memset(text.p, 'a', n);
	for (size_t i = 0; i < n; i += 1 + nct_rng_below(&r, 3000))
		text.p[i] = nct_rng_below(&r, 20) == 0 ? 'b' : ' ';
	struct nct_encode_options o = {
	    sizeof o,      .window_bits = 12, .resets = 1, .align = NCT_ALIGN_REGEX, .align_pattern = "a{700}",
	    .chunk = chunk};
	same_windows(m, text, o);
	o.chunk = 0;
	same_windows(m, (struct bytes){text.p, 100000}, o);
	o.resets = 2;
	same_windows(m, (struct bytes){text.p, 20000}, o);
	nct_m1_free(m);
	free(text.p);
}

/* Encoding by M1, where some batches end inside a window that ends at a boundary in that batch. Two threads, whose
 * batches are twice as long, write the same. */
static void
test_general_batches(void **state)
{
	const size_t batch = (size_t)1 << 20, n = batch + 400;
	uint8_t *all = malloc(n + 4);
	nct_m1 *m = some_m1(3);
	nct_rng r = {6};

	(void)state;
	assert_non_null(all);
	for (size_t i = 0; i < n + 4; i++)
		all[i] = (uint8_t)"aaaaaab "[nct_rng_below(&r, 8)];
	for (size_t i = 0; i < (long_tests() ? 4 : 2); i++) {
		struct nct_encode_options o = {sizeof o, .window_bits = 16, .resets = 1 + i % 2, .threads = 1, .no_codebook = 1,
		                               .align = NCT_ALIGN_REGEX, .align_pattern = "aaa"};
		const struct bytes text = {all + i, n}, one = encode(m, text, &o);

		o.threads = 2;
		const struct bytes two = encode(m, text, &o);
		assert_bytes_equal(one, two);
		free(one.p);
		free(two.p);
	}
	nct_m1_free(m);
	free(all);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_words), cmocka_unit_test(test_words_avx512), cmocka_unit_test(test_bounds),
	    cmocka_unit_test(test_empty_matches), cmocka_unit_test(test_windows), cmocka_unit_test(test_long_windows),
	    cmocka_unit_test(test_general_batches),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
