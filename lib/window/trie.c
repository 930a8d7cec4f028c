/* trie.c - a codebook as a double array, walked by several texts in turn. */
#include "window/trie.h"

#include "base/cpu.h"

#include <stdlib.h>
#include <string.h>

#define EMPTY 0xffff       /* the symbol of a cell that is no string */
#define NONE UINT32_MAX
#define LINE 16u           /* cells, of 4 bytes, in a line of the cache */
#define CELLS_MAX ((size_t)1 << 24) /* what a base can tell */

/* While the cells are shared out. Index k: that node; root: the empty string. */
struct packer {
	const struct nct_codebook *book;
	size_t n, root;        /* nodes; root = n */
	uint32_t *number;      /* of the string, or NCT_TRIE_INNER */
	uint32_t *next;        /* the next node with the same parent, or NONE */
	uint32_t *base;        /* of those with children; else NONE */
	uint32_t *cell;        /* of each node, once its parent has a base; else NONE */
	uint16_t *children;
	uint64_t *taken;       /* bits: cells in use; one more word than `limit` needs */
	uint64_t *based;       /* bits: bases in use */
	size_t limit, end;     /* cells at most; behind the last one used */
	size_t from[NCT_SYMBOLS + 1]; /* where to look for a base next: the last one that was found for so many children */
};

static unsigned
symbol_of(const struct packer *p, size_t k)
{
	return p->book->symbol[k] & ~(unsigned)NCT_NODE_INNER;
}

static uint32_t
first_child(const struct packer *p, size_t k)
{
	return k == p->root ? 0 : (uint32_t)k + 1;
}

/* Links siblings and counts children. */
static void
link_strings(struct packer *p)
{
	uint32_t last[NCT_WINDOW_SYMBOLS + 2]; /* the node at each depth on the way to the one at hand */

	uint32_t strings = 0;

	last[0] = (uint32_t)p->root;
	for (size_t k = 0; k < p->n; k++) {
		const unsigned d = p->book->depth[k], before = k > 0 ? p->book->depth[k - 1] : 0;

		p->number[k] = p->book->symbol[k] & NCT_NODE_INNER ? NCT_TRIE_INNER : strings++;
		p->next[k] = p->base[k] = p->cell[k] = NONE;
		if (k > 0 && nct_codebook_alias(p->book, k))
			continue;
		if (d <= before)
			p->next[last[d]] = (uint32_t)k;
		last[d] = (uint32_t)k;
		p->children[last[d - 1]]++;
	}
}

/* Bits [at, at + 64) of a string of bits. */
static uint64_t
bits_at(const uint64_t *bits, size_t at)
{
	const unsigned shift = at % 64;

	return shift == 0 ? bits[at / 64] : bits[at / 64] >> shift | bits[at / 64 + 1] << (64 - shift);
}

static void
set_bit(uint64_t *bits, size_t at)
{
	bits[at / 64] |= (uint64_t)1 << at % 64;
}

/* A base for node k that is free, its children's cells as well, so that the first of them falls on one of the cells [at, at + LINE);
 * or NONE. */
static size_t
find_near(const struct packer *p, size_t k, size_t at)
{
	const unsigned symbol = symbol_of(p, first_child(p, k));

	for (size_t cell = at > symbol ? at : symbol; cell < at + LINE; cell++) {
		const size_t base = cell - symbol;
		uint32_t i = first_child(p, k);

		if (bits_at(p->based, base) & 1)
			continue;
		while (i != NONE && !(bits_at(p->taken, base + symbol_of(p, i)) & 1))
			i = p->next[i];
		if (i == NONE)
			return base;
	}
	return NONE;
}

/* A base at which all children of node k fall on free cells: such that the first is in the line of the cache that holds k's own cell, since
 * a node that is seldom reached is seldom in the cache (the walks miss it a fifth less so); else the first one, 64 places at a time, or
 * behind all cells. Where strings with as many children found none, the next one does not look again: so each number of children goes
 * through the cells once. */
static size_t
find_base(struct packer *p, size_t k)
{
	const size_t near = find_near(p, k, p->cell[k] / LINE * LINE);
	size_t *from = &p->from[p->children[k]];

	if (near != NONE)
		return near;
	for (; *from < p->end; *from += 64) {
		uint64_t bad = p->based[*from / 64];

		for (uint32_t i = first_child(p, k); i != NONE && bad != UINT64_MAX; i = p->next[i])
			bad |= bits_at(p->taken, *from + symbol_of(p, i));
		if (bad != UINT64_MAX)
			return *from + (size_t)__builtin_ctzll(~bad);
	}
	return p->end; /* no base is at or behind it: each has a cell at or behind itself */
}

/* Gives node k a base, and its children cells. */
static nct_err
place_children(struct packer *p, size_t k)
{
	const size_t base = k == p->root ? 0 : find_base(p, k);

	if (base + 2 * NCT_SYMBOLS + 64 > p->limit)
		return NCT_EARG;
	p->base[k] = (uint32_t)base;
	set_bit(p->based, base);
	for (uint32_t c = first_child(p, k); c != NONE; c = p->next[c]) {
		p->cell[c] = (uint32_t)base + symbol_of(p, c);
		set_bit(p->taken, p->cell[c]);
		p->end = p->cell[c] + 1 > p->end ? p->cell[c] + 1 : p->end;
	}
	return NCT_OK;
}

/* Each node after its parent. */
static nct_err
place_all(struct packer *p)
{
	nct_err err = place_children(p, p->root);

	for (size_t k = 0; k < p->n && err == NCT_OK; k++)
		if (p->children[k] > 0)
			err = place_children(p, k);
	return err;
}

/* Writes the cells; nodes without children get a base with empty cells behind it. */
static nct_err
write_cells(const struct packer *p, struct nct_trie *t)
{
	const size_t dead = p->end, cells = dead + NCT_SYMBOLS;
	uint64_t *cell = malloc(cells * sizeof *cell);

	if ((t->cell = cell) == NULL)
		return NCT_ENOMEM;
	t->none = (uint64_t)dead << 40 | NCT_TRIE_START | EMPTY;
	for (size_t i = 0; i < cells; i++)
		cell[i] = EMPTY;
	for (size_t k = 0; k < p->n; k++)
		if (p->cell[k] != NONE)
			cell[p->cell[k]] = (uint64_t)(p->base[k] != NONE ? p->base[k] : dead) << 40 | (uint64_t)p->number[k] << 16 | symbol_of(p, k);
	return NCT_OK;
}

/* A byte that leads from no base to cell i, which is empty or ends with EOD; or -1. */
static int
stranger(const struct packer *p, size_t i)
{
	for (size_t s = 0; s < 256; s++)
		if (i < s || (i - s != p->end && (i - s > p->end || !(p->based[(i - s) / 64] >> (i - s) % 64 & 1))))
			return (int)s;
	return -1;
}

/* Writes the cells again in half the room: see trie_best.c. */
static nct_err
write_bytes(const struct packer *p, struct nct_trie *t)
{
	const size_t cells = p->end + NCT_SYMBOLS;

	if (p->end + NCT_SYMBOLS > NCT_TRIE_BYTES_MAX)
		return NCT_EARG;
	if ((t->byte = malloc(2 * cells * sizeof *t->byte)) == NULL)
		return NCT_ENOMEM;
	t->number = t->byte + cells;
	for (size_t i = 0; i < cells; i++) {
		const unsigned symbol = (uint16_t)t->cell[i];
		const int s = symbol < 256 ? (int)symbol : stranger(p, i);

		if (s < 0)
			return NCT_EARG;
		t->number[i] = nct_trie_number(t->cell[i]);
		t->byte[i] = (uint32_t)s | (symbol < 256 ? (uint32_t)(t->cell[i] >> 40) << 9 : 0) |
		    (symbol < 256 && nct_trie_number(t->cell[i]) != NCT_TRIE_INNER ? NCT_TRIE_STRING : 0);
	}
	return NCT_OK;
}

static nct_err
packer_new(struct packer *p, const struct nct_codebook *c)
{
	p->book = c;
	p->n = p->root = c->nodes;
	p->limit = 8 * p->n < CELLS_MAX ? 8 * p->n : CELLS_MAX;
	p->number = malloc(p->n * sizeof *p->number);
	p->next = malloc(p->n * sizeof *p->next);
	p->cell = malloc(p->n * sizeof *p->cell);
	p->base = malloc((p->n + 1) * sizeof *p->base);
	p->children = calloc(p->n + 1, sizeof *p->children);
	p->taken = calloc(p->limit / 64 + 1, sizeof *p->taken);
	p->based = calloc(p->limit / 64 + 1, sizeof *p->based);
	return p->number == NULL || p->next == NULL || p->cell == NULL || p->base == NULL || p->children == NULL || p->taken == NULL || p->based == NULL
	           ? NCT_ENOMEM
	           : NCT_OK;
}

nct_err
nct_trie_new(struct nct_trie *t, const struct nct_codebook *c)
{
	struct packer p = {0};
	nct_err err = packer_new(&p, c);

	*t = (struct nct_trie){.book = c, .lanes = NCT_LANES_PLAIN};
#if defined __x86_64__
	if (c->code == NCT_CODE_BEST && nct_cpu_avx512())
		t->lanes = NCT_LANES;
#endif
	if (err != NCT_OK)
		goto end;
	link_strings(&p);
	if ((err = place_all(&p)) == NCT_OK)
		err = write_cells(&p, t);
	if (err == NCT_OK && c->code == NCT_CODE_BEST)
		err = write_bytes(&p, t);
end:
	free(p.number);
	free(p.next);
	free(p.cell);
	free(p.base);
	free(p.children);
	free(p.taken);
	free(p.based);
	return err;
}

void
nct_trie_free(struct nct_trie *t)
{
	free(t->cell);
	free(t->byte);
	*t = (struct nct_trie){0};
}

uint64_t
nct_trie_eod(const struct nct_trie *t, uint64_t cell)
{
	const uint64_t next = t->cell[(cell >> 40) + NCT_EOD];

	return (next & 0xffff) == NCT_EOD ? next : 0;
}

/* Takes one byte: the open window's number is always written, and kept (*out moves on) if the window closes. Where it does so is
 * what the model could not guess, so a branch on it would be predicted wrongly once a window, at the cost of several bytes. Compilers
 * cannot know, and make one: hence the instructions by name. (The walk alone, on one core: 750 MB/s; by masks, as on other machines,
 * 550; with the branch, 300.) */
static inline void
take(const uint64_t *cells, uint64_t byte, uint64_t *cell, uint32_t **out)
{
	const uint64_t fresh = cells[byte];
	uint64_t next = cells[(*cell >> 40) + byte];

	**out = (uint32_t)(*cell >> 16);
#if defined __x86_64__
	uint32_t *kept = *out + 1;

	__asm__("cmpw %w[byte], %w[next]\n\tcmovne %[fresh], %[next]\n\tcmovne %[kept], %[out]"
	        : [next] "+r"(next), [out] "+r"(*out)
	        : [byte] "r"(byte), [fresh] "r"(fresh), [kept] "r"(kept)
	        : "cc");
#else
	uint64_t closed = 0 - (uint64_t)((uint16_t)next != byte);

	__asm__("" : "+r"(closed)); /* nothing is known about it */
	next ^= (next ^ fresh) & closed;
	*out += closed & 1;
#endif
	*cell = next;
}

/* The walk, for a number of lanes that the compiler knows. */
static inline void
walk(const uint64_t *cells, struct nct_lane *lane, const unsigned lanes, size_t n)
{
	const uint8_t *text[NCT_LANES_PLAIN];
	uint64_t cell[NCT_LANES_PLAIN];
	uint32_t *out[NCT_LANES_PLAIN];

	for (unsigned l = 0; l < lanes; l++) {
		text[l] = lane[l].text;
		cell[l] = lane[l].open.cell;
		out[l] = lane[l].out;
	}
	for (size_t i = 0; i < n; i++)
#pragma GCC unroll 6
		for (unsigned l = 0; l < lanes; l++)
			take(cells, text[l][i], &cell[l], &out[l]);
	for (unsigned l = 0; l < lanes; l++) {
		lane[l].text += n;
		lane[l].open.cell = cell[l];
		lane[l].out = out[l];
	}
}

void
nct_trie_walk(const struct nct_trie *t, struct nct_lane *lane, unsigned lanes, size_t n)
{
	switch (lanes) {
	case 1: walk(t->cell, lane, 1, n); break;
	case 2: walk(t->cell, lane, 2, n); break;
	case 3: walk(t->cell, lane, 3, n); break;
	case 4: walk(t->cell, lane, 4, n); break;
	case 5: walk(t->cell, lane, 5, n); break;
	default: walk(t->cell, lane, NCT_LANES_PLAIN, n); break;
	}
}
