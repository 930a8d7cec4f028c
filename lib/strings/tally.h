/* tally.h - strings that begin where windows begin, and how often they do: a tree that grows where there is much to
 * count.
 *
 * A node is a string of 1 to NCT_TALLY_LENGTH symbols; node 0 is the empty one. Nodes are numbered as they are made,
 * a parent before its children. */
#ifndef NCT_STRINGS_TALLY_H
#define NCT_STRINGS_TALLY_H

#include "nct.h"

#define NCT_TALLY_LENGTH 48 /* a longer string is not looked at */

struct nct_tally_node {
	uint32_t parent;
	uint16_t symbol;
	uint8_t length;
	uint8_t cut;       /* how much of the string the last boundary inside it leaves; 0: there is none */
	uint8_t chosen;
	uint32_t begun;    /* windows whose text begins with the string ... */
	uint32_t bound;    /* ... and goes on, behind it, with a boundary ... */
	uint32_t unbounded;   /* ... and those of all where no chosen string ends at one */
	uint32_t documents, last; /* that have such windows; the number of the last one, from 1 */
};

struct nct_tally {
	struct nct_tally_node *node; /* (most) owned */
	uint32_t n, most;
	uint32_t *table;             /* (2^bits) nodes by parent and symbol, 0: none. Owned */
	unsigned bits;
};

nct_err nct_tally_new(struct nct_tally *t, uint32_t most) NCT_USED; /* NCT_ENOMEM */
void nct_tally_free(struct nct_tally *t);                            /* zero is a no-op */
void nct_tally_clear(struct nct_tally *t);                           /* all counts become 0; nodes stay */
/* The node that goes on from `parent` with `symbol`; 0: there is none. */
uint32_t nct_tally_find(const struct nct_tally *t, uint32_t parent, unsigned symbol);
/* The same, made if there is none, with `cut`; 0: there is no room for it. */
uint32_t nct_tally_add(struct nct_tally *t, uint32_t parent, unsigned symbol, unsigned cut);

#endif
