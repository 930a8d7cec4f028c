/* parse.c - finds where windows begin in a text, as encoding by M1 does, but makes no code. */
#include "encode/parse.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/threads.h"
#include "m1/context.h"
#include "m1/m1.h"
#include "text/boundaries.h"

#define LANES 64 /* spans that a thread parses in turn */

/* A lane, and the span that it parses. */
struct lane {
	const uint16_t *symbol; /* (n) borrowed: the span */
	uint16_t *reach;       /* (n) borrowed: its results */
	size_t n, at;          /* symbol[at] comes next */
	size_t end;            /* where the document of symbol[at] ends: the index of its EOD, or n */
	size_t start;          /* where the open window begins; at, if none is open */
	size_t bound;          /* the last boundary in it; start, if there is none */
	struct nct_node node;  /* of its text */
	nct_context *context;  /* borrowed */
	uint8_t *text, *mark;  /* (plan's span) borrowed: the document's text, and its boundaries */
	int busy;              /* it has a span */
};

/* What one thread parses. */
struct share {
	struct parser *parser; /* borrowed */
	nct_worker *worker;    /* owned */
	nct_bounds *bounds;    /* owned: finds boundaries */
	uint8_t *block;        /* owned: text and marks of all lanes */
	struct lane lane[LANES];
	nct_err err;
	nct_why why;
};

struct parser {
	const struct nct_parse_plan *p;
	const uint16_t *symbol;
	uint16_t *reach;
	size_t n;
	atomic_size_t next;    /* the first span not yet taken */
	struct share *shares;  /* owned, by thread */
};

static void
open_window(const struct parser *x, struct lane *l)
{
	l->start = l->bound = l->at;
	l->node = nct_split_root(x->p->window_bits);
	nct_context_reset(l->context);
}

/* Begins the document at symbol[at]: copies its text as bytes, and marks its boundaries. */
static nct_err
open_document(const struct parser *x, struct share *w, struct lane *l)
{
	for (l->end = l->at; l->end < l->n && l->symbol[l->end] != NCT_EOD; l->end++)
		l->text[l->end] = (uint8_t)l->symbol[l->end];
	if (x->p->align == NCT_ALIGN_NONE)
		return NCT_OK;
	return nct_bounds_mark(w->bounds, l->text + l->at, l->end - l->at, l->mark + l->at, &w->why);
}

/* Gives the lane the next span; 0 if none is left, or something failed. */
static int
begin(struct parser *x, struct share *w, struct lane *l)
{
	const size_t from = atomic_fetch_add(&x->next, 1) * x->p->span;

	if (from >= x->n || w->err != NCT_OK)
		return 0;
	l->symbol = x->symbol + from;
	l->reach = x->reach + from;
	l->n = x->n - from < x->p->span ? x->n - from : x->p->span;
	l->at = 0;
	open_window(x, l);
	w->err = open_document(x, w, l);
	return l->busy = w->err == NCT_OK;
}

/* Closes the open window before symbol[to]. symbol[at] is the first that it did not take. */
static void
close_window(const struct parser *x, struct lane *l, size_t to)
{
	l->reach[l->start] = (uint16_t)(l->at - l->start);
	l->at = to;
	open_window(x, l);
}

/* Parses as far as possible without evaluating M1. Returns 1 if the span is done. */
static int
advance(const struct parser *x, struct share *w, struct lane *l)
{
	while (l->at < l->n && w->err == NCT_OK) {
		const int eod = l->at == l->end, aligned = x->p->align != NCT_ALIGN_NONE && !eod;
		int fits = 0;

		if (aligned && l->mark[l->at])
			l->bound = l->at;
		if (l->at == l->start || !nct_split_ended(&l->node)) {
			if (!nct_context_ready(l->context))
				return 0;
			fits = nct_context_take(l->context, &l->node, l->symbol[l->at]);
		}
		if (!fits) {
			close_window(x, l, aligned && l->bound > l->start ? l->bound : l->at);
			continue;
		}
		nct_context_push(l->context, l->symbol[l->at++]);
		if (eod) {
			close_window(x, l, l->at);
			w->err = open_document(x, w, l);
		}
	}
	return 1;
}

/* Gives the context of lane i that waits for M1; NULL if there are no more spans. For nct_worker_run(). */
static nct_context *
turn(void *self, size_t i)
{
	struct share *w = self;
	struct lane *l = &w->lane[i];

	while ((l->busy || begin(w->parser, w, l)) && advance(w->parser, w, l))
		l->busy = 0;
	if (!l->busy)
		return NULL;
	nct_context_lookahead(l->context, l->text + l->at, l->end - l->at);
	return l->context;
}

/* A thread's task: spans, until none is left. */
static void
parse_share(void *ctx, size_t i, unsigned worker)
{
	struct parser *x = ctx;
	struct share *w = &x->shares[worker];

	(void)i;
	w->parser = x;
	nct_worker_run(w->worker, LANES, turn, w);
}

static nct_err
share_new(struct share *w, const nct_m1 *m1, const struct nct_parse_plan *p)
{
	const struct nct_worker_plan plan = {.window_bits = p->window_bits, .remember = 1, .lanes = LANES};
	nct_err err = nct_worker_new(&w->worker, m1, &plan);

	if (err == NCT_OK)
		err = nct_bounds_new(&w->bounds, NULL, p->align, p->align_pattern, nct_m1_cpu(m1), &w->why);
	if (err == NCT_OK && (w->block = calloc(2 * LANES, p->span)) == NULL)
		err = NCT_ENOMEM;
	for (size_t k = 0; err == NCT_OK && k < LANES; k++) {
		w->lane[k].context = nct_worker_context(w->worker, k);
		w->lane[k].text = w->block + 2 * k * p->span;
		w->lane[k].mark = w->lane[k].text + p->span;
	}
	return err;
}

static void
share_free(struct share *w)
{
	nct_worker_free(w->worker);
	nct_bounds_free(w->bounds);
	free(w->block);
}

nct_err
nct_parse(const nct_m1 *m1, const struct nct_parse_plan *p, const uint16_t *symbol, size_t n, uint16_t *reach,
          nct_why *why)
{
	const size_t spans = (n + p->span - 1) / p->span;
	const unsigned threads = spans < p->threads ? (unsigned)spans : p->threads;
	struct parser x = {.p = p, .symbol = symbol, .reach = reach, .n = n, .shares = calloc(threads + 1, sizeof *x.shares)};
	nct_threads *pool = NULL;
	nct_err err = x.shares != NULL ? nct_threads_new(&pool, threads > 0 ? threads : 1) : NCT_ENOMEM;

	memset(reach, 0, n * sizeof *reach);
	for (unsigned i = 0; i < threads && err == NCT_OK; i++)
		if ((err = share_new(&x.shares[i], m1, p)) != NCT_OK && why != NULL)
			*why = x.shares[i].why;
	if (err == NCT_OK)
		nct_parallel(pool, threads, parse_share, &x);
	for (unsigned i = 0; i < threads && err == NCT_OK; i++)
		if ((err = x.shares[i].err) != NCT_OK && why != NULL)
			*why = x.shares[i].why;
	for (unsigned i = 0; i < threads && x.shares != NULL; i++)
		share_free(&x.shares[i]);
	nct_threads_free(pool);
	free(x.shares);
	return err;
}
