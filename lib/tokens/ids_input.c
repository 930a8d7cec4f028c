/* ids_input.c - ids read one by one from a file: decimal text, or integers in the layouts of other programs. */
#include "tokens/ids_input.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/le.h"
#include "tokens/layouts.h"

#define NPY_TEXT_MAX 65535 /* bytes of an array's description, in version 1.0 */

/* ---- headers ---- */

/* Takes n bytes; NCT_ECUT if there are fewer. */
static nct_err
take(struct nct_ids_input *in, uint8_t *p, size_t n, nct_why *why)
{
	nct_err err;
	int c = 0;

	for (size_t i = 0; i < n; i++) {
		if ((err = nct_ids_byte(in, &c)) != NCT_OK)
			return err;
		if (c < 0)
			return nct_fail(why, NCT_ECUT, "ends within its header, byte %" PRIu64, in->bytes);
		p[i] = (uint8_t)c;
	}
	return NCT_OK;
}

/* The text behind a key of an array's description, which is a Python dictionary; NULL: there is none. */
static const char *
npy_value(const char *text, const char *key)
{
	const char *at = strstr(text, key);

	if (at == NULL)
		return NULL;
	at += strlen(key);
	return at + strspn(at, "'\": ");
}

/* The elements of an array of this shape, as in "(3, 4)"; UINT64_MAX: it is no shape. A scalar's, "()", has 1. */
static uint64_t
npy_count(const char *shape)
{
	uint64_t count = 1;

	if (*shape++ != '(')
		return UINT64_MAX;
	for (shape += strspn(shape, " "); *shape >= '0' && *shape <= '9'; shape += strspn(shape, ", ")) {
		const uint64_t n = strtoull(shape, (char **)(uintptr_t)&shape, 10);

		if (n > 0 && count > UINT64_MAX / 16 / n)
			return UINT64_MAX;
		count *= n;
	}
	return *shape == ')' ? count : UINT64_MAX;
}

static nct_err
npy_header(struct nct_ids_input *in, nct_why *why)
{
	uint8_t head[10];
	char text[NPY_TEXT_MAX + 1];
	nct_err err = take(in, head, sizeof head, why);

	if (err != NCT_OK)
		return err;
	if (memcmp(head, "\x93NUMPY", 6) != 0)
		return nct_fail(why, NCT_EKIND, "not a NumPy array, byte 0");
	if (head[6] != 1)
		return nct_fail(why, NCT_EVERSION, "version %d of NumPy's arrays is not known here, byte 6", head[6]);
	const size_t n = nct_get16(head + 8);
	if ((err = take(in, (uint8_t *)text, n, why)) != NCT_OK)
		return err;
	text[n] = '\0';
	const char *type = npy_value(text, "'descr'"), *order = npy_value(text, "'fortran_order'");
	const char *shape = npy_value(text, "'shape'");
	const int integers = type != NULL && (type[0] == '<' || type[0] == '|') && (type[1] == 'u' || type[1] == 'i') &&
	                     strchr("1248", type[2]) != NULL && type[2] != '\0' && (type[3] == '\'' || type[3] == '"') &&
	                     (type[0] == '<' || type[2] == '1');
	if (!integers || order == NULL || strncmp(order, "False", 5) != 0 || shape == NULL || *shape != '(')
		return nct_fail(why, NCT_EKIND, "not an array of little-endian integers in C's order, byte 10");
	in->width = (size_t)(type[2] - '0');
	in->has_sign = type[1] == 'i';
	if ((in->count = npy_count(shape)) == UINT64_MAX)
		return nct_fail(why, NCT_EKIND, "an array without a good shape, byte 10");
	return NCT_OK;
}

nct_err
nct_ids_open(struct nct_ids_input *in, int fd, enum nct_import form, uint32_t vocab, size_t width, nct_why *why)
{
	uint8_t head[NCT_LLMC_HEADER];
	nct_err err = NCT_OK;

	in->fd = fd;
	in->at = in->end = 0;
	in->bytes = in->ids = 0;
	in->form = form;
	in->vocab = vocab;
	in->line = in->column = 1;
	in->width = width;
	in->count = UINT64_MAX;
	in->has_sign = 0;
	if (form == NCT_IMPORT_NPY)
		err = npy_header(in, why);
	if (form == NCT_IMPORT_LLMC && (err = take(in, head, sizeof head, why)) == NCT_OK) {
		in->width = 2;
		err = nct_llmc_read(head, &in->count, why);
	}
	return err;
}

/* ---- text ---- */

nct_err
nct_ids_word(struct nct_ids_input *in, int *c, uint32_t *id, nct_why *why)
{
	const uint64_t first = in->column;
	nct_err err;

	*id = 0;
	for (; *c >= 0 && *c != '\n' && !nct_ids_blank(*c); in->column++) {
		if (*c < '0' || *c > '9')
			return nct_fail(why, NCT_EDATA, "not an id, line %" PRIu64 ", column %" PRIu64, in->line, first);
		if (*id < in->vocab) /* else it is too large already */
			*id = *id * 10 + (uint32_t)(*c - '0');
		if ((err = nct_ids_byte(in, c)) != NCT_OK)
			return err;
	}
	in->ids++;
	if (*id >= in->vocab)
		return nct_fail(why, NCT_EDATA, "an id outside the vocabulary of %" PRIu32 ", line %" PRIu64 ", column %" PRIu64,
		                in->vocab, in->line, first);
	return NCT_OK;
}

static nct_err
next_word(struct nct_ids_input *in, uint32_t *id, int *got, nct_why *why)
{
	nct_err err;
	int c;

	*got = 0;
	for (;;) {
		if ((err = nct_ids_byte(in, &c)) != NCT_OK)
			return err;
		if (c < 0)
			return NCT_OK;
		if (c != '\n' && !nct_ids_blank(c))
			break;
		in->line += c == '\n';
		in->column = c == '\n' ? 1 : in->column + 1;
	}
	if ((err = nct_ids_word(in, &c, id, why)) != NCT_OK)
		return err;
	*got = 1;
	if (c >= 0)
		in->at--; /* what follows it was just read, so it is in the buffer */
	return NCT_OK;
}

/* ---- integers ---- */

static nct_err
next_integer(struct nct_ids_input *in, uint32_t *id, int *got, nct_why *why)
{
	uint64_t x = 0;
	nct_err err;
	int c;

	*got = 0;
	if (in->ids == in->count)
		return NCT_OK;
	for (size_t i = 0; i < in->width; i++) {
		if ((err = nct_ids_byte(in, &c)) != NCT_OK)
			return err;
		if (c < 0 && i == 0 && in->count == UINT64_MAX)
			return NCT_OK;
		if (c < 0)
			return nct_fail(why, NCT_ECUT, "ends early, id %" PRIu64, in->ids + 1);
		x |= (uint64_t)c << 8 * i;
	}
	in->ids++;
	if (x >= in->vocab || (in->has_sign && x >> (8 * in->width - 1)))
		return nct_fail(why, NCT_EDATA, "an id outside the vocabulary of %" PRIu32 ", id %" PRIu64, in->vocab, in->ids);
	*id = (uint32_t)x;
	*got = 1;
	return NCT_OK;
}

/* Nothing may follow what a header counts. */
static nct_err
at_end(struct nct_ids_input *in, nct_why *why)
{
	nct_err err;
	int c = -1;

	if (in->count == UINT64_MAX)
		return NCT_OK;
	if ((err = nct_ids_byte(in, &c)) != NCT_OK || c < 0)
		return err;
	return nct_fail(why, NCT_EDATA, "goes on behind the %" PRIu64 " ids that its header tells", in->count);
}

nct_err
nct_ids_next(struct nct_ids_input *in, uint32_t *id, int *got, nct_why *why)
{
	nct_err err;

	if (in->form == NCT_IMPORT_IDS)
		return next_word(in, id, got, why);
	err = next_integer(in, id, got, why);
	return err == NCT_OK && !*got ? at_end(in, why) : err;
}
