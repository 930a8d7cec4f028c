/* token_blocks.c - windows gathered into blocks as encoders do, and written as the blocks of a token stream. */
#include "tokens/token_blocks.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/err.h"
#include "m1/plan.h"
#include "tokens/repack.h"

static nct_err
write_block(void *ctx, const struct nct_block *block)
{
	struct nct_token_blocks *b = ctx;
	struct nct_block packed = *block;
	nct_err err = nct_block_pack(&packed, &b->windows, b->header.token_bits, &b->buf, &b->cap);

	if (err != NCT_OK)
		return err;
	return nct_writer_block(b->writer, &packed);
}

nct_err
nct_token_blocks_new(struct nct_token_blocks *b, int out)
{
	*b = (struct nct_token_blocks){.blocks = {.write = write_block, .ctx = b}};
	return nct_writer_new(&b->writer, out);
}

void
nct_token_blocks_free(struct nct_token_blocks *b)
{
	nct_blocks_free(&b->blocks);
	nct_writer_free(b->writer);
	free(b->buf);
}

nct_err
nct_token_blocks_begin(struct nct_token_blocks *b, const struct nct_header *h)
{
	b->header = b->windows = *h;
	b->windows.kind = NCT_WINDOWS;
	b->windows.token_bits = 0;
	b->windows.vocab = 0;
	b->blocks.in_chunk = 0;
	return nct_writer_header(b->writer, h);
}

nct_err
nct_token_blocks_add(struct nct_token_blocks *b, const struct nct_part *part, const uint8_t *p, uint64_t from)
{
	return nct_blocks_add(&b->blocks, part, p, from);
}

nct_err
nct_token_blocks_flush(struct nct_token_blocks *b)
{
	return nct_blocks_flush(&b->blocks);
}

nct_err
nct_token_blocks_end(struct nct_token_blocks *b)
{
	nct_err err = nct_blocks_flush(&b->blocks);

	return err == NCT_OK ? nct_writer_trailer(b->writer) : err;
}

void
nct_token_blocks_count(const struct nct_token_blocks *b, struct nct_totals *sum)
{
	const struct nct_totals *t = nct_writer_totals(b->writer);

	sum->blocks += t->blocks;
	sum->text_bytes += t->text_bytes;
	sum->windows += t->windows;
	sum->tokens += t->tokens;
	sum->documents += t->documents;
	sum->text_unknown |= t->text_unknown;
	sum->documents_unknown |= t->documents_unknown;
}

nct_err
nct_codebook_of(const struct nct_codebook **out, const nct_m1 *m1, int any, const struct nct_header *h, nct_why *why)
{
	const struct nct_plan plan = {.window_bits = h->window_bits, .resets = h->resets};
	const struct nct_codebook *c = NULL;

	*out = NULL;
	if (m1 == NULL)
		return NCT_OK;
	if (h->m1 != nct_m1_fingerprint(m1))
		return any ? NCT_OK
		           : nct_fail(why, NCT_EMODEL, "written with M1 %016" PRIx64 ", this is M1 %016" PRIx64 " (see -m)", h->m1,
		                      nct_m1_fingerprint(m1));
	if (h->resets == 1 && h->code == NCT_CODE_BEST)
		c = nct_m1_codebook_printed(m1, h->window_bits, h->windows);
	else if (h->resets == 1 && h->code == NCT_CODE_SPLIT)
		c = nct_m1_codebook(m1, NCT_CODE_SPLIT, h->window_bits);
	if (c != NULL && nct_plan_fingerprint(&plan, h->m1, c) == h->windows)
		*out = c;
	return NCT_OK;
}
