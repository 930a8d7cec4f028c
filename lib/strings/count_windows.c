/* count_windows.c - cuts text into windows of chosen strings, and counts strings. */
#include "strings/count_windows.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/threads.h"
#include "train/loop.h"

#define BATCH 64                  /* segments that are cut between two looks whether the run is to stop */
#define COPIES ((size_t)1 << 30)  /* bytes that copies of the tally may take: so many threads count */

/* What one thread counts with. */
struct counter {
	struct nct_tally tally;      /* its nodes are a copy, or borrowed; its table is borrowed */
	struct nct_boundaries bounds;
	uint8_t *mark;               /* (NCT_SEGMENT + 1) owned: 1: a boundary stands before the byte; NULL: no alignment */
	struct nct_parsed sum;
	uint32_t grow;
	nct_err err;
	nct_why why;
};

/* Segments that threads take. */
struct batch {
	struct nct_segment segment[BATCH];
	size_t n;
	struct counter *counter; /* by worker */
};

/* What the text of a window begins with. */
struct window {
	size_t best;         /* length of the longest chosen string; 0: none */
	size_t bound;        /* length of the longest one that ends at a boundary; 0: none */
	uint32_t path[NCT_TALLY_LENGTH]; /* (length) the nodes of all strings that it begins with, the shortest first */
	size_t length;
};

/* Follows the text from `at` on as far as there are nodes, and counts these. Adds one node if `grow` says so. */
static void
follow(struct counter *c, const struct nct_segment *p, size_t at, struct window *w)
{
	struct nct_tally *t = &c->tally;
	const uint8_t *text = p->document + p->at, *mark = c->mark;
	unsigned words = c->bounds.words_most; /* 0 wraps around, and so is no limit */
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
		if (next == 0 && c->grow > 0 && (v == 0 || t->node[v].begun >= c->grow))
			next = nct_tally_add(t, v, s, (unsigned)cut);
		if (next == 0)
			return;
		v = w->path[w->length++] = next;
		t->node[v].begun++;
		t->node[v].documents += t->node[v].last != p->number;
		t->node[v].last = p->number;
		const int bound = i + 1 == p->n || (mark != NULL && mark[i + 1]);
		t->node[v].bound += (uint32_t)bound;
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
	const uint8_t *mark = c->mark;
	struct nct_parsed *sum = &c->sum;

	for (size_t at = 0; at < p->n;) {
		struct window w;

		follow(c, p, at, &w);
		for (size_t i = 0; i < w.length && w.bound == 0; i++)
			c->tally.node[w.path[i]].unbounded++;
		const size_t takes = mark != NULL && w.bound > 0 ? w.bound : w.best > 0 ? w.best : 1;
		at += takes;
		c->tally.node[w.path[takes - 1]].taken++;
		sum->windows++;
		sum->bounded += at >= p->n || mark == NULL || mark[at];
	}
	sum->windows += (uint64_t)p->eod;
	sum->bounded += (uint64_t)p->eod;
	sum->bytes += p->n;
}

static void
count_segment(void *ctx, size_t i, unsigned worker)
{
	const struct batch *b = ctx;
	const struct nct_segment *p = &b->segment[i];
	struct counter *c = &b->counter[worker];

	if (c->err == NCT_OK && c->mark != NULL)
		c->err = nct_segment_mark(&c->bounds, p, c->mark, &c->why);
	if (c->err == NCT_OK)
		cut_segment(c, p);
}

/* ---- threads ---- */

/* Adds the counts of a copy to *t. */
static void
add_counts(struct nct_tally *t, const struct nct_tally *copy)
{
	for (uint32_t v = 1; v < t->n; v++) {
		struct nct_tally_node *to = &t->node[v];
		const struct nct_tally_node *from = &copy->node[v];

		to->begun += from->begun;
		to->bound += from->bound;
		to->unbounded += from->unbounded;
		to->documents += from->documents;
		to->taken += from->taken;
	}
}

/* How many threads can count. A tally that grows is for one. */
static unsigned
counters(const struct nct_tally *t, uint32_t grow, unsigned threads)
{
	const size_t most = 1 + COPIES / ((size_t)t->n * sizeof *t->node);

	return grow > 0 ? 1 : most < threads ? (unsigned)most : threads > 0 ? threads : 1;
}

static void
counters_free(struct counter *c, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		free(c[i].mark);
		if (i > 0) { /* the first one's are borrowed */
			free(c[i].tally.node);
			nct_pattern_free(c[i].bounds.pattern);
		}
	}
	free(c);
}

/* Makes n counters for *t. The first one counts in *t itself. */
static nct_err
counters_new(struct counter **out, unsigned n, const struct nct_tally *t, const struct nct_boundaries *b, uint32_t grow,
             const struct nct_train_options *o, nct_why *why)
{
	struct counter *c = *out = calloc(n, sizeof *c);
	nct_err err = NCT_OK;

	for (unsigned i = 0; c != NULL && i < n && err == NCT_OK; i++) {
		c[i].tally = *t;
		c[i].bounds = *b;
		c[i].grow = grow;
		c[i].mark = b->align != NCT_ALIGN_NONE ? malloc(NCT_SEGMENT + 1) : NULL;
		if (i > 0) {
			c[i].bounds.pattern = NULL;
			c[i].tally.node = malloc(t->n * sizeof *t->node);
			if (c[i].tally.node != NULL) {
				memcpy(c[i].tally.node, t->node, t->n * sizeof *t->node);
				nct_tally_clear(&c[i].tally);
			}
			if (b->pattern != NULL)
				err = nct_pattern_new(&c[i].bounds.pattern, o->align_pattern, why);
		}
		if (c[i].tally.node == NULL || (c[i].mark == NULL && b->align != NCT_ALIGN_NONE))
			err = NCT_ENOMEM;
	}
	if (c != NULL && err == NCT_OK)
		return NCT_OK;
	if (c != NULL)
		counters_free(c, n);
	*out = NULL;
	return err == NCT_OK || err == NCT_ENOMEM ? nct_fail(why, NCT_ENOMEM, "out of memory") : err;
}

nct_err
nct_count_windows(struct nct_tally *t, const nct_text *text, uint64_t stride, const struct nct_boundaries *b,
                  uint32_t grow, const struct nct_train_options *o, struct nct_parsed *p, nct_why *why)
{
	const unsigned n = counters(t, grow, o->threads);
	nct_threads *pool = NULL;
	struct batch batch = {.n = 0};
	struct nct_segments s = {.text = text, .stride = stride};
	nct_err err;

	*p = (struct nct_parsed){0};
	if ((err = counters_new(&batch.counter, n, t, b, grow, o, why)) != NCT_OK)
		return err;
	if ((err = nct_threads_new(&pool, n)) != NCT_OK)
		err = nct_fail(why, err, "out of memory");
	while (err == NCT_OK && !nct_train_stop(o)) {
		for (batch.n = 0; batch.n < BATCH && nct_segments_next(&s, &batch.segment[batch.n]); batch.n++)
			;
		if (batch.n == 0)
			break;
		nct_parallel(pool, batch.n, count_segment, &batch);
		for (unsigned i = 0; i < n && err == NCT_OK; i++)
			if ((err = batch.counter[i].err) != NCT_OK && why != NULL)
				*why = batch.counter[i].why;
	}
	nct_threads_free(pool);
	for (unsigned i = 0; i < n; i++) {
		const struct counter *c = &batch.counter[i];

		if (i > 0)
			add_counts(t, &c->tally);
		p->windows += c->sum.windows;
		p->bytes += c->sum.bytes;
		p->bounded += c->sum.bounded;
	}
	*t = batch.counter[0].tally; /* it may have grown */
	counters_free(batch.counter, n);
	return err;
}
