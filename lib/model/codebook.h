/* codebook.h - the windows of one size as a finite set of strings: a tree in pre-order, checked, with its fingerprint.
 *
 * Node i is a path from the root: it has depth[i] symbols, the last is symbol[i], and the others are those of the latest node before
 * it that is one less deep. There are no offsets, so nothing can point anywhere (nct-formats(5), "Codebooks"). Strings are numbered in
 * the order of their nodes. */
#ifndef NCT_MODEL_CODEBOOK_H
#define NCT_MODEL_CODEBOOK_H

#include "nct.h"

#define NCT_CODEBOOKS (NCT_CODEBOOK_MAX - NCT_WINDOW_MIN + 1) /* sizes of windows that can be compiled */
#define NCT_NODES_MAX 8      /* nodes a string, at most */
#define NCT_NODE_INNER 0x8000 /* added to the symbol of a node that is no string but leads to some */

struct nct_codebook {
	enum nct_code code;   /* NCT_CODE_SPLIT: all nodes are strings; NCT_CODE_BEST: perhaps not all */
	unsigned bits;        /* b: there are 2^b strings */
	size_t nodes;         /* at least 2^b */
	uint16_t *depth;      /* (nodes) 1..NCT_WINDOW_SYMBOLS; the block that holds both */
	uint16_t *symbol;     /* (nodes) 0..NCT_EOD, with or without NCT_NODE_INNER */
	uint32_t *node;       /* (2^b) the nodes of strings, once sealed; NULL: string k is node k */
	uint64_t fingerprint; /* over M1's, b, the code and the tree */
};

/* Makes one to be filled and then sealed; NCT_ENOMEM. `bits` is from NCT_WINDOW_MIN to NCT_CODEBOOK_MAX; `nodes` is 2^bits, or for
 * NCT_CODE_BEST up to NCT_NODES_MAX times as many. */
nct_err nct_codebook_new(struct nct_codebook **out, enum nct_code code, unsigned bits, size_t nodes) NCT_USED;
void nct_codebook_free(struct nct_codebook *c); /* NULL is a no-op */
/* Checks that the nodes form a tree in pre-order with 2^b strings, and computes the fingerprint, for the M1 with fingerprint `m1`.
 * NCT_EDATA says what no codebook could hold, and where; NCT_ENOMEM. Takes one look at each node. */
nct_err nct_codebook_seal(struct nct_codebook *c, uint64_t m1, nct_why *why) NCT_USED;

/* True if k is another number for the string before it: the cap on a string's length makes these (never number 0, nor in
 * NCT_CODE_BEST). */
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
