/* m2_file.c - model files of M2: the Transformer's tensors in floats, its sizes, and the header of its tokens. */
#include "m2_file.h"

#include <inttypes.h>
#include <lzma.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "stream/frame.h"

#define FORMAT "nct-m2-"
#define FORMAT_VERSION "1"
#define HEADER_HEX (2 * NCT_HEADER_BYTES)
#define LENGTH_MAX (1u << 20)

/* Numbers in the metadata and their fields of struct nct_shape. (`length` is not one of them.) */
static const struct size {
	const char *key;
	size_t at;
	uint32_t max;
} sizes[] = {
	{"vocabulary", offsetof(struct nct_shape, vocab), 65536}, {"width", offsetof(struct nct_shape, width), 65536},
	{"heads", offsetof(struct nct_shape, heads), 65536},      {"layers", offsetof(struct nct_shape, layers), 1024},
	{"inner", offsetof(struct nct_shape, inner), 1048576},    {"reach", offsetof(struct nct_shape, reach), NCT_REACH_MAX},
};
#define SIZES (sizeof sizes / sizeof sizes[0])

static uint32_t *
size_at(struct nct_shape *s, size_t i)
{
	return (uint32_t *)(void *)((char *)s + sizes[i].at);
}

/* CRC64 over "m2", the sizes in decimal, the tokens' header, and the tensors in the table's order (nct-formats(5)). */
static uint64_t
fingerprint(const struct nct_shape *shape, size_t length, const struct nct_header *h, const struct nct_tensor *t,
            const float *const *tensor)
{
	struct nct_shape s = *shape;
	uint8_t header[NCT_HEADER_BYTES];
	char text[32];
	uint64_t crc = lzma_crc64((const uint8_t *)"m2", 2, 0);

	for (size_t i = 0; i <= SIZES; i++) {
		int n = snprintf(text, sizeof text, " %zu", i < SIZES ? (size_t)*size_at(&s, i) : length);

		crc = lzma_crc64((const uint8_t *)text, (size_t)n, crc);
	}
	nct_frame_put_header(header, h);
	crc = lzma_crc64(header, sizeof header, crc);
	for (size_t i = 0; i < NCT_P_MODEL; i++)
		crc = lzma_crc64((const uint8_t *)tensor[i], t[i].size * sizeof(float), crc);
	return crc;
}

static struct nct_st_tensor
describe(const struct nct_tensor *t)
{
	return (struct nct_st_tensor){.name = t->name, .type = NCT_F32, .rank = 3, .shape = {t->stack, t->rows, t->cols},
	    .bytes = t->size * sizeof(float)};
}

/* ---- writing ---- */

static void
print_hex(char text[HEADER_HEX + 1], const struct nct_header *h)
{
	uint8_t header[NCT_HEADER_BYTES];

	nct_frame_put_header(header, h);
	for (size_t i = 0; i < NCT_HEADER_BYTES; i++)
		snprintf(text + 2 * i, 3, "%02x", header[i]);
}

nct_err
nct_m2_save(int fd, const struct nct_shape *s, const float *params, size_t length, const struct nct_header *h,
            const struct nct_st_pair *notes, size_t n)
{
	struct nct_st_pair *meta = calloc(n + 4 + SIZES, sizeof *meta);
	struct nct_shape shape = *s;
	struct nct_tensor t[NCT_P_COUNT];
	struct nct_st_tensor st[NCT_P_MODEL];
	const float *tensor[NCT_P_MODEL];
	char number[SIZES + 1][24], hex[HEADER_HEX + 1], print[17];
	size_t total, metas = 0;
	nct_err err = meta != NULL ? nct_shape_tensors(s, t, &total, NULL) : NCT_ENOMEM;

	if (err != NCT_OK)
		goto done;
	for (size_t i = 0; i < NCT_P_MODEL; i++) {
		tensor[i] = params + t[i].offset;
		st[i] = describe(&t[i]);
		st[i].data = tensor[i];
	}
	meta[metas++] = (struct nct_st_pair){"format", FORMAT FORMAT_VERSION};
	for (size_t i = 0; i < SIZES; i++) {
		snprintf(number[i], sizeof number[i], "%" PRIu32, *size_at(&shape, i));
		meta[metas++] = (struct nct_st_pair){sizes[i].key, number[i]};
	}
	snprintf(number[SIZES], sizeof number[SIZES], "%zu", length);
	meta[metas++] = (struct nct_st_pair){"length", number[SIZES]};
	print_hex(hex, h);
	meta[metas++] = (struct nct_st_pair){"stream", hex};
	snprintf(print, sizeof print, "%016" PRIx64, fingerprint(s, length, h, t, tensor));
	meta[metas++] = (struct nct_st_pair){"fingerprint", print};
	for (size_t i = 0; i < n; i++)
		meta[metas++] = notes[i];
	err = nct_st_write(fd, meta, metas, st, NCT_P_MODEL);
done:
	free(meta);
	return err;
}

/* ---- reading ---- */

static nct_err
read_number(uint32_t *out, const nct_st *st, const char *key, uint32_t max, nct_why *why)
{
	const char *text = nct_st_meta(st, key);
	uint32_t v = 0;

	if (text == NULL || text[0] == '\0' || strlen(text) > 9 || text[0] == '0')
		return nct_fail(why, NCT_EDATA, "metadata: %s is missing or no number", key);
	for (; *text != '\0'; text++) {
		if (*text < '0' || *text > '9')
			return nct_fail(why, NCT_EDATA, "metadata: %s is no number", key);
		v = v * 10 + (uint32_t)(*text - '0');
	}
	if (v > max)
		return nct_fail(why, NCT_EDATA, "metadata: %s is %" PRIu32 ", more than %" PRIu32, key, v, max);
	*out = v;
	return NCT_OK;
}

static int
digit(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static nct_err
read_header(struct nct_header *h, const nct_st *st, nct_why *why)
{
	const char *hex = nct_st_meta(st, "stream");
	uint8_t p[NCT_HEADER_BYTES];
	struct nct_fault fault;

	if (hex == NULL || strlen(hex) != HEADER_HEX)
		return nct_fail(why, NCT_EDATA, "metadata: stream is missing or no header");
	for (size_t i = 0; i < NCT_HEADER_BYTES; i++) {
		int hi = digit(hex[2 * i]), lo = digit(hex[2 * i + 1]);

		if (hi < 0 || lo < 0)
			return nct_fail(why, NCT_EDATA, "metadata: stream is no header");
		p[i] = (uint8_t)(hi << 4 | lo);
	}
	if (!nct_frame_magic(p, 8) || !nct_crc_holds(p, NCT_HEADER_BYTES - 8) ||
	    !nct_frame_version_known(nct_frame_version(p)))
		return nct_fail(why, NCT_EDATA, "metadata: stream is no header of a token stream");
	fault = nct_frame_get_header(h, p);
	if (fault.what != NULL || h->kind != NCT_TOKENS)
		return nct_fail(why, NCT_EDATA, "metadata: stream: bad %s", fault.what != NULL ? fault.what : "kind");
	return NCT_OK;
}

static nct_err
read_config(nct_m2 *m, nct_why *why)
{
	const char *format = nct_st_meta(m->file, "format");
	uint32_t length;
	nct_err err;

	if (format == NULL || strncmp(format, FORMAT, sizeof FORMAT - 1) != 0)
		return nct_fail(why, NCT_EKIND, "not a token model (M2)");
	if (strcmp(format + sizeof FORMAT - 1, FORMAT_VERSION) != 0)
		return nct_fail(why, NCT_EVERSION, "a model of format '%.40s', which this version does not know", format);
	for (size_t i = 0; i < SIZES; i++)
		if ((err = read_number(size_at(&m->shape, i), m->file, sizes[i].key, sizes[i].max, why)) != NCT_OK)
			return err;
	if ((err = read_number(&length, m->file, "length", LENGTH_MAX, why)) != NCT_OK ||
	    (err = read_header(&m->header, m->file, why)) != NCT_OK)
		return err;
	m->length = length;
	m->shape.inputs = m->shape.vocab + 1;
	if (m->shape.vocab != m->header.vocab)
		return nct_fail(why, NCT_EDATA, "metadata: vocabulary is %" PRIu32 ", its tokens' is %" PRIu32,
		                m->shape.vocab, m->header.vocab);
	return NCT_OK;
}

static nct_err
read_tensors(nct_m2 *m, nct_why *why)
{
	struct nct_tensor t[NCT_P_COUNT];
	char print[17];
	const char *want = nct_st_meta(m->file, "fingerprint");
	size_t total;
	nct_err err = nct_shape_tensors(&m->shape, t, &total, why);

	if (err != NCT_OK)
		return NCT_EDATA;
	if (nct_st_count(m->file) != NCT_P_MODEL)
		return nct_fail(why, NCT_EDATA, "%zu tensors, not %d", nct_st_count(m->file), (int)NCT_P_MODEL);
	for (size_t i = 0; i < NCT_P_MODEL; i++) {
		const struct nct_st_tensor d = describe(&t[i]);
		const void *data;

		if ((err = nct_st_get(m->file, d.name, d.type, d.rank, d.shape, &data, why)) != NCT_OK)
			return err;
		m->tensor[i] = data;
	}
	snprintf(print, sizeof print, "%016" PRIx64, fingerprint(&m->shape, m->length, &m->header, t, m->tensor));
	if (want == NULL || strcmp(print, want) != 0)
		return nct_fail(why, NCT_EDATA, "the fingerprint is %s, not the one in the metadata", print);
	for (size_t i = 0; i < NCT_P_MODEL; i++)
		for (size_t j = 0; j < t[i].size; j++)
			if (!isfinite(m->tensor[i][j]))
				return nct_fail(why, NCT_EDATA, "tensor %s has a value that is not finite", t[i].name);
	return NCT_OK;
}

nct_err
nct_m2_open(nct_m2 **out, const char *path, nct_why *why)
{
	nct_m2 *m = calloc(1, sizeof *m);
	nct_why own;
	nct_err err = NCT_ENOMEM;

	*out = NULL;
	why = nct_why_begin(why, &own);
	if (m == NULL)
		return err;
	err = nct_st_open(&m->file, path, why);
	if (err == NCT_OK)
		err = read_config(m, why);
	if (err == NCT_OK)
		err = read_tensors(m, why);
	if (err == NCT_OK)
		*out = m;
	else
		nct_m2_free(m);
	return err;
}

void
nct_m2_free(nct_m2 *m)
{
	if (m == NULL)
		return;
	nct_st_free(m->file);
	free(m);
}

const struct nct_header *
nct_m2_header(const nct_m2 *m)
{
	return &m->header;
}

uint64_t
nct_m2_parameters(const nct_m2 *m)
{
	return nct_shape_parameters(&m->shape);
}

uint64_t
nct_m2_output_parameters(const nct_m2 *m)
{
	return (uint64_t)m->shape.vocab * m->shape.width;
}

size_t
nct_m2_length(const nct_m2 *m)
{
	return m->length;
}
