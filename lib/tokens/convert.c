/* convert.c - streams of windows to streams of tokens, or back. */
#include <inttypes.h>
#include <stdlib.h>

#include "base/err.h"
#include "base/options.h"
#include "stream/operands.h"
#include "tokens/repack.h"

/* One call of nct_pack() or nct_unpack(). */
struct conversion {
	nct_writer *out;          /* owned */
	unsigned asked;           /* v that was asked for; 0: none */
	unsigned token_bits;      /* nct_pack(): v of the stream that is written */
	struct nct_header header; /* of the stream that is read */
	uint64_t tokens;          /* written, or read */
	uint8_t *code;            /* (cap) owned: a block's code as it is written */
	size_t cap;
};

static nct_err
pack_header(void *self, const struct nct_header *h, uint64_t at, nct_why *why)
{
	struct conversion *p = self;
	struct nct_header to = *h;

	if (h->kind != NCT_WINDOWS)
		return nct_fail(why, NCT_EKIND, "a token stream, not windows, byte %" PRIu64, at + 10);
	p->header = *h;
	nct_header_pack(&to, p->asked);
	p->token_bits = to.token_bits;
	return nct_writer_header(p->out, &to);
}

static nct_err
pack_block(void *self, const struct nct_block *block)
{
	struct conversion *p = self;
	struct nct_block b = *block;
	nct_err err = nct_block_pack(&b, &p->header, p->token_bits, &p->code, &p->cap);

	if (err != NCT_OK)
		return err;
	p->tokens += b.tokens;
	return nct_writer_block(p->out, &b);
}

static nct_err
unpack_header(void *self, const struct nct_header *h, uint64_t at, nct_why *why)
{
	struct conversion *p = self;
	struct nct_header to = *h;

	if (h->kind != NCT_TOKENS)
		return nct_fail(why, NCT_EKIND, "a window stream, not tokens, byte %" PRIu64, at + 10);
	if (h->code == NCT_CODE_NONE)
		return nct_fail(why, NCT_EKIND, "tokens not made from windows, byte %" PRIu64, at + 19);
	p->header = *h;
	to.kind = NCT_WINDOWS;
	to.token_bits = 0;
	to.vocab = 0;
	return nct_writer_header(p->out, &to);
}

static nct_err
unpack_block(void *self, const struct nct_block *block)
{
	struct conversion *p = self;
	struct nct_block b = *block;
	nct_err err;

	p->tokens += b.tokens;
	if ((err = nct_block_unpack(&b, &p->header, &p->code, &p->cap)) != NCT_OK)
		return err;
	return nct_writer_block(p->out, &b);
}

static nct_err
end(void *self)
{
	struct conversion *p = self;

	return nct_writer_trailer(p->out);
}

static nct_err
convert(const struct nct_steps *steps, nct_operand operand, void *ctx, int out, const struct nct_pack_options *o,
        struct nct_totals *totals, nct_why *why)
{
	struct conversion p = {.asked = o->token_bits};
	nct_err err;

	if ((err = nct_writer_new(&p.out, out)) != NCT_OK)
		return err;
	err = nct_each_stream(steps, &p, operand, ctx, o, totals, why);
	if (totals != NULL)
		totals->tokens = p.tokens;
	nct_writer_free(p.out);
	free(p.code);
	return err;
}

nct_err
nct_pack(nct_operand operand, void *ctx, int out, const struct nct_pack_options *options, struct nct_totals *totals,
         nct_why *why)
{
	static const struct nct_steps steps = {pack_header, pack_block, NULL, end};
	struct nct_pack_options o;
	nct_why own;
	nct_err err;

	why = nct_why_begin(why, &own);
	if ((err = nct_options_take(&o, sizeof o, options, why)) != NCT_OK)
		return err;
	if (o.token_bits > 16)
		return nct_fail(why, NCT_EARG, "tokens of %u bits: not 1 to 16", o.token_bits);
	return convert(&steps, operand, ctx, out, &o, totals, why);
}

nct_err
nct_unpack(nct_operand operand, void *ctx, int out, const struct nct_pack_options *options, struct nct_totals *totals,
           nct_why *why)
{
	static const struct nct_steps steps = {unpack_header, unpack_block, NULL, end};
	struct nct_pack_options o;
	nct_why own;
	nct_err err;

	why = nct_why_begin(why, &own);
	err = nct_options_take(&o, sizeof o, options, why);
	return err == NCT_OK ? convert(&steps, operand, ctx, out, &o, totals, why) : err;
}
