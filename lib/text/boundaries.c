/* boundaries.c - documents with marks at the boundaries where aligned windows may end (nct-formats(5), "Alignment"). */
#include "text/boundaries.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "text/pattern.h"
#include "text/words.h"

#define BUFFER ((size_t)1 << 20) /* bytes of text at a time with a pattern */

struct nct_bounds {
	nct_docs *docs;
	enum nct_align align;
	nct_words *words;
	nct_pattern *pattern;
	struct nct_piece raw; /* text from `docs` that is not in the buffer yet */

	uint8_t *text;        /* [0, n) belongs to the current document; [at, n) is not given out yet */
	uint8_t *mark;        /* decided for [0, decided) */
	size_t at, decided, n, cap;
	size_t search;        /* where to look for the next match */
	int start;            /* text[0] is the document's first byte */
	int ended, eod;       /* the document ends at n; an EOD is to be coded there */
};

nct_err
nct_bounds_new(nct_bounds **out, nct_docs *docs, enum nct_align align, const char *pattern, const char *cpu,
               nct_why *why)
{
	nct_bounds *b = calloc(1, sizeof *b);
	nct_why what = {0};
	nct_err err = NCT_ENOMEM;

	if ((*out = b) == NULL)
		return NCT_ENOMEM;
	*b = (nct_bounds){.docs = docs, .align = align, .start = 1};
	if (align == NCT_ALIGN_NONE)
		return NCT_OK;
	if (align == NCT_ALIGN_WORDS) {
		if (docs != NULL)
			nct_docs_hold(docs, NCT_WORDS_AHEAD);
		if ((err = nct_words_new(&b->words, cpu)) != NCT_OK)
			goto fail;
		return NCT_OK;
	}
	b->cap = NCT_PATTERN_SPAN + BUFFER;
	b->text = malloc(b->cap);
	b->mark = malloc(b->cap);
	if (b->text == NULL || b->mark == NULL)
		goto fail;
	err = nct_pattern_new(&b->pattern, pattern, &what);
	if (err == NCT_EARG)
		err = nct_fail_about(why, NCT_ABOUT_ALIGNMENT, err, "alignment: %s", what.text);
	if (err == NCT_OK)
		return NCT_OK;
fail:
	nct_bounds_free(b);
	*out = NULL;
	return err;
}

void
nct_bounds_free(nct_bounds *b)
{
	if (b == NULL)
		return;
	nct_words_free(b->words);
	nct_pattern_free(b->pattern);
	free(b->text);
	free(b->mark);
	free(b);
}

/* Empties the buffer for the next document, once the current one is given out. */
static void
begin_document(nct_bounds *b)
{
	b->at = b->decided = b->n = b->search = 0;
	b->start = 1;
	b->ended = 0;
}

/* Copies the next text into the buffer. If the buffer is full, first drops text that no search looks back at. */
static nct_err
take_raw(nct_bounds *b, nct_why *why)
{
	const size_t drop = b->at > NCT_PATTERN_SPAN ? b->at - NCT_PATTERN_SPAN : 0;
	nct_err err;

	if (b->raw.n == 0 && !b->raw.ends && ((err = nct_docs_next(b->docs, &b->raw, why)) != NCT_OK || b->raw.done))
		return err;
	if (b->n == b->cap) {
		memmove(b->text, b->text + drop, b->n - drop);
		memmove(b->mark, b->mark + drop, b->decided - drop);
		b->at -= drop;
		b->decided -= drop;
		b->n -= drop;
		b->search = b->search > drop ? b->search - drop : 0;
		b->start = b->start && drop == 0;
	}
	const size_t room = b->cap - b->n, take = b->raw.n < room ? b->raw.n : room;
	if (take > 0) {
		memcpy(b->text + b->n, b->raw.text, take);
		b->raw.text += take;
	}
	b->n += take;
	b->raw.n -= take;
	if (b->raw.n == 0 && b->raw.ends) {
		b->ended = 1;
		b->eod = b->raw.eod;
		b->raw.ends = 0;
	}
	return NCT_OK;
}

/* A search for matches in text[0..n): mark[0..decided) is set, and the next match may start at text[search]. */
struct matches {
	const uint8_t *text;
	uint8_t *mark;
	size_t n, decided, search;
	int last, line_start; /* as for nct_pattern_find() */
};

/* Marks where matches start, as far as this text tells. */
static nct_err
mark_matches(nct_pattern *p, struct matches *m, nct_why *why)
{
	nct_err err;

	for (int found = 1; found && m->search < m->n;) {
		nct_why what = {0};
		size_t start, end;

		err = nct_pattern_find(p, m->text, m->n, m->search, m->last, m->line_start, &found, &start, &end,
		                       &what);
		if (err != NCT_OK)
			return err == NCT_EARG ? nct_fail_about(why, NCT_ABOUT_ALIGNMENT, err, "alignment: %s", what.text) : err;
		m->search = !found ? start : end > start ? end : start + 1;
		const size_t upto = m->search < m->n ? m->search : m->n;
		memset(m->mark + m->decided, 0, upto - m->decided); /* no match starts inside another */
		m->decided = upto;
		if (found && start < m->n)
			m->mark[start] = 1;
	}
	return NCT_OK;
}

/* Sets marks for the text in the buffer as far as it tells. */
static nct_err
decide(nct_bounds *b, nct_why *why)
{
	struct matches m = {b->text, b->mark, b->n, b->decided, b->search, b->ended, b->start};
	const nct_err err = mark_matches(b->pattern, &m, why);

	b->decided = m.decided;
	b->search = m.search;
	return err;
}

const nct_words *
nct_bounds_words(const nct_bounds *b)
{
	return b->words;
}

nct_err
nct_bounds_next(nct_bounds *b, struct nct_piece *piece, nct_why *why)
{
	nct_err err;

	if (b->align != NCT_ALIGN_REGEX)
		return nct_docs_next(b->docs, piece, why);
	while (b->decided == b->at && !(b->ended && b->at == b->n)) {
		if ((err = take_raw(b, why)) != NCT_OK || (err = decide(b, why)) != NCT_OK)
			return err;
		if (b->raw.done) {
			*piece = b->raw;
			return NCT_OK;
		}
	}
	const int ends = b->ended && b->decided == b->n;
	*piece = (struct nct_piece){.text = b->text + b->at,
	                            .mark = b->mark + b->at,
	                            .n = b->decided - b->at,
	                            .ends = ends,
	                            .eod = ends && b->eod};
	b->at = b->decided;
	if (ends)
		begin_document(b);
	return NCT_OK;
}

nct_err
nct_bounds_mark(nct_bounds *b, const uint8_t *text, size_t n, uint8_t *mark, nct_why *why)
{
	struct matches m = {text, mark, n, 0, 0, 1, 1};

	if (b->align == NCT_ALIGN_REGEX)
		return mark_matches(b->pattern, &m, why);
	nct_words_mark(b->words, text, 0, n, 0, mark);
	return NCT_OK;
}

int
nct_bounds_ready(const nct_bounds *b)
{
	return b->raw.n > 0 || b->raw.ends || b->decided > b->at || nct_docs_ready(b->docs);
}
