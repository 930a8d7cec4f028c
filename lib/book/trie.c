/* trie.c - fills the cells of a codebook's double array, and checks places that come from a file. */
#include "book/trie.h"

#include "base/cpu.h"
#include "base/huge.h"
#include "base/ladder.h"

#include <stdlib.h>
#include <string.h>

struct filler {
	struct nct_trie *t; /* borrowed: what is filled */
	uint64_t *based;    /* (dead / 64 + 1) owned: a bit for each base in use */
	size_t dead;        /* the base of nodes without children: above all other bases, only empty cells behind it */
};

static int
is_base(const struct filler *f, size_t at)
{
	return at == f->dead || (at < f->dead && f->based[at / 64] >> at % 64 & 1);
}

/* A byte by which no base leads to cell i; -1 if there is none. */
static int
unused_byte(const struct filler *f, size_t i)
{
	for (size_t s = 0; s < 256; s++)
		if (i < s || !is_base(f, i - s))
			return (int)s;
	return -1;
}

/* Writes cell `at`. NCT_EDATA: it is not empty. */
static nct_err
put(struct nct_trie *t, size_t at, unsigned symbol, size_t base, uint32_t number)
{
	if (t->byte[at] != 0 || t->number[at] != 0)
		return NCT_EDATA;
	t->number[at] = symbol == NCT_EOD ? number | NCT_TRIE_EOD : number;
	if (symbol != NCT_EOD)
		t->byte[at] = symbol | (uint32_t)base << 9 | (number != NCT_TRIE_INNER ? NCT_TRIE_STRING : 0);
	return NCT_OK;
}

/* Writes the cells of all nodes. */
static nct_err
put_nodes(const struct filler *f, const uint32_t *base)
{
	const struct nct_codebook *c = f->t->book;
	size_t at[NCT_WINDOW_SYMBOLS + 1]; /* the base at each depth on the path to node k */
	uint32_t strings = 0;
	nct_err err = NCT_OK;

	at[0] = *base++;
	for (size_t k = 0; k < c->nodes && err == NCT_OK; k++) {
		const unsigned d = c->depth[k], symbol = c->symbol[k] & ~(unsigned)NCT_NODE_INNER;
		const uint32_t number = c->symbol[k] & NCT_NODE_INNER ? NCT_TRIE_INNER : strings++;

		if (k > 0 && nct_codebook_alias(c, k))
			continue;
		at[d] = k + 1 < c->nodes && c->depth[k + 1] > d ? *base++ : f->dead;
		err = put(f->t, at[d - 1] + symbol, symbol, at[d], number);
	}
	return err;
}

/* Allocates cells [0, dead + NCT_SYMBOLS), all empty. */
static nct_err
make_cells(struct nct_trie *t, size_t dead)
{
	const size_t cells = dead + NCT_SYMBOLS;

	if (cells > NCT_TRIE_BYTES_MAX)
		return NCT_EARG;
	if ((t->byte = nct_huge_alloc(2 * cells * sizeof *t->byte)) == NULL)
		return NCT_ENOMEM;
	memset(t->byte, 0, 2 * cells * sizeof *t->byte);
	t->number = t->byte + cells;
	return NCT_OK;
}

/* Fills the cells by `base`, which may come from a file: NCT_EDATA if it is wrong. */
static nct_err
fill(struct filler *f, const uint32_t *base)
{
	const size_t parents = nct_codebook_parents(f->t->book), limit = nct_codebook_places_limit(f->t->book);
	size_t last = 0;
	nct_err err;

	for (size_t i = 0; i < parents; i++)
		last = base[i] > last ? base[i] : last;
	f->dead = last + NCT_SYMBOLS;
	if (f->dead > limit || base[0] != 0)
		return NCT_EDATA;
	if ((f->based = calloc(f->dead / 64 + 1, sizeof *f->based)) == NULL)
		return NCT_ENOMEM;
	for (size_t i = 0; i < parents; i++) {
		if (is_base(f, base[i]))
			return NCT_EDATA;
		f->based[base[i] / 64] |= (uint64_t)1 << base[i] % 64;
	}
	if ((err = make_cells(f->t, f->dead)) != NCT_OK || (err = put_nodes(f, base)) != NCT_OK)
		return err;
	for (size_t i = 0; i < f->dead + NCT_SYMBOLS; i++)
		if (f->t->byte[i] == 0) {
			const int s = unused_byte(f, i);

			if (s < 0)
				return NCT_EARG;
			f->t->byte[i] = (uint32_t)s;
		}
	return NCT_OK;
}

nct_err
nct_trie_new(struct nct_trie *t, const struct nct_codebook *c, const char *cpu)
{
	struct filler f = {.t = t};
	uint32_t *found = NULL;
	nct_err err = c->base == NULL ? nct_codebook_places(c, &found) : NCT_OK;

	*t = (struct nct_trie){.book = c, .lanes = NCT_LANES_PLAIN};
	(void)cpu;
#if defined __x86_64__
	if (nct_ladder_serves("avx512", cpu) && nct_cpu_avx512())
		t->walk_many = nct_trie_walk_avx512;
	else if (nct_ladder_serves("avx2", cpu) && nct_cpu_avx2())
		t->walk_many = nct_trie_walk_avx2;
	t->lanes = t->walk_many != NULL ? NCT_LANES : NCT_LANES_PLAIN;
#endif
	if (err == NCT_OK)
		err = fill(&f, c->base != NULL ? c->base : found);
	free(f.based);
	free(found);
	if (err != NCT_OK)
		nct_trie_free(t);
	return err;
}

void
nct_trie_free(struct nct_trie *t)
{
	free(t->byte);
	*t = (struct nct_trie){0};
}
