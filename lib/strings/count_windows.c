/* count_windows.c - text in windows of chosen strings, counted. */
#include "strings/count_windows.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "data/mapped_text.h"
#include "train/loop.h"

#define PIECE ((size_t)1 << 20) /* bytes of a document whose boundaries are known at a time */

/* A piece of a document being parsed. */
struct piece {
	const uint8_t *text, *mark; /* text[0..n); mark[n] is 1, NULL if nothing is aligned */
	size_t n;
	int eod;                    /* EOD follows text[n - 1]: a window of its own */
	uint32_t document;          /* its number, from 1 */
};

/* One window: what it takes, how its text begins. */
struct window {
	size_t best, bound;  /* length of the longest chosen string, and of the longest one that ends at a boundary; 0: none */
	uint32_t way[NCT_TALLY_LENGTH]; /* the nodes on the way */
	size_t length;
};

/* Follows the text from `at` on as far as there are nodes, and makes one more if that is worth it. */
static void
follow(struct nct_tally *t, const struct piece *p, size_t at, uint32_t grow, struct window *w)
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
		v = w->way[w->length++] = next;
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

static void
parse_piece(struct nct_tally *t, const struct piece *p, uint32_t grow, struct nct_parsed *sum)
{
	for (size_t at = 0; at < p->n;) {
		struct window w;

		follow(t, p, at, grow, &w);
		for (size_t i = 0; i < w.length && w.bound == 0; i++)
			t->node[w.way[i]].unbounded++;
		const size_t takes = p->mark != NULL && w.bound > 0 ? w.bound : w.best > 0 ? w.best : 1;
		at += takes;
		sum->windows++;
		sum->bounded += at >= p->n || p->mark == NULL || p->mark[at];
	}
	sum->windows += (uint64_t)p->eod;
	sum->bounded += (uint64_t)p->eod;
	sum->bytes += p->n;
}

/* Boundaries in text[at..at + n) of a document of `all` bytes. Matches of a pattern are looked for from `at` on. */
static nct_err
mark_piece(const struct nct_boundaries *b, const uint8_t *text, size_t at, size_t n, size_t all, uint8_t *mark,
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
	uint8_t *mark = b->align != NCT_ALIGN_NONE ? malloc(PIECE + 1) : NULL;
	const uint8_t *bytes;
	size_t n;
	uint64_t pieces = 0;
	int eod;
	nct_err err = mark == NULL && b->align != NCT_ALIGN_NONE ? nct_fail(why, NCT_ENOMEM, "out of memory") : NCT_OK;

	*p = (struct nct_parsed){0};
	for (uint64_t d = 0; err == NCT_OK && nct_text_document(text, d, &bytes, &n, &eod); d++)
		for (size_t at = 0; err == NCT_OK && at < n && !nct_train_stop(o);) {
			const size_t some = n - at < PIECE ? n - at : PIECE;
			const struct piece piece = {bytes + at, mark, some, eod && at + some == n, (uint32_t)d + 1};
			const int wanted = pieces++ % stride == 0;

			if (wanted && mark != NULL)
				err = mark_piece(b, bytes, at, some, n, mark, why);
			if (wanted && err == NCT_OK)
				parse_piece(t, &piece, grow, p);
			at += some;
		}
	free(mark);
	return err;
}
