/* segments.h - a text in segments: documents, or pieces of long ones, and the boundaries in them. */
#ifndef NCT_STRINGS_SEGMENTS_H
#define NCT_STRINGS_SEGMENTS_H

#include "nct-train.h"
#include "text/pattern.h"
#include "text/words.h"

#define NCT_SEGMENT ((size_t)1 << 20) /* bytes of a segment, at most */

/* How to find boundaries. */
struct nct_boundaries {
	enum nct_align align;
	nct_words *words;     /* for NCT_ALIGN_WORDS, else NULL */
	nct_pattern *pattern; /* for NCT_ALIGN_REGEX, else NULL; for one thread at a time */
	unsigned words_most;  /* strings of more words are not counted; 0: all are */
};

struct nct_segment {
	const uint8_t *document; /* (all) borrowed */
	size_t all;
	size_t at, n;            /* the segment is document[at..at + n) */
	int eod;                 /* EOD, which is a window of its own, follows it */
	uint32_t number;         /* from 1 */
};

/* A walk over the segments of a text. All but the first two fields begin as 0. */
struct nct_segments {
	const nct_text *text;
	uint64_t stride;   /* one of so many segments is given */
	uint64_t document; /* where the text goes on: */
	size_t at;
	uint64_t count;    /* segments so far */
};

/* The next segment; returns 0 if there is none. */
int nct_segments_next(struct nct_segments *s, struct nct_segment *p);

/* Sets mark[i], for i in [0, p->n), to 1 if a boundary stands before byte i, else to 0, and mark[p->n] to 1. A
 * pattern's matches are searched in the segment alone. Not for NCT_ALIGN_NONE. NCT_EARG: the pattern. */
nct_err nct_segment_mark(const struct nct_boundaries *b, const struct nct_segment *p, uint8_t *mark,
                         nct_why *why) NCT_USED;

#endif
