/* split.h - the window code `split`: M1's probabilities share out a window's 2^b values among all strings.
 *
 * A window of b bits is an integer in [0, 2^b), called a code point here. Strings form a tree with a child for each
 * symbol. Each node, that is each string, owns a range of code points, of which its children get shares by M1's
 * frequencies. At the root (the empty string), every symbol gets one code point, and the bytes share the rest. At
 * other nodes the first code point means "the window ends here", and all symbols share the others. A symbol whose
 * share is 0 does not fit into the window. nct-formats(5), "Windows", defines all this. Nothing here knows of models
 * or files. */
#ifndef NCT_CODER_SPLIT_H
#define NCT_CODER_SPLIT_H

#include "base/u128.h"
#include "nct.h"

/* A node of the tree. It owns the n = rest + 1 code points from `first` to first + rest. (n itself may be 2^128,
 * which does not fit.) */
struct nct_node {
	nct_u128 first, rest;
	unsigned symbols; /* length of the node's string; 0 at the root */
};

/* The root of the tree for windows of `bits` bits, NCT_WINDOW_MIN to NCT_WINDOW_MAX. */
struct nct_node nct_split_root(unsigned bits);
/* Its child for NCT_EOD: the last code point, 2^bits - 1, under every M1. */
struct nct_node nct_split_eod(unsigned bits);

/* True if a window must end at this node: it owns one code point only, or has NCT_WINDOW_SYMBOLS symbols. A window
 * also ends after NCT_EOD; the caller has to check that. */
int nct_split_ended(const struct nct_node *n);

/* Moves to the child for `symbol` and returns 1. If its share is 0, which never happens at the root, returns 0 and
 * leaves *n as it was. freq (NCT_SYMBOLS): each at least 1, with sum NCT_FREQ_TOTAL. *n must not have ended. */
int nct_split_take(struct nct_node *n, const uint32_t freq[NCT_SYMBOLS], unsigned symbol);

/* Moves to the child that owns code point k and returns its symbol. *n must not have ended. k must be one of its
 * code points, and away from the root not n->first, which means the end. */
unsigned nct_split_find(struct nct_node *n, const uint32_t freq[NCT_SYMBOLS], nct_u128 k);

/* The same in two steps, so that a caller can keep a node's bounds. For windows of up to NCT_SPLIT_NARROW bits.
 * nct_split_bounds() sets bound[s] to the first code point of symbol s, and bound[NCT_SYMBOLS] to the end of them
 * all, counted from n->first. The other two are nct_split_take() and nct_split_find() with these bounds. */
#define NCT_SPLIT_NARROW 31
void nct_split_bounds(const struct nct_node *n, const uint32_t freq[NCT_SYMBOLS], uint32_t bound[NCT_SYMBOLS + 1]);
int nct_split_take_bounds(struct nct_node *n, const uint32_t bound[NCT_SYMBOLS + 1], unsigned symbol);
unsigned nct_split_find_bounds(struct nct_node *n, const uint32_t bound[NCT_SYMBOLS + 1], nct_u128 k);

#endif
