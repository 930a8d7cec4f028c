/* split.h - the exact window code: how a window's code points are shared out among the symbols.
 *
 * A window of b bits is an integer in [0, 2^b): the index, in pre-order, of its text in a tree that M1's
 * frequencies span. A node owns the n code points from `first` on. At the root (no text yet) every symbol
 * gets one and the bytes share the rest; elsewhere the first code point means "the window ends here" and
 * all symbols share the others. A symbol whose share is 0 does not fit any more. nct-formats(5),
 * "Windows", is the definition; nothing here knows of models or files. */
#ifndef NCT_CODER_SPLIT_H
#define NCT_CODER_SPLIT_H

#include "base/u128.h"
#include "nct.h"

/* A place in the tree: code points first .. first + rest, so n = rest + 1 (2^128 would not fit, n - 1 does). */
struct nct_node {
	nct_u128 first, rest;
	unsigned symbols; /* length of the window's own text; 0 at the root */
};

/* The root of the tree for windows of `bits` bits, NCT_WINDOW_MIN to NCT_WINDOW_MAX. */
struct nct_node nct_split_root(unsigned bits);
/* Its child for NCT_EOD: the last code point, 2^bits - 1, under every M1. */
struct nct_node nct_split_eod(unsigned bits);

/* True if the window ends here whatever follows: one code point left, or NCT_WINDOW_SYMBOLS symbols. (It also
 * ends after NCT_EOD, which the caller sees.) */
int nct_split_ended(const struct nct_node *n);

/* Moves to the child for `symbol` and returns 1; returns 0, *n unchanged, if its share is 0 (never at the root).
 * freq: NCT_SYMBOLS frequencies, each at least 1, of sum NCT_FREQ_TOTAL. *n has not ended. */
int nct_split_take(struct nct_node *n, const uint32_t freq[NCT_SYMBOLS], unsigned symbol);

/* Moves to the child that owns code point k and returns its symbol. *n has not ended, k is one of its code points
 * and not, away from the root, `first` itself, which means the end. */
unsigned nct_split_find(struct nct_node *n, const uint32_t freq[NCT_SYMBOLS], nct_u128 k);

/* The same for windows of up to NCT_SPLIT_NARROW bits, where a node's division is worth keeping: bound[s] is symbol
 * s's first code point, counted from n->first, and bound[NCT_SYMBOLS] = n. *n has not ended. */
#define NCT_SPLIT_NARROW 31
void nct_split_bounds(const struct nct_node *n, const uint32_t freq[NCT_SYMBOLS], uint32_t bound[NCT_SYMBOLS + 1]);
int nct_split_take_bounds(struct nct_node *n, const uint32_t bound[NCT_SYMBOLS + 1], unsigned symbol);
unsigned nct_split_find_bounds(struct nct_node *n, const uint32_t bound[NCT_SYMBOLS + 1], nct_u128 k);

#endif
