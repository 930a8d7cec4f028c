/* segments.c - a text in segments: documents, or pieces of long ones, and the boundaries in them. */
#include "strings/segments.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "data/mapped_text.h"

int
nct_segments_next(struct nct_segments *s, struct nct_segment *p)
{
	const uint8_t *bytes;
	size_t n;
	int eod;

	while (nct_text_document(s->text, s->document, &bytes, &n, &eod)) {
		const size_t from = s->at, some = n - from < NCT_SEGMENT ? n - from : NCT_SEGMENT;

		s->at += some;
		if (s->at == n) {
			s->document++;
			s->at = 0;
		}
		if (some == 0 || s->count++ % s->stride != 0)
			continue;
		*p = (struct nct_segment){bytes, n, from, some, eod && from + some == n, (uint32_t)s->count, 1, 1};
		return 1;
	}
	return 0;
}

static nct_err
pattern_new(nct_pattern **out, const char *pattern, nct_why *why)
{
	nct_why what = {0};
	const nct_err err = nct_pattern_new(out, pattern, &what);

	return err == NCT_EARG ? nct_fail_about(why, NCT_ABOUT_ALIGNMENT, err, "alignment: %s", what.text)
	       : err != NCT_OK ? nct_fail(why, err, "out of memory")
	                       : err;
}

nct_err
nct_marker_new(struct nct_marker *m, const struct nct_boundaries *b, nct_why *why)
{
	nct_err err = NCT_OK;

	*m = (struct nct_marker){.bounds = *b};
	if (b->align == NCT_ALIGN_NONE)
		return NCT_OK;
	if ((m->mark = malloc(NCT_SEGMENT + 1)) == NULL)
		err = nct_fail(why, NCT_ENOMEM, "out of memory");
	else if (b->align == NCT_ALIGN_REGEX)
		err = pattern_new(&m->pattern, b->pattern, why);
	if (err != NCT_OK)
		nct_marker_free(m);
	return err;
}

void
nct_marker_free(struct nct_marker *m)
{
	nct_pattern_free(m->pattern);
	free(m->mark);
	*m = (struct nct_marker){0};
}

nct_err
nct_marker_mark(struct nct_marker *m, const struct nct_segment *p, nct_why *why)
{
	const uint8_t *text = p->document + p->at;
	const int last = p->at + p->n == p->all;

	if (m->bounds.align == NCT_ALIGN_NONE)
		return NCT_OK;
	m->mark[p->n] = 1;
	if (m->bounds.align == NCT_ALIGN_WORDS) {
		nct_words_mark(m->bounds.words, text, p->at, p->n, p->all - p->at - p->n, m->mark);
		return NCT_OK;
	}
	memset(m->mark, 0, p->n);
	for (size_t search = 0; search < p->n;) {
		int found;
		size_t start, stop;
		const nct_err err =
		    nct_pattern_find(m->pattern, text, p->n, search, last, p->at == 0, &found, &start, &stop, why);

		if (err != NCT_OK || !found)
			return err;
		if (start < p->n)
			m->mark[start] = 1;
		search = stop > start ? stop : start + 1;
	}
	return NCT_OK;
}
