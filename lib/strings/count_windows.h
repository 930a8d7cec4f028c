/* count_windows.h - cuts text into windows of chosen strings, and counts strings. */
#ifndef NCT_STRINGS_COUNT_WINDOWS_H
#define NCT_STRINGS_COUNT_WINDOWS_H

#include "strings/segments.h"
#include "strings/tally.h"
#include "strings/word_table.h"

/* Sums over the text that was cut. */
struct nct_parsed {
	uint64_t windows, bytes;
	uint64_t bounded; /* windows that end at a boundary or at a document's end; without alignment, all */
};

/* What is cut. */
struct nct_source {
	const nct_text *text;
	uint64_t stride; /* one of so many segments (segments.h) */
	unsigned shards; /* a tally grows over so many parts of the text by themselves; 0 is 1 */
	/* If not NULL, these in place of the text, with no boundaries in them. So only for strings of one word. */
	const struct nct_word_table *words;
};

/* Cuts a source into windows of the chosen strings of *t, and counts the strings that begin where windows do. With
 * grow > 0, a node that was counted `grow` times gets children for the bytes that follow it. So does the node of a word
 * that the table has so often. With 0 no nodes are added.
 *
 * o->threads threads count, or fewer: each needs a copy of the nodes. Where the tally grows, s->shards threads do, or
 * one by a table. The counts are the same for any number of threads. *p receives the sums. Ends early if the run is to
 * stop. NCT_ENOMEM; NCT_EARG (the pattern). */
nct_err nct_count_windows(struct nct_tally *t, const struct nct_source *s, const struct nct_boundaries *b,
                          uint32_t grow, const struct nct_train_options *o, struct nct_parsed *p,
                          nct_why *why) NCT_USED;

#endif
