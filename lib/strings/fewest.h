/* fewest.h - chooses the strings by which a text takes the fewest windows, from counts. */
#ifndef NCT_STRINGS_FEWEST_H
#define NCT_STRINGS_FEWEST_H

#include "strings/tally.h"

struct nct_fewest {
	size_t strings;     /* so many are chosen, at least NCT_SYMBOLS, ... */
	size_t enough;      /* ... or fewer, but so many at least */
	int aligned;        /* windows end at boundaries */
	uint32_t least;     /* strings that were counted less often are taken only to fill up */
	uint32_t documents; /* strings of fewer segments (segments.h) are taken only until there are enough */
};

/* Sets `chosen` of f->strings nodes of *t. Among them are all strings of one symbol. Missing ones are added. All
 * arithmetic is in integers, and ties go by the number of a node, so all machines choose the same. NCT_ENOMEM, also if
 * the tally is full. */
nct_err nct_choose_fewest(struct nct_tally *t, const struct nct_fewest *f) NCT_USED;

#endif
