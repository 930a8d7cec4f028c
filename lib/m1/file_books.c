/* file_books.c - the codebooks of a model file: reading, with every check, and writing. */
#include "m1/m1_impl.h"

#include "base/err.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A codebook's fingerprint in the metadata has the name of its code and its b for a key; .depth, .symbol behind it
 * are its tensors, and .nodes, where that is not 2^b, their length in the metadata; .base, if it is there, tells
 * their places (codebook.h). */
#define BOOK "%s%u"

static const enum nct_code codes[] = {NCT_CODE_SPLIT, NCT_CODE_BEST}; /* that have codebooks */

#define CODES (sizeof codes / sizeof codes[0])

static struct nct_book_keys
book_keys(enum nct_code code, unsigned bits)
{
	struct nct_book_keys k;

	snprintf(k.print, sizeof k.print, BOOK, nct_code_name(code), bits);
	snprintf(k.nodes, sizeof k.nodes, BOOK ".nodes", nct_code_name(code), bits);
	snprintf(k.depth, sizeof k.depth, BOOK ".depth", nct_code_name(code), bits);
	snprintf(k.symbol, sizeof k.symbol, BOOK ".symbol", nct_code_name(code), bits);
	snprintf(k.base, sizeof k.base, BOOK ".base", nct_code_name(code), bits);
	return k;
}

static int
has_tensor(const nct_st *st, const char *name)
{
	const struct nct_st_tensor *t;

	for (size_t i = 0; (t = nct_st_tensor_at(st, i)) != NULL; i++)
		if (strcmp(t->name, name) == 0)
			return 1;
	return 0;
}

/* Keys in the metadata, or tensors if `tensors`, that belong to codebooks. */
size_t
nct_books_count(const nct_st *st, int tensors)
{
	size_t count = 0;

	for (size_t i = 0; i < CODES; i++)
		for (unsigned bits = NCT_WINDOW_MIN; bits <= NCT_CODEBOOK_MAX; bits++) {
			const struct nct_book_keys k = book_keys(codes[i], bits);
			const size_t keys = codes[i] == NCT_CODE_BEST ? 2 : 1;

			if (nct_st_meta(st, k.print) != NULL)
				count += tensors ? 2 + (size_t)has_tensor(st, k.base) : keys;
		}
	return count;
}

/* Finds one codebook's arrays, if the file has it; else c->nodes stays 0. */
static nct_err
find_book(struct nct_codebook *c, const nct_st *st, const struct nct_book_keys *k, nct_why *why)
{
	const void *depth, *symbol;
	uint32_t nodes = (uint32_t)1 << c->bits;
	uint64_t n;
	nct_err err;

	if (nct_st_meta(st, k->print) == NULL)
		return NCT_OK;
	if (c->code == NCT_CODE_BEST && nct_st_number(nct_st_meta(st, k->nodes), &nodes) != 0)
		return nct_fail(why, NCT_EDATA, "metadata: no number for '%s'", k->nodes);
	n = nodes;
	if ((err = nct_st_get(st, k->depth, NCT_U16, 1, &n, &depth, why)) != NCT_OK ||
	    (err = nct_st_get(st, k->symbol, NCT_U16, 1, &n, &symbol, why)) != NCT_OK)
		return err;
	c->nodes = nodes;
	c->depth = (uint16_t *)(uintptr_t)depth; /* only read */
	c->symbol = (uint16_t *)(uintptr_t)symbol;
	return NCT_OK;
}

/* Where the nodes of a sound tree have their cells, if the file says so: a copy of it, unless it can be trusted. */
static nct_err
read_base(struct nct_codebook *c, const nct_st *st, const char *name, int trusted, nct_why *why)
{
	const uint64_t n = nct_codebook_parents(c);
	const void *base;
	nct_err err;

	if (!has_tensor(st, name))
		return NCT_OK;
	if ((err = nct_st_get(st, name, NCT_U32, 1, &n, &base, why)) != NCT_OK)
		return err;
	c->base = (uint32_t *)(uintptr_t)base;
	if (trusted)
		return NCT_OK;
	if ((c->base = malloc((size_t)n * sizeof *c->base)) == NULL)
		return NCT_ENOMEM;
	memcpy(c->base, base, (size_t)n * sizeof *c->base);
	return NCT_OK;
}

/* *out becomes a copy of what was found, checked. */
static nct_err
copy_book(struct nct_codebook **out, const struct nct_codebook *c, uint64_t m1, const char *told, nct_why *why)
{
	const size_t n = c->nodes;
	char print[17];
	nct_err err = nct_codebook_new(out, c->code, c->bits, n);

	if (err != NCT_OK)
		return err;
	memcpy((*out)->depth, c->depth, n * sizeof *c->depth);
	memcpy((*out)->symbol, c->symbol, n * sizeof *c->symbol);
	err = nct_codebook_seal(*out, m1, why);
	snprintf(print, sizeof print, "%016" PRIx64, (*out)->fingerprint);
	if (err == NCT_OK && strcmp(print, told) != 0)
		err = nct_fail(why, NCT_EDATA,
		               "codebook of %u bits (%s): the fingerprint is %s, not the one in the metadata", c->bits,
		               nct_code_name(c->code), print);
	return err;
}

/* Reads one codebook, if the file has it: copied and checked, unless it can be trusted. */
static nct_err
read_book(nct_m1 *m, const nct_st *st, int trusted, enum nct_code code, unsigned bits, nct_why *why)
{
	const struct nct_book_keys k = book_keys(code, bits);
	const char *told = nct_st_meta(st, k.print);
	struct nct_codebook found = {.code = code, .bits = bits}, *c = NULL;
	nct_err err = find_book(&found, st, &k, why);

	if (err != NCT_OK || told == NULL)
		return err;
	found.fingerprint = strtoull(told, NULL, 16);
	err = trusted ? nct_codebook_around(&c, &found) : copy_book(&c, &found, m->fingerprint, told, why);
	if (err == NCT_OK)
		err = read_base(c, st, k.base, trusted, why);
	if (err == NCT_OK)
		nct_m1_take_codebook(m, c);
	else
		nct_codebook_free(c);
	return err;
}

nct_err
nct_books_read(nct_m1 *m, const nct_st *st, int trusted, nct_why *why)
{
	nct_err err = NCT_OK;

	for (unsigned bits = NCT_WINDOW_MIN; bits <= NCT_CODEBOOK_MAX && err == NCT_OK; bits++)
		for (size_t i = 0; i < CODES && err == NCT_OK; i++)
			err = read_book(m, st, trusted, codes[i], bits, why);
	return err;
}

static struct nct_st_tensor
vector(const char *name, enum nct_dtype type, const void *data, size_t n, size_t size)
{
	return (struct nct_st_tensor){.name = name, .type = type, .rank = 1, .shape = {n}, .data = data, .bytes = n * size};
}

/* Adds to the metadata and the tensors, and to how many there are. */
static void
write_book(const struct nct_codebook *c, struct nct_book_text *text, struct nct_st_pair *meta, size_t *metas,
           struct nct_st_tensor *t, size_t *tensors)
{
	text->key = book_keys(c->code, c->bits);
	snprintf(text->print, sizeof text->print, "%016" PRIx64, c->fingerprint);
	snprintf(text->nodes, sizeof text->nodes, "%zu", c->nodes);
	meta[(*metas)++] = (struct nct_st_pair){text->key.print, text->print};
	if (c->code == NCT_CODE_BEST)
		meta[(*metas)++] = (struct nct_st_pair){text->key.nodes, text->nodes};
	t[(*tensors)++] = vector(text->key.depth, NCT_U16, c->depth, c->nodes, sizeof *c->depth);
	t[(*tensors)++] = vector(text->key.symbol, NCT_U16, c->symbol, c->nodes, sizeof *c->symbol);
	if (c->base != NULL)
		t[(*tensors)++] = vector(text->key.base, NCT_U32, c->base, nct_codebook_parents(c), sizeof *c->base);
}

void
nct_books_add(const nct_m1 *m, struct nct_book_text *text, struct nct_st_pair *meta, size_t *metas,
              struct nct_st_tensor *t, size_t *tensors)
{
	for (size_t i = 0; i < NCT_BOOKS; i++) {
		const struct nct_codebook *c =
		    nct_m1_codebook(m, codes[i / NCT_CODEBOOKS], NCT_WINDOW_MIN + (unsigned)(i % NCT_CODEBOOKS));

		if (c != NULL)
			write_book(c, text++, meta, metas, t, tensors);
	}
}
