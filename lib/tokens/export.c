/* export.c - token streams to bare ids: text, raw integers or a NumPy array. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/err.h"
#include "base/io.h"
#include "base/le.h"
#include "base/options.h"
#include "base/temporary.h"
#include "stream/operands.h"
#include "stream/same_tokens.h"
#include "tokens/npy.h"
#include "tokens/repack.h"

#define LINE_ROOM 8        /* bytes that one id and what separates it take, at most */
#define TEXT_BYTES 65536

struct export {
	int out;
	enum nct_export to;
	unsigned token_bits;      /* v that was asked for; 0: none */
	struct nct_header header; /* of the stream, as tokens */
	struct nct_header source; /* as it is read */
	uint64_t tokens;
	size_t width;             /* bytes of an id; 0: there was no stream yet */
	struct nct_npy array;     /* begun with the first stream */
	const char *tmpdir;       /* where it may keep a temporary file */
	uint8_t *code;            /* a window block's tokens */
	size_t cap;
	int line;                 /* text: a line was begun that still goes on */
	size_t held;              /* text: bytes in `text` */
	char text[TEXT_BYTES];
};

static nct_err
export_header(void *self, const struct nct_header *h, uint64_t at, nct_why *why)
{
	struct export *x = self;
	struct nct_header before = x->header, *to = &x->header;
	struct nct_difference d;
	char where[64];

	x->source = *to = *h;
	if (h->kind == NCT_WINDOWS) {
		to->kind = NCT_TOKENS;
		to->token_bits = x->token_bits != 0 ? x->token_bits : nct_token_bits_for(h->window_bits);
		to->vocab = 1u << to->token_bits;
	} else if (x->token_bits != 0 && h->code == NCT_CODE_NONE) {
		return nct_fail(why, NCT_EKIND, "tokens not made from windows, byte %" PRIu64, at + 19);
	} else if (x->token_bits != 0 && x->token_bits != h->token_bits) {
		return nct_fail(why, NCT_EKIND, "tokens of %u bits, not %u, byte %" PRIu64, h->token_bits, x->token_bits, at + 16);
	}
	/* ids do not say what they are: only the order would tell */
	if (x->width != 0 && nct_header_difference(&before, to, &d)) {
		snprintf(where, sizeof where, " as before, byte %" PRIu64, at + d.at);
		return nct_header_disagree(&d, NCT_EKIND, where, why);
	}
	int first = x->width == 0;
	x->width = nct_token_bytes(to->vocab);
	return first && x->to == NCT_EXPORT_NPY ? nct_npy_begin(&x->array, x->out, x->tmpdir) : NCT_OK;
}

/* ---- Text ---- */

static nct_err
flush_text(struct export *x)
{
	size_t n = x->held;

	x->held = 0;
	return nct_write(x->out, x->text, n);
}

static nct_err
put_id(struct export *x, uint32_t id)
{
	char digits[LINE_ROOM];
	size_t n = 0;
	nct_err err;

	if (x->held + LINE_ROOM > TEXT_BYTES && (err = flush_text(x)) != NCT_OK)
		return err;
	if (x->line)
		x->text[x->held++] = ' ';
	do
		digits[n++] = (char)('0' + id % 10);
	while ((id /= 10) > 0);
	while (n > 0)
		x->text[x->held++] = digits[--n];
	x->line = 1;
	return NCT_OK;
}

static nct_err
end_line(struct export *x)
{
	nct_err err;

	if (x->held == TEXT_BYTES && (err = flush_text(x)) != NCT_OK)
		return err;
	x->text[x->held++] = '\n';
	x->line = 0;
	return NCT_OK;
}

/* Prints the block's tokens; each directory entry that ends a document ends its line. */
static nct_err
text_block(struct export *x, const struct nct_block *b)
{
	const struct nct_header *h = &x->header;
	int got = 1, unbroken = h->code == NCT_CODE_UNBROKEN;
	struct nct_directory_entry e;
	uint64_t bits = 0, units = 0;
	size_t pos = 0, i = 0;
	nct_err err = NCT_OK;

	while (err == NCT_OK && (got = nct_directory_next(b->dir, b->dir_bytes, &pos, &e, unbroken)) == 1) {
		units += e.units;
		bits += unbroken ? e.bits : e.units * h->window_bits;
		/* A token belongs to the document where it begins. */
		uint64_t end = h->code == NCT_CODE_NONE ? units : (bits + h->token_bits - 1) / h->token_bits;
		for (; err == NCT_OK && i < end; i++)
			err = put_id(x, x->width == 1 ? b->code[i] : nct_get16(b->code + 2 * i));
		if (err == NCT_OK && e.ends_document)
			err = end_line(x);
	}
	return err != NCT_OK ? err : flush_text(x);
}

static nct_err
finish_line(void *self)
{
	struct export *x = self;
	nct_err err = NCT_OK;

	if (x->to == NCT_EXPORT_TEXT && x->line && (err = end_line(x)) == NCT_OK)
		err = flush_text(x);
	return err;
}

/* ---- All forms ---- */

static nct_err
export_block(void *self, const struct nct_block *block)
{
	struct export *x = self;
	struct nct_block b = *block;
	nct_err err;

	if (x->source.kind == NCT_WINDOWS &&
	    (err = nct_block_pack(&b, &x->source, x->header.token_bits, &x->code, &x->cap)) != NCT_OK)
		return err;
	x->tokens += b.tokens;
	switch (x->to) {
	case NCT_EXPORT_TEXT:
		return text_block(x, &b);
	case NCT_EXPORT_RAW:
		return nct_write(x->out, b.code, b.code_bytes);
	case NCT_EXPORT_NPY:
		return nct_npy_put(&x->array, b.code, b.code_bytes);
	}
	return NCT_EARG;
}

/* After damage the array still holds all that came before it. */
static nct_err
finish_array(struct export *x, nct_err err, nct_why *why)
{
	nct_err end;

	if (err == NCT_EIO || err == NCT_EWRITE || err == NCT_ENOMEM || x->width == 0)
		return err;
	end = nct_npy_end(&x->array, x->width);
	return end != NCT_OK ? nct_wrote(end, why) : err;
}

nct_err
nct_tokens_export(nct_operand operand, void *ctx, int out, enum nct_export to, const struct nct_pack_options *options,
                  struct nct_totals *totals, nct_why *why)
{
	static const struct nct_steps steps = {export_header, export_block, finish_line, finish_line};
	struct nct_pack_options o;
	struct export *x;
	nct_why own;
	nct_err err;
	int saved;

	why = nct_why_begin(why, &own);
	if ((err = nct_options_take(&o, sizeof o, options, why)) != NCT_OK)
		return err;
	if (o.token_bits > 16 || (unsigned)to > NCT_EXPORT_NPY)
		return nct_fail(why, NCT_EARG, "tokens of %u bits: not 1 to 16", o.token_bits);
	if ((x = calloc(1, sizeof *x)) == NULL)
		return NCT_ENOMEM;
	x->out = out;
	x->to = to;
	x->token_bits = o.token_bits;
	x->tmpdir = o.tmpdir;
	x->array.spool = -1;
	err = nct_each_stream(&steps, x, operand, ctx, &o, totals, why);
	if (totals != NULL)
		totals->tokens = x->tokens;
	if (to == NCT_EXPORT_NPY)
		err = finish_array(x, err, why);
	saved = errno;
	if (err == NCT_EWRITE && x->array.spool_error != 0) {
		errno = saved = x->array.spool_error;
		err = nct_temporary_failed(x->tmpdir, why);
	}
	nct_npy_drop(&x->array);
	free(x->code);
	free(x);
	errno = saved;
	return err;
}
