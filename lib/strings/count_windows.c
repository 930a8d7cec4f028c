/* count_windows.c - cuts text into windows of chosen strings, and counts strings. */
#include "strings/count_windows.h"

#include <stdlib.h>
#include <string.h>
#include <string.h>

#include "base/err.h"
#include "base/threads.h"
#include "train/loop.h"

#define BATCH 64                 /* tasks that are done between two looks whether the run is to stop */
#define WORDS 512                /* words of a table that are one task */
#define COPIES ((size_t)1 << 30) /* bytes that copies of the tally may take: so many threads count */

/* What counts are made with: by one thread at a time. */
struct counter {
	struct nct_tally tally;  /* of the first counter: the caller's; of others: a copy */
	struct nct_marker marker;
	struct nct_parsed sum;
	uint32_t grow;           /* 0: nodes stay as they are, and copies borrow the caller's table */
	nct_err err;
	nct_why why;
};

/* Tasks: each is a segment, or WORDS words. */
struct batch {
	struct nct_segment segment[BATCH];
	const struct nct_word_table *words; /* NULL: segments */
	size_t first;                       /* word of the first task */
	size_t n;
	struct counter *counter;            /* (counters) */
	unsigned counters;
};

/* What the text of a window begins with. */
struct window {
	size_t best;         /* length of the longest chosen string; 0: none */
	size_t bound;        /* length of the longest one that ends at a boundary; 0: none */
	uint32_t path[NCT_TALLY_LENGTH]; /* (length) the nodes of all strings that it begins with, the shortest first */
	size_t length;
};

/* Follows the text from `at` on as far as there are nodes, and counts these. Adds nodes where c->grow says so. */
static void
follow(struct counter *c, const struct nct_segment *p, size_t at, struct window *w)
{
	struct nct_tally *t = &c->tally;
	const uint8_t *text = p->document + p->at, *mark = c->marker.mark;
	unsigned words = c->marker.bounds.words_most; /* 0 wraps around, and so is no limit */
	size_t cut = 0;
	uint32_t v = 0;

	*w = (struct window){0};
	for (size_t i = at; i < p->n && i - at < NCT_TALLY_LENGTH; i++) {
		const unsigned s = text[i];
		uint32_t next;

		if (mark != NULL && i > at && mark[i]) {
			if (--words == 0)
				return;
			cut = i - at;
		}
		next = nct_tally_find(t, v, s);
		if (next == 0 && c->grow > 0 && (v == 0 || t->node[v].begun >= c->grow || p->weight >= c->grow))
			next = nct_tally_add(t, v, s, (unsigned)cut);
		if (next == 0)
			return;
		v = w->path[w->length++] = next;
		t->node[v].begun += p->weight;
		t->node[v].documents += t->node[v].last != p->number ? p->documents : 0;
		t->node[v].last = p->number;
		const int bound = i + 1 == p->n || (mark != NULL && mark[i + 1]);
		t->node[v].bound += bound ? p->weight : 0;
		if (t->node[v].chosen) {
			w->best = i + 1 - at;
			w->bound = bound ? w->best : w->bound;
		}
	}
}

/* Cuts a segment into windows. */
static void
cut_segment(struct counter *c, const struct nct_segment *p)
{
	const uint8_t *mark = c->marker.mark;
	struct nct_parsed *sum = &c->sum;

	for (size_t at = 0; at < p->n;) {
		struct window w;

		follow(c, p, at, &w);
		for (size_t i = 0; i < w.length && w.bound == 0; i++)
			c->tally.node[w.path[i]].unbounded += p->weight;
		const size_t takes = mark != NULL && w.bound > 0 ? w.bound : w.best > 0 ? w.best : 1;
		at += takes;
		c->tally.node[w.path[takes - 1]].taken += p->weight;
		sum->windows += p->weight;
		sum->bounded += at >= p->n || mark == NULL || mark[at] ? p->weight : 0;
	}
	sum->windows += (uint64_t)p->eod;
	sum->bounded += (uint64_t)p->eod;
	sum->bytes += (uint64_t)p->n * p->weight;
}

/* Cuts the words of task i. They have no boundaries inside. */
static void
cut_words(struct counter *c, const struct batch *b, size_t i)
{
	const size_t from = b->first + i * WORDS, to = from + WORDS < b->words->n ? from + WORDS : b->words->n;

	for (size_t k = from; k < to; k++) {
		const struct nct_word *w = &b->words->word[k];

		memset(c->marker.mark, 0, w->n);
		c->marker.mark[w->n] = 1;
		cut_segment(c, &(struct nct_segment){w->text, w->n, 0, w->n, 0, (uint32_t)k + 1, w->count, w->documents});
	}
}

static void
do_task(struct counter *c, const struct batch *b, size_t i)
{
	if (c->err == NCT_OK && b->words != NULL)
		cut_words(c, b, i);
	else if (c->err == NCT_OK && (c->err = nct_marker_mark(&c->marker, &b->segment[i], &c->why)) == NCT_OK)
		cut_segment(c, &b->segment[i]);
}

/* ---- threads ---- */

/* Any thread does any task. Counts are sums, so it does not matter which. */
static void
by_worker(void *ctx, size_t i, unsigned worker)
{
	const struct batch *b = ctx;

	do_task(&b->counter[worker], b, i);
}

/* How a tally grows depends on the order of the text. So shard i always has the same tasks. */
static void
by_shard(void *ctx, size_t i, unsigned worker)
{
	const struct batch *b = ctx;

	(void)worker;
	for (size_t k = i; k < b->n; k += b->counters)
		do_task(&b->counter[i], b, k);
}

/* The next tasks. Returns 0 if there are none. */
static int
next_batch(struct batch *b, struct nct_segments *s)
{
	if (b->words == NULL) {
		for (b->n = 0; b->n < BATCH && nct_segments_next(s, &b->segment[b->n]); b->n++)
			;
		return b->n > 0;
	}
	b->first += b->n * WORDS;
	const size_t left = b->first < b->words->n ? (b->words->n - b->first + WORDS - 1) / WORDS : 0;
	b->n = left < BATCH ? left : BATCH;
	return b->n > 0;
}

static nct_err
count(struct batch *b, const struct nct_source *s, unsigned threads, int by_shards, const struct nct_train_options *o,
      nct_why *why)
{
	struct nct_segments walk = {.text = s->text, .stride = s->stride};
	nct_threads *pool = NULL;
	nct_err err = nct_threads_new(&pool, threads);

	if (err != NCT_OK)
		return nct_fail(why, err, "out of memory");
	while (err == NCT_OK && !nct_train_stop(o) && next_batch(b, &walk)) {
		if (by_shards)
			nct_parallel(pool, b->counters, by_shard, b);
		else
			nct_parallel(pool, b->n, by_worker, b);
		for (unsigned i = 0; i < b->counters && err == NCT_OK; i++)
			if ((err = b->counter[i].err) != NCT_OK && why != NULL)
				*why = b->counter[i].why;
	}
	nct_threads_free(pool);
	return err;
}

/* ---- counters ---- */

static void
counters_free(struct batch *b)
{
	for (unsigned i = 0; b->counter != NULL && i < b->counters; i++) {
		struct counter *c = &b->counter[i];

		if (i > 0) {
			if (c->grow == 0)
				c->tally.table = NULL;
			nct_tally_free(&c->tally);
		}
		nct_marker_free(&c->marker);
	}
	free(b->counter);
}

/* Makes the counters. The first one counts in *t itself. The others' copies get a table of their own if they grow: then
 * all counters together add as many nodes as *t has room for. */
static nct_err
counters_new(struct batch *b, unsigned n, const struct nct_tally *t, const struct nct_boundaries *bounds, uint32_t grow,
             nct_why *why)
{
	const uint32_t most = t->n + (t->most - t->n) / n;
	nct_err err = NCT_OK;

	if ((b->counter = calloc(n, sizeof *b->counter)) == NULL)
		return nct_fail(why, NCT_ENOMEM, "out of memory");
	b->counters = n;
	for (unsigned i = 0; i < n && err == NCT_OK; i++) {
		struct counter *c = &b->counter[i];

		c->grow = grow;
		c->tally = *t;
		if (i > 0 && (err = nct_tally_copy(&c->tally, t, grow > 0 ? most : 0)) != NCT_OK)
			err = nct_fail(why, err, "out of memory");
		if (grow > 0)
			c->tally.most = most;
		if (err == NCT_OK)
			err = nct_marker_new(&c->marker, bounds, why);
	}
	return err;
}

nct_err
nct_count_windows(struct nct_tally *t, const struct nct_source *s, const struct nct_boundaries *b, uint32_t grow,
                  const struct nct_train_options *o, struct nct_parsed *p, nct_why *why)
{
	const size_t copies = 1 + COPIES / ((size_t)t->n * sizeof *t->node);
	const unsigned threads = o->threads > 0 ? o->threads : 1;
	const unsigned shards = s->words != NULL || s->shards == 0 ? 1 : s->shards;
	const unsigned counters = grow > 0 ? shards : copies < threads ? (unsigned)copies : threads;
	struct batch batch = {.words = s->words};
	/* A shard sees so much less of the text. */
	const uint32_t shards_grow = grow / counters < 2 ? (grow < 2 ? grow : 2) : grow / counters;
	nct_err err = counters_new(&batch, counters, t, b, shards_grow, why);

	*p = (struct nct_parsed){0};
	if (err == NCT_OK)
		err = count(&batch, s, threads < counters ? threads : counters, grow > 0, o, why);
	if (batch.counter != NULL) { /* it counted in *t, and has more nodes now, even on failure */
		const uint32_t most = t->most;

		*t = batch.counter[0].tally;
		t->most = most;
	}
	for (unsigned i = 0; i < batch.counters && err == NCT_OK; i++) {
		const struct nct_parsed *sum = &batch.counter[i].sum;

		if (i > 0 && (err = nct_tally_merge(t, &batch.counter[i].tally)) != NCT_OK)
			err = nct_fail(why, err, "out of memory");
		p->windows += sum->windows;
		p->bytes += sum->bytes;
		p->bounded += sum->bounded;
	}
	if (s->words != NULL) {
		p->windows += s->words->eods;
		p->bounded += s->words->eods;
		for (uint32_t v = 1; v < t->n; v++) /* several words of a segment may begin alike */
			if (t->node[v].documents > s->words->segments)
				t->node[v].documents = (uint32_t)s->words->segments;
	}
	counters_free(&batch);
	return err;
}
