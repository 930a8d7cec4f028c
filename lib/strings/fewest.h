/* fewest.h - chooses the strings by which a text takes the fewest windows, from counts. */
#ifndef NCT_STRINGS_FEWEST_H
#define NCT_STRINGS_FEWEST_H

#include "strings/tally.h"

/* Sets `chosen` of `strings` nodes of *t, at least NCT_SYMBOLS. Among them are all strings of one symbol; missing ones
 * are added. `aligned`: windows end at boundaries. Strings counted fewer than `least` times are taken only to fill up.
 * All arithmetic is in integers, and ties go by the number of a node, so all machines choose the same. NCT_ENOMEM,
 * also if the tally is full. */
nct_err nct_choose_fewest(struct nct_tally *t, size_t strings, int aligned, uint32_t least) NCT_USED;

#endif
