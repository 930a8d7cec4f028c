/* file.c - model files of the exact byte model: reads them with every check, and writes them. */
#include "m1/m1_impl.h"

#include "base/err.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FORMAT "nct-m1-"
#define VERSION_TEXT "1"
#define NOTE "note."

/* Numbers of the configuration in a file's metadata. */
static const struct {
	const char *key;
	size_t at;
} sizes[] = {
	{"width", offsetof(struct nct_m1_config, width)}, {"heads", offsetof(struct nct_m1_config, heads)},
	{"layers", offsetof(struct nct_m1_config, layers)}, {"inner", offsetof(struct nct_m1_config, inner)},
	{"reach", offsetof(struct nct_m1_config, reach)},
};

/* Metadata keys for the windows that the model was trained for. A file has none of them, the first two, or all
 * three. */
#define WINDOW_BITS "window_bits"
#define ALIGN "align"
#define ALIGN_PATTERN "align_pattern"

#define SIZES (sizeof sizes / sizeof sizes[0])

static int
is_note(const char *key)
{
	return strncmp(key, NOTE, strlen(NOTE)) == 0;
}

static nct_err
read_kind(struct nct_m1_config *c, const nct_st *st, nct_why *why)
{
	const char *format = nct_st_meta(st, "format"), *kind = nct_st_meta(st, "kind");
	int k = 0;

	if (format == NULL || strncmp(format, FORMAT, strlen(FORMAT)) != 0)
		return nct_fail(why, NCT_EKIND, "not an M1 model");
	if (strcmp(format + strlen(FORMAT), VERSION_TEXT) != 0)
		return nct_fail(why, NCT_EVERSION, "an M1 model of another version than " VERSION_TEXT);
	while (k < NCT_M1_KINDS && (kind == NULL || strcmp(kind, nct_m1_kind_name((enum nct_m1_kind)k)) != 0))
		k++;
	if (k == NCT_M1_KINDS)
		return nct_fail(why, NCT_EVERSION, "a kind of M1 that is not known here");
	c->kind = (enum nct_m1_kind)k;
	return NCT_OK;
}

/* How many of these keys a file has. */
static size_t
window_keys(const nct_st *st)
{
	return (size_t)(nct_st_meta(st, WINDOW_BITS) != NULL) + (nct_st_meta(st, ALIGN) != NULL) +
	       (nct_st_meta(st, ALIGN_PATTERN) != NULL);
}

static nct_err
read_windows(nct_m1 *m, const nct_st *st, nct_why *why)
{
	const char *align = nct_st_meta(st, ALIGN), *pattern = nct_st_meta(st, ALIGN_PATTERN);
	uint32_t bits = 0;
	enum nct_align a;

	if (window_keys(st) == 0)
		return NCT_OK;
	if (nct_st_number(nct_st_meta(st, WINDOW_BITS), &bits) != 0 || bits < NCT_WINDOW_MIN || bits > NCT_WINDOW_MAX)
		return nct_fail(why, NCT_EDATA, "metadata: no number of bits for '" WINDOW_BITS "'");
	if (align == NULL || !nct_align_named(&a, align) || (a == NCT_ALIGN_REGEX) != (pattern != NULL))
		return nct_fail(why, NCT_EDATA, "metadata: no alignment for '" ALIGN "'");
	return nct_m1_set_windows(m, &(struct nct_m1_windows){bits, a, pattern});
}

/* Reads all metadata except the values of fingerprints. */
static nct_err
read_config(struct nct_m1_config *c, const nct_st *st, nct_why *why)
{
	const char *key;
	size_t expected = 3; /* format, kind, fingerprint */
	nct_err err = read_kind(c, st, why);

	for (size_t i = 0; i < SIZES && err == NCT_OK && c->kind == NCT_M1_TRANSFORMER; i++, expected++)
		if (nct_st_number(nct_st_meta(st, sizes[i].key), (uint32_t *)(void *)((char *)c + sizes[i].at)) != 0)
			err = nct_fail(why, NCT_EDATA, "metadata: no number for '%s'", sizes[i].key);
	if (err != NCT_OK)
		return err;
	expected += nct_books_count(st, 0);
	expected += window_keys(st);
	for (size_t i = 0; (key = nct_st_meta_key(st, i)) != NULL; i++)
		expected -= !is_note(key);
	if (expected != 0 || nct_st_meta(st, "fingerprint") == NULL)
		return nct_fail(why, NCT_EDATA, "metadata: a key that does not belong there, or no fingerprint");
	return nct_m1_config_check(c, why) == NCT_OK ? NCT_OK : NCT_EDATA;
}

/* Finds all tensors in the file. Called before memory of the model's size is allocated. */
static nct_err
find_tensors(const void *data[NCT_M1_TENSORS], const struct nct_m1_config *c, const nct_st *st, nct_why *why)
{
	struct nct_st_tensor t;
	size_t count = 0;
	nct_err err = NCT_OK;

	for (int i = 0; i < NCT_M1_TENSORS && err == NCT_OK; i++)
		if (nct_m1_tensor_shape(&t, c, (enum nct_m1_tensor)i)) {
			err = nct_st_get(st, t.name, t.type, t.rank, t.shape, &data[i], why);
			count++;
		}
	count += nct_books_count(st, 1); /* codebooks' tensors, which read_book() finds */
	if (err == NCT_OK && count != nct_st_count(st))
		err = nct_fail(why, NCT_EDATA, "tensors that do not belong there");
	return err;
}

/* Adds notes to the model's; they replace those with the same keys. */
nct_err
nct_m1_add_notes(nct_m1 *m, const struct nct_st_pair *notes, size_t n)
{
	struct nct_st_pair *all = calloc(m->notes + n + 1, sizeof *all);
	size_t count = 0, bytes = 0;
	char *text, *at;

	for (size_t i = 0; all != NULL && i < m->notes + n; i++) {
		const struct nct_st_pair *p = i < m->notes ? &m->note[i] : &notes[i - m->notes];
		size_t j = i < m->notes ? 0 : n;

		while (j < n && strcmp(p->key, notes[j].key) != 0)
			j++;
		if (j < n)
			continue;
		all[count++] = *p;
		bytes += strlen(p->key) + strlen(p->value) + 2;
	}
	if (all == NULL || (text = at = malloc(bytes + 1)) == NULL) {
		free(all);
		return NCT_ENOMEM;
	}
	for (size_t i = 0; i < count; i++) {
		const char *const from[2] = {all[i].key, all[i].value};
		const char **const to[2] = {&all[i].key, &all[i].value};

		for (int k = 0; k < 2; k++) {
			*to[k] = memcpy(at, from[k], strlen(from[k]) + 1);
			at += strlen(from[k]) + 1;
		}
	}
	free(m->note);
	free(m->note_text);
	m->note = all;
	m->notes = count;
	m->note_text = text;
	return NCT_OK;
}

void
nct_m1_drop_notes(nct_m1 *m, const char *prefix)
{
	size_t kept = 0;

	for (size_t i = 0; i < m->notes; i++)
		if (strncmp(m->note[i].key, prefix, strlen(prefix)) != 0)
			m->note[kept++] = m->note[i];
	m->notes = kept;
}

/* Keeps the file's notes, so that nct_m1_save() writes them again. */
static nct_err
read_notes(nct_m1 *m, const nct_st *st)
{
	struct nct_st_pair *notes;
	const char *key;
	size_t n = 0, keys = 0;
	nct_err err;

	while (nct_st_meta_key(st, keys) != NULL)
		keys++;
	if ((notes = calloc(keys + 1, sizeof *notes)) == NULL)
		return NCT_ENOMEM;
	for (size_t i = 0; i < keys; i++)
		if (is_note(key = nct_st_meta_key(st, i)))
			notes[n++] = (struct nct_st_pair){key, nct_st_meta(st, key)};
	err = nct_m1_add_notes(m, notes, n);
	free(notes);
	return err;
}

/* Copies the tensors found, then checks the copies, which cannot change any more. */
static nct_err
copy_tensors(nct_m1 **out, const struct nct_m1_config *c, const void *const data[NCT_M1_TENSORS], const char *told,
             const char *cpu, nct_why *why)
{
	struct nct_st_tensor t;
	char print[17];
	nct_err err = nct_m1_new(out, c, cpu, why);

	if (err != NCT_OK)
		return err;
	for (int i = 0; i < NCT_M1_TENSORS; i++)
		if (nct_m1_tensor_shape(&t, c, (enum nct_m1_tensor)i))
			memcpy((*out)->tensor[i], data[i], t.bytes);
	err = nct_m1_seal(*out, why);
	snprintf(print, sizeof print, "%016" PRIx64, (*out)->fingerprint);
	if (err == NCT_OK && strcmp(print, told) != 0)
		err = nct_fail(why, NCT_EDATA, "the fingerprint is %s, not the one in the metadata", print);
	return err;
}

/* A `trusted` file is neither checked nor copied, so it has to exist as long as the model. */
static nct_err
from_tensors(nct_m1 **out, const nct_st *st, int trusted, const char *cpu, nct_why *why)
{
	struct nct_m1_config c = {0};
	const void *data[NCT_M1_TENSORS];
	const char *told;
	nct_m1 *m = NULL;
	nct_err err;

	*out = NULL;
	if ((err = read_config(&c, st, why)) != NCT_OK || (err = find_tensors(data, &c, st, why)) != NCT_OK)
		return err;
	told = nct_st_meta(st, "fingerprint");
	err = trusted ? nct_m1_new_around(&m, &c, data, strtoull(told, NULL, 16), cpu, why)
	              : copy_tensors(&m, &c, data, told, cpu, why);
	if (err == NCT_OK)
		err = nct_books_read(m, st, trusted, why);
	if (err == NCT_OK)
		err = read_windows(m, st, why);
	if (err == NCT_OK)
		err = read_notes(m, st);
	if (err == NCT_OK)
		*out = m;
	else
		nct_m1_free(m);
	return err;
}

nct_err
nct_m1_open(nct_m1 **out, const char *path, const char *cpu, nct_why *why)
{
	nct_why own;
	nct_st *st;

	*out = NULL;
	why = nct_why_begin(why, &own);
	nct_err err = nct_st_open(&st, path, why);
	if (err == NCT_OK)
		err = from_tensors(out, st, 0, cpu, why);
	nct_st_free(st);
	return err;
}

nct_err
nct_m1_parse(nct_m1 **out, const void *bytes, size_t n, const char *cpu, nct_why *why)
{
	void *copy = NULL; /* if `bytes` is not aligned */
	nct_st *st = NULL;
	nct_why own;
	nct_err err = NCT_OK;

	*out = NULL;
	why = nct_why_begin(why, &own);
	if ((uintptr_t)bytes % 8 != 0) {
		if ((copy = malloc(n)) == NULL)
			return NCT_ENOMEM;
		bytes = memcpy(copy, bytes, n);
	}
	if ((err = nct_st_parse(&st, bytes, n, why)) == NCT_OK)
		err = from_tensors(out, st, 0, cpu, why);
	nct_st_free(st);
	free(copy);
	return err;
}

/* The file that builtin.S puts into the library. */
extern const uint8_t nct_m1_default[], nct_m1_default_end[];

nct_err
nct_m1_builtin(nct_m1 **out, const char *cpu, nct_why *why)
{
	nct_why own;
	nct_st *st;

	*out = NULL;
	why = nct_why_begin(why, &own);
	nct_err err = nct_st_parse(&st, nct_m1_default, (size_t)(nct_m1_default_end - nct_m1_default), why);
	if (err == NCT_OK)
		err = from_tensors(out, st, 1, cpu, why); /* a test checks it, so programs need not, and start faster */
	nct_st_free(st);
	return err;
}

nct_err
nct_m1_save(const nct_m1 *m, int fd, const struct nct_st_pair *notes, size_t n)
{
	struct nct_st_pair *meta = calloc(n + m->notes + 7 + SIZES + 4 * NCT_BOOKS, sizeof *meta);
	struct nct_st_tensor t[NCT_M1_TENSORS + 3 * NCT_BOOKS];
	struct nct_book_text book[NCT_BOOKS];
	char print[17], number[SIZES][12], bits[12];
	size_t metas = 0, tensors = 0;
	nct_err err = NCT_OK;

	if (meta == NULL)
		return NCT_ENOMEM;
	snprintf(print, sizeof print, "%016" PRIx64, m->fingerprint);
	meta[metas++] = (struct nct_st_pair){"format", FORMAT VERSION_TEXT};
	meta[metas++] = (struct nct_st_pair){"kind", nct_m1_kind_name(m->c.kind)};
	for (size_t i = 0; i < SIZES && m->c.kind == NCT_M1_TRANSFORMER; i++) {
		snprintf(number[i], sizeof number[i], "%" PRIu32,
		         *(const uint32_t *)(const void *)((const char *)&m->c + sizes[i].at));
		meta[metas++] = (struct nct_st_pair){sizes[i].key, number[i]};
	}
	meta[metas++] = (struct nct_st_pair){"fingerprint", print};
	if (m->windows.bits > 0) {
		snprintf(bits, sizeof bits, "%u", m->windows.bits);
		meta[metas++] = (struct nct_st_pair){WINDOW_BITS, bits};
		meta[metas++] = (struct nct_st_pair){ALIGN, nct_align_name(m->windows.align)};
	}
	if (m->windows.align_pattern != NULL)
		meta[metas++] = (struct nct_st_pair){ALIGN_PATTERN, m->windows.align_pattern};
	for (int i = 0; i < NCT_M1_TENSORS; i++)
		if (nct_m1_tensor_shape(&t[tensors], &m->c, (enum nct_m1_tensor)i))
			t[tensors++].data = m->tensor[i];
	nct_books_add(m, book, meta, &metas, t, &tensors);
	for (size_t i = 0; i < m->notes; i++)
		meta[metas++] = m->note[i];
	for (size_t i = 0; i < n; i++) {
		err = is_note(notes[i].key) ? err : NCT_EARG;
		meta[metas++] = notes[i];
	}
	if (err == NCT_OK)
		err = nct_st_write(fd, meta, metas, t, tensors);
	free(meta);
	return err;
}

nct_err
nct_m1_write(const nct_m1 *m, int fd)
{
	return nct_m1_save(m, fd, NULL, 0);
}
