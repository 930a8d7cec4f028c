/* tally.h - counts strings that begin where windows do, in a tree that grows where counts are large.
 *
 * A node is a string of 1 to NCT_TALLY_LENGTH symbols. Node 0 is the empty string. Nodes are numbered in the order in
 * which they are made, so a parent comes before its children. */
#ifndef NCT_STRINGS_TALLY_H
#define NCT_STRINGS_TALLY_H

#include "nct.h"

#define NCT_TALLY_LENGTH 48         /* symbols of a string, at most */
#define NCT_TALLY_MOST (1u << 24)   /* nodes, at most */

struct nct_tally_node {
	uint32_t parent;
	uint16_t symbol;
	uint8_t length;
	uint8_t cut;        /* symbols before the last boundary inside the string, where it was first met; 0: there is none */
	uint8_t chosen;
	uint8_t words;      /* words that the string is of or begins: boundaries inside it there, and 1 */
	uint32_t begun;     /* windows whose text begins with the string */
	uint32_t bound;     /* those of them that have a boundary behind it */
	uint32_t unbounded; /* those of them for which no chosen string ends at a boundary */
	uint32_t documents; /* segments with such windows; by a table of words perhaps more, but no more than there are */
	uint32_t last;      /* number of the last one, from 1 */
	uint32_t taken;     /* windows that took the string */
};

struct nct_tally {
	struct nct_tally_node *node; /* (most) owned: `n` are in use */
	uint32_t n, most;
	uint64_t *table;             /* (2^bits) owned: a hash table: a node's parent and symbol, and its number; 0: empty */
	unsigned bits;               /* so few that the table is half full or less; there is room for 2^bits_most */
	unsigned bits_most;
};

nct_err nct_tally_new(struct nct_tally *t, uint32_t most) NCT_USED; /* most <= NCT_TALLY_MOST; NCT_ENOMEM */
/* Makes *copy one of *t with no counts, which has room for `most` nodes and a table of its own. If `most` is 0 it has
 * no room to grow, and borrows the table of *t. On failure *copy is zero. NCT_ENOMEM. */
nct_err nct_tally_copy(struct nct_tally *copy, const struct nct_tally *t, uint32_t most) NCT_USED;
/* Adds the counts of *other to *t, and the nodes that *t lacks. Those that it has no room for are left out.
 * NCT_ENOMEM. */
nct_err nct_tally_merge(struct nct_tally *t, const struct nct_tally *other) NCT_USED;
void nct_tally_free(struct nct_tally *t);                            /* zero is a no-op */
size_t nct_tally_chosen(const struct nct_tally *t);                  /* how many nodes are chosen */
/* Keeps the chosen nodes and those that lead to them, in their order, with new numbers. */
void nct_tally_keep_chosen(struct nct_tally *t);
void nct_tally_clear(struct nct_tally *t);                           /* all counts become 0; nodes stay */
/* The node that goes on from `parent` with `symbol`; 0: there is none. */
uint32_t nct_tally_find(const struct nct_tally *t, uint32_t parent, unsigned symbol);
/* The same. A node that is missing is added, with this `cut` and its words. 0: the tally is full, or `parent` has the
 * greatest length. */
uint32_t nct_tally_add(struct nct_tally *t, uint32_t parent, unsigned symbol, unsigned cut);

#endif
