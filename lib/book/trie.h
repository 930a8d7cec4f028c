/* trie.h - a codebook as a double array (Aoe, 1989), which several texts walk in turn.
 *
 * Each node is a cell, with a base of its own if it has children. The child by symbol s is the cell at base + s, if
 * the byte stored there is s. No more has to be checked, since no two nodes have the same base. The root's base is 0,
 * so the strings of one symbol are cells 0 to 256. Inner nodes have the number NCT_TRIE_INNER. */
#ifndef NCT_BOOK_TRIE_H
#define NCT_BOOK_TRIE_H

#include "book/codebook.h"

struct nct_trie;
struct nct_book_lane;
typedef void nct_trie_walker(const struct nct_trie *t, struct nct_book_lane *lane, unsigned lanes, size_t n,
                             unsigned how);

struct nct_trie {
	uint32_t *byte;   /* the cells (see NCT_TRIE_STRING), owned */
	/* By cell: the number of its string; with NCT_TRIE_EOD if the string ends with EOD. In the memory of `byte` */
	uint32_t *number;
	const struct nct_codebook *book; /* borrowed; NULL: there is no trie */
	unsigned lanes;   /* texts to walk at once, for speed: NCT_LANES_PLAIN, or NCT_LANES with vector instructions */
	nct_trie_walker *walk_many; /* for more than NCT_LANES_PLAIN; NULL: none */
};

#define NCT_TRIE_INNER 0xffffffu
/* A cell: its last byte (the lowest 8 bits), NCT_TRIE_STRING if it is a string of the codebook, and its base from bit 9
 * on. Empty cells hold a byte by which no base leads to them. So one comparison of bytes tells whether a child
 * exists. */
#define NCT_TRIE_STRING 0x100u
#define NCT_TRIE_EOD 0x80000000u
#define NCT_TRIE_BYTES_MAX ((size_t)1 << 23)

/* Makes the trie of a codebook. Takes the places from c->base, or finds them if that is NULL. *c is borrowed until
 * nct_trie_free(). `cpu`: see nct_m1_cpu(); there are walks named "avx512", "avx2" and "ref". On failure *t is zero.
 * NCT_ENOMEM; NCT_EARG: no places were found (see nct_codebook_places()), or the cells are too many; NCT_EDATA:
 * c->base is wrong. */
nct_err nct_trie_new(struct nct_trie *t, const struct nct_codebook *c, const char *cpu) NCT_USED;
void nct_trie_free(struct nct_trie *t); /* zero is a no-op */

/* An open window: one that was begun and not yet closed. At first all 0. */
struct nct_open {
	uint32_t at;     /* the cell that was reached; 0: no window is open */
	uint32_t best;   /* index of the cell of the window's string: the longest one so far that it may take */
	uint32_t over;   /* bytes walked behind that string */
	uint32_t held;   /* bytes walked since the window began */
	uint32_t inside; /* 1: that string ends at a boundary */
};

/* A lane: one text that is walked. */
struct nct_book_lane {
	const uint8_t *text;  /* the next byte */
	/* mark[i] is of text[i]; see below. NULL: windows are not aligned, and no document ends in the text. */
	const uint8_t *mark;
	struct nct_open open;
	/* Receives the numbers of closed windows, in the low 24 bits, with NCT_TRIE_EOD if they end with EOD. Has room for as
	 * many as bytes are walked. */
	uint32_t *out;
};

/* A mark. NCT_MARK_EOD: the byte is none of the text, but 0, and stands for EOD. Then both bits are set, and so is
 * NCT_MARK_BOUNDARY of the byte behind it. */
#define NCT_MARK_BOUNDARY 1 /* a boundary stands before the byte */
#define NCT_MARK_EOD 2

#define NCT_WALK_ALIGNED 1u /* windows are aligned */
#define NCT_WALK_JOINED 2u  /* a window may take EOD behind text; else EOD gets a window of its own */

/* Lanes that are walked in turn, so that their loads overlap. More of them would not fit in the registers. */
#define NCT_LANES_PLAIN 6
#define NCT_LANES 16 /* lanes with vector instructions: 8 in a register */

/* Walks 1 to t->lanes lanes, n steps each. A window takes the longest string that its text begins with; if windows
 * are aligned, the longest that ends at a boundary, if one does. (In a split codebook every beginning of a string is a
 * string. So a window ends where the tree does, or at the last boundary before.) A step takes a byte or closes a
 * window. Closing goes back to the end of the window's string, so text moves by n or less, and bytes behind that string
 * are read again. Text and marks can be read from the open window's beginning on, and mark[n] too. Either all lanes
 * have marks or none. `out` has room for n + 1. `how` is a sum of NCT_WALK_...; where a lane begins with an open
 * window, it is that of the walk before. */
void nct_trie_walk(const struct nct_trie *t, struct nct_book_lane *lane, unsigned lanes, size_t n, unsigned how);
#if defined __x86_64__
/* The same with vector instructions; nct_trie_walk() calls them. */
nct_trie_walker nct_trie_walk_avx512, nct_trie_walk_avx2;
#endif
/* Ends a chunk at at->text, with EOD or without. Writes the numbers of its last windows to k[], which has room for
 * at->open.held + 1, and returns how many there are. at->mark[0] tells whether the chunk's end counts as a boundary. */
size_t nct_trie_close(const struct nct_trie *t, const struct nct_book_lane *at, int eod, unsigned how, uint32_t *k);

#endif
