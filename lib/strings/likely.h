/* likely.h - chooses strings of one word by the likelihood that they give to words. */
#ifndef NCT_STRINGS_LIKELY_H
#define NCT_STRINGS_LIKELY_H

#include "strings/count_windows.h"

/* Drops chosen strings of *t, all of one word, until `strings` are left, at least NCT_SYMBOLS; all of one symbol are
 * among them. See likely.c. token_cost: bits that a token costs beyond its information. Ends early if the run is to
 * stop. All arithmetic is in integers, and ties go by the number of a node: the same on all machines and for any
 * o->threads. NCT_ENOMEM; NCT_EARG (the pattern). */
nct_err nct_choose_likely(struct nct_tally *t, const nct_text *text, const struct nct_boundaries *b, size_t strings,
                          double token_cost, const struct nct_train_options *o, nct_why *why) NCT_USED;

#endif
