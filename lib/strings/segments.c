/* segments.c - a text in segments: documents, or pieces of long ones, and the boundaries in them. */
#include "strings/segments.h"

#include <string.h>

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
		*p = (struct nct_segment){bytes, n, from, some, eod && from + some == n, (uint32_t)s->count};
		return 1;
	}
	return 0;
}

nct_err
nct_segment_mark(const struct nct_boundaries *b, const struct nct_segment *p, uint8_t *mark, nct_why *why)
{
	const uint8_t *text = p->document + p->at;
	const int last = p->at + p->n == p->all;
	nct_err err;

	mark[p->n] = 1;
	if (b->align == NCT_ALIGN_WORDS) {
		nct_words_mark(b->words, text, p->at, p->n, p->all - p->at - p->n, mark);
		return NCT_OK;
	}
	memset(mark, 0, p->n);
	for (size_t search = 0; search < p->n;) {
		int found;
		size_t start, stop;

		err = nct_pattern_find(b->pattern, text, p->n, search, last, p->at == 0, &found, &start, &stop, why);
		if (err != NCT_OK || !found)
			return err;
		if (start < p->n)
			mark[start] = 1;
		search = stop > start ? stop : start + 1;
	}
	return NCT_OK;
}
