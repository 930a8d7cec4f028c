/* codebook.h - the windows of one size as a finite set of strings: a tree in pre-order, checked, with its fingerprint.
 *
 * Node i is a path from the root: it has depth[i] symbols, the last is symbol[i], and the others are those of the
 * latest node before it that is one less deep. There are no offsets, so nothing can point anywhere (nct-formats(5),
 * "Codebooks"). Strings are numbered in the order of their nodes. */
#ifndef NCT_BOOK_CODEBOOK_H
#define NCT_BOOK_CODEBOOK_H

#include "nct.h"

#define NCT_CODEBOOKS (NCT_CODEBOOK_MAX - NCT_WINDOW_MIN + 1) /* sizes of windows that can be compiled */
#define NCT_NODES_MAX 8      /* nodes a string, at most */
#define NCT_NODE_INNER 0x8000 /* added to the symbol of a node that is no string but leads to some */

struct nct_codebook {
	enum nct_code code;   /* NCT_CODE_SPLIT: all nodes are strings; NCT_CODE_BEST: perhaps not all */
	char name[NCT_CODEBOOK_NAME + 1]; /* NCT_CODE_BEST: tells it from others of the same bits; "": it has none */
	/* with a name: how the windows are aligned that it was chosen for. The pattern: NCT_ALIGN_REGEX, else NULL. Owned */
	enum nct_align align;
	char *align_pattern;
	unsigned bits;        /* b: there are 2^b strings */
	size_t nodes;         /* at least 2^b */
	void *block;          /* owned, holds both of these; NULL: they are borrowed, and never written */
	uint16_t *depth;      /* (nodes) 1..NCT_WINDOW_SYMBOLS */
	uint16_t *symbol;     /* (nodes) 0..NCT_EOD, with or without NCT_NODE_INNER */
	uint32_t *node;       /* (2^b) the nodes of strings, once sealed; NULL: string k is node k */
	uint64_t fingerprint; /* over M1's, b, the code and the tree */
	/* (parents) as nct_codebook_places() says, or wrong if from a file; NULL: not known. Owned if `block` is not NULL */
	uint32_t *base;
};

/* Makes one to be filled and then sealed; NCT_ENOMEM. `bits` is from NCT_WINDOW_MIN to NCT_CODEBOOK_MAX; `nodes` is
 * 2^bits, or for NCT_CODE_BEST up to NCT_NODES_MAX times as many. */
nct_err nct_codebook_new(struct nct_codebook **out, enum nct_code code, unsigned bits, size_t nodes) NCT_USED;
void nct_codebook_free(struct nct_codebook *c); /* NULL is a no-op */
/* Checks that the nodes form a tree in pre-order with 2^b strings, and computes the fingerprint, for the M1 with
 * fingerprint `m1`. NCT_EDATA says what no codebook could hold, and where; NCT_ENOMEM. Takes one look at each node. */
nct_err nct_codebook_seal(struct nct_codebook *c, uint64_t m1, nct_why *why) NCT_USED;

/* Makes a sealed one like *c, all of which is known to be sound and whose arrays are borrowed for as long as it
 * lives. NCT_ENOMEM. */
nct_err nct_codebook_around(struct nct_codebook **out, const struct nct_codebook *c) NCT_USED;

/* How many nodes others go on from, the root included. */
size_t nct_codebook_parents(const struct nct_codebook *c);
/* Places nodes in a double array, of cells that are numbers from 0: the children of a node have the cells at its
 * base plus their symbols, no two nodes the same cell, nor two with children the same base; the root's is 0. *base,
 * (parents), the root's first, then in the nodes' order, is the caller's to free. NCT_ENOMEM; NCT_EARG if the
 * strings, which no model would choose so, leave too many holes for cells below the limit, 8 a node and at most
 * 2^24. */
nct_err nct_codebook_places(const struct nct_codebook *c, uint32_t **base) NCT_USED;
size_t nct_codebook_places_limit(const struct nct_codebook *c);
/* Keeps those in *c, which its file then holds so that readers need not look for them; none if there are none.
 * NCT_ENOMEM. */
nct_err nct_codebook_pack(struct nct_codebook *c) NCT_USED;

/* True if k is another number for the string before it: the cap on a string's length makes these (never number 0,
 * nor in NCT_CODE_BEST). */
static inline int
nct_codebook_alias(const struct nct_codebook *c, size_t k)
{
	return c->depth[k] == NCT_WINDOW_SYMBOLS && c->depth[k - 1] == NCT_WINDOW_SYMBOLS && c->symbol[k] == c->symbol[k - 1];
}

static inline size_t
nct_codebook_node(const struct nct_codebook *c, size_t k)
{
	return c->node != NULL ? c->node[k] : k;
}

/* The length of string k's text in bytes: EOD has none. */
static inline size_t
nct_codebook_bytes(const struct nct_codebook *c, size_t k)
{
	const size_t i = nct_codebook_node(c, k);

	return c->depth[i] - (size_t)(c->symbol[i] == NCT_EOD);
}

#endif
