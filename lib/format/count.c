/* count.c - how often each id occurs in token streams whose ids mean the same. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/err.h"
#include "base/le.h"
#include "format/measure.h"
#include "format/tokens.h"

#define KIND_AT 10 /* the place of a stream's kind in its header */

/* A field that decides what ids mean: its place in the header of a stream, and its values in two. */
struct field {
	enum { NUMBER, CODE, FINGERPRINT } type; /* a fingerprint of 0 is not known: it differs from none */
	const char *name;
	unsigned at;
	uint64_t a, b;
};

/* The first such field in which the headers differ; 0 if there is none. (Vocabulary and code imply the token bits.) */
static int
difference(const struct nct_header *a, const struct nct_header *b, struct field *d)
{
	const struct field fields[] = {
		{NUMBER, "vocabulary", 12, a->vocab, b->vocab},
		{CODE, "code", 19, a->code, b->code},
		{NUMBER, "window bits", 11, a->window_bits, b->window_bits},
		{NUMBER, "resets", 20, a->resets, b->resets},
		{NUMBER, "parameters of M1", 56, a->m1_parameters, b->m1_parameters},
		{FINGERPRINT, "M1", 40, a->m1, b->m1},
		{FINGERPRINT, "windows", 48, a->windows, b->windows},
	};

	for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
		*d = fields[i];
		if (d->a != d->b && !(d->type == FINGERPRINT && (d->a == 0 || d->b == 0)))
			return 1;
	}
	return 0;
}

const char *
nct_code_name(unsigned code)
{
	static const char *const names[] = {"none", "split", "best", "unbroken"};

	return code < sizeof names / sizeof names[0] ? names[code] : NULL;
}

/* Says that the field is b, not a. */
static nct_err
disagree(const struct field *d, const char *where, nct_why *why)
{
	switch (d->type) {
	case CODE:
		return nct_fail(why, NCT_EKIND, "%s %s, not %s%s", d->name, nct_code_name((unsigned)d->b), nct_code_name((unsigned)d->a), where);
	case FINGERPRINT:
		return nct_fail(why, NCT_EKIND, "%s %016" PRIx64 ", not %016" PRIx64 "%s", d->name, d->b, d->a, where);
	case NUMBER:
		break;
	}
	return nct_fail(why, NCT_EKIND, "%s %" PRIu64 ", not %" PRIu64 "%s", d->name, d->b, d->a, where);
}

int
nct_same_tokens(const struct nct_header *a, const struct nct_header *b, nct_why *why)
{
	struct field d;

	return !difference(a, b, &d) || disagree(&d, "", why) == NCT_OK;
}

struct count {
	struct nct_measured m;
	uint64_t *counts; /* what m.counts shows; NULL: there was no stream yet */
};

static nct_err
begin_stream(struct count *c, const struct nct_header *h, uint64_t at, nct_why *why)
{
	char where[64];
	struct field d;

	if (h->kind != NCT_TOKENS)
		return nct_fail(why, NCT_EKIND, "a window stream, not tokens, byte %" PRIu64, at + KIND_AT);
	if (c->counts == NULL) {
		c->m.header = *h;
		c->m.counts = c->counts = calloc(h->vocab, sizeof *c->counts);
		return c->counts != NULL ? NCT_OK : NCT_ENOMEM;
	}
	if (difference(&c->m.header, h, &d)) {
		snprintf(where, sizeof where, " as before, byte %" PRIu64, at + d.at);
		return disagree(&d, where, why);
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
nct_measure_streams(struct nct_feed *feed, const struct nct_measure_calls *calls, nct_why *why)
{
	struct count c = {.counts = NULL};
	enum nct_event event = NCT_AT_HEADER;
	struct nct_block b;
	nct_reader *r;
	nct_err err = nct_reader_continue(&r, feed, 0);
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
