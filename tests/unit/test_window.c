/* test_window.c - M1 and coder together: contexts with a cache or without, streams of every plan, threads, parts,
 * patterns. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/io.h"
#include "encode/m1_chunk.h"
#include "m1/context.h"
#include "random_m1.h"
#include "text/pattern.h"

static nct_m1 *m1;

static int
make_model(void **state)
{
	static const struct nct_m1_config config = {
	    .kind = NCT_M1_TRANSFORMER, .width = 16, .heads = 2, .layers = 2, .inner = 24, .reach = 9};

	(void)state;
	return (m1 = random_m1(&config, NULL, 42)) == NULL;
}

static int
drop_model(void **state)
{
	(void)state;
	nct_m1_free(m1);
	return 0;
}

/* Text of few letters, so that the same contexts come again. */
static void
make_text(uint8_t *text, size_t n, uint64_t seed, unsigned letters)
{
	nct_rng r = {seed};

	for (size_t i = 0; i < n; i++)
		text[i] = (uint8_t)(letters == 256 ? nct_rng_below(&r, 256) : 'a' + nct_rng_below(&r, letters));
}

/* ---- contexts ---- */

/* The only context of a new worker. */
static nct_context *
context_of(nct_worker **worker, struct nct_worker_plan plan)
{
	assert_int_equal(nct_worker_new(worker, m1, &plan), NCT_OK);
	return nct_worker_context(*worker, 0);
}

/* Contexts with a cache, with a cache that is too small, and without give the same frequencies. The cache saves
 * evaluations. */
static void
test_contexts(void **state)
{
	nct_worker *worker[3];
	nct_context *trie, *small, *line;
	nct_rng r = {7};
	uint64_t pushed = 0;

	(void)state;
	trie = context_of(&worker[0], (struct nct_worker_plan){.remember = 1, .lanes = 1});
	/* the smallest cache */
	small = context_of(&worker[1], (struct nct_worker_plan){.remember = 1, .cache_bytes = 1, .lanes = 1});
	line = context_of(&worker[2], (struct nct_worker_plan){.lanes = 1});
	for (unsigned window = 0; window < 900; window++) {
		unsigned n = (unsigned)nct_rng_below(&r, 12);

		nct_context_reset(trie);
		nct_context_reset(small);
		nct_context_reset(line);
		for (unsigned i = 0; i <= n; i++) {
			const uint32_t *a = nct_context_freq(trie), *b = nct_context_freq(small), *c = nct_context_freq(line);
			unsigned symbol = (unsigned)nct_rng_below(&r, 6);

			assert_memory_equal(a, c, NCT_SYMBOLS * sizeof *a);
			assert_memory_equal(b, c, NCT_SYMBOLS * sizeof *b);
			nct_context_push(trie, symbol);
			nct_context_push(small, symbol);
			nct_context_push(line, symbol);
			pushed++;
		}
	}
	assert_true(nct_context_evaluated(line) == pushed);
	assert_true(nct_context_evaluated(trie) < pushed * 2 / 3);
	assert_true(nct_context_evaluated(trie) <= nct_context_evaluated(small) && nct_context_evaluated(small) < pushed);
	for (size_t i = 0; i < 3; i++)
		nct_worker_free(worker[i]);
}

/* An endless context longer than the positions that it keeps. No frequencies are asked for in between. */
static void
test_long_line(void **state)
{
	nct_worker *worker[2];

	(void)state;
	nct_context *asked = context_of(&worker[0], (struct nct_worker_plan){.endless = 1, .lanes = 1});
	nct_context *pushed = context_of(&worker[1], (struct nct_worker_plan){.endless = 1, .lanes = 1});
	for (unsigned i = 0; i < 100; i++) {
		(void)nct_context_freq(asked);
		nct_context_push(asked, i % 7);
		nct_context_push(pushed, i % 7);
		if (i % 13 == 0)
			assert_memory_equal(nct_context_freq(asked), nct_context_freq(pushed), NCT_SYMBOLS * sizeof(uint32_t));
	}
	nct_worker_free(worker[0]);
	nct_worker_free(worker[1]);
}

/* ---- streams ---- */

struct text {
	const uint8_t *bytes;
	size_t n;
};

static nct_err
open_text(void *ctx, size_t i, int *fd)
{
	const struct text *t = ctx;
	FILE *f;

	*fd = -1;
	if (i > 0)
		return NCT_OK;
	if ((f = tmpfile()) == NULL)
		return NCT_EIO;
	*fd = dup(fileno(f));
	fclose(f);
	if (nct_write(*fd, t->bytes, t->n) != NCT_OK || lseek(*fd, 0, SEEK_SET) != 0)
		return NCT_EIO;
	return NCT_OK;
}

static FILE *
encode(const uint8_t *bytes, size_t n, const struct nct_encode_options *o, struct nct_totals *t)
{
	struct text text = {bytes, n};
	FILE *f = tmpfile();

	assert_non_null(f);
	assert_int_equal(nct_encode(m1, open_text, &text, fileno(f), o, t, NULL), NCT_OK);
	assert_int_equal(lseek(fileno(f), 0, SEEK_SET), 0);
	return f;
}

/* All bytes of a file; the caller frees them. */
static uint8_t *
contents(FILE *f, size_t *n)
{
	off_t size = lseek(fileno(f), 0, SEEK_END);
	uint8_t *p = malloc((size_t)size + 1);

	assert_non_null(p);
	assert_int_equal(lseek(fileno(f), 0, SEEK_SET), 0);
	assert_int_equal(nct_read(fileno(f), p, (size_t)size + 1, n), NCT_OK);
	assert_int_equal(lseek(fileno(f), 0, SEEK_SET), 0);
	return p;
}

/* Encodes and decodes. The stream is the same with other numbers of threads and another size of the cache. */
static void
round_trip(const uint8_t *bytes, size_t n, struct nct_encode_options o)
{
	const struct nct_decode_options d = {sizeof d, .threads = 1 + (unsigned)(n % 3), .cache_bytes = 1};
	struct nct_totals t, back;
	size_t one_n, two_n, text_n;

	o.threads = 1;
	FILE *one = encode(bytes, n, &o, &t);
	o.threads = 3;
	o.cache_bytes = 1;
	FILE *two = encode(bytes, n, &o, &t), *text = tmpfile();
	uint8_t *a = contents(one, &one_n), *b = contents(two, &two_n);
	assert_int_equal(one_n, two_n);
	assert_memory_equal(a, b, one_n);
	assert_int_equal(t.stream_bytes, one_n);

	assert_non_null(text);
	assert_int_equal(nct_decode(m1, fileno(one), fileno(text), &d, &back, NULL), NCT_OK);
	uint8_t *c = contents(text, &text_n);
	assert_int_equal(text_n, n);
	assert_memory_equal(c, bytes, n);
	assert_true(back.text_bytes == t.text_bytes && back.documents == t.documents && back.windows == t.windows);
	free(a);
	free(b);
	free(c);
	fclose(one);
	fclose(two);
	fclose(text);
}

/* Every window size, and numbers of resets and chunk sizes that do not divide each other. */
static void
test_plans(void **state)
{
	static const uint32_t resets[] = {1, 0, 2, 5};
	static const uint64_t chunks[] = {0, 1, 97, 400};
	uint8_t text[400];

	(void)state;
	for (unsigned b = NCT_WINDOW_MIN - 1; b <= NCT_WINDOW_MAX; b++) {
		struct nct_encode_options o = {sizeof o, .window_bits = b < NCT_WINDOW_MIN ? 0 : b,
		                               .resets = b < NCT_WINDOW_MIN ? 0 : resets[b % 4],
		                               .chunk = chunks[b / 4 % 4]};
		size_t n = 150 + b;

		make_text(text, n, b, b % 3 == 0 ? 256 : 3);
		round_trip(text, n, o);
	}
	for (unsigned i = 0; i < 16; i++) {
		struct nct_encode_options o = {sizeof o, .window_bits = i % 2 != 0 ? 16 : 70, .resets = resets[i % 4],
		                               .chunk = chunks[i / 4]};

		make_text(text, sizeof text, i, 4);
		round_trip(text, sizeof text, o);
	}
}

/* Documents by NUL and by pattern, also empty ones, in chunks that end where documents end. */
static void
test_documents(void **state)
{
	static const char nul[] = "aaaa\0\0bbbbbbbb\0c\0\0";
	static const char lines[] = "abc\nabcd\n\n\nabcdefgh\nx";
	struct nct_encode_options o = {sizeof o, .window_bits = 16, .resets = 1, .chunk = 4, .separator = NCT_SEP_NUL};

	(void)state;
	for (size_t n = 0; n <= sizeof nul - 1; n++)
		round_trip((const uint8_t *)nul, n, o);
	o.separator = NCT_SEP_REGEX;
	o.pattern = "^[a-z]";
	for (size_t n = 0; n <= sizeof lines - 1; n++)
		round_trip((const uint8_t *)lines, n, o);
	o.window_bits = 0;
	o.resets = 0;
	round_trip((const uint8_t *)lines, sizeof lines - 1, o);
}

/* An unbroken chunk of more than 2^20 symbols, in several parts and blocks, with one context. */
static void
test_parts(void **state)
{
	static const struct nct_m1_config config = {
	    .kind = NCT_M1_TRANSFORMER, .width = 2, .heads = 1, .layers = 1, .inner = 1, .reach = 2};
	nct_m1 *saved = m1;
	size_t n = (1 << 20) + 3;
	uint8_t *text = malloc(n);

	(void)state;
	assert_non_null(text);
	assert_non_null(m1 = random_m1(&config, NULL, 5));
	make_text(text, n, 3, 5);
	round_trip(text, n, (struct nct_encode_options){sizeof(struct nct_encode_options), .window_bits = 0, .chunk = 0});
	free(text);
	nct_m1_free(m1);
	m1 = saved;
}

/* ---- patterns ---- */

/* Matches found in text that comes in pieces are those found in the whole text. */
static void
test_pattern(void **state)
{
	static const char *const patterns[] = {"abc", "^x",     "x$",        "\\bword\\b", "(?<=\\n\\n)[A-Z]",
	                                       "a+b", "(?=ab)", "\xc3\xa9+", "[^a]b|\\z"};
	static const char text[] = "abc word\nx abcx\n\nAab \xc3\xa9\xc3\xa9 sword words word\nxx\naab\xff\xfe zb ab";
	size_t n = sizeof text - 1;

	(void)state;
	for (size_t i = 0; i < sizeof patterns / sizeof patterns[0]; i++) {
		nct_pattern *p;
		size_t whole[64], count = 0, start, end;
		int found = 1;

		assert_int_equal(nct_pattern_new(&p, patterns[i], NULL), NCT_OK);
		for (size_t from = 0; found; from = end > start ? end : start + 1) {
			assert_int_equal(nct_pattern_find(p, (const uint8_t *)text, n, from, 1, 1, &found, &start, &end, NULL), NCT_OK);
			if (found && start < n)
				whole[count++] = start;
		}
		for (size_t cut = 1; cut < n; cut++) { /* first only `cut` bytes are known, then all */
			size_t from = 0, k = 0, have = cut;

			while (from <= have) {
				assert_int_equal(nct_pattern_find(p, (const uint8_t *)text, have, from, have == n, 1,
				                                  &found, &start, &end, NULL),
				                 NCT_OK);
				if (found && start < have && (k >= count || whole[k] != start))
					fail_msg("pattern %s, cut at %zu: match %zu at %zu", patterns[i], cut, k, start);
				if (found && start < have) {
					k++;
					from = end > start ? end : start + 1;
				} else if (have == n) {
					break;
				} else {
					from = start;
					have = n;
				}
			}
			if (k != count)
				fail_msg("pattern %s, cut at %zu: %zu matches, not %zu", patterns[i], cut, k, count);
		}
		nct_pattern_free(p);
	}
}

/* Finds matches in text that comes `step` bytes at a time. Returns their number, and the first ones in starts[]. */
static size_t
matches_in_steps(const char *pattern, const uint8_t *text, size_t n, size_t step, size_t *starts, size_t max)
{
	size_t count = 0, from = 0, have = 0, start, end;
	nct_pattern *p;
	int found;

	assert_int_equal(nct_pattern_new(&p, pattern, NULL), NCT_OK);
	while (have < n) {
		have = n - have < step ? n : have + step;
		do {
			assert_int_equal(nct_pattern_find(p, text, have, from, have == n, 1, &found, &start, &end, NULL), NCT_OK);
			from = !found ? start : end > start ? end : start + 1;
			if (found && start < have && count++ < max)
				starts[count - 1] = start;
		} while (found && from < have);
	}
	nct_pattern_free(p);
	return count;
}

/* A match that needs more than NCT_PATTERN_SPAN bytes from its start is not found, however much text there is. A
 * long sequence of matching characters does not take quadratic time, which would be hours here. */
static void
test_long_matches(void **state)
{
	const size_t n = 3 << 20, run = 70000;
	uint8_t *text = malloc(n);
	size_t at[4];

	(void)state;
	assert_non_null(text);
	memset(text, 'a', n);
	memcpy(text + run, "b a", 3);
	for (size_t step = 1000; step <= 4 * run; step = step * 3 + 7) {
		assert_int_equal(matches_in_steps("a+b|a(?=a*c)", text, run + 3, step, at, 4), 1);
		assert_int_equal(at[0], NCT_PATTERN_SPAN);
		assert_int_equal(matches_in_steps("a+b|a", text, run + 3, step, at, 4), 2);
		assert_int_equal(at[0], NCT_PATTERN_SPAN);
		assert_int_equal(at[1], run + 2);
		assert_int_equal(matches_in_steps("a{65535}a", text, run + 3, step, at, 4), 1);
		assert_int_equal(at[0], 0);
		assert_int_equal(matches_in_steps("a{65535}aa", text, run + 3, step, at, 4), 0);
	}
	/* the match after NCT_PATTERN_SPAN bytes, and the one of the rest */
	assert_int_equal(matches_in_steps("[ab]+", text, n, 1 << 20, at, 4), 2);
	assert_int_equal(at[0], NCT_PATTERN_SPAN);
	assert_true(n - at[1] <= NCT_PATTERN_SPAN);
	free(text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_contexts), cmocka_unit_test(test_long_line), cmocka_unit_test(test_plans),
	    cmocka_unit_test(test_documents), cmocka_unit_test(test_parts), cmocka_unit_test(test_pattern),
	    cmocka_unit_test(test_long_matches),
	};

	return cmocka_run_group_tests(tests, make_model, drop_model);
}
