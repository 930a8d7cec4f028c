/* test_tally.c - counts of strings: by a text and by the table of its words, by one thread and by several. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/rng.h"
#include "strings/count_windows.h"
#include "strings/fewest.h"
#include "train_text.h"

#define BYTES 60000

/* A text of made-up words, most of them rare, and what it is cut by. */
struct example {
	char bytes[BYTES];
	nct_text *text;
	struct nct_boundaries bounds;
	struct nct_train_options o;
};

static void
example_new(struct example *e, uint64_t seed)
{
	nct_rng r = {seed};
	struct piece pieces[] = {{e->bytes, BYTES}, {NULL, 0}};

	for (size_t i = 0; i < BYTES;) {
		const uint64_t word = nct_rng_below(&r, 1 + nct_rng_below(&r, 1 + nct_rng_below(&r, 9000)));

		for (uint64_t w = word + 7; w > 0 && i < BYTES; w /= 5)
			e->bytes[i++] = (char)('a' + (int)(w * w % 11));
		if (i < BYTES)
			e->bytes[i++] = " ,\n \0    "[nct_rng_below(&r, 40) % 9];
		if (i < BYTES && nct_rng_below(&r, 140) == 0)
			e->bytes[i++] = '\0';
	}
	e->text = text_of(pieces, NCT_SEP_NUL);
	e->bounds = (struct nct_boundaries){.align = NCT_ALIGN_WORDS};
	assert_int_equal(nct_words_new(&e->bounds.words, NULL), NCT_OK);
	nct_train_defaults(&e->o, sizeof e->o);
}

static void
example_free(struct example *e)
{
	nct_words_free(e->bounds.words);
	nct_text_free(e->text);
}

static void
assert_same_counts(const struct nct_tally *a, const struct nct_tally *b)
{
	assert_int_equal(a->n, b->n);
	for (uint32_t v = 1; v < a->n; v++) {
		const struct nct_tally_node *x = &a->node[v], *y = &b->node[v];

		assert_true(x->parent == y->parent && x->symbol == y->symbol && x->cut == y->cut && x->words == y->words);
		assert_true(x->begun == y->begun && x->bound == y->bound && x->unbounded == y->unbounded && x->taken == y->taken);
	}
}

static void
assert_same_words(const struct nct_word_table *a, const struct nct_word_table *b)
{
	assert_int_equal(a->n, b->n);
	for (size_t i = 0; i < a->n; i++) {
		const struct nct_word *x = &a->word[i], *y = &b->word[i];

		assert_true(x->n == y->n && memcmp(x->text, y->text, x->n) == 0);
		assert_true(x->count == y->count && x->documents == y->documents);
	}
}

/* A tally that has grown over the text, with chosen strings. */
static void
grown(struct nct_tally *t, const struct example *e, const struct nct_source *s, uint32_t grow)
{
	struct nct_parsed p;

	assert_int_equal(nct_tally_new(t, 1u << 16), NCT_OK);
	for (unsigned c = 0; c < NCT_SYMBOLS; c++)
		assert_int_not_equal(nct_tally_add(t, 0, c, 0), 0);
	for (unsigned i = 0; i < 3; i++) {
		nct_tally_clear(t);
		assert_int_equal(nct_count_windows(t, s, &e->bounds, grow, &e->o, &p, NULL), NCT_OK);
		assert_int_equal(nct_choose_fewest(t, &(struct nct_fewest){.strings = NCT_SYMBOLS + 400,
		                                                           .enough = NCT_SYMBOLS + 400,
		                                                           .aligned = 1,
		                                                           .least = 2}),
		                 NCT_OK);
	}
}

/* Strings of one word: the table of the words gives the same counts as the text, for any number of threads. */
static void
test_words(void **state)
{
	static struct example e;
	struct nct_source text = {.stride = 1}, words = {.stride = 1};
	struct nct_word_table table[2];
	struct nct_tally t, by_words;
	struct nct_parsed p, q;

	(void)state;
	example_new(&e, 3);
	text.text = words.text = e.text;
	e.bounds.words_most = 1;
	grown(&t, &e, &text, 2);
	for (unsigned i = 0; i < 2; i++) {
		e.o.threads = i == 0 ? 1 : 3;
		assert_int_equal(nct_word_table_new(&table[i], e.text, 1, BYTES, &e.bounds, &e.o, NULL), NCT_OK);
	}
	assert_same_words(&table[0], &table[1]);
	for (size_t i = 0; i < table[0].n; i++) {
		const struct nct_word *x = &table[0].word[i];

		assert_true(x->documents <= x->count && x->documents <= table[0].segments);
		assert_true(i == 0 || x[-1].count >= x->count);
	}
	for (unsigned threads = 1; threads <= 3; threads += 2) {
		e.o.threads = threads;
		words.words = &table[threads / 2];
		assert_int_equal(nct_tally_copy(&by_words, &t, t.most), NCT_OK);
		nct_tally_clear(&t);
		assert_int_equal(nct_count_windows(&t, &text, &e.bounds, 0, &e.o, &p, NULL), NCT_OK);
		assert_int_equal(nct_count_windows(&by_words, &words, &e.bounds, 0, &e.o, &q, NULL), NCT_OK);
		assert_same_counts(&t, &by_words);
		for (uint32_t v = 1; v < t.n; v++)
			assert_in_range(by_words.node[v].documents, t.node[v].documents, table[0].segments);
		assert_true(p.windows == q.windows && p.bytes == q.bytes && p.bounded == q.bounded);
		nct_tally_free(&by_words);
	}
	nct_tally_free(&t);
	nct_word_table_free(&table[0]);
	nct_word_table_free(&table[1]);
	example_free(&e);
}

/* A table with too little room keeps frequent words, for any number of threads. */
static void
test_many_words(void **state)
{
	static struct example e;
	struct nct_word_table all, few[2];

	(void)state;
	example_new(&e, 5);
	assert_int_equal(nct_word_table_new(&all, e.text, 1, BYTES, &e.bounds, &e.o, NULL), NCT_OK);
	for (unsigned i = 0; i < 2; i++) {
		e.o.threads = 1 + 2 * i;
		assert_int_equal(nct_word_table_new(&few[i], e.text, 1, 1200, &e.bounds, &e.o, NULL), NCT_OK);
	}
	assert_true(all.n > 2000 && few[0].n <= 1200);
	assert_same_words(&few[0], &few[1]);
	for (size_t i = 0; i < 8; i++) { /* they may have been dropped while they were new */
		const struct nct_word *x = &all.word[i];
		size_t k = 0;

		while (k < few[0].n && (few[0].word[k].n != x->n || memcmp(few[0].word[k].text, x->text, x->n) != 0))
			k++;
		assert_true(k < few[0].n);
		assert_in_range(few[0].word[k].count, x->count / 4 * 3, x->count);
	}
	nct_word_table_free(&all);
	nct_word_table_free(&few[0]);
	nct_word_table_free(&few[1]);
	example_free(&e);
}

/* A tally that grows over several parts of the text is the same for any number of threads. */
static void
test_shards(void **state)
{
	static struct example e;

	(void)state;
	example_new(&e, 4);
	for (unsigned shards = 1; shards <= 4; shards++) {
		const struct nct_source s = {.text = e.text, .stride = 1, .shards = shards};
		struct nct_tally one, more;

		e.o.threads = 1;
		grown(&one, &e, &s, 6);
		e.o.threads = 3;
		grown(&more, &e, &s, 6);
		assert_true(one.n > 1000);
		assert_same_counts(&one, &more);
		for (uint32_t v = 1; v < one.n; v++)
			assert_true(one.node[v].documents == more.node[v].documents && one.node[v].chosen == more.node[v].chosen);
		nct_tally_free(&one);
		nct_tally_free(&more);
	}
	example_free(&e);
}

/* A full tally takes no more nodes, of its own or of another one, and counts those that it has. */
static void
test_full(void **state)
{
	struct nct_tally t, other;

	(void)state;
	assert_int_equal(nct_tally_new(&t, 4), NCT_OK);
	const uint32_t a = nct_tally_add(&t, 0, 'a', 0);
	assert_int_equal(nct_tally_copy(&other, &t, 100), NCT_OK);
	const uint32_t ab = nct_tally_add(&other, a, 'b', 0), abc = nct_tally_add(&other, ab, 'c', 0);
	other.node[ab].begun = 5;
	other.node[nct_tally_add(&other, abc, 'd', 0)].begun = 3;
	other.node[nct_tally_add(&other, a, 'e', 0)].begun = 2;
	t.node[nct_tally_add(&t, a, 'e', 0)].begun = 1;
	assert_int_equal(nct_tally_merge(&t, &other), NCT_OK);
	assert_int_equal(t.n, 4);
	assert_int_equal(t.node[nct_tally_find(&t, a, 'b')].begun, 5);
	assert_int_equal(t.node[nct_tally_find(&t, a, 'e')].begun, 3);
	assert_int_equal(nct_tally_find(&t, nct_tally_find(&t, a, 'b'), 'c'), 0);
	assert_int_equal(nct_tally_add(&t, 0, 'z', 0), 0);
	nct_tally_free(&t);
	nct_tally_free(&other);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_many_words),
		cmocka_unit_test(test_shards),
		cmocka_unit_test(test_full),
	};

	return cmocka_run_group_tests(tests, make_folder, drop_folder);
}
