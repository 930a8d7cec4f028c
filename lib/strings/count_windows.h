/* count_windows.h - text in windows of chosen strings, counted. */
#ifndef NCT_STRINGS_COUNT_WINDOWS_H
#define NCT_STRINGS_COUNT_WINDOWS_H

#include "nct-train.h"
#include "strings/tally.h"
#include "text/pattern.h"
#include "text/words.h"

/* How documents are read: with boundaries, or without. */
struct nct_boundaries {
	enum nct_align align;
	nct_words *words;     /* NCT_ALIGN_WORDS */
	nct_pattern *pattern; /* NCT_ALIGN_REGEX */
};

struct nct_parsed {
	uint64_t windows, bytes;
	uint64_t bounded; /* windows that end at a boundary, as at a document's end; all, if there are none */
};

/* Closes windows in one of `stride` pieces of the text, the chosen strings in *t being those that there are, and
 * counts the strings that begin where they begin. `grow`: what goes on from a string begun so often becomes a node;
 * 0: only what is there is counted. Ends early if the run is to stop. NCT_ENOMEM; NCT_EARG (the pattern). */
nct_err nct_count_windows(struct nct_tally *t, const nct_text *text, uint64_t stride, const struct nct_boundaries *b,
                          uint32_t grow, const struct nct_train_options *o, struct nct_parsed *p,
                          nct_why *why) NCT_USED;

#endif
