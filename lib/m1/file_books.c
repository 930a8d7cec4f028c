/* file_books.c - the codebooks of a model file: reading, with every check, and writing. */
#include "m1/m1_impl.h"

#include "base/err.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A codebook's fingerprint is in the metadata. Its key is the codebook's code and b, as in best16, and its name behind
 * a slash if it has one, as in best16/small. Tensors have that key with .depth, .symbol and perhaps .base behind it
 * (codebook.h). Of chosen strings the metadata says with .nodes how many elements they have. For a codebook with a
 * name, .align and perhaps .align_pattern say how its windows are aligned. */
static void
write_key(char *key, size_t room, const struct nct_codebook *c)
{
	snprintf(key, room, "%s%u%s%s", nct_code_name(c->code), c->bits, c->name[0] != '\0' ? "/" : "", c->name);
}

static struct nct_book_keys
book_keys(const struct nct_codebook *c)
{
	struct nct_book_keys k;

	write_key(k.print, sizeof k.print, c);
	snprintf(k.nodes, sizeof k.nodes, "%s.nodes", k.print);
	snprintf(k.depth, sizeof k.depth, "%s.depth", k.print);
	snprintf(k.symbol, sizeof k.symbol, "%s.symbol", k.print);
	snprintf(k.base, sizeof k.base, "%s.base", k.print);
	snprintf(k.align, sizeof k.align, "%s.align", k.print);
	snprintf(k.pattern, sizeof k.pattern, "%s.align_pattern", k.print);
	return k;
}

/* Is this the key of a codebook's fingerprint? Then *c becomes its code, bits and name. */
static int
is_book(struct nct_codebook *c, const char *key)
{
	const char *const slash = strchr(key, '/');
	struct nct_book_keys k;

	*c = (struct nct_codebook){.code = key[0] == 'b' ? NCT_CODE_BEST : NCT_CODE_SPLIT};
	if (slash != NULL) {
		if (c->code != NCT_CODE_BEST || !nct_codebook_name_good(slash + 1))
			return 0;
		memcpy(c->name, slash + 1, strlen(slash + 1) + 1);
	}
	for (c->bits = NCT_WINDOW_MIN; c->bits <= NCT_CODEBOOK_MAX; c->bits++) {
		write_key(k.print, sizeof k.print, c);
		if (strcmp(k.print, key) == 0)
			return 1;
	}
	return 0;
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

static size_t
book_tensors(const nct_st *st, const struct nct_codebook *c)
{
	return 2 + (size_t)has_tensor(st, book_keys(c).base);
}

static size_t
book_pairs(const nct_st *st, const struct nct_codebook *c)
{
	const struct nct_book_keys k = book_keys(c);

	if (c->code != NCT_CODE_BEST)
		return 1;
	return c->name[0] == '\0' ? 2 : 3 + (size_t)(nct_st_meta(st, k.pattern) != NULL);
}

size_t
nct_books_count(const nct_st *st, int tensors)
{
	struct nct_codebook c;
	const char *key;
	size_t count = 0;

	for (size_t i = 0; (key = nct_st_meta_key(st, i)) != NULL; i++)
		if (is_book(&c, key))
			count += tensors ? book_tensors(st, &c) : book_pairs(st, &c);
	return count;
}

/* Finds a codebook's arrays. */
static nct_err
find_book(struct nct_codebook *c, const nct_st *st, const struct nct_book_keys *k, nct_why *why)
{
	const void *depth, *symbol;
	uint32_t nodes = (uint32_t)1 << c->bits;
	uint64_t n;
	nct_err err;

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

/* Where the nodes of a sound tree have their cells, if the file says so. Copied, unless the file is trusted. */
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

/* What the metadata says of how the windows of a codebook with a name are aligned. */
static nct_err
read_align(struct nct_codebook *c, const nct_st *st, const struct nct_book_keys *k, nct_why *why)
{
	const char *align = nct_st_meta(st, k->align), *pattern = nct_st_meta(st, k->pattern);

	if (c->name[0] == '\0')
		return NCT_OK;
	if (align == NULL || !nct_align_named(&c->align, align) || (c->align == NCT_ALIGN_REGEX) != (pattern != NULL))
		return nct_fail(why, NCT_EDATA, "metadata: no alignment for '%s'", k->align);
	if (pattern != NULL && (c->align_pattern = strdup(pattern)) == NULL)
		return NCT_ENOMEM;
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
	memcpy((*out)->name, c->name, sizeof c->name);
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

/* Reads the codebook whose fingerprint has this key: copied and checked, unless it can be trusted. */
static nct_err
read_book(nct_m1 *m, const nct_st *st, int trusted, struct nct_codebook *found, const char *key, nct_why *why)
{
	const struct nct_book_keys k = book_keys(found);
	const char *told = nct_st_meta(st, key);
	struct nct_codebook *c = NULL;
	nct_err err = find_book(found, st, &k, why);

	if (err != NCT_OK)
		return err;
	if (!nct_m1_codebook_fits(m, found->bits, found->name))
		return nct_fail(why, NCT_EDATA, "more than %d codebooks with names", NCT_BOOKS_NAMED);
	found->fingerprint = strtoull(told, NULL, 16);
	err = trusted ? nct_codebook_around(&c, found) : copy_book(&c, found, m->fingerprint, told, why);
	if (err == NCT_OK)
		err = read_base(c, st, k.base, trusted, why);
	if (err == NCT_OK)
		err = read_align(c, st, &k, why);
	if (err == NCT_OK)
		nct_m1_take_codebook(m, c);
	else
		nct_codebook_free(c);
	return err;
}

nct_err
nct_books_read(nct_m1 *m, const nct_st *st, int trusted, nct_why *why)
{
	struct nct_codebook found;
	const char *key;
	nct_err err = NCT_OK;

	for (size_t i = 0; err == NCT_OK && (key = nct_st_meta_key(st, i)) != NULL; i++)
		if (is_book(&found, key))
			err = read_book(m, st, trusted, &found, key, why);
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
	text->key = book_keys(c);
	snprintf(text->print, sizeof text->print, "%016" PRIx64, c->fingerprint);
	snprintf(text->nodes, sizeof text->nodes, "%zu", c->nodes);
	meta[(*metas)++] = (struct nct_st_pair){text->key.print, text->print};
	if (c->code == NCT_CODE_BEST)
		meta[(*metas)++] = (struct nct_st_pair){text->key.nodes, text->nodes};
	if (c->name[0] != '\0')
		meta[(*metas)++] = (struct nct_st_pair){text->key.align, nct_align_name(c->align)};
	if (c->name[0] != '\0' && c->align_pattern != NULL)
		meta[(*metas)++] = (struct nct_st_pair){text->key.pattern, c->align_pattern};
	t[(*tensors)++] = vector(text->key.depth, NCT_U16, c->depth, c->nodes, sizeof *c->depth);
	t[(*tensors)++] = vector(text->key.symbol, NCT_U16, c->symbol, c->nodes, sizeof *c->symbol);
	if (c->base != NULL)
		t[(*tensors)++] = vector(text->key.base, NCT_U32, c->base, nct_codebook_parents(c), sizeof *c->base);
}

void
nct_books_add(const nct_m1 *m, struct nct_book_text *text, struct nct_st_pair *meta, size_t *metas,
              struct nct_st_tensor *t, size_t *tensors)
{
	for (size_t i = 0; i < m->books; i++)
		write_book(m->book[i], &text[i], meta, metas, t, tensors);
}
