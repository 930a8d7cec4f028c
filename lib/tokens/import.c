/* import.c - lines of ids, or bytes, to a stream of foreign tokens. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "base/options.h"
#include "stream/operands.h"
#include "tokens/foreign.h"
#include "tokens/ids_input.h"

struct import {
	nct_foreign *out;       /* owned */
	const struct nct_import_options *options;
	nct_why *why;
	uint64_t bytes_before;  /* in earlier operands */
	uint64_t reported;      /* bytes of this operand that progress() was told of */
	uint64_t lines;         /* in all operands so far */
	struct nct_ids_input ids, text; /* the operand; the text of the ids, if options->text >= 0 */
};

static void
report(struct import *m)
{
	if (m->options->progress != NULL && m->reported != m->ids.bytes)
		m->options->progress(m->options->ctx, m->bytes_before + m->ids.bytes);
	m->reported = m->ids.bytes;
}

/* ---- Lines of ids ---- */

/* Reads the text's next line. *n receives its bytes, newline included; 0: there is none. */
static nct_err
text_line(struct import *m, uint64_t *n)
{
	nct_err err;
	int c;

	*n = 0;
	do {
		if ((err = nct_ids_byte(&m->text, &c)) != NCT_OK)
			return nct_fail(m->why, err, "cannot read the text");
		*n += c >= 0;
	} while (c >= 0 && c != '\n');
	return NCT_OK;
}

/* Ends a line of ids, which is a document, and reads its line of text. */
static nct_err
end_line(struct import *m)
{
	uint64_t n = 0;
	nct_err err;

	m->lines++;
	if (m->options->text >= 0) {
		if ((err = text_line(m, &n)) != NCT_OK)
			return err;
		if (n == 0)
			return nct_fail(m->why, NCT_EDATA, "the text has no line %" PRIu64 ", line %" PRIu64, m->lines, m->ids.line);
	}
	m->ids.line++;
	m->ids.column = 1;
	report(m);
	return nct_wrote(nct_foreign_document(m->out, n), m->why);
}

/* Reads the id that begins with the character *c. *c becomes the character behind it, or -1 at the end. */
static nct_err
one_id(struct import *m, int *c)
{
	uint32_t id;
	nct_err err = nct_ids_word(&m->ids, c, &id, m->why);

	return err == NCT_OK ? nct_wrote(nct_foreign_token(m->out, id, 0), m->why) : err;
}

/* Reads an operand of lines of ids. The last line may lack its newline. */
static nct_err
id_lines(struct import *m)
{
	nct_err err;
	int c;

	if ((err = nct_ids_byte(&m->ids, &c)) != NCT_OK)
		return err;
	while (c >= 0 || m->ids.column > 1) {
		if (c < 0)
			return end_line(m);
		if (c != '\n' && !nct_ids_blank(c)) {
			if ((err = one_id(m, &c)) != NCT_OK)
				return err;
			continue; /* c is a blank, a newline, or the end */
		}
		if (c == '\n')
			err = end_line(m);
		else
			m->ids.column++;
		if (err != NCT_OK || (err = nct_ids_byte(&m->ids, &c)) != NCT_OK)
			return err;
	}
	return NCT_OK;
}

/* Checks that the text has no more lines. */
static nct_err
text_ended(struct import *m)
{
	nct_err err;
	int c;

	if (m->options->text < 0)
		return NCT_OK;
	if ((err = nct_ids_byte(&m->text, &c)) != NCT_OK)
		return nct_fail(m->why, err, "cannot read the text");
	if (c >= 0)
		return nct_fail(m->why, NCT_EDATA, "the text goes on with line %" PRIu64 ", line %" PRIu64, m->lines + 1,
		                m->ids.line);
	return NCT_OK;
}

/* ---- Bytes ---- */

/* Reads an operand of bytes, which is a document. */
static nct_err
raw_bytes(struct import *m)
{
	nct_err err;
	int c;

	for (;;) {
		if ((err = nct_ids_byte(&m->ids, &c)) != NCT_OK)
			return err;
		if (c < 0)
			break;
		if ((err = nct_foreign_token(m->out, (uint32_t)c, 1)) != NCT_OK)
			return nct_wrote(err, m->why);
		if (m->reported != m->ids.bytes)
			report(m);
	}
	return nct_wrote(nct_foreign_document(m->out, 0), m->why);
}

/* ---- Both ---- */

static nct_err
import_operands(struct import *m, nct_err (*import)(struct import *m), nct_operand operand, void *ctx)
{
	nct_err err = NCT_OK;
	int fd = -1;

	for (size_t i = 0; err == NCT_OK && (err = operand(ctx, i, &fd)) == NCT_OK && fd >= 0; i++) {
		int saved;

		if ((err = nct_ids_open(&m->ids, fd, NCT_IMPORT_IDS, m->options->vocab, 0, m->why)) == NCT_OK)
			err = import(m);
		report(m);
		m->bytes_before += m->ids.bytes;
		m->reported = 0;
		saved = errno;
		if (fd != STDIN_FILENO)
			(void)close(fd); /* it was only read, so an error loses nothing */
		errno = saved;
	}
	return err != NCT_OK ? err : text_ended(m);
}

static nct_err
import_all(nct_err (*import)(struct import *m), nct_operand operand, void *ctx, int out,
           const struct nct_import_options *o, int text_unknown, struct nct_totals *totals, nct_why *why)
{
	struct import *m = calloc(1, sizeof *m);
	nct_err err = NCT_ENOMEM;
	int saved;

	if (m == NULL)
		return err;
	m->options = o;
	m->why = why;
	if ((err = nct_ids_open(&m->text, o->text, NCT_IMPORT_IDS, 0, 0, why)) != NCT_OK)
		goto done;
	if ((err = nct_wrote(nct_foreign_new(&m->out, out, o->vocab, text_unknown), why)) != NCT_OK)
		goto done;
	if ((err = import_operands(m, import, operand, ctx)) != NCT_OK)
		goto done;
	err = nct_wrote(nct_foreign_end(m->out), why);
	if (totals != NULL) {
		*totals = *nct_foreign_totals(m->out);
		totals->windows = 0;
		totals->stream_bytes = m->bytes_before;
	}
done:
	saved = errno;
	nct_foreign_free(m->out);
	free(m);
	errno = saved;
	return err;
}

nct_err
nct_import_ids(nct_operand operand, void *ctx, int out, const struct nct_import_options *options,
               struct nct_totals *totals, nct_why *why)
{
	struct nct_import_options o;
	nct_why own;
	nct_err err;

	why = nct_why_begin(why, &own);
	if ((err = nct_options_take(&o, sizeof o, options, why)) != NCT_OK)
		return err;
	if (o.vocab < 2 || o.vocab > 65536)
		return nct_fail(why, NCT_EARG, "a vocabulary of %" PRIu32 ": not 2 to 65536", o.vocab);
	return import_all(id_lines, operand, ctx, out, &o, o.text < 0, totals, why);
}

nct_err
nct_import_raw(nct_operand operand, void *ctx, int out, const struct nct_import_options *options,
               struct nct_totals *totals, nct_why *why)
{
	struct nct_import_options o;
	nct_why own;
	nct_err err;

	why = nct_why_begin(why, &own);
	if ((err = nct_options_take(&o, sizeof o, options, why)) != NCT_OK)
		return err;
	if (o.vocab != 256 || o.text >= 0)
		return nct_fail(why, NCT_EARG, "bytes are a vocabulary of 256, and their own text");
	return import_all(raw_bytes, operand, ctx, out, &o, 0, totals, why);
}
