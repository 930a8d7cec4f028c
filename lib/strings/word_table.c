/* word_table.c - counts the distinct words of a text: one hash table for each thread, added up at the end. */
#include "strings/word_table.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/threads.h"
#include "train/loop.h"

#define BATCH 256  /* segments that are read between two looks whether the run is to stop */
#define FIRST 1024 /* words that a table has room for at first */

/* What one thread counts with. */
struct counter {
	struct nct_word_table table;
	struct nct_marker marker;
	nct_err err;
	nct_why why;
};

/* Segments that threads take. */
struct batch {
	struct nct_segment segment[BATCH];
	size_t n;
	struct counter *counter; /* by worker */
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

/* Makes room for twice as many words. */
static nct_err
grow(struct nct_word_table *t)
{
	const size_t room = t->room > 0 ? 2 * t->room : FIRST;
	struct nct_word *word = realloc(t->word, room * sizeof *word);

	if (word == NULL)
		return NCT_ENOMEM;
	t->word = word;
	free(t->slot);
	if ((t->slot = calloc(2 * room, sizeof *t->slot)) == NULL)
		return NCT_ENOMEM;
	t->room = room;
	for (t->bits = 1; (size_t)1 << t->bits < 2 * room; t->bits++)
		;
	for (size_t i = 0; i < t->n; i++)
		*slot_of(t, word[i].text, word[i].n) = (uint32_t)i + 1;
	return NCT_OK;
}

/* The word's entry, which is made if there is none; NULL: out of memory. */
static struct nct_word *
entry(struct nct_word_table *t, const uint8_t *text, size_t n)
{
	uint32_t *slot;

	if (t->n == t->room && (t->n >= UINT32_MAX / 4 || grow(t) != NCT_OK))
		return NULL;
	slot = slot_of(t, text, n);
	if (*slot == 0) {
		t->word[t->n] = (struct nct_word){.text = text, .n = (uint32_t)n};
		*slot = (uint32_t)++t->n;
	}
	return &t->word[*slot - 1];
}

static void
count_segment(void *ctx, size_t i, unsigned worker)
{
	const struct batch *b = ctx;
	const struct nct_segment *p = &b->segment[i];
	struct counter *c = &b->counter[worker];
	const uint8_t *text = p->document + p->at;

	if (c->err == NCT_OK)
		c->err = nct_marker_mark(&c->marker, p, &c->why);
	for (size_t from = 0, to; from < p->n && c->err == NCT_OK; from = to) {
		for (to = from + 1; !c->marker.mark[to]; to++)
			;
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

/* Counts with n counters, which are new. */
static nct_err
count(struct counter *c, unsigned n, const nct_text *text, uint64_t stride, const struct nct_train_options *o,
      nct_why *why)
{
	struct nct_segments s = {.text = text, .stride = stride};
	struct batch batch = {.counter = c};
	nct_threads *pool = NULL;
	nct_err err = nct_threads_new(&pool, n);

	if (err != NCT_OK)
		return nct_fail(why, err, "out of memory");
	while (err == NCT_OK && !nct_train_stop(o)) {
		for (batch.n = 0; batch.n < BATCH && nct_segments_next(&s, &batch.segment[batch.n]); batch.n++)
			;
		if (batch.n == 0)
			break;
		nct_parallel(pool, batch.n, count_segment, &batch);
		for (unsigned i = 0; i < n && err == NCT_OK; i++)
			if ((err = c[i].err) != NCT_OK && why != NULL)
				*why = c[i].why;
	}
	nct_threads_free(pool);
	for (unsigned i = 1; i < n && err == NCT_OK; i++)
		if ((err = add(&c[0].table, &c[i].table)) != NCT_OK)
			err = nct_fail(why, err, "out of memory");
	return err;
}

nct_err
nct_word_table_new(struct nct_word_table *t, const nct_text *text, uint64_t stride, const struct nct_boundaries *b,
                   const struct nct_train_options *o, nct_why *why)
{
	const unsigned n = o->threads > 0 ? o->threads : 1;
	struct counter *c = calloc(n, sizeof *c);
	nct_err err = c != NULL ? NCT_OK : nct_fail(why, NCT_ENOMEM, "out of memory");

	*t = (struct nct_word_table){0};
	for (unsigned i = 0; i < n && err == NCT_OK; i++)
		err = nct_marker_new(&c[i].marker, b, o->align_pattern, why);
	if (err == NCT_OK)
		err = count(c, n, text, stride, o, why);
	if (err == NCT_OK) {
		*t = c[0].table;
		c[0].table = (struct nct_word_table){0};
		free(t->slot);
		t->slot = NULL;
		if (t->n > 0)
			qsort(t->word, t->n, sizeof *t->word, by_count);
	}
	for (unsigned i = 0; c != NULL && i < n; i++) {
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
