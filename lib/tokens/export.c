/* export.c - token streams to bare ids: text, raw integers, and the files of other programs. */
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
#include "tokens/headed.h"
#include "tokens/layouts.h"
#include "tokens/repack.h"

#define LINE_ROOM 8        /* bytes that one id and what separates it take, at most */
#define TEXT_BYTES 65536

struct export {
	int out;
	enum nct_export to;
	unsigned token_bits;      /* v that was asked for; 0: none */
	int widen;                /* ids as u16, whatever the vocabulary */
	int by_documents;         /* what is written depends on where documents end */
	struct nct_header header; /* of the stream, as tokens */
	struct nct_header source; /* as it is read */
	uint64_t tokens;          /* that were read */
	uint64_t written;
	uint64_t document;        /* where in them the document at hand began */
	size_t width;             /* bytes of an id in the stream; 0: there was no stream yet */
	struct nct_headed file;   /* npy and llm.c: begun with the first stream */
	struct nct_ends ends;
	const char *tmpdir;       /* where it may keep a temporary file */
	uint8_t *code;            /* a window block's tokens */
	size_t cap;
	int line;                 /* text: a line was begun that still goes on */
	size_t held;              /* text: bytes in `text` */
	nct_why *why;
	char text[TEXT_BYTES];
};

static size_t
header_bytes(const struct export *x)
{
	return x->to == NCT_EXPORT_NPY ? NCT_NPY_HEADER : x->to == NCT_EXPORT_LLMC ? NCT_LLMC_HEADER : 0;
}

/* Bytes of an id as it is written. */
static size_t
written_width(const struct export *x)
{
	return x->widen ? 2 : x->width;
}

/* Tokens of the window that ends a document. */
static size_t
end_tokens(const struct export *x)
{
	return x->header.window_bits / x->header.token_bits;
}

/* Can documents' ends be found in the tokens of such a stream? */
static nct_err
check_ends(const struct nct_header *h, uint64_t at, nct_why *why)
{
	if (h->code == NCT_CODE_NONE)
		return nct_fail(why, NCT_EKIND, "no token ends documents: tokens not made from windows, byte %" PRIu64, at + 19);
	if (!h->eod_alone)
		return nct_fail(why, NCT_EKIND, "no token ends documents: their ends are joined to text (acwin --eod=alone), byte "
		                "%" PRIu64, at + 18);
	if (h->window_bits % h->token_bits != 0)
		return nct_fail(why, NCT_EKIND, "no token ends documents: windows of %u bits are not whole tokens of %u, byte "
		                "%" PRIu64, h->window_bits, h->token_bits, at + 16);
	return NCT_OK;
}

static nct_err
export_header(void *self, const struct nct_header *h, uint64_t at, nct_why *why)
{
	struct export *x = self;
	struct nct_header before = x->header, *to = &x->header;
	struct nct_difference d;
	char where[64];
	nct_err err;

	x->source = *to = *h;
	if (h->kind == NCT_WINDOWS) {
		nct_header_pack(to, x->token_bits);
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
	if (x->by_documents && (err = check_ends(to, at, why)) != NCT_OK)
		return err;
	int first = x->width == 0;
	x->width = nct_token_bytes(to->vocab);
	return first && header_bytes(x) > 0 ? nct_headed_begin(&x->file, x->out, header_bytes(x), x->tmpdir) : NCT_OK;
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

/* ---- Integers ---- */

static nct_err
write_bytes(struct export *x, const void *p, size_t n)
{
	return header_bytes(x) > 0 ? nct_headed_put(&x->file, p, n) : nct_write(x->out, p, n);
}

/* Writes n ids as the stream stores them. */
static nct_err
put_ids(struct export *x, const uint8_t *code, size_t n)
{
	uint8_t wide[4096];
	nct_err err = NCT_OK;

	if (x->to == NCT_EXPORT_LLMC && n > NCT_LLMC_MAX - x->written)
		return nct_fail(x->why, NCT_EKIND, "more than %d tokens, which is all that llm.c's files hold", NCT_LLMC_MAX);
	x->written += n;
	if (x->width == written_width(x))
		return write_bytes(x, code, n * x->width);
	while (n > 0 && err == NCT_OK) {
		const size_t k = n < sizeof wide / 2 ? n : sizeof wide / 2;

		for (size_t i = 0; i < k; i++)
			nct_put16(wide + 2 * i, code[i]);
		err = write_bytes(x, wide, 2 * k);
		code += k;
		n -= k;
	}
	return err;
}

/* The tokens of a document's end, as the stream stores them. */
static nct_err
put_end(struct export *x)
{
	uint8_t code[2 * NCT_WINDOW_MAX];
	const size_t n = end_tokens(x);

	for (size_t i = 0; i < n; i++)
		if (x->width == 1)
			code[i] = (uint8_t)(x->header.vocab - 1);
		else
			nct_put16(code + 2 * i, (uint16_t)(x->header.vocab - 1));
	return put_ids(x, code, n);
}

/* The document at hand ends with what was written. There is none if nothing was written since the last end. */
static nct_err
end_document(struct export *x)
{
	nct_err err = x->written > x->document ? nct_ends_put(&x->ends, x->written, x->why) : NCT_OK;

	x->document = x->written;
	return err;
}

/* Writes n tokens of a document, as the stream stores them. `ends`: the last ones are its end. llm.c has ends in front
 * of documents. */
static nct_err
put_tokens(struct export *x, const uint8_t *code, size_t n, int ends)
{
	const int first = x->written == x->document;
	nct_err err = NCT_OK;

	if (x->to == NCT_EXPORT_LLMC && first)
		err = put_end(x);
	if (err == NCT_OK)
		err = put_ids(x, code, n - (x->to == NCT_EXPORT_LLMC && ends ? end_tokens(x) : 0));
	return err == NCT_OK && ends ? end_document(x) : err;
}

/* The block, an entry of its directory after the other. */
static nct_err
put_documents(struct export *x, const struct nct_block *b)
{
	struct nct_directory_entry e;
	size_t pos = 0, at = 0;
	nct_err err = NCT_OK;

	while (err == NCT_OK && nct_directory_next(b->dir, b->dir_bytes, &pos, &e, 0) == 1) {
		const size_t n = (size_t)e.units * end_tokens(x); /* every window is as many tokens as EOD's */

		err = put_tokens(x, b->code + at * x->width, n, e.ends_document);
		at += n;
	}
	return err;
}

/* ---- All forms ---- */

/* What comes next does not go on with what was there: a document ends here, be it left open. */
static nct_err
finish_document(void *self)
{
	struct export *x = self;
	nct_err err = NCT_OK;

	if (x->by_documents)
		return end_document(x);
	if (x->to == NCT_EXPORT_TEXT && x->line && (err = end_line(x)) == NCT_OK)
		err = flush_text(x);
	return err;
}

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
	if (x->to == NCT_EXPORT_TEXT)
		return text_block(x, &b);
	return x->by_documents ? put_documents(x, &b) : put_ids(x, b.code, b.tokens);
}

/* Writes what only the end tells. After damage the files still hold all that came before it. */
static nct_err
finish(struct export *x, nct_err err, const struct nct_pack_options *o, nct_why *why)
{
	uint8_t header[NCT_HEADED_MAX];
	nct_err end = NCT_OK;

	if (err == NCT_EIO || err == NCT_EWRITE || err == NCT_ENOMEM || (err == NCT_EKIND && x->by_documents))
		return err;
	if (x->to == NCT_EXPORT_NPY)
		nct_npy_header(header, written_width(x), x->written);
	if (x->to == NCT_EXPORT_LLMC)
		nct_llmc_header(header, x->written);
	if (header_bytes(x) > 0 && x->width != 0)
		end = nct_headed_end(&x->file, header);
	if (end == NCT_OK && x->to == NCT_EXPORT_MEGATRON)
		end = nct_ends_megatron(&x->ends, *o->index);
	else if (end == NCT_OK)
		end = nct_ends_flush(&x->ends);
	return end != NCT_OK ? nct_wrote(end, why) : err;
}

static nct_err
check(const struct nct_pack_options *o, enum nct_export to, nct_why *why)
{
	if (o->token_bits > 16)
		return nct_fail(why, NCT_EARG, "tokens of %u bits: not 1 to 16", o->token_bits);
	if ((unsigned)to > NCT_EXPORT_MEGATRON || (to == NCT_EXPORT_MEGATRON && o->index == NULL) ||
	    (to == NCT_EXPORT_TEXT && (o->index != NULL || o->widen)))
		return nct_fail(why, NCT_EARG, "impossible options");
	return NCT_OK;
}

nct_err
nct_tokens_export(nct_operand operand, void *ctx, int out, enum nct_export to, const struct nct_pack_options *options,
                  struct nct_totals *totals, nct_why *why)
{
	static const struct nct_steps steps = {export_header, export_block, finish_document, finish_document};
	struct nct_pack_options o;
	struct export *x;
	nct_why own;
	nct_err err;
	int saved;

	why = nct_why_begin(why, &own);
	if ((err = nct_options_take(&o, sizeof o, options, why)) != NCT_OK || (err = check(&o, to, why)) != NCT_OK)
		return err;
	if ((x = calloc(1, sizeof *x)) == NULL)
		return NCT_ENOMEM;
	x->out = out;
	x->to = to;
	x->token_bits = o.token_bits;
	x->widen = o.widen || to == NCT_EXPORT_LLMC || to == NCT_EXPORT_MEGATRON;
	x->by_documents = o.index != NULL || to == NCT_EXPORT_LLMC || to == NCT_EXPORT_MEGATRON;
	x->ends.fd = o.index != NULL ? *o.index : -1;
	x->ends.lengths = to == NCT_EXPORT_MEGATRON;
	x->tmpdir = o.tmpdir;
	x->file.spool = -1;
	x->why = why;
	err = nct_each_stream(&steps, x, operand, ctx, &o, totals, why);
	if (totals != NULL)
		totals->tokens = x->tokens;
	err = finish(x, err, &o, why);
	saved = errno;
	if (err == NCT_EWRITE && x->file.spool_error != 0) {
		errno = saved = x->file.spool_error;
		err = nct_temporary_failed(x->tmpdir, why);
	}
	nct_headed_drop(&x->file);
	nct_ends_free(&x->ends);
	free(x->code);
	free(x);
	errno = saved;
	return err;
}
