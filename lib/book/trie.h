/* trie.h - a codebook as a double array, walked by several texts in turn.
 *
 * Each node of the codebook's tree has a cell. The node that goes on from it with symbol s has the cell at base + s. No
 * two nodes with children have the same base, so a cell belongs to that node if its symbol is s. The strings of one
 * symbol are the cells 0..256: a window that cannot go on closes, and the next one begins at a byte's cell. */
#ifndef NCT_BOOK_TRIE_H
#define NCT_BOOK_TRIE_H

#include "book/codebook.h"

struct nct_trie {
	/* Cells, each of 32 bits: from the lowest, the byte that leads there (8), NCT_TRIE_STRING, the base (23). An empty
	 * cell, or one of EOD, has a byte that no base leads there by. Owned */
	uint32_t *byte;
	uint32_t *number; /* by cell: its string's number, with NCT_TRIE_EOD where EOD leads there. In the same block */
	const struct nct_codebook *book; /* borrowed; NULL: there is no trie */
	/* texts that are best walked at once: NCT_LANES_PLAIN, or more where the processor has registers for it */
	unsigned lanes;
};

#define NCT_TRIE_INNER 0xffffffu /* the number of a node that is no string */
#define NCT_TRIE_STRING 0x100u
#define NCT_TRIE_EOD 0x80000000u
#define NCT_TRIE_BYTES_MAX ((size_t)1 << 23)

/* Makes the trie of a codebook, packed unless it is so already; *c is borrowed until nct_trie_free(). NCT_ENOMEM;
 * NCT_EARG if its strings, which no model would choose so, leave too many holes; NCT_EDATA if it was packed wrongly. */
nct_err nct_trie_new(struct nct_trie *t, const struct nct_codebook *c) NCT_USED;
void nct_trie_free(struct nct_trie *t);

/* A window in the making; at first all 0. */
struct nct_open {
	uint32_t at;     /* its cell; 0: no window is open */
	uint32_t best;   /* the cell of the longest string so far */
	uint32_t over;   /* bytes walked behind it */
	uint32_t held;   /* bytes walked of the window */
	uint32_t inside; /* 1: that string ends at a boundary */
};

/* One text being walked. */
struct nct_book_lane {
	const uint8_t *text; /* what comes next */
	/* aligned: 1 where a boundary stands before the byte of the same index, else 0, as before a chunk's first */
	const uint8_t *mark;
	struct nct_open open;
	/* where closed windows go: their numbers, in the low 24 bits; there is room for as many as bytes are walked */
	uint32_t *out;
};

/* texts advanced in turn, to wait for that many loads at once: more than that, and registers run out */
#define NCT_LANES_PLAIN 6
#define NCT_LANES 16      /* by registers of lanes */

/* Walks 1 to t->lanes lanes: windows take the longest string; if there are marks, the longest that ends at a boundary, if
 * one does. (Of a split codebook, where each beginning of a string is a string, that is what nct-formats(5) says of it.) It looks at n bytes of each lane, at some of them again:
 * their text moves on by n at most. Text, and marks (all lanes have some, or none), are there from the open window's
 * beginning on, and the mark behind the n. `out` has room for n + 1. */
void nct_trie_walk(const struct nct_trie *t, struct nct_book_lane *lane, unsigned lanes, size_t n);
#if defined __x86_64__
/* the same by walk_best_avx512.c */
void nct_trie_walk_avx512(const struct nct_trie *t, struct nct_book_lane *lane, unsigned lanes, size_t n);
#endif
/* The chunk ends at at->text, with EOD or without: the numbers of the windows still to write, at->open.held + 1 at
 * most, go to k[]; gives how many. The mark behind the text counts as it is. */
size_t nct_trie_close(const struct nct_trie *t, const struct nct_book_lane *at, int eod, uint32_t *k);

#endif
