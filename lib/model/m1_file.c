/* m1_file.c - model files of the exact byte model: reading, with every check, and writing. */
#include "m1_impl.h"

#include "base/err.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FORMAT "nct-m1-"
#define VERSION_TEXT "1"
#define NOTE "note."
/* A codebook's fingerprint in the metadata has the name of its code and its b for a key; .depth, .symbol behind it are its tensors, and
 * .nodes, where that is not 2^b, their length in the metadata. */
#define BOOK "%s%u"

/* The configuration's numbers in the metadata. */
static const struct {
	const char *key;
	size_t at;
} sizes[] = {
	{"width", offsetof(struct nct_m1_config, width)}, {"heads", offsetof(struct nct_m1_config, heads)},
	{"layers", offsetof(struct nct_m1_config, layers)}, {"inner", offsetof(struct nct_m1_config, inner)},
	{"reach", offsetof(struct nct_m1_config, reach)},
};

/* What windows the model was trained for, in the metadata: all three or the first two or none. */
#define WINDOW_BITS "window_bits"
#define ALIGN "align"
#define ALIGN_PATTERN "align_pattern"
static const char *const aligns[] = {[NCT_ALIGN_NONE] = "none", [NCT_ALIGN_WORDS] = "words", [NCT_ALIGN_REGEX] = "regex"};

#define SIZES (sizeof sizes / sizeof sizes[0])

static int
is_note(const char *key)
{
	return strncmp(key, NOTE, strlen(NOTE)) == 0;
}

/* A decimal number as the writer puts it: digits alone, no leading zero, below 10^9. */
static int
read_number(const char *text, uint32_t *value)
{
	const size_t n = text != NULL ? strspn(text, "0123456789") : 0;

	if (n == 0 || n > 9 || text[n] != '\0' || (n > 1 && text[0] == '0'))
		return -1;
	*value = (uint32_t)strtoul(text, NULL, 10);
	return 0;
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

static const enum nct_code codes[] = {NCT_CODE_SPLIT, NCT_CODE_BEST}; /* that have codebooks */

#define CODES (sizeof codes / sizeof codes[0])

/* Names of what a file holds of a codebook. */
struct book_keys {
	char print[16], nodes[24], depth[24], symbol[24];
};

static struct book_keys
book_keys(enum nct_code code, unsigned bits)
{
	struct book_keys k;

	snprintf(k.print, sizeof k.print, BOOK, nct_code_name(code), bits);
	snprintf(k.nodes, sizeof k.nodes, BOOK ".nodes", nct_code_name(code), bits);
	snprintf(k.depth, sizeof k.depth, BOOK ".depth", nct_code_name(code), bits);
	snprintf(k.symbol, sizeof k.symbol, BOOK ".symbol", nct_code_name(code), bits);
	return k;
}

/* Keys in the metadata, or tensors if `tensors`, that belong to codebooks. */
static size_t
count_books(const nct_st *st, int tensors)
{
	size_t count = 0;

	for (size_t i = 0; i < CODES; i++)
		for (unsigned bits = NCT_WINDOW_MIN; bits <= NCT_CODEBOOK_MAX; bits++) {
			const struct book_keys k = book_keys(codes[i], bits);
			const size_t keys = codes[i] == NCT_CODE_BEST ? 2 : 1;

			count += nct_st_meta(st, k.print) == NULL ? 0 : tensors ? 2 : keys;
		}
	return count;
}

/* How many keys of the metadata say what windows the model was trained for. */
static size_t
window_keys(const nct_st *st)
{
	return (size_t)(nct_st_meta(st, WINDOW_BITS) != NULL) + (nct_st_meta(st, ALIGN) != NULL) + (nct_st_meta(st, ALIGN_PATTERN) != NULL);
}

static nct_err
read_windows(nct_m1 *m, const nct_st *st, nct_why *why)
{
	const char *align = nct_st_meta(st, ALIGN), *pattern = nct_st_meta(st, ALIGN_PATTERN);
	uint32_t bits = 0;
	int a = 0;

	if (window_keys(st) == 0)
		return NCT_OK;
	if (read_number(nct_st_meta(st, WINDOW_BITS), &bits) != 0 || bits < NCT_WINDOW_MIN || bits > NCT_WINDOW_MAX)
		return nct_fail(why, NCT_EDATA, "metadata: no number of bits for '" WINDOW_BITS "'");
	while (a <= NCT_ALIGN_REGEX && (align == NULL || strcmp(align, aligns[a]) != 0))
		a++;
	if (a > NCT_ALIGN_REGEX || (a == NCT_ALIGN_REGEX) != (pattern != NULL))
		return nct_fail(why, NCT_EDATA, "metadata: no alignment for '" ALIGN "'");
	return nct_m1_set_windows(m, &(struct nct_m1_windows){bits, (enum nct_align)a, pattern});
}

/* Reads all metadata but the fingerprints' values. */
static nct_err
read_config(struct nct_m1_config *c, const nct_st *st, nct_why *why)
{
	const char *key;
	size_t expected = 3; /* format, kind, fingerprint */
	nct_err err = read_kind(c, st, why);

	for (size_t i = 0; i < SIZES && err == NCT_OK && c->kind == NCT_M1_TRANSFORMER; i++, expected++)
		if (read_number(nct_st_meta(st, sizes[i].key), (uint32_t *)(void *)((char *)c + sizes[i].at)) != 0)
			err = nct_fail(why, NCT_EDATA, "metadata: no number for '%s'", sizes[i].key);
	if (err != NCT_OK)
		return err;
	expected += count_books(st, 0);
	expected += window_keys(st);
	for (size_t i = 0; (key = nct_st_meta_key(st, i)) != NULL; i++)
		expected -= !is_note(key);
	if (expected != 0 || nct_st_meta(st, "fingerprint") == NULL)
		return nct_fail(why, NCT_EDATA, "metadata: a key that does not belong there, or no fingerprint");
	return nct_m1_config_check(c, why) == NCT_OK ? NCT_OK : NCT_EDATA;
}

/* Finds all tensors; nothing of the model's size is allocated before the file is known to hold it. */
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
	count += count_books(st, 1); /* found by read_book() */
	if (err == NCT_OK && count != nct_st_count(st))
		err = nct_fail(why, NCT_EDATA, "tensors that do not belong there");
	return err;
}

/* Copies and checks one codebook, if the file has it. */
static nct_err
read_book(nct_m1 *m, const nct_st *st, enum nct_code code, unsigned bits, nct_why *why)
{
	const struct book_keys k = book_keys(code, bits);
	const char *told = nct_st_meta(st, k.print);
	const void *depth, *symbol;
	char print[17];
	struct nct_codebook *c;
	uint32_t nodes = (uint32_t)1 << bits;
	uint64_t n;
	nct_err err;

	if (told == NULL)
		return NCT_OK;
	if (code == NCT_CODE_BEST && read_number(nct_st_meta(st, k.nodes), &nodes) != 0)
		return nct_fail(why, NCT_EDATA, "metadata: no number for '%s'", k.nodes);
	n = nodes;
	if ((err = nct_st_get(st, k.depth, NCT_U16, 1, &n, &depth, why)) != NCT_OK ||
	    (err = nct_st_get(st, k.symbol, NCT_U16, 1, &n, &symbol, why)) != NCT_OK)
		return err;
	if ((err = nct_codebook_new(&c, code, bits, nodes)) != NCT_OK)
		return err;
	memcpy(c->depth, depth, (size_t)n * sizeof *c->depth);
	memcpy(c->symbol, symbol, (size_t)n * sizeof *c->symbol);
	err = nct_codebook_seal(c, m->fingerprint, why);
	snprintf(print, sizeof print, "%016" PRIx64, c->fingerprint);
	if (err == NCT_OK && strcmp(print, told) != 0)
		err = nct_fail(why, NCT_EDATA, "codebook of %u bits: the fingerprint is %s, not the one in the metadata", bits, print);
	if (err == NCT_OK)
		nct_m1_take_codebook(m, c);
	else
		nct_codebook_free(c);
	return err;
}

/* Keeps these notes and, but for those of the same keys, the ones that *m has. */
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

/* Keeps the notes, for whoever writes the model again. */
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

static nct_err
from_tensors(nct_m1 **out, const nct_st *st, const char *cpu, nct_why *why)
{
	struct nct_m1_config c = {0};
	const void *data[NCT_M1_TENSORS];
	struct nct_st_tensor t;
	char print[17];
	nct_m1 *m;
	nct_err err;

	*out = NULL;
	if ((err = read_config(&c, st, why)) != NCT_OK || (err = find_tensors(data, &c, st, why)) != NCT_OK ||
	    (err = nct_m1_new(&m, &c, cpu, why)) != NCT_OK)
		return err;
	for (int i = 0; i < NCT_M1_TENSORS; i++) /* copied: what has been checked can change no more */
		if (nct_m1_tensor_shape(&t, &c, (enum nct_m1_tensor)i))
			memcpy(m->tensor[i], data[i], t.bytes);
	err = nct_m1_seal(m, why);
	snprintf(print, sizeof print, "%016" PRIx64, m->fingerprint);
	if (err == NCT_OK && strcmp(print, nct_st_meta(st, "fingerprint")) != 0)
		err = nct_fail(why, NCT_EDATA, "the fingerprint is %s, not the one in the metadata", print);
	for (unsigned bits = NCT_WINDOW_MIN; bits <= NCT_CODEBOOK_MAX && err == NCT_OK; bits++)
		for (size_t i = 0; i < CODES && err == NCT_OK; i++)
			err = read_book(m, st, codes[i], bits, why);
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
	nct_st *st;
	nct_err err = nct_st_open(&st, path, why);

	*out = NULL;
	if (err == NCT_OK)
		err = from_tensors(out, st, cpu, why);
	nct_st_free(st);
	return err;
}

nct_err
nct_m1_parse(nct_m1 **out, const void *bytes, size_t n, const char *cpu, nct_why *why)
{
	void *copy = NULL; /* made only if `bytes` is not aligned */
	nct_st *st = NULL;
	nct_err err = NCT_OK;

	*out = NULL;
	if ((uintptr_t)bytes % 8 != 0) {
		if ((copy = malloc(n)) == NULL)
			return NCT_ENOMEM;
		bytes = memcpy(copy, bytes, n);
	}
	if ((err = nct_st_parse(&st, bytes, n, why)) == NCT_OK)
		err = from_tensors(out, st, cpu, why);
	nct_st_free(st);
	free(copy);
	return err;
}

/* The file that builtin.S puts into the library. */
extern const uint8_t nct_m1_default[], nct_m1_default_end[];

nct_err
nct_m1_builtin(nct_m1 **out, const char *cpu, nct_why *why)
{
	return nct_m1_parse(out, nct_m1_default, (size_t)(nct_m1_default_end - nct_m1_default), cpu, why);
}

/* What a codebook adds to a file: names, and numbers in print. */
struct book_text {
	struct book_keys key;
	char print[17], nodes[12];
};

/* Gives how many pairs it adds to the metadata. */
static size_t
write_book(const struct nct_codebook *c, struct book_text *text, struct nct_st_pair *meta, struct nct_st_tensor *t)
{
	const uint64_t n = c->nodes;

	text->key = book_keys(c->code, c->bits);
	snprintf(text->print, sizeof text->print, "%016" PRIx64, c->fingerprint);
	snprintf(text->nodes, sizeof text->nodes, "%zu", c->nodes);
	meta[0] = (struct nct_st_pair){text->key.print, text->print};
	meta[1] = (struct nct_st_pair){text->key.nodes, text->nodes};
	t[0] = (struct nct_st_tensor){.name = text->key.depth, .type = NCT_U16, .rank = 1, .shape = {n}, .data = c->depth,
	    .bytes = (size_t)n * sizeof *c->depth};
	t[1] = (struct nct_st_tensor){.name = text->key.symbol, .type = NCT_U16, .rank = 1, .shape = {n}, .data = c->symbol,
	    .bytes = (size_t)n * sizeof *c->symbol};
	return c->code == NCT_CODE_BEST ? 2 : 1;
}

nct_err
nct_m1_save(const nct_m1 *m, int fd, const struct nct_st_pair *notes, size_t n)
{
	struct nct_st_pair *meta = calloc(n + m->notes + 7 + SIZES + 3 * NCT_CODEBOOKS, sizeof *meta);
	struct nct_st_tensor t[NCT_M1_TENSORS + 2 * CODES * NCT_CODEBOOKS];
	struct book_text book[CODES * NCT_CODEBOOKS], *text = book;
	char print[17], number[SIZES][12], bits[12];
	size_t metas = 0, tensors = 0;
	nct_err err = NCT_OK;

	if (meta == NULL)
		return NCT_ENOMEM;
	snprintf(print, sizeof print, "%016" PRIx64, m->fingerprint);
	meta[metas++] = (struct nct_st_pair){"format", FORMAT VERSION_TEXT};
	meta[metas++] = (struct nct_st_pair){"kind", nct_m1_kind_name(m->c.kind)};
	for (size_t i = 0; i < SIZES && m->c.kind == NCT_M1_TRANSFORMER; i++) {
		snprintf(number[i], sizeof number[i], "%" PRIu32, *(const uint32_t *)(const void *)((const char *)&m->c + sizes[i].at));
		meta[metas++] = (struct nct_st_pair){sizes[i].key, number[i]};
	}
	meta[metas++] = (struct nct_st_pair){"fingerprint", print};
	if (m->windows.bits > 0) {
		snprintf(bits, sizeof bits, "%u", m->windows.bits);
		meta[metas++] = (struct nct_st_pair){WINDOW_BITS, bits};
		meta[metas++] = (struct nct_st_pair){ALIGN, aligns[m->windows.align]};
	}
	if (m->windows.align_pattern != NULL)
		meta[metas++] = (struct nct_st_pair){ALIGN_PATTERN, m->windows.align_pattern};
	for (int i = 0; i < NCT_M1_TENSORS; i++)
		if (nct_m1_tensor_shape(&t[tensors], &m->c, (enum nct_m1_tensor)i))
			t[tensors++].data = m->tensor[i];
	for (size_t i = 0; i < CODES * NCT_CODEBOOKS; i++) {
		const struct nct_codebook *c = nct_m1_codebook(m, codes[i / NCT_CODEBOOKS], NCT_WINDOW_MIN + (unsigned)(i % NCT_CODEBOOKS));

		if (c == NULL)
			continue;
		metas += write_book(c, text++, &meta[metas], &t[tensors]);
		tensors += 2;
	}
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
