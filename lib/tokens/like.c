/* like.c - makes a token stream of bare ids, with the header of a given stream. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "base/options.h"
#include "coder/bits.h"
#include "tokens/ids_input.h"
#include "tokens/repack.h"
#include "tokens/token_blocks.h"

struct like {
	const struct nct_like_options *o;
	nct_why *why;
	struct nct_header header;        /* of the streams to be written */
	const struct nct_codebook *book; /* that tells what windows stand for; NULL: none. Borrowed */
	struct nct_token_blocks out;
	nct_bits code;          /* of the part at hand */
	struct nct_part part;
	uint64_t chunk_text;    /* bytes of the chunk at hand, in all of its parts */
	nct_u128 window;        /* the bits of the next one, as far as they are here ... */
	unsigned have;          /* ... and how many these are */
	int block_ended;        /* the last window that was taken ended its block */
	int no_window_yet;      /* of the operand at hand */
	uint64_t bytes_before;  /* of earlier operands */
	uint64_t reported;      /* bytes of this one that progress() knows of */
	struct nct_ids_input in;
};

/* ---- chunks ---- */

/* Hands the part at hand to the blocks. */
static nct_err
end_part(struct like *l, int ends_chunk, int ends_document)
{
	const uint64_t written = nct_writer_totals(l->out.writer)->blocks;
	nct_err err;

	l->part.ends_chunk = ends_chunk;
	l->part.ends_document = ends_document;
	err = nct_token_blocks_add(&l->out, &l->part, l->code.bytes, 0);
	l->part = (struct nct_part){0};
	nct_bits_clear(&l->code);
	if (ends_chunk)
		l->chunk_text = 0;
	l->block_ended = nct_writer_totals(l->out.writer)->blocks != written;
	return err;
}

static int
part_is_full(const struct nct_part *p)
{
	return p->units == NCT_PART_WINDOWS || p->text_bytes >= NCT_PART_TEXT;
}

/* Would the block at hand be full with this part of it? */
static int
fills_block(const struct like *l)
{
	const struct nct_block *b = &l->out.blocks.block;

	return b->text_bytes + l->part.text_bytes >= NCT_BLOCK_TEXT || b->units + l->part.units >= NCT_BLOCK_WINDOWS;
}

/* Takes window k, which ends the document if `eod` and stands for n bytes of text, as far as that is known. Chunks
 * end where acwin ends them: when they have all their bytes and another byte follows. */
static nct_err
take_window(struct like *l, nct_u128 k, size_t n, int eod)
{
	const uint64_t limit = l->book != NULL ? l->header.chunk : 0;
	nct_err err = NCT_OK;

	if (limit > 0 && l->chunk_text > 0 && n > limit - l->chunk_text)
		err = end_part(l, 1, 0);
	if (err == NCT_OK && part_is_full(&l->part))
		err = end_part(l, 0, 0);
	if (err == NCT_OK)
		err = nct_bits_put(&l->code, k, l->header.window_bits);
	if (err != NCT_OK)
		return err;
	l->part.units++;
	l->part.bits += l->header.window_bits;
	l->part.text_bytes += n;
	l->chunk_text += n;
	l->block_ended = 0;
	return eod ? end_part(l, 1, 1) : NCT_OK;
}

/* ---- windows ---- */

static nct_u128
all_ones(unsigned bits)
{
	return ~(nct_u128)0 >> (128 - bits);
}

/* What window k is, and where it goes. */
static nct_err
put_window(struct like *l, nct_u128 k)
{
	const int alone = l->header.eod_alone, last = k == all_ones(l->header.window_bits);
	int eod = alone && last;
	size_t n = 0;

	if (l->book != NULL) {
		const size_t node = nct_codebook_node(l->book, (size_t)k);

		n = nct_codebook_bytes(l->book, (size_t)k);
		eod = l->book->symbol[node] == NCT_EOD;
		if (eod && alone && !last)
			return nct_fail(l->why, NCT_EDATA,
			                "a string that ends with a document's end, where such ends are alone (see --live), id %" PRIu64,
			                l->in.ids);
		if (l->header.chunk > 0 && n > l->header.chunk)
			return nct_fail(l->why, NCT_EDATA, "a string longer than a chunk (see --live), id %" PRIu64, l->in.ids);
	}
	const int begins = l->no_window_yet;
	l->no_window_yet = 0;
	/* In llm.c's files EOD stands before each document: the first only begins one, later ones end the one before, too. */
	return l->o->form == NCT_IMPORT_LLMC && eod && begins ? NCT_OK : take_window(l, k, n, eod);
}

/* Does the block end within this token, of which `rest` bits are left? If the chunk and its block are full, these bits
 * are either the beginning of EOD's window, all ones, or padding, all zeros. */
static int
block_ends_here(const struct like *l, uint32_t token, unsigned rest)
{
	return l->header.chunk > 0 && l->chunk_text == l->header.chunk && fills_block(l) && rest > 0 &&
	       (token >> (rest - 1) & 1) == 0;
}

/* The rest of a block's last token. */
static nct_err
drop_rest(const struct like *l, uint32_t token, unsigned rest)
{
	if ((token & ((1u << rest) - 1)) == 0)
		return NCT_OK;
	return nct_fail(l->why, NCT_EDATA, "not zero behind the last window of its block, id %" PRIu64, l->in.ids);
}

/* Takes the token's bits, window by window. */
static nct_err
take_token(struct like *l, uint32_t token)
{
	const unsigned b = l->header.window_bits, v = l->header.token_bits;
	const int pads = b % v != 0 && l->book != NULL; /* blocks of the ids' origin ended with filled up tokens */

	for (unsigned rest = v; rest > 0;) {
		const unsigned n = rest < b - l->have ? rest : b - l->have;
		nct_err err;

		rest -= n;
		l->window = l->window << n | (token >> rest & ((1u << n) - 1));
		if ((l->have += n) < b)
			return NCT_OK;
		l->have = 0;
		err = put_window(l, l->window);
		l->window = 0;
		if (err == NCT_OK && pads && block_ends_here(l, token, rest))
			err = end_part(l, 1, 0);
		if (err != NCT_OK)
			return nct_wrote(err, l->why);
		if (pads && l->block_ended)
			return drop_rest(l, token, rest);
	}
	return NCT_OK;
}

/* Live: writes what is here of the chunk, if that is whole windows and whole tokens. */
static nct_err
write_live(struct like *l)
{
	nct_err err = NCT_OK;

	if (l->have > 0)
		return NCT_OK;
	if (l->part.units > 0)
		err = end_part(l, 0, 0);
	if (err == NCT_OK)
		err = nct_token_blocks_flush(&l->out);
	return nct_wrote(err, l->why);
}

/* ---- operands ---- */

/* The ids have ended: so must have the last window. */
static nct_err
end_ids(struct like *l)
{
	const unsigned b = l->header.window_bits, v = l->header.token_bits;
	nct_err err = NCT_OK;
	const int filled_up = b % v != 0 && l->have < v && l->window == 0; /* the bits behind the last window */

	if (l->have > 0 && !filled_up)
		return nct_fail(l->why, NCT_ECUT, "the last window is not whole, id %" PRIu64, l->in.ids);
	l->have = 0;
	if (l->o->form == NCT_IMPORT_LLMC && !l->no_window_yet)
		err = take_window(l, all_ones(l->header.window_bits), 0, 1);
	if (err == NCT_OK && l->part.units > 0)
		err = end_part(l, 1, 0);
	if (err == NCT_OK)
		err = nct_token_blocks_end(&l->out);
	return nct_wrote(err, l->why);
}

static void
report(struct like *l)
{
	if (l->o->progress != NULL && l->reported != l->in.bytes)
		l->o->progress(l->o->ctx, l->bytes_before + l->in.bytes);
	l->reported = l->in.bytes;
}

/* An operand becomes a stream. */
static nct_err
import_operand(struct like *l, int fd)
{
	const size_t width = l->o->widen ? 2 : nct_token_bytes(l->header.vocab);
	nct_err err = nct_ids_open(&l->in, fd, l->o->form, l->header.vocab, width, l->why);
	uint32_t id;
	int got = 1;

	l->no_window_yet = 1;
	l->have = 0;
	l->window = 0;
	if (err == NCT_OK)
		err = nct_wrote(nct_token_blocks_begin(&l->out, &l->header), l->why);
	while (err == NCT_OK && (err = nct_ids_next(&l->in, &id, &got, l->why)) == NCT_OK && got) {
		if ((err = take_token(l, id)) == NCT_OK && l->o->live)
			err = write_live(l);
		report(l);
	}
	return err == NCT_OK ? end_ids(l) : err;
}

static nct_err
import_operands(struct like *l, nct_operand operand, void *ctx, struct nct_totals *totals)
{
	nct_err err = NCT_OK;
	int fd = -1;

	for (size_t i = 0; err == NCT_OK && (err = operand(ctx, i, &fd)) == NCT_OK && fd >= 0; i++) {
		err = import_operand(l, fd);
		const int saved = errno;

		nct_token_blocks_count(&l->out, totals);
		totals->stream_bytes = l->bytes_before += l->in.bytes;
		l->reported = 0;
		if (fd != STDIN_FILENO)
			(void)close(fd); /* only read from */
		errno = saved;
	}
	return err;
}

/* ---- the stream to be like ---- */

/* Reads the header of the stream to be like, and no more of it. */
static nct_err
read_header(struct like *l)
{
	enum nct_event event;
	struct nct_block none;
	nct_reader *r = NULL;
	nct_why inner = {0};
	nct_err err = nct_reader_new(&r, l->o->like, 0);

	if (err == NCT_OK && (err = nct_reader_next(r, &event, &none, &inner)) == NCT_OK)
		l->header = *nct_reader_header(r);
	if (err != NCT_OK)
		err = nct_fail_about(l->why, NCT_ABOUT_FILE, err, "%s: %.200s", l->o->like_name,
		                     inner.text[0] != '\0' ? inner.text : err == NCT_EIO ? strerror(errno) : nct_strerror(err));
	nct_reader_free(r);
	if (err == NCT_OK && l->header.code == NCT_CODE_NONE)
		err = nct_fail_about(l->why, NCT_ABOUT_FILE, NCT_EKIND, "%s: tokens not made from windows, byte 19",
		                     l->o->like_name);
	if (err == NCT_OK && l->header.code == NCT_CODE_UNBROKEN)
		err = nct_fail_about(l->why, NCT_ABOUT_FILE, NCT_EKIND,
		                     "%s: an unbroken code, whose symbols only the encoder can count, byte 19", l->o->like_name);
	return err;
}

/* Where v does not divide b, the last token of each block is padded. Can it be told where that was? */
static int
blocks_can_be_told(const struct like *l)
{
	const struct nct_header *h = &l->header;

	return l->book != NULL && h->token_bits <= h->window_bits && h->chunk > 0 && h->chunk <= NCT_PART_WINDOWS;
}

/* Makes it the header of the streams to be written. */
static nct_err
set_header(struct like *l)
{
	struct nct_header *h = &l->header;
	const unsigned given = l->o->token_bits;

	if (h->kind == NCT_TOKENS && given != 0 && given != h->token_bits)
		return nct_fail_about(l->why, NCT_ABOUT_FILE, NCT_EKIND, "%s: tokens of %u bits, not %u, byte 16", l->o->like_name,
		                      h->token_bits, given);
	if (h->kind == NCT_WINDOWS)
		nct_header_pack(h, given);
	nct_why inner = {0};
	if (!l->o->live && nct_codebook_of(&l->book, l->o->m1, l->o->any_m1, h, &inner) != NCT_OK)
		return nct_fail_about(l->why, NCT_ABOUT_FILE, NCT_EMODEL, "%s: %.200s", l->o->like_name, inner.text);
	h->text_unknown = l->book == NULL;
	const int whole = h->window_bits % h->token_bits == 0;
	if (!whole && !l->o->live && !blocks_can_be_told(l))
		return nct_fail_about(l->why, NCT_ABOUT_FILE, NCT_EKIND,
		                      "%s: tokens of %u bits of windows of %u: nothing tells where blocks end, %s (sampled ids have "
		                      "none: see --live)", l->o->like_name, h->token_bits, h->window_bits,
		                      l->book == NULL                     ? "without their codebook (-m)"
		                      : h->token_bits > h->window_bits ? "as tokens may end with a whole window of padding"
		                                                       : "as chunks have no end, or too late a one");
	if (l->o->form == NCT_IMPORT_LLMC && (!h->eod_alone || !whole))
		return nct_fail_about(l->why, NCT_ABOUT_FILE, NCT_EKIND, "%s: no token ends its documents, as in llm.c's files",
		                      l->o->like_name);
	return NCT_OK;
}

nct_err
nct_import_like(nct_operand operand, void *ctx, int out, const struct nct_like_options *options,
                struct nct_totals *totals, nct_why *why)
{
	struct nct_totals own_totals;
	struct nct_like_options o;
	struct like *l;
	nct_why own;
	nct_err err;
	int saved;

	why = nct_why_begin(why, &own);
	totals = totals != NULL ? totals : &own_totals;
	*totals = (struct nct_totals){0};
	if ((err = nct_options_take(&o, sizeof o, options, why)) != NCT_OK)
		return err;
	if (o.token_bits > 16 || (unsigned)o.form > NCT_IMPORT_LLMC || o.like_name == NULL)
		return nct_fail(why, NCT_EARG, "impossible options");
	if ((l = calloc(1, sizeof *l)) == NULL)
		return NCT_ENOMEM;
	l->o = &o;
	l->why = why;
	if ((err = read_header(l)) == NCT_OK && (err = set_header(l)) == NCT_OK)
		err = nct_token_blocks_new(&l->out, out);
	if (err == NCT_OK)
		err = import_operands(l, operand, ctx, totals);
	saved = errno;
	nct_token_blocks_free(&l->out);
	nct_bits_free(&l->code);
	free(l);
	errno = saved;
	return err;
}
