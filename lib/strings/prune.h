/* prune.h - drops the strings that others can best stand in for. */
#ifndef NCT_STRINGS_PRUNE_H
#define NCT_STRINGS_PRUNE_H

#include "strings/tally.h"

/* Keeps the `strings` chosen strings of *t whose loss would cost most, at least NCT_SYMBOLS; all of one symbol are
 * among them. The text was cut into `windows` windows by the chosen strings. `aligned`: they end at boundaries.
 * token_cost is in bits: see prune.c. All arithmetic is in integers, and ties go by the number of a node, so all
 * machines choose the same. NCT_ENOMEM. */
nct_err nct_prune(struct nct_tally *t, uint64_t windows, size_t strings, int aligned, double token_cost) NCT_USED;

#endif
