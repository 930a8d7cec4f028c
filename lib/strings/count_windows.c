/* count_windows.c - cuts text into windows of chosen strings, and counts strings. */
#include "strings/count_windows.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "data/mapped_text.h"
#include "train/loop.h"

#define SEGMENT ((size_t)1 << 20) /* bytes of a document that are cut at a time */

/* A segment of a document. */
struct segment {
	const uint8_t *text;        /* (n) */
	const uint8_t *mark;        /* (n + 1) 1: a boundary stands before the byte; mark[n] is 1; NULL: no alignment */
	size_t n;
	int eod;                    /* EOD, which is a window of its own, follows text[n - 1] */
	uint32_t document;          /* number of the document, from 1 */
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
follow(struct nct_tally *t, const struct segment *p, size_t at, uint32_t grow, struct window *w)
{
	size_t cut = 0;
	uint32_t v = 0;

	*w = (struct window){0};
	for (size_t i = at; i < p->n && i - at < NCT_TALLY_LENGTH; i++) {
		const unsigned s = p->text[i];
		uint32_t next;

		if (p->mark != NULL && i > at && p->mark[i])
			cut = i - at;
		next = nct_tally_find(t, v, s);
		if (next == 0 && grow > 0 && (v == 0 || t->node[v].begun >= grow))
			next = nct_tally_add(t, v, s, (unsigned)cut);
		if (next == 0)
			return;
		v = w->path[w->length++] = next;
		t->node[v].begun++;
		t->node[v].documents += t->node[v].last != p->document;
		t->node[v].last = p->document;
		const int bound = i + 1 == p->n || (p->mark != NULL && p->mark[i + 1]);
		t->node[v].bound += (uint32_t)bound;
		if (t->node[v].chosen) {
			w->best = i + 1 - at;
			w->bound = bound ? w->best : w->bound;
		}
	}
}

/* Cuts a segment into windows. */
static void
cut_segment(struct nct_tally *t, const struct segment *p, uint32_t grow, struct nct_parsed *sum)
{
	for (size_t at = 0; at < p->n;) {
		struct window w;

		follow(t, p, at, grow, &w);
		for (size_t i = 0; i < w.length && w.bound == 0; i++)
			t->node[w.path[i]].unbounded++;
		const size_t takes = p->mark != NULL && w.bound > 0 ? w.bound : w.best > 0 ? w.best : 1;
		at += takes;
		sum->windows++;
		sum->bounded += at >= p->n || p->mark == NULL || p->mark[at];
	}
	sum->windows += (uint64_t)p->eod;
	sum->bounded += (uint64_t)p->eod;
	sum->bytes += p->n;
}

/* Fills mark (n + 1) for text[at..at + n) of a document of `all` bytes. A pattern's matches are searched in that
 * alone. */
static nct_err
mark_segment(const struct nct_boundaries *b, const uint8_t *text, size_t at, size_t n, size_t all, uint8_t *mark,
           nct_why *why)
{
	const size_t last = at + n == all;
	nct_err err;

	mark[n] = 1;
	if (b->align == NCT_ALIGN_WORDS) {
		nct_words_mark(b->words, text + at, at, n, all - at - n, mark);
		return NCT_OK;
	}
	memset(mark, 0, n);
	for (size_t search = 0; search < n;) {
		int found;
		size_t start, stop;

		err = nct_pattern_find(b->pattern, text + at, n, search, (int)last, at == 0, &found, &start, &stop, why);
		if (err != NCT_OK || !found)
			return err;
		if (start < n)
			mark[start] = 1;
		search = stop > start ? stop : start + 1;
	}
	return NCT_OK;
}

nct_err
nct_count_windows(struct nct_tally *t, const nct_text *text, uint64_t stride, const struct nct_boundaries *b,
                  uint32_t grow, const struct nct_train_options *o, struct nct_parsed *p, nct_why *why)
{
	uint8_t *mark = b->align != NCT_ALIGN_NONE ? malloc(SEGMENT + 1) : NULL;
	const uint8_t *bytes;
	size_t n;
	uint64_t segments = 0;
	int eod;
	nct_err err = mark == NULL && b->align != NCT_ALIGN_NONE ? nct_fail(why, NCT_ENOMEM, "out of memory") : NCT_OK;

	*p = (struct nct_parsed){0};
	for (uint64_t d = 0; err == NCT_OK && nct_text_document(text, d, &bytes, &n, &eod); d++)
		for (size_t at = 0; err == NCT_OK && at < n && !nct_train_stop(o);) {
			const size_t some = n - at < SEGMENT ? n - at : SEGMENT;
			const struct segment segment = {bytes + at, mark, some, eod && at + some == n, (uint32_t)d + 1};
			const int wanted = segments++ % stride == 0;

			if (wanted && mark != NULL)
				err = mark_segment(b, bytes, at, some, n, mark, why);
			if (wanted && err == NCT_OK)
				cut_segment(t, &segment, grow, p);
			at += some;
		}
	free(mark);
	return err;
}
