/* codebook.h - a codebook: the strings of all windows of one size, as a tree in pre-order, with its fingerprint.
 *
 * Node i stands for a string of depth[i] symbols. Its last symbol is symbol[i]. Its parent is the nearest node before
 * it whose depth is one less; nodes of depth 1 are children of the root, which is not stored. So a file holds no
 * offsets that could be wrong (nct-formats(5), "Codebooks"). Most nodes are strings of the codebook. The others, inner
 * nodes, only lead to some. String k is the k-th node that is a string, from 0; it is the text of the window with the
 * value k. */
#ifndef NCT_BOOK_CODEBOOK_H
#define NCT_BOOK_CODEBOOK_H

#include "nct.h"

#define NCT_CODEBOOKS (NCT_CODEBOOK_MAX - NCT_WINDOW_MIN + 1) /* sizes of windows that can be compiled */
#define NCT_NODES_MAX 8       /* nodes are at most this times as many as strings */
#define NCT_NODE_INNER 0x8000 /* added to the symbol of an inner node */

struct nct_codebook {
	enum nct_code code;   /* NCT_CODE_SPLIT has no inner nodes; NCT_CODE_BEST may have some */
	char name[NCT_CODEBOOK_NAME + 1]; /* NCT_CODE_BEST: tells it from others of the same bits; "": it has none */
	/* The alignment of windows that the strings were chosen for. Of use only with a name. */
	enum nct_align align;
	char *align_pattern;  /* owned; NULL unless `align` is NCT_ALIGN_REGEX */
	unsigned bits;        /* b: there are 2^b strings */
	size_t nodes;         /* at least 2^b */
	void *block;          /* owned memory of `depth` and `symbol`; NULL: they are borrowed, and never written */
	uint16_t *depth;      /* (nodes) 1..NCT_WINDOW_SYMBOLS */
	uint16_t *symbol;     /* (nodes) 0..NCT_EOD, with NCT_NODE_INNER added in inner nodes */
	uint32_t *node;       /* (2^b) owned: the node of each string, once sealed; NULL: string k is node k */
	uint64_t fingerprint; /* over M1's fingerprint, b, the code and the tree; set by nct_codebook_seal() */
	/* (nct_codebook_parents()) places in the double array, as from nct_codebook_places(). NULL: not known. Those from a
	 * file are not checked: nct_trie_new() does that. Owned if `block` is not NULL. */
	uint32_t *base;
};

/* Makes a codebook whose `depth` and `symbol` the caller fills in, and then seals. `bits` is from NCT_WINDOW_MIN to
 * NCT_CODEBOOK_MAX. `nodes` is 2^bits, or for NCT_CODE_BEST up to NCT_NODES_MAX times as many. On failure *out is
 * NULL: NCT_ENOMEM. */
nct_err nct_codebook_new(struct nct_codebook **out, enum nct_code code, unsigned bits, size_t nodes) NCT_USED;
void nct_codebook_free(struct nct_codebook *c); /* NULL is a no-op */
/* Checks that the nodes form a tree in pre-order with 2^b strings, numbers the strings, and computes the fingerprint
 * for the M1 with fingerprint `m1`. NCT_EDATA: a rule does not hold; `why` says which, at which node. NCT_ENOMEM. */
nct_err nct_codebook_seal(struct nct_codebook *c, uint64_t m1, nct_why *why) NCT_USED;

/* Makes a codebook from the fields of *c, without checking them: the caller vouches for them, fingerprint included. It
 * borrows the arrays of *c, which must outlive it. On failure *out is NULL: NCT_ENOMEM. */
nct_err nct_codebook_around(struct nct_codebook **out, const struct nct_codebook *c) NCT_USED;

/* How many nodes have children, the root included. */
size_t nct_codebook_parents(const struct nct_codebook *c);
/* Places the nodes in a double array (Aoe, 1989). Each node has a cell, and each node with children has a base. The
 * cell of a child is its parent's base plus its symbol. No two nodes have the same cell, and no two have the same
 * base. The root's base is 0. *base (nct_codebook_parents()) receives the bases, the root's first, then in the order
 * of nodes; the caller frees it. On failure it is NULL. NCT_ENOMEM; NCT_EARG: no places were found with all cells
 * below nct_codebook_places_limit(), which happens only with strings that no trainer chooses. */
nct_err nct_codebook_places(const struct nct_codebook *c, uint32_t **base) NCT_USED;
size_t nct_codebook_places_limit(const struct nct_codebook *c); /* cells, at most: 8 for each node, and 2^24 in all */
/* Sets c->base, so that it is written to the model file and readers save the search. Leaves it NULL where
 * nct_codebook_places() gives NCT_EARG. NCT_ENOMEM. */
nct_err nct_codebook_keep_places(struct nct_codebook *c) NCT_USED;

/* True if node k > 0 has the same string as node k - 1. NCT_CODE_SPLIT has such nodes, since it gives all windows of a
 * string of NCT_WINDOW_SYMBOLS symbols to it, however many there are. NCT_CODE_BEST has none. */
static inline int
nct_codebook_alias(const struct nct_codebook *c, size_t k)
{
	return c->depth[k] == NCT_WINDOW_SYMBOLS && c->depth[k - 1] == NCT_WINDOW_SYMBOLS && c->symbol[k] == c->symbol[k - 1];
}

/* The node of string k. */
static inline size_t
nct_codebook_node(const struct nct_codebook *c, size_t k)
{
	return c->node != NULL ? c->node[k] : k;
}

/* Bytes of text in string k. EOD counts none. */
static inline size_t
nct_codebook_bytes(const struct nct_codebook *c, size_t k)
{
	const size_t i = nct_codebook_node(c, k);

	return c->depth[i] - (size_t)(c->symbol[i] == NCT_EOD);
}

#endif
