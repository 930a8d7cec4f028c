/* count_windows.h - cuts text into windows of chosen strings, and counts strings. */
#ifndef NCT_STRINGS_COUNT_WINDOWS_H
#define NCT_STRINGS_COUNT_WINDOWS_H

#include "strings/segments.h"
#include "strings/tally.h"

/* Sums over the text that was cut. */
struct nct_parsed {
	uint64_t windows, bytes;
	uint64_t bounded; /* windows that end at a boundary or at a document's end; without alignment, all */
};

/* Cuts text into windows of the chosen strings of *t, and counts the strings that begin where windows do. The text is
 * read in segments (segments.h), and one of `stride` is taken. With grow > 0, a node that was
 * counted `grow` times gets children for the bytes that follow it. With 0 no nodes are added, and o->threads threads
 * count, or fewer, as each needs a copy of the nodes; the counts are the same for any number of threads. *p receives
 * the sums. Ends early if the run is to stop. NCT_ENOMEM; NCT_EARG (the pattern). */
nct_err nct_count_windows(struct nct_tally *t, const nct_text *text, uint64_t stride, const struct nct_boundaries *b,
                          uint32_t grow, const struct nct_train_options *o, struct nct_parsed *p,
                          nct_why *why) NCT_USED;

#endif
