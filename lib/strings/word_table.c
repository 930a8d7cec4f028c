/* word_table.c - counts the distinct words of a text: a hash table for each of some shards, added up at the end. */
#include "strings/word_table.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/threads.h"
#include "train/loop.h"

#define BATCH 256  /* segments that are read between two looks whether the run is to stop */
#define SHARDS 4u  /* parts of the text: segments i, i + 4, i + 8 and so on of each batch */
#define FIRST 1024 /* words that a table has room for at first */

/* What a shard's words are counted with. */
struct counter {
	struct nct_word_table table;
	struct nct_marker marker;
	size_t most; /* words of the table: then rare ones are dropped */
	nct_err err;
	nct_why why;
};

struct batch {
	struct nct_segment segment[BATCH];
	size_t n;
	struct counter *counter; /* (SHARDS) */
};

/* A hash of n bytes: each eight of them are mixed in by a multiplication. */
static uint64_t
hash_of(const uint8_t *text, size_t n)
{
	uint64_t h = n;

	for (size_t i = 0; i < n; i += 8) {
		uint64_t x = 0;

		memcpy(&x, text + i, n - i < 8 ? n - i : 8);
		h = (h ^ x) * UINT64_C(0x9e3779b97f4a7c15);
		h ^= h >> 32;
	}
	return h;
}

/* The slot of the word, or the empty one for it. */
static uint32_t *
slot_of(const struct nct_word_table *t, const uint8_t *text, size_t n)
{
	const size_t mask = ((size_t)1 << t->bits) - 1;

	for (size_t at = (size_t)hash_of(text, n) & mask;; at = (at + 1) & mask) {
		const uint32_t i = t->slot[at];

		if (i == 0 || (t->word[i - 1].n == n && memcmp(t->word[i - 1].text, text, n) == 0))
			return &t->slot[at];
	}
}

/* Enters all words in the hash table anew. */
static void
enter_all(struct nct_word_table *t)
{
	memset(t->slot, 0, ((size_t)1 << t->bits) * sizeof *t->slot);
	for (size_t i = 0; i < t->n; i++)
		*slot_of(t, t->word[i].text, t->word[i].n) = (uint32_t)i + 1;
}

/* Makes room for twice as many words. */
static nct_err
grow(struct nct_word_table *t)
{
	const size_t room = t->room > 0 ? 2 * t->room : FIRST;
	struct nct_word *word = realloc(t->word, room * sizeof *word);
	uint32_t *slot;

	if (word == NULL)
		return NCT_ENOMEM;
	t->word = word;
	if ((slot = realloc(t->slot, 2 * room * sizeof *slot)) == NULL)
		return NCT_ENOMEM;
	t->slot = slot;
	t->room = room;
	for (t->bits = 1; (size_t)1 << t->bits < 2 * room; t->bits++)
		;
	enter_all(t);
	return NCT_OK;
}

/* Drops the words with the smallest counts, until half of them at most are left. */
static void
drop_rare(struct nct_word_table *t)
{
	const size_t most = t->n / 2;

	for (uint32_t count = 1; t->n > most; count++) {
		size_t left = 0;

		for (size_t i = 0; i < t->n; i++)
			if (t->word[i].count > count)
				t->word[left++] = t->word[i];
		t->n = left;
	}
	enter_all(t);
}

/* The word's entry, which is made if there is none; NULL: out of memory. */
static struct nct_word *
entry(struct nct_word_table *t, const uint8_t *text, size_t n)
{
	uint32_t *slot;

	if (t->n == t->room && grow(t) != NCT_OK)
		return NULL;
	slot = slot_of(t, text, n);
	if (*slot == 0) {
		t->word[t->n] = (struct nct_word){.text = text, .n = (uint32_t)n};
		*slot = (uint32_t)++t->n;
	}
	return &t->word[*slot - 1];
}

static void
count_segment(struct counter *c, const struct nct_segment *p)
{
	const uint8_t *text = p->document + p->at;

	if (c->err == NCT_OK)
		c->err = nct_marker_mark(&c->marker, p, &c->why);
	for (size_t from = 0, to; from < p->n && c->err == NCT_OK; from = to) {
		for (to = from + 1; !c->marker.mark[to]; to++)
			;
		if (c->table.n == c->most)
			drop_rare(&c->table);
		struct nct_word *w = entry(&c->table, text + from, to - from);
		if (w == NULL) {
			c->err = nct_fail(&c->why, NCT_ENOMEM, "out of memory");
			return;
		}
		w->count++;
		w->documents += w->last != p->number;
		w->last = p->number;
	}
	c->table.eods += (uint64_t)p->eod;
	c->table.segments++;
}

static void
count_shard(void *ctx, size_t i, unsigned worker)
{
	const struct batch *b = ctx;

	(void)worker;
	for (size_t k = i; k < b->n; k += SHARDS)
		count_segment(&b->counter[i], &b->segment[k]);
}

/* Adds the counts of another table to *t. */
static nct_err
add(struct nct_word_table *t, const struct nct_word_table *other)
{
	for (size_t i = 0; i < other->n; i++) {
		const struct nct_word *from = &other->word[i];
		struct nct_word *to = entry(t, from->text, from->n);

		if (to == NULL)
			return NCT_ENOMEM;
		to->count += from->count;
		to->documents += from->documents;
	}
	t->eods += other->eods;
	t->segments += other->segments;
	return NCT_OK;
}

static int
by_count(const void *x, const void *y)
{
	const struct nct_word *a = x, *b = y;
	const int order = memcmp(a->text, b->text, a->n < b->n ? a->n : b->n);

	return a->count != b->count ? (a->count < b->count ? 1 : -1) : order != 0 ? order : a->n < b->n ? -1 : a->n > b->n;
}

/* Counts with SHARDS counters, which are new, and adds their tables to that of the first one. */
static nct_err
count(struct counter *c, const nct_text *text, uint64_t stride, const struct nct_train_options *o, nct_why *why)
{
	struct nct_segments s = {.text = text, .stride = stride};
	struct batch batch = {.counter = c};
	nct_threads *pool = NULL;
	nct_err err = nct_threads_new(&pool, o->threads < 1 ? 1 : o->threads < SHARDS ? o->threads : SHARDS);

	if (err != NCT_OK)
		return nct_fail(why, err, "out of memory");
	while (err == NCT_OK && !nct_train_stop(o)) {
		for (batch.n = 0; batch.n < BATCH && nct_segments_next(&s, &batch.segment[batch.n]); batch.n++)
			;
		if (batch.n == 0)
			break;
		nct_parallel(pool, SHARDS, count_shard, &batch);
		for (unsigned i = 0; i < SHARDS && err == NCT_OK; i++)
			if ((err = c[i].err) != NCT_OK && why != NULL)
				*why = c[i].why;
	}
	nct_threads_free(pool);
	for (unsigned i = 1; i < SHARDS && err == NCT_OK; i++)
		if ((err = add(&c[0].table, &c[i].table)) != NCT_OK)
			err = nct_fail(why, err, "out of memory");
	return err;
}

nct_err
nct_word_table_new(struct nct_word_table *t, const nct_text *text, uint64_t stride, size_t most,
                   const struct nct_boundaries *b, const struct nct_train_options *o, nct_why *why)
{
	struct counter *c = calloc(SHARDS, sizeof *c);
	nct_err err = c != NULL ? NCT_OK : nct_fail(why, NCT_ENOMEM, "out of memory");

	*t = (struct nct_word_table){0};
	for (unsigned i = 0; i < SHARDS && err == NCT_OK; i++) {
		c[i].most = most / SHARDS;
		err = nct_marker_new(&c[i].marker, b, why);
	}
	if (err == NCT_OK)
		err = count(c, text, stride, o, why);
	if (err == NCT_OK) {
		*t = c[0].table;
		c[0].table = (struct nct_word_table){0};
		free(t->slot);
		t->slot = NULL;
		if (t->n > 0)
			qsort(t->word, t->n, sizeof *t->word, by_count);
	}
	for (unsigned i = 0; c != NULL && i < SHARDS; i++) {
		nct_word_table_free(&c[i].table);
		nct_marker_free(&c[i].marker);
	}
	free(c);
	return err;
}

void
nct_word_table_free(struct nct_word_table *t)
{
	free(t->word);
	free(t->slot);
	*t = (struct nct_word_table){0};
}
