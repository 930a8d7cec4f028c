/* places.c - finds bases for a codebook's nodes, so that each node has a cell of its own in a double array. */
#include "book/codebook.h"

#include <stdlib.h>

#define NONE UINT32_MAX
#define CELLS_MAX ((size_t)1 << 24) /* a base is stored in 24 bits (trie.h) */
#define LINE 16u           /* cells of 4 bytes in a cache line */

/* The search for bases. Arrays are indexed by node; index n is the root, which has no `next` and no `cell`. */
struct placer {
	const struct nct_codebook *book;
	size_t n, root;        /* nodes; root = n */
	uint32_t *next;        /* (n) the next node with the same parent, or NONE */
	uint32_t *base;        /* (n + 1) NONE without children, or while none is found */
	uint32_t *cell;        /* (n) NONE until the parent has a base */
	uint16_t *children;    /* (n + 1) how many */
	uint64_t *taken;       /* (limit / 64 + 1) a bit for each cell in use */
	uint64_t *based;       /* (limit / 64 + 1) a bit for each base in use */
	size_t limit, end;     /* cells, at most; the end of those in use */
	size_t from[NCT_SYMBOLS + 1]; /* by number of children: where the search for a base begins */
};

static unsigned
symbol_of(const struct placer *p, size_t k)
{
	return p->book->symbol[k] & ~(unsigned)NCT_NODE_INNER;
}

static uint32_t
first_child(const struct placer *p, size_t k)
{
	return k == p->root ? 0 : (uint32_t)k + 1;
}

/* Links siblings and counts children. */
static void
link_nodes(struct placer *p)
{
	uint32_t last[NCT_WINDOW_SYMBOLS + 2]; /* the node at each depth on the path to node k */

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

/* Bits [at, at + 64) of a bit string. */
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

/* Finds a free base for node k with free cells for its children, the first of them in [at, at + LINE). NONE: there is
 * no such base. */
static size_t
find_near(const struct placer *p, size_t k, size_t at)
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

/* Finds a base for node k with free cells for all its children.
 *
 * First choice: the first child shares a cache line with k itself. Then a step to a rare node loads one line, not two;
 * walks have a fifth fewer cache misses. Else it is the lowest base from p->from on, tested 64 at a time, or one
 * behind all cells. A search goes on where the last one for as many children ended, so each number of children goes
 * through the cells once. */
static size_t
find_base(struct placer *p, size_t k)
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
	return p->end; /* is free: each base in use has a cell at or behind it */
}

/* Gives node k a base, and its children cells. */
static nct_err
place_children(struct placer *p, size_t k)
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

/* Gives bases and cells to all nodes, parents first. */
static nct_err
place_all(struct placer *p)
{
	nct_err err = place_children(p, p->root);

	for (size_t k = 0; k < p->n && err == NCT_OK; k++)
		if (p->children[k] > 0)
			err = place_children(p, k);
	return err;
}

static nct_err
placer_new(struct placer *p, const struct nct_codebook *c)
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
placer_free(struct placer *p)
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
	struct placer p = {0};
	size_t count = 0;
	nct_err err = placer_new(&p, c);

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
	placer_free(&p);
	return err;
}

nct_err
nct_codebook_keep_places(struct nct_codebook *c)
{
	const nct_err err = c->base == NULL ? nct_codebook_places(c, &c->base) : NCT_OK;

	return err == NCT_EARG ? NCT_OK : err;
}
