/* places.c - a codebook's nodes in a double array: where the children of each have their cells. */
#include "book/codebook.h"

#include <stdlib.h>

#define NONE UINT32_MAX
#define CELLS_MAX ((size_t)1 << 24) /* what a base can tell */
#define LINE 16u           /* cells, of 4 bytes, in a line of the cache */

/* While the cells are shared out. Index k: that node; root: the empty string. */
struct packer {
	const struct nct_codebook *book;
	size_t n, root;        /* nodes; root = n */
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
link_nodes(struct packer *p)
{
	uint32_t last[NCT_WINDOW_SYMBOLS + 2]; /* the node at each depth on the way to the one at hand */

	last[0] = (uint32_t)p->root;
	for (size_t k = 0; k < p->n; k++) {
		const unsigned d = p->book->depth[k], before = k > 0 ? p->book->depth[k - 1] : 0;

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

/* A base for node k that is free, its children's cells as well, so that the first of them falls on one of the cells
 * [at, at + LINE); or NONE. */
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

/* A base at which all children of node k fall on free cells: such that the first is in the line of the cache that
 * holds k's own cell, since a node that is seldom reached is seldom in the cache (the walks miss it a fifth less
 * so); else the first one, 64 places at a time, or behind all cells. Where strings with as many children found none,
 * the next one does not look again: so each number of children goes through the cells once. */
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

static nct_err
packer_new(struct packer *p, const struct nct_codebook *c)
{
	p->book = c;
	p->n = p->root = c->nodes;
	p->limit = nct_codebook_places_limit(c);
	p->next = malloc(p->n * sizeof *p->next);
	p->cell = malloc(p->n * sizeof *p->cell);
	p->base = malloc((p->n + 1) * sizeof *p->base);
	p->children = calloc(p->n + 1, sizeof *p->children);
	p->taken = calloc(p->limit / 64 + 1, sizeof *p->taken);
	p->based = calloc(p->limit / 64 + 1, sizeof *p->based);
	return p->next == NULL || p->cell == NULL || p->base == NULL || p->children == NULL || p->taken == NULL ||
	               p->based == NULL
	           ? NCT_ENOMEM
	           : NCT_OK;
}

static void
packer_free(struct packer *p)
{
	free(p->next);
	free(p->cell);
	free(p->base);
	free(p->children);
	free(p->taken);
	free(p->based);
}

size_t
nct_codebook_places_limit(const struct nct_codebook *c)
{
	return 8 * c->nodes < CELLS_MAX ? 8 * c->nodes : CELLS_MAX;
}

size_t
nct_codebook_parents(const struct nct_codebook *c)
{
	size_t count = 1; /* the root */

	for (size_t k = 0; k + 1 < c->nodes; k++)
		count += c->depth[k + 1] > c->depth[k];
	return count;
}

nct_err
nct_codebook_places(const struct nct_codebook *c, uint32_t **base)
{
	struct packer p = {0};
	size_t count = 0;
	nct_err err = packer_new(&p, c);

	*base = NULL;
	if (err == NCT_OK) {
		link_nodes(&p);
		err = place_all(&p);
	}
	if (err == NCT_OK && (*base = malloc(nct_codebook_parents(c) * sizeof **base)) == NULL)
		err = NCT_ENOMEM;
	if (err == NCT_OK) {
		(*base)[count++] = p.base[p.root];
		for (size_t k = 0; k < p.n; k++)
			if (p.children[k] > 0)
				(*base)[count++] = p.base[k];
	}
	packer_free(&p);
	return err;
}

nct_err
nct_codebook_pack(struct nct_codebook *c)
{
	const nct_err err = c->base == NULL ? nct_codebook_places(c, &c->base) : NCT_OK;

	return err == NCT_EARG ? NCT_OK : err;
}
