/* trie.h - a codebook as a double array, walked by several texts in turn.
 *
 * A cell is a node: 64 bits, from the lowest its last symbol (16), its string's number (24) and its base (24). The
 * node that goes on from it with symbol s is the cell at base + s if the symbol there is s; no two nodes with
 * children have the same base, so this is all that there is to check. A node that is no string has the number
 * NCT_TRIE_INNER. The strings of one symbol are the cells 0..256: a window that cannot go on with a byte closes, and
 * the next one is at that byte's cell. */
#ifndef NCT_BOOK_TRIE_H
#define NCT_BOOK_TRIE_H

#include "book/codebook.h"

struct nct_trie {
	uint64_t *cell; /* NCT_CODE_SPLIT. Owned; else NULL */
	uint64_t none;  /* then: no string: it goes on with no symbol, and its number is NCT_TRIE_START's */
	uint32_t *byte; /* NCT_CODE_BEST: cells that end with a byte, as nct_trie_walk_best() has them. Owned; else NULL */
	uint32_t *number; /* of the strings that end there, or at cells of EOD, with NCT_TRIE_EOD. In the same block */
	const struct nct_codebook *book; /* borrowed; NULL: there is no trie */
	/* texts that are best walked at once: NCT_LANES_PLAIN, or more where the processor has registers for it */
	unsigned lanes;
};

#define NCT_TRIE_INNER 0xffffffu
/* where no window is open: the base of the strings of one symbol, no number */
#define NCT_TRIE_START ((uint64_t)NCT_TRIE_INNER << 16)

static inline uint32_t
nct_trie_number(uint64_t cell)
{
	return (uint32_t)(cell >> 16) & 0xffffff;
}

/* The cell again, where its symbol is a byte: that, "it is a string", and the base. An empty one has a byte that no
 * base leads there by. */
#define NCT_TRIE_STRING 0x100u
#define NCT_TRIE_EOD 0x80000000u
#define NCT_TRIE_BYTES_MAX ((size_t)1 << 23)

/* Makes the trie of a codebook, packed unless it is so already; *c is borrowed until nct_trie_free(). NCT_ENOMEM;
 * NCT_EARG if its strings, which no model would choose so, leave too many holes; NCT_EDATA if it was packed wrongly. */
nct_err nct_trie_new(struct nct_trie *t, const struct nct_codebook *c) NCT_USED;
void nct_trie_free(struct nct_trie *t);

/* A window in the making. */
struct nct_open {
	uint64_t cell;   /* the open window, or NCT_TRIE_START */
	/* for nct_trie_walk_aligned() alone, at first 0: */
	uint64_t rest;   /* what it holds behind the last boundary in it, if that is a string */
	uint32_t closed; /* the number of what is before that */
	/* for nct_trie_walk_best() alone, at first 0: */
	uint32_t at;     /* the open window in `byte`, or 0 */
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

/* Takes the next n bytes of each of 1 to NCT_LANES_PLAIN lanes; their text and out move on. */
void nct_trie_walk(const struct nct_trie *t, struct nct_book_lane *lane, unsigned lanes, size_t n);
/* The same, closing windows that would end inside a word at the last boundary in them. Text and marks of an open
 * window are still there, before lane->text and lane->mark; `out` has room for NCT_WINDOW_SYMBOLS
 * + 1 more. */
void nct_trie_walk_aligned(const struct nct_trie *t, struct nct_book_lane *lane, unsigned lanes, size_t n);
/* The walk of 1 to t->lanes lanes through a codebook of NCT_CODE_BEST: windows take the longest string; if there are
 * marks, the longest that ends at a boundary, if one does. It looks at n bytes of each lane, at some of them again:
 * their text moves on by n at most. Text, and marks (all lanes have some, or none), are there from the open window's
 * beginning on, and the mark behind the n. `out` has room for n + 1. */
void nct_trie_walk_best(const struct nct_trie *t, struct nct_book_lane *lane, unsigned lanes, size_t n);
#if defined __x86_64__
/* the same by walk_best_avx512.c */
void nct_trie_walk_avx512(const struct nct_trie *t, struct nct_book_lane *lane, unsigned lanes, size_t n);
#endif
/* The chunk ends at at->text, with EOD or without: the numbers of the windows still to write, at->open.held + 1 at
 * most, go to k[]; gives how many. The mark behind the text counts as it is. */
size_t nct_trie_close_best(const struct nct_trie *t, const struct nct_book_lane *at, int eod, uint32_t *k);
/* The string that goes on from the open window with EOD: its cell, or 0 if there is none. */
uint64_t nct_trie_eod(const struct nct_trie *t, uint64_t cell);

#endif
