/* likely.c - chooses strings of one word by the likelihood that they give to words.
 *
 * A string that is n of N tokens has log2(N / n) bits, by a unigram model, and token_cost more. At first all strings
 * in words count, wherever they begin. Then each word is cut into the chosen strings with the smallest sum. That
 * changes how often strings are taken, and so their bits; it is done twice. Then those strings are dropped whose loss
 * costs least: the times that it is taken, times what its text costs more if it is cut into others. This goes on until
 * few enough are left. With token_cost 0 it is how SentencePiece chooses unigram pieces (Kudo, 2018), but that the best
 * way to cut counts alone, not all ways by their probabilities.
 *
 * Windows take the longest string that fits, not these. That gives other tokens for a few words in a hundred, and
 * models learn them as well. */
#include "strings/likely.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/threads.h"
#include "strings/log2.h"
#include "strings/worth.h"
#include "train/loop.h"

#define CUTS 2      /* times that words are cut before strings are dropped */
#define KEPT 75     /* percent of the strings are kept each time */
#define TASK 4096   /* words */

/* A word of the text. One of more than NCT_TALLY_LENGTH bytes counts as several. */
struct word {
	const uint8_t *text; /* (n) borrowed */
	uint32_t n;
	uint32_t count;
	uint32_t segments, last; /* segments of text that have it; number of the last one */
};

/* All words, each once, in the order in which they were found. */
struct words {
	struct word *word; /* (n) owned; room for `room` */
	uint32_t n, room;
	uint32_t *slot;    /* (2^bits) owned: a hash table of words, by number + 1; 0: empty */
	unsigned bits;
};

/* One thread's counts. */
struct share {
	uint64_t *taken; /* (t->n) by node, in units of 1 / NCT_FINE */
};

struct chooser {
	struct nct_tally *t;
	const struct words *words;
	int64_t *cost;       /* (t->n) of chosen strings: bits and token_cost, in units of 1 / NCT_BIT */
	int64_t token_cost;  /* likewise */
	int known;           /* costs were set */
	struct share *share; /* by worker */
	unsigned workers;
};

/* ---- words ---- */

static uint64_t
hash(const uint8_t *text, size_t n)
{
	uint64_t h = UINT64_C(0xcbf29ce484222325); /* FNV-1a */

	for (size_t i = 0; i < n; i++)
		h = (h ^ text[i]) * UINT64_C(0x100000001b3);
	return h * UINT64_C(0x9e3779b97f4a7c15);
}

/* The place of a word in the table, or the empty place for it. */
static size_t
place(const struct words *w, const uint8_t *text, size_t n)
{
	const size_t mask = ((size_t)1 << w->bits) - 1;
	size_t at = (size_t)(hash(text, n) >> (64 - w->bits));

	for (; w->slot[at] != 0; at = (at + 1) & mask) {
		const struct word *old = &w->word[w->slot[at] - 1];

		if (old->n == n && memcmp(old->text, text, n) == 0)
			break;
	}
	return at;
}

/* Makes room for twice as many words. */
static nct_err
grow(struct words *w)
{
	const unsigned bits = w->bits > 0 ? w->bits + 1 : 16;
	struct word *more = realloc(w->word, ((size_t)1 << (bits - 1)) * sizeof *more);
	uint32_t *slot;

	if (more == NULL)
		return NCT_ENOMEM;
	w->word = more;
	if (bits > 31 || (slot = calloc((size_t)1 << bits, sizeof *slot)) == NULL)
		return NCT_ENOMEM;
	free(w->slot);
	w->slot = slot;
	w->bits = bits;
	w->room = (uint32_t)1 << (bits - 1);
	for (uint32_t i = 0; i < w->n; i++)
		slot[place(w, w->word[i].text, w->word[i].n)] = i + 1;
	return NCT_OK;
}

static nct_err
add(struct words *w, const uint8_t *text, size_t n, uint32_t segment)
{
	struct word *word;
	size_t at;

	if (w->n == w->room && grow(w) != NCT_OK)
		return NCT_ENOMEM;
	at = place(w, text, n);
	if (w->slot[at] == 0) {
		w->word[w->n] = (struct word){.text = text, .n = (uint32_t)n};
		w->slot[at] = ++w->n;
	}
	word = &w->word[w->slot[at] - 1];
	word->count++;
	word->segments += word->last != segment;
	word->last = segment;
	return NCT_OK;
}

/* Adds the words of a segment; mark is as from nct_segment_mark(). */
static nct_err
add_segment(struct words *w, const struct nct_segment *p, const uint8_t *mark)
{
	const uint8_t *text = p->document + p->at;
	nct_err err = NCT_OK;

	for (size_t i = 1, from = 0; i <= p->n && err == NCT_OK; i++)
		if (mark[i] || i - from == NCT_TALLY_LENGTH) {
			err = add(w, text + from, i - from, p->number);
			from = i;
		}
	return err;
}

static nct_err
count_words(struct words *w, const nct_text *text, const struct nct_boundaries *b, const struct nct_train_options *o,
            nct_why *why)
{
	struct nct_segments s = {.text = text, .stride = 1};
	struct nct_segment p;
	uint8_t *mark = malloc(NCT_SEGMENT + 1);
	nct_err err = mark != NULL ? NCT_OK : NCT_ENOMEM;

	while (err == NCT_OK && !nct_train_stop(o) && nct_segments_next(&s, &p))
		if ((err = nct_segment_mark(b, &p, mark, why)) == NCT_OK)
			err = add_segment(w, &p, mark);
	free(mark);
	return err == NCT_ENOMEM ? nct_fail(why, err, "out of memory") : err;
}

/* ---- cutting ---- */

/* The best way to cut a text: its last string ends at n, the one before where that begins, and so on. */
struct cuts {
	int64_t cost[NCT_TALLY_LENGTH + 1]; /* of text[0..i) */
	uint32_t last[NCT_TALLY_LENGTH + 1]; /* the string that ends there */
};

/* Cuts text[0..n) into chosen strings other than `without`. All strings of one symbol are chosen. Of two ways that cost
 * the same, the one whose last string is longer is taken. */
static void
cut(const struct chooser *c, const uint8_t *text, size_t n, uint32_t without, struct cuts *k)
{
	const struct nct_tally *t = c->t;

	k->cost[0] = 0;
	for (size_t i = 1; i <= n; i++)
		k->cost[i] = INT64_MAX;
	for (size_t from = 0; from < n; from++) {
		uint32_t v = 0;

		for (size_t i = from; i < n && (v = nct_tally_find(t, v, text[i])) != 0; i++)
			if (t->node[v].chosen && v != without && k->cost[from] + c->cost[v] < k->cost[i + 1]) {
				k->cost[i + 1] = k->cost[from] + c->cost[v];
				k->last[i + 1] = v;
			}
	}
}

/* Counts strings in task i's words: all that are there, wherever they begin, or, if costs are known, those that the
 * words are cut into. */
static void
count_strings(void *ctx, size_t i, unsigned worker)
{
	const struct chooser *c = ctx;
	const uint32_t end = (uint32_t)(i + 1) * TASK < c->words->n ? (uint32_t)(i + 1) * TASK : c->words->n;
	uint64_t *taken = c->share[worker].taken;

	for (uint32_t w = (uint32_t)i * TASK; w < end; w++) {
		const struct word *word = &c->words->word[w];
		const struct nct_tally_node counted = {.documents = word->segments};
		const int64_t weight = nct_worth(&counted, word->count);
		struct cuts k;

		if (c->known)
			cut(c, word->text, word->n, 0, &k);
		for (size_t at = word->n; c->known && at > 0; at -= c->t->node[k.last[at]].length)
			taken[k.last[at]] += (uint64_t)weight;
		for (uint32_t from = 0; !c->known && from < word->n; from++)
			for (uint32_t at = from, v = 0; at < word->n && (v = nct_tally_find(c->t, v, word->text[at])) != 0; at++)
				taken[v] += c->t->node[v].chosen ? (uint64_t)weight : 0;
	}
}

/* Counts strings in all words, and sets their costs anew. What is taken by none counts as taken once. */
static void
set_costs(struct chooser *c, nct_threads *pool)
{
	uint64_t all = NCT_FINE;
	int64_t log;

	for (unsigned i = 0; i < c->workers; i++)
		memset(c->share[i].taken, 0, c->t->n * sizeof *c->share[i].taken);
	nct_parallel(pool, (c->words->n + (size_t)TASK - 1) / TASK, count_strings, c);
	for (uint32_t v = 1; v < c->t->n; v++) {
		for (unsigned i = 1; i < c->workers; i++)
			c->share[0].taken[v] += c->share[i].taken[v];
		all += c->share[0].taken[v];
	}
	log = nct_log2(all);
	for (uint32_t v = 1; v < c->t->n; v++) {
		const uint64_t taken = c->share[0].taken[v];

		c->cost[v] = log - nct_log2(taken > NCT_FINE ? taken : NCT_FINE) + c->token_cost;
	}
	c->known = 1;
}

/* ---- dropping ---- */

struct loss {
	double cost; /* an exact integer, or the product of two, which are the same on all machines */
	uint32_t v;
};

static int
by_cost(const void *x, const void *y)
{
	const struct loss *a = x, *b = y;

	return a->cost != b->cost ? (a->cost < b->cost ? 1 : -1) : a->v < b->v ? -1 : a->v > b->v;
}

/* Keeps the `strings` chosen strings whose loss costs most. loss (t->n) is scratch memory. */
static void
drop(const struct chooser *c, size_t strings, struct loss *loss)
{
	struct nct_tally *t = c->t;
	size_t n = 0;

	for (uint32_t v = 1; v < t->n; v++) {
		uint8_t text[NCT_TALLY_LENGTH];
		struct cuts k;
		uint32_t u = v;

		if (!t->node[v].chosen || t->node[v].length == 1)
			continue;
		for (size_t i = t->node[v].length; i-- > 0; u = t->node[u].parent)
			text[i] = (uint8_t)t->node[u].symbol;
		cut(c, text, t->node[v].length, v, &k);
		loss[n++] = (struct loss){(double)c->share[0].taken[v] * (double)(k.cost[t->node[v].length] - c->cost[v]), v};
	}
	qsort(loss, n, sizeof *loss, by_cost);
	for (size_t i = strings - NCT_SYMBOLS; i < n; i++)
		t->node[loss[i].v].chosen = 0;
}

static size_t
count_chosen(const struct nct_tally *t)
{
	size_t n = 0;

	for (uint32_t v = 1; v < t->n; v++)
		n += t->node[v].chosen;
	return n;
}

static nct_err
choose(struct chooser *c, size_t strings, const struct nct_train_options *o)
{
	struct loss *loss = malloc(c->t->n * sizeof *loss);
	nct_threads *pool = NULL;
	nct_err err = NCT_ENOMEM;

	c->cost = calloc(c->t->n, sizeof *c->cost);
	c->share = calloc(c->workers, sizeof *c->share);
	for (unsigned i = 0; c->share != NULL && i < c->workers; i++)
		if ((c->share[i].taken = malloc(c->t->n * sizeof *c->share[i].taken)) == NULL)
			goto end;
	if (loss == NULL || c->cost == NULL || c->share == NULL || (err = nct_threads_new(&pool, c->workers)) != NCT_OK)
		goto end;
	set_costs(c, pool);
	for (size_t have; (have = count_chosen(c->t)) > strings && !nct_train_stop(o);) {
		const size_t next = have / 100 * KEPT;

		for (unsigned i = 0; i < CUTS; i++)
			set_costs(c, pool);
		drop(c, next > strings ? next : strings, loss);
	}
end:
	nct_threads_free(pool);
	for (unsigned i = 0; c->share != NULL && i < c->workers; i++)
		free(c->share[i].taken);
	free(c->share);
	free(c->cost);
	free(loss);
	return err;
}

nct_err
nct_choose_likely(struct nct_tally *t, const nct_text *text, const struct nct_boundaries *b, size_t strings,
                  double token_cost, const struct nct_train_options *o, nct_why *why)
{
	struct words words = {0};
	struct chooser c = {.t = t, .words = &words, .token_cost = (int64_t)(token_cost * NCT_BIT), .workers = o->threads};
	nct_err err = count_words(&words, text, b, o, why);

	if (c.workers < 1)
		c.workers = 1;
	if (err == NCT_OK && (err = choose(&c, strings, o)) != NCT_OK)
		err = nct_fail(why, err, "out of memory");
	free(words.word);
	free(words.slot);
	return err;
}
