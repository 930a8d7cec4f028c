/* test_best.c - codebooks of code `best`: which are refused, walks against a search of all strings, and the choice
 * of strings. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/cpu.h"
#include "book/text_table.h"
#include "book/trie.h"
#include "some_strings.h"
#include "strings/fewest.h"
#include "strings/prune.h"

#define TEXT 2000

/* ---- the walk ---- */

static int
fits(const struct some *s, const uint8_t *text, size_t n, int eod)
{
	for (unsigned i = 0; i < s->length; i++)
		if (s->symbol[i] == NCT_EOD ? i != n || !eod : i >= n || text[i] != s->symbol[i])
			return 0;
	return 1;
}

/* Finds windows by comparing every string at each beginning. Returns how many. */
static size_t
plainly(const struct some *s, const uint8_t *text, const uint8_t *mark, size_t n, int eod, uint32_t *k)
{
	size_t count = 0;

	for (size_t at = 0; at < n + (size_t)eod; count++) {
		size_t best = 0, bound = 0;

		for (size_t i = 0; i < STRINGS; i++) {
			const size_t end = at + s[i].length;

			if (!fits(&s[i], text + at, n - at, eod))
				continue;
			if (s[i].length > best) {
				best = s[i].length;
				k[count] = bound > 0 ? k[count] : (uint32_t)i;
			}
			if (mark != NULL && (end >= n || mark[end]) && s[i].length > bound) {
				bound = s[i].length;
				k[count] = (uint32_t)i;
			}
		}
		at += bound > 0 ? bound : best;
	}
	return count;
}

/* A lane's text: documents, of which all but the last end with EOD. */
struct lane_text {
	uint8_t text[TEXT + 1], mark[TEXT + 2];
	size_t n;
	size_t eod[TEXT], eods;                                /* the places of EODs */
	uint32_t got[TEXT + 2 + NCT_WINDOW_SYMBOLS], want[2 * TEXT]; /* windows */
};

/* Draws a text. If `ends`, documents end in it. */
static void
draw_text(struct lane_text *t, int ends, nct_rng *r)
{
	const uint64_t mean = 1 + nct_rng_below(r, nct_rng_below(r, 2) == 0 ? 4 : 200);

	t->n = nct_rng_below(r, 3) == 0 ? nct_rng_below(r, 20) : TEXT - nct_rng_below(r, 50);
	t->eods = 0;
	for (size_t i = 0; i < t->n; i++) {
		t->text[i] = (uint8_t)(nct_rng_below(r, 30) == 0 ? nct_rng_below(r, 256) : 'a' + nct_rng_below(r, 3));
		t->mark[i] = nct_rng_below(r, 4) == 0 || (t->eods > 0 && t->eod[t->eods - 1] + 1 == i);
		if (ends && nct_rng_below(r, mean) == 0) {
			t->text[i] = 0;
			t->mark[i] = NCT_MARK_BOUNDARY | NCT_MARK_EOD;
			t->eod[t->eods++] = i;
		}
	}
	t->text[t->n] = 0;
	t->mark[t->n] = NCT_MARK_BOUNDARY;
}

/* The windows that the text should have. Returns how many. */
static size_t
wanted(const struct some *s, struct lane_text *t, unsigned how, int last_eod)
{
	const int joined = (how & NCT_WALK_JOINED) != 0;
	size_t count = 0, from = 0;

	for (size_t i = 0; i <= t->eods; i++) {
		const size_t to = i < t->eods ? t->eod[i] : t->n;
		const int eod = i < t->eods || last_eod;

		count += plainly(s, t->text + from, how & NCT_WALK_ALIGNED ? t->mark + from : NULL, to - from, eod && joined,
		                 t->want + count);
		if (eod && !joined)
			t->want[count++] = STRINGS - 1;
		from = to + 1;
	}
	return count;
}

/* Walks random texts in lanes, by random numbers of steps, and compares with a search of all strings. `kind` has the
 * flags of the walk in its two lowest bits, and 4 more if documents end in the texts. */
static void
walk_texts(const char *cpu, nct_trie_walker *walk, unsigned lanes, unsigned kind, nct_rng *r)
{
	static struct some s[STRINGS];
	static struct lane_text texts[NCT_LANES];
	const unsigned how = kind & 3;
	const int marks = (kind & 4) != 0 || (how & NCT_WALK_ALIGNED) != 0;
	struct nct_book_lane lane[NCT_LANES];
	struct nct_codebook *c;
	struct nct_trie t;

	draw_strings(r, s);
	c = codebook_of(s);
	assert_int_equal(nct_codebook_seal(c, 1, NULL), NCT_OK);
	assert_int_equal(nct_trie_new(&t, c, cpu), NCT_OK);
	assert_true(t.walk_many == walk && lanes <= t.lanes);
	for (unsigned l = 0; l < lanes; l++) {
		draw_text(&texts[l], (kind & 4) != 0, r);
		lane[l] = (struct nct_book_lane){
		    .text = texts[l].text, .mark = marks ? texts[l].mark : NULL, .open = {0}, .out = texts[l].got};
	}
	for (;;) { /* each lane advances by random pieces, until its text ends */
		struct nct_book_lane some[NCT_LANES];
		unsigned which[NCT_LANES], some_n = 0;
		size_t step = 1 + nct_rng_below(r, 300);

		for (unsigned l = 0; l < lanes; l++)
			if (lane[l].text < texts[l].text + texts[l].n) {
				const size_t left = (size_t)(texts[l].text + texts[l].n - lane[l].text);

				step = left < step ? left : step;
				which[some_n] = l;
				some[some_n++] = lane[l];
			}
		if (some_n == 0)
			break;
		nct_trie_walk(&t, some, some_n, step, how);
		for (unsigned i = 0; i < some_n; i++)
			lane[which[i]] = some[i];
	}
	for (unsigned l = 0; l < lanes; l++) {
		struct lane_text *x = &texts[l];
		const int eod = how & NCT_WALK_JOINED ? (int)nct_rng_below(r, 2) : 0;
		const size_t before = (size_t)(lane[l].out - x->got);
		const size_t count = before + nct_trie_close(&t, &lane[l], eod, how, x->got + before);
		const size_t want = wanted(s, x, how, eod);
		size_t eods = 0;

		for (size_t i = 0; i < count; i++) {
			eods += i < before && (x->got[i] & NCT_TRIE_EOD) != 0;
			x->got[i] &= STRINGS - 1;
		}
		if (count != want || memcmp(x->got, x->want, count * sizeof x->want[0]) != 0 || eods != x->eods)
			fail_msg("kind %u, lane %u: %zu windows, not %zu, or others", kind, l, count, want);
	}
	nct_trie_free(&t);
	nct_codebook_free(c);
}

static int
always(void)
{
	return 1;
}

static const struct {
	const char *cpu;
	int (*usable)(void);
	nct_trie_walker *walk;
} walks[] = {
#if defined __x86_64__
    {"avx512", nct_cpu_avx512, nct_trie_walk_avx512},
    {"avx2", nct_cpu_avx2, nct_trie_walk_avx2},
#endif
    {"ref", always, NULL},
};

static void
test_walk(void **state)
{
	nct_rng r = {3};

	(void)state;
	for (size_t i = 0; i < sizeof walks / sizeof walks[0]; i++) {
		if (!walks[i].usable()) {
			print_message("%s: not on this machine\n", walks[i].cpu);
			continue;
		}
		for (unsigned lanes = 1; lanes <= (walks[i].walk != NULL ? NCT_LANES : NCT_LANES_PLAIN); lanes++)
			for (unsigned kind = 0; kind < 8; kind++)
				walk_texts(walks[i].cpu, walks[i].walk, lanes, kind, &r);
	}
}

/* The text of each window is that of its string. */
static void
test_texts(void **state)
{
	static struct some s[STRINGS];
	nct_rng r = {4};
	struct nct_text_table t;
	struct nct_codebook *c;

	(void)state;
	draw_strings(&r, s);
	c = codebook_of(s);
	assert_int_equal(nct_codebook_seal(c, 1, NULL), NCT_OK);
	assert_int_equal(nct_text_table_new(&t, c), NCT_OK);
	for (uint32_t k = 0; k < STRINGS; k++) {
		uint8_t text[NCT_WINDOW_SYMBOLS];
		const size_t n = nct_codebook_bytes(c, k);

		assert_int_equal(n, s[k].length - (s[k].symbol[s[k].length - 1] == NCT_EOD));
		nct_text_copy(&t, k, text);
		for (size_t i = 0; i < n; i++)
			assert_int_equal(text[i], s[k].symbol[i]);
	}
	nct_text_table_free(&t);
	nct_codebook_free(c);
}

/* ---- what is refused ---- */

static void
refuse(const struct some *s, size_t node, unsigned depth, unsigned symbol, const char *what)
{
	struct nct_codebook *c = codebook_of(s);
	nct_why why = {0};

	node = node == SIZE_MAX ? c->nodes - 1 : node;
	c->depth[node] = (uint16_t)depth;
	c->symbol[node] = (uint16_t)symbol;
	assert_int_equal(nct_codebook_seal(c, 1, &why), NCT_EDATA);
	if (strstr(why.text, what) == NULL)
		fail_msg("'%s', not '%s'", why.text, what);
	nct_codebook_free(c);
}

static void
test_faults(void **state)
{
	static struct some s[STRINGS];
	nct_rng r = {5};

	(void)state;
	draw_strings(&r, s);
	refuse(s, 0, 1, 0 | NCT_NODE_INNER, "that is none and leads to none");
	refuse(s, SIZE_MAX, 1, NCT_EOD | NCT_NODE_INNER, "that is none and leads to none");
	refuse(s, SIZE_MAX, 1, NCT_EOD - 1, "out of order");
	refuse(s, 1, 1, 0, "out of order");
	refuse(s, 1, 2, 7, "strings of one symbol, not 257");
	refuse(s, 0, 1, 0x4000, "with an unknown symbol");

	struct nct_codebook *c = codebook_of(s);
	nct_why why = {0};
	size_t inner = 0;
	while (!(c->symbol[inner] & NCT_NODE_INNER))
		inner++;
	c->symbol[inner] &= (uint16_t)~NCT_NODE_INNER;
	assert_int_equal(nct_codebook_seal(c, 1, &why), NCT_EDATA);
	assert_string_equal(why.text, "codebook of 10 bits: 1025 strings, not 1024");
	c->code = NCT_CODE_SPLIT;
	assert_int_equal(nct_codebook_seal(c, 1, &why), NCT_EDATA);
	nct_codebook_free(c);
}

/* ---- which strings are chosen ---- */

#define SMALL 14 /* strings of more than one symbol */

/* Bytes in windows, if each counted string takes the longest string of `set` that it begins with. Bit i of `set` is
 * node NCT_SYMBOLS + 1 + i. */
static uint64_t
bytes_with(const struct nct_tally *t, uint32_t set)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < SMALL; i++) {
		const uint32_t v = NCT_SYMBOLS + 1 + i;
		uint32_t u = t->node[v].parent;

		while (t->node[u].length > 1 && !(set >> (u - NCT_SYMBOLS - 1) & 1))
			u = t->node[u].parent;
		sum += (set >> i & 1) != 0 ? (uint64_t)(t->node[v].length - t->node[u].length) * t->node[v].begun : 0;
	}
	return sum;
}

/* No other set with as many strings has a tenth more bytes, for random trees and counts, and in most cases none has
 * more. (The largest difference seen is 7%.) */
static void
test_choice(void **state)
{
	nct_rng r = {6};
	unsigned exact = 0;

	(void)state;
	for (unsigned round = 0; round < 60; round++) {
		const unsigned extra = 2 + (unsigned)nct_rng_below(&r, SMALL - 3);
		struct nct_tally t;
		uint32_t set = 0;
		uint64_t best = 0, got;

		assert_int_equal(nct_tally_new(&t, 1000), NCT_OK);
		for (unsigned s = 0; s < NCT_SYMBOLS; s++)
			t.node[nct_tally_add(&t, 0, s, 0)].begun = 1000;
		while (t.n < NCT_SYMBOLS + 1 + SMALL) {
			const uint32_t up = nct_rng_below(&r, 3) == 0 ? 'a' + 1
			                    : t.n - 1 > NCT_SYMBOLS
			                        ? NCT_SYMBOLS + 1 + (uint32_t)nct_rng_below(&r, t.n - NCT_SYMBOLS - 1)
			                        : 'b' + 1;
			const uint32_t before = t.n, v = nct_tally_add(&t, up, 'a' + (unsigned)nct_rng_below(&r, 3), 0);

			t.node[v].documents = 1000000; /* so many that the count of documents has no effect */
			if (v == before)
				t.node[v].begun = 1 + (uint32_t)nct_rng_below(&r, t.node[up].begun);
		}
		assert_int_equal(nct_choose_fewest(&t, &(struct nct_fewest){.strings = NCT_SYMBOLS + extra,
		                                                            .enough = NCT_SYMBOLS + extra,
		                                                            .least = 1}),
		                 NCT_OK);
		for (uint32_t i = 0; i < SMALL; i++)
			set |= (uint32_t)t.node[NCT_SYMBOLS + 1 + i].chosen << i;
		assert_int_equal(__builtin_popcount(set), extra);
		for (uint32_t other = 0; other < 1u << SMALL; other++)
			if ((unsigned)__builtin_popcount(other) == extra && bytes_with(&t, other) > best)
				best = bytes_with(&t, other);
		got = bytes_with(&t, set);
		exact += got == best;
		if (10 * got < 9 * best)
			fail_msg("round %u: %u strings take %lu bytes, as many could take %lu", round, extra,
			         (unsigned long)got, (unsigned long)best);
		nct_tally_free(&t);
	}
	assert_in_range(exact, 45, 60);
}

/* If nothing was counted, enough strings are chosen all the same. */
static void
test_filled_up(void **state)
{
	const struct nct_fewest f = {.strings = (1u << 16) + 2000, .enough = (1u << 16) + 1000, .aligned = 1, .least = 2};
	struct nct_tally t;
	size_t chosen = 0;

	(void)state;
	assert_int_equal(nct_tally_new(&t, 1u << 18), NCT_OK);
	assert_int_equal(nct_choose_fewest(&t, &f), NCT_OK);
	for (uint32_t v = 1; v < t.n; v++)
		chosen += t.node[v].chosen;
	assert_int_equal(chosen, (1u << 16) + 1000);
	nct_tally_free(&t);
}

/* ---- which strings are dropped ---- */

#define PRUNED 40 /* strings of more than one symbol */
#define WINDOWS 100000

/* A string by its letters; 1 if a boundary stands behind letter i. */
struct spelled {
	uint32_t v;
	unsigned n;
	unsigned letter[NCT_TALLY_LENGTH];
	int bound[NCT_TALLY_LENGTH];
};

static struct spelled
spelled(const struct nct_tally *t, uint32_t v)
{
	struct spelled s = {.v = v, .n = t->node[v].length};

	s.bound[s.n - 1] = 2 * t->node[v].bound > t->node[v].begun;
	for (unsigned i = s.n; i-- > 0; v = t->node[v].parent) {
		s.letter[i] = t->node[v].symbol;
		if (i > 0 && t->node[v].cut == i)
			s.bound[i - 1] = 1;
	}
	return s;
}

/* What it costs to drop string a, in bits, counted plainly (prune.c). */
static double
loss_by_search(const struct nct_tally *t, const struct spelled *s, size_t n, const struct spelled *a, double token_cost)
{
	const struct nct_tally_node *node = &t->node[a->v];
	double sum = 0, parts = 0;

	for (unsigned at = 0; at < a->n; parts++) {
		const struct spelled *best = NULL;

		for (size_t i = 0; i < n; i++) {
			const struct spelled *b = &s[i];
			const int starts = b != a && at + b->n <= a->n && memcmp(b->letter, a->letter + at, b->n * sizeof b->letter[0]) == 0;
			const int ends = starts && a->bound[at + b->n - 1];

			if (starts && t->node[b->v].chosen &&
			    (best == NULL || ends > a->bound[at + best->n - 1] || (ends == a->bound[at + best->n - 1] && b->n > best->n)))
				best = b;
		}
		sum += log2(WINDOWS) - log2(t->node[best->v].taken > 0 ? t->node[best->v].taken : 1);
		at += best->n;
	}
	sum -= log2(WINDOWS) - log2(node->taken > 0 ? node->taken : 1);
	if (node->words == 1)
		return node->taken * (token_cost * (parts - 1) + sum);
	uint32_t before = a->v;
	while (t->node[before].length > node->cut)
		before = t->node[before].parent;
	const double x = fmax(0, log2(fmax(1, t->node[before].bound)) - log2(fmax(1, node->begun)));
	return node->taken * (parts - 1) * token_cost * (token_cost + 1) / (token_cost + 1 + x);
}

/* No string that is dropped costs more than one that is kept, but for rounding. A plain search tells the costs. Trees,
 * counts and boundaries are random. */
static void
test_pruning(void **state)
{
	nct_rng r = {8};

	(void)state;
	for (unsigned round = 0; round < 40; round++) {
		const double token_cost = (double)nct_rng_below(&r, 4) * 1.5;
		static struct spelled s[PRUNED + 3];
		double dropped = -1e300, kept = 1e300, loss[PRUNED];
		struct nct_tally t;
		size_t n = 0;

		assert_int_equal(nct_tally_new(&t, 1000), NCT_OK);
		for (unsigned c = 0; c < NCT_SYMBOLS; c++) {
			const uint32_t v = nct_tally_add(&t, 0, c, 0);

			t.node[v].chosen = 1;
			t.node[v].taken = (uint32_t)nct_rng_below(&r, 9000);
			t.node[v].begun = t.node[v].taken + 1;
			t.node[v].bound = t.node[v].taken;
		}
		while (t.n < NCT_SYMBOLS + 1 + PRUNED) {
			const uint32_t up = t.n - 1 > NCT_SYMBOLS && nct_rng_below(&r, 3) > 0
			                        ? NCT_SYMBOLS + 1 + (uint32_t)nct_rng_below(&r, t.n - NCT_SYMBOLS - 1)
			                        : 'a' + 1 + (uint32_t)nct_rng_below(&r, 3);
			const unsigned cut = nct_rng_below(&r, 3) == 0 ? t.node[up].length : t.node[up].cut;
			const uint32_t before = t.n, v = nct_tally_add(&t, up, 'a' + (unsigned)nct_rng_below(&r, 3), cut);

			if (v != before)
				continue;
			assert_int_equal(t.node[v].words, t.node[up].words + (cut == t.node[up].length));
			t.node[v].chosen = 1;
			t.node[v].documents = UINT32_MAX / 128; /* so many that the count of documents has no effect */
			t.node[v].begun = 1 + (uint32_t)nct_rng_below(&r, 5000);
			t.node[v].bound = (uint32_t)nct_rng_below(&r, t.node[v].begun + 1);
			t.node[v].taken = (uint32_t)nct_rng_below(&r, t.node[v].begun + 1);
		}
		for (uint32_t v = NCT_SYMBOLS + 1; v < t.n; v++)
			s[n++] = spelled(&t, v);
		for (unsigned c = 'a'; c <= 'c'; c++)
			s[n++] = spelled(&t, nct_tally_find(&t, 0, c));
		for (size_t i = 0; i < PRUNED; i++)
			loss[i] = loss_by_search(&t, s, n, &s[i], token_cost);
		assert_int_equal(nct_prune(&t, WINDOWS, NCT_SYMBOLS + PRUNED / 2, 1, token_cost), NCT_OK);
		size_t left = 0;
		for (size_t i = 0; i < PRUNED; i++) {
			const int is = t.node[s[i].v].chosen;

			left += (size_t)is;
			if (is && loss[i] < kept)
				kept = loss[i];
			if (!is && loss[i] > dropped)
				dropped = loss[i];
		}
		assert_int_equal(left, PRUNED / 2);
		for (unsigned c = 0; c < NCT_SYMBOLS; c++)
			assert_true(t.node[nct_tally_find(&t, 0, c)].chosen);
		if (dropped > kept + 5000 * 10 / 256.0) /* costs are counted in 256ths of a bit */
			fail_msg("round %u: a loss of %.0f bits was dropped, one of %.0f was kept", round, dropped, kept);
		nct_tally_free(&t);
	}
}

/* Chosen nodes and those that lead to them are kept, with their counts. The others can be added again. */
static void
test_kept(void **state)
{
	nct_rng r = {9};

	(void)state;
	for (unsigned round = 0; round < 20; round++) {
		const uint32_t nodes = 300 + (uint32_t)nct_rng_below(&r, 5000);
		struct spelled *s = calloc(nodes, sizeof *s);
		uint8_t *stays = calloc(nodes, 1);
		struct nct_tally t;
		uint32_t left = 1;

		assert_true(s != NULL && stays != NULL);
		assert_int_equal(nct_tally_new(&t, nodes), NCT_OK);
		while (t.n < nodes) {
			const uint32_t before = t.n, up = (uint32_t)nct_rng_below(&r, t.n);
			const uint32_t v = nct_tally_add(&t, up, 'a' + (unsigned)nct_rng_below(&r, 9), 0);

			if (v == before) {
				t.node[v].chosen = nct_rng_below(&r, 5) == 0;
				t.node[v].taken = v;
			}
		}
		for (uint32_t v = 1; v < nodes; v++) {
			s[v] = spelled(&t, v);
			for (uint32_t u = v; t.node[v].chosen && u != 0; u = t.node[u].parent)
				stays[u] = 1;
		}
		nct_tally_keep_chosen(&t);
		for (uint32_t v = 1; v < nodes; v++) {
			uint32_t u = 0;

			for (unsigned i = 0; i < s[v].n && (i == 0 || u != 0); i++)
				u = nct_tally_find(&t, u, s[v].letter[i]);
			left += stays[v];
			assert_int_equal(u != 0, stays[v]);
			assert_true(u == 0 || (t.node[u].taken == v && t.node[u].length == s[v].n));
		}
		assert_int_equal(t.n, left);
		for (uint32_t v = 1; v < nodes; v++) {
			uint32_t u = 0;

			for (unsigned i = 0; i < s[v].n; i++)
				assert_int_not_equal(u = nct_tally_add(&t, u, s[v].letter[i], 0), 0);
		}
		assert_int_equal(t.n, nodes);
		nct_tally_free(&t);
		free(stays);
		free(s);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_walk), cmocka_unit_test(test_texts), cmocka_unit_test(test_faults),
		cmocka_unit_test(test_choice), cmocka_unit_test(test_filled_up), cmocka_unit_test(test_pruning),
		cmocka_unit_test(test_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
