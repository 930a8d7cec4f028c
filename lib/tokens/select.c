/* select.c - some documents of token streams, as streams of their own. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/options.h"
#include "base/rng.h"
#include "coder/bits.h"
#include "stream/operands.h"
#include "tokens/repack.h"
#include "tokens/token_blocks.h"

struct select {
	const struct nct_select_options *o;
	struct nct_token_blocks out[2];  /* of documents that are wanted; of the others, if there is o->rest */
	struct nct_header header;        /* of the stream, as it is read */
	const struct nct_codebook *book; /* NULL: none. Borrowed */
	uint64_t number;                 /* of the document at hand, in all streams, from 1 */
	int side;                        /* of out[] that it goes to; -1: it is dropped */
	int inside;                      /* some of it was read, and not its end */
	struct nct_totals sum, rest;     /* of what is wanted, and of what goes to o->rest, in all streams */
	uint8_t *code;                   /* the block at hand as windows */
	size_t cap;
};

/* Whether the document with that number is wanted. */
static int
is_wanted(const struct nct_select_options *o, uint64_t number)
{
	if (o->range_count == 0) {
		nct_rng r = {o->seed};

		r.s = nct_rng_next(&r) + number;
		return nct_rng_unit(&r) < o->share;
	}
	for (size_t i = 0; i < o->range_count; i++)
		if (number >= o->ranges[2 * i] && number <= o->ranges[2 * i + 1])
			return 1;
	return 0;
}

static void
begin_document(struct select *s)
{
	s->number++;
	s->side = is_wanted(s->o, s->number) ? 0 : s->o->rest != NULL ? 1 : -1;
}

static nct_err
select_header(void *self, const struct nct_header *h, uint64_t at, nct_why *why)
{
	struct select *s = self;
	struct nct_header to = *h;
	nct_err err = NCT_OK;

	if (h->code == NCT_CODE_NONE)
		return nct_fail(why, NCT_EKIND, "tokens not made from windows, byte %" PRIu64, at + 19);
	if (h->code == NCT_CODE_UNBROKEN)
		return nct_fail(why, NCT_EKIND, "an unbroken code, byte %" PRIu64, at + 19);
	if (h->text_unknown && !h->eod_alone)
		return nct_fail(why, NCT_EKIND, "nothing tells where sampled documents end (acwin --eod=alone), byte %" PRIu64,
		                at + 18);
	if (h->kind == NCT_TOKENS && s->o->token_bits != 0 && s->o->token_bits != h->token_bits)
		return nct_fail(why, NCT_EKIND, "tokens of %u bits, not %u, byte %" PRIu64, h->token_bits, s->o->token_bits, at + 16);
	s->header = *h;
	if (h->kind == NCT_WINDOWS)
		nct_header_pack(&to, s->o->token_bits);
	s->book = NULL;
	if (!h->text_unknown && (err = nct_codebook_of(&s->book, s->o->m1, s->o->any_m1, h, why)) != NCT_OK)
		return err;
	to.text_unknown = s->book == NULL;
	begin_document(s);
	for (int i = 0; i < 1 + (s->o->rest != NULL) && err == NCT_OK; i++)
		err = nct_token_blocks_begin(&s->out[i], &to);
	return err;
}

/* Bytes of text that windows [from, from + units) of the block stand for. */
static uint64_t
text_of(const struct select *s, const struct nct_block *b, uint64_t from, uint64_t units)
{
	const unsigned bits = s->header.window_bits;
	const uint64_t end = (uint64_t)b->units * bits;
	uint64_t n = 0;
	uint32_t k[256];

	for (uint64_t i = 0; s->book != NULL && i < units; i += sizeof k / sizeof k[0]) {
		const size_t some = units - i < sizeof k / sizeof k[0] ? (size_t)(units - i) : sizeof k / sizeof k[0];

		nct_bits_get_all(k, some, b->code, end, (from + i) * bits, bits);
		for (size_t j = 0; j < some; j++)
			n += nct_codebook_bytes(s->book, k[j]);
	}
	return n;
}

/* Passes on the entries of the documents that are wanted. */
static nct_err
select_block(void *self, const struct nct_block *block)
{
	struct select *s = self;
	struct nct_block b = *block;
	struct nct_directory_entry e;
	uint64_t from = 0;
	size_t pos = 0;
	nct_err err = NCT_OK;

	if (s->header.kind == NCT_TOKENS && (err = nct_block_unpack(&b, &s->header, &s->code, &s->cap)) != NCT_OK)
		return err;
	while (err == NCT_OK && nct_directory_next(b.dir, b.dir_bytes, &pos, &e, 0) == 1) {
		const int last = pos == b.dir_bytes;
		const struct nct_part part = {.units = e.units,
		                              .text_bytes = text_of(s, &b, from, e.units),
		                              .bits = e.units * s->header.window_bits,
		                              .ends_document = e.ends_document,
		                              .ends_chunk = !last || !(b.flags & NCT_BLOCK_CONTINUED)};

		if (s->side >= 0)
			err = nct_token_blocks_add(&s->out[s->side], &part, b.code, from * s->header.window_bits);
		from += e.units;
		s->inside = !e.ends_document;
		if (e.ends_document)
			begin_document(s);
	}
	return err;
}

static nct_err
select_end(void *self)
{
	struct select *s = self;
	nct_err err = NCT_OK;

	if (!s->inside)
		s->number--; /* the document that was begun behind the last end does not exist */
	s->inside = 0;
	for (int i = 0; i < 1 + (s->o->rest != NULL) && err == NCT_OK; i++)
		err = nct_token_blocks_end(&s->out[i]);
	nct_token_blocks_count(&s->out[0], &s->sum);
	if (s->o->rest != NULL)
		nct_token_blocks_count(&s->out[1], &s->rest);
	return err;
}

nct_err
nct_tokens_select(nct_operand operand, void *ctx, int out, const struct nct_select_options *options,
                  struct nct_totals *totals, nct_why *why)
{
	static const struct nct_steps steps = {select_header, select_block, NULL, select_end};
	struct nct_select_options o;
	struct select s = {.o = &o};
	struct nct_pack_options pack = {.struct_size = sizeof pack};
	nct_why own;
	nct_err err;
	int saved;

	why = nct_why_begin(why, &own);
	if ((err = nct_options_take(&o, sizeof o, options, why)) != NCT_OK)
		return err;
	if (o.token_bits > 16 || (o.range_count > 0) != (o.ranges != NULL) || !(o.share >= 0 && o.share <= 1))
		return nct_fail(why, NCT_EARG, "impossible options");
	pack.progress = o.progress;
	pack.ctx = o.ctx;
	if ((err = nct_token_blocks_new(&s.out[0], out)) == NCT_OK && o.rest != NULL)
		err = nct_token_blocks_new(&s.out[1], *o.rest);
	if (err == NCT_OK)
		err = nct_each_stream(&steps, &s, operand, ctx, &pack, totals, why);
	if (totals != NULL) {
		s.sum.stream_bytes = totals->stream_bytes; /* of the input */
		*totals = s.sum;
	}
	if (o.rest_tokens != NULL)
		*o.rest_tokens = s.rest.tokens;
	saved = errno;
	for (int i = 0; i < 2; i++)
		nct_token_blocks_free(&s.out[i]);
	free(s.code);
	errno = saved;
	return err;
}
