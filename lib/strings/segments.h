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
	const char *pattern;  /* for NCT_ALIGN_REGEX, else NULL; borrowed */
	unsigned words_most;  /* strings of more words are not counted; 0: all are */
};

struct nct_segment {
	const uint8_t *document; /* (all) borrowed */
	size_t all;
	size_t at, n;            /* the segment is document[at..at + n) */
	int eod;                 /* EOD, which is a window of its own, follows it */
	uint32_t number;         /* from 1 */
	uint32_t weight;         /* how often it is counted: 1; for a word of a table, as often as the text has it */
	uint32_t documents;      /* segments of the text that have it: 1; for a word, perhaps more */
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

/* Finds the boundaries in segments, for one thread at a time. */
struct nct_marker {
	struct nct_boundaries bounds; /* a copy */
	nct_pattern *pattern;         /* owned; NULL without one */
	uint8_t *mark;                /* (NCT_SEGMENT + 1) owned; NULL for NCT_ALIGN_NONE */
};

/* On failure *m is zero. NCT_ENOMEM; NCT_EARG (the pattern: why->about is NCT_ABOUT_ALIGNMENT). */
nct_err nct_marker_new(struct nct_marker *m, const struct nct_boundaries *b, nct_why *why) NCT_USED;
void nct_marker_free(struct nct_marker *m); /* zero is a no-op */

/* Sets m->mark[i], for i in [0, p->n), to 1 if a boundary stands before byte i, else to 0, and mark[p->n] to 1. A
 * pattern's matches are searched in the segment alone. For NCT_ALIGN_NONE does nothing. NCT_EARG: the pattern. */
nct_err nct_marker_mark(struct nct_marker *m, const struct nct_segment *p, nct_why *why) NCT_USED;

#endif
