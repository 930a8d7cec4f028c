/* test_batches.c - encoding by codebooks: windows that are open where a batch ends. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "book/trie.h"
#include "encode/by_book.h"
#include "encode_text.h"
#include "long_tests.h"
#include "m1/m1.h"
#include "text/words.h"

/* Finds places in text[0..n) at which windows change if the walk cannot see the text before: out[0..most). */
static size_t
find_events(const nct_m1 *m, const uint8_t *text, size_t n, size_t *out, size_t most)
{
	static uint8_t part[NCT_WINDOW_SYMBOLS + 16], part_mark[NCT_WINDOW_SYMBOLS + 16];
	static uint32_t numbers[2][64 + NCT_WINDOW_SYMBOLS];
	uint8_t *mark = malloc(n);
	nct_words *w;
	struct nct_trie t;
	struct nct_book_lane lane = {.text = text, .mark = mark};
	size_t found = 0;

	assert_non_null(mark);
	assert_int_equal(nct_words_new(&w, NULL), NCT_OK);
	nct_words_mark(w, text, 0, n, 0, mark);
	mark[0] = 0;
	assert_int_equal(nct_trie_new(&t, nct_m1_codebook(m, NCT_CODE_SPLIT, 16), NULL), NCT_OK);
	memset(part_mark, 1, NCT_WINDOW_SYMBOLS);
	for (size_t at = 0; at + 16 < n && found < most; at = (size_t)(lane.text - text)) {
		struct nct_book_lane seeing = lane, blind = lane;

		memcpy(part + NCT_WINDOW_SYMBOLS, text + at, 16);
		memcpy(part_mark + NCT_WINDOW_SYMBOLS, mark + at, 16);
		blind.text = part + NCT_WINDOW_SYMBOLS;
		blind.mark = part_mark + NCT_WINDOW_SYMBOLS;
		seeing.out = numbers[0];
		blind.out = numbers[1];
		nct_trie_walk(&t, &seeing, 1, 12, NCT_WALK_ALIGNED);
		nct_trie_walk(&t, &blind, 1, 12, NCT_WALK_ALIGNED);
		if ((seeing.out - numbers[0] != blind.out - numbers[1] || seeing.open.at != blind.open.at) &&
		    (found == 0 || out[found - 1] < at))
			out[found++] = at;
		lane.out = numbers[0];
		nct_trie_walk(&t, &lane, 1, 1, NCT_WALK_ALIGNED);
	}
	nct_trie_free(&t);
	nct_words_free(w);
	free(mark);
	return found;
}

/* A batch ends inside a window that ends at a boundary in that batch. The text after the boundary is not a string
 * itself, so the walk needs text of the previous batch. Code `best` has the same case. Five threads, whose batches
 * are shorter, write the same. */
static void
test_batches(void **state)
{
	size_t events[6];
	const size_t batch = NCT_BOOK_BATCH_MAX, n = batch + 2000;
	const struct bytes real = sample_text(1178860), text = {malloc(n), n};
	nct_m1 *m;

	(void)state;
	assert_non_null(text.p);
	assert_int_equal(nct_m1_builtin(&m, NULL, NULL), NCT_OK);
	assert_int_equal(find_events(m, real.p, 300000, events, 6), 6);
	for (size_t e = 0; e < 2 * 6; e += long_tests() ? 1 : 2) {
		struct nct_encode_options o = {sizeof o, .window_bits = 16, .resets = 1, .threads = 1, .align = NCT_ALIGN_WORDS,
		                               .code = e < 6 ? NCT_CODE_SPLIT : NCT_CODE_BEST};

		for (size_t i = 0; i < n; i++) /* such a place is where the second batch begins */
			text.p[i] = real.p[(i + events[e % 6] + 16 * real.n - batch) % real.n];
		const struct bytes one = encode(m, text, &o);
		o.threads = 5;
		const struct bytes five = encode(m, text, &o);
		assert_bytes_equal(one, five);
		free(one.p);
		free(five.p);
	}
	nct_m1_free(m);
	free(text.p);
	free(real.p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_batches)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
