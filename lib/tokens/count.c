/* count.c - counts how often each id occurs in token streams. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/err.h"
#include "base/le.h"
#include "stream/same_tokens.h"
#include "tokens/measure.h"
#include "tokens/repack.h"

#define KIND_AT 10 /* offset of a stream's kind in its header */

struct count {
	struct nct_measured m;
	uint64_t *counts; /* (vocab) owned: m.counts; NULL before the first stream */
};

/* Checks that ids mean the same in all streams. */
static nct_err
begin_stream(struct count *c, const struct nct_header *h, uint64_t at, nct_why *why)
{
	char where[64];
	struct nct_difference d;

	if (h->kind != NCT_TOKENS)
		return nct_fail(why, NCT_EKIND, "a window stream, not tokens, byte %" PRIu64, at + KIND_AT);
	if (c->counts == NULL) {
		c->m.header = *h;
		c->m.counts = c->counts = calloc(h->vocab, sizeof *c->counts);
		return c->counts != NULL ? NCT_OK : NCT_ENOMEM;
	}
	if (nct_header_difference(&c->m.header, h, &d)) {
		snprintf(where, sizeof where, " as before, byte %" PRIu64, at + d.at);
		return nct_header_disagree(&d, NCT_EKIND, where, why);
	}
	c->m.header.text_unknown |= h->text_unknown;
	return NCT_OK;
}

/* The reader has checked that all ids lie within the vocabulary. */
static void
count_block(struct count *c, const struct nct_block *b)
{
	if (nct_token_bytes(c->m.header.vocab) == 1)
		for (uint32_t i = 0; i < b->tokens; i++)
			c->counts[b->code[i]]++;
	else
		for (uint32_t i = 0; i < b->tokens; i++)
			c->counts[nct_get16(b->code + 2 * (size_t)i)]++;
	c->m.tokens += b->tokens;
	c->m.text_bytes += b->text_bytes;
}

nct_err
nct_measure_streams(struct nct_input *input, const struct nct_measure_calls *calls, nct_why *why)
{
	struct count c = {.counts = NULL};
	enum nct_event event = NCT_AT_HEADER;
	struct nct_block b;
	nct_reader *r;
	nct_err err = nct_reader_continue(&r, input, 0);
	int saved;

	while (err == NCT_OK && event != NCT_AT_END) {
		uint64_t at = nct_reader_offset(r);

		if ((err = nct_reader_next(r, &event, &b, why)) != NCT_OK)
			break;
		if (event == NCT_AT_HEADER)
			err = begin_stream(&c, nct_reader_header(r), at, why);
		else if (event == NCT_AT_BLOCK)
			count_block(&c, &b);
		if (calls->progress != NULL)
			calls->progress(calls->ctx, nct_reader_offset(r));
	}
	if (err == NCT_OK)
		calls->each(calls->ctx, &c.m);
	saved = errno;
	nct_reader_free(r);
	free(c.counts);
	errno = saved;
	return err;
}
