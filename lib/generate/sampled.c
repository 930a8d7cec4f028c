/* sampled.c - writes sampled tokens, and the prompt before them, as a token stream. A block is written as soon as its
 * windows are complete. */
#include "generate/sampled.h"

#include <stdlib.h>
#include <string.h>

#include "base/le.h"
#include "data/corpus.h"
#include "stream/frame.h"

#define WINDOWS_MAX 16 /* windows of a block, at most: lcm(v, b) / b <= v */

static size_t
gcd(size_t a, size_t b)
{
	while (b != 0) {
		size_t r = a % b;

		a = b;
		b = r;
	}
	return a;
}

/* Sets the size of blocks: one foreign token, or the fewest windows whose bits make whole tokens. */
static void
set_group(struct nct_sampled *s)
{
	const struct nct_header *h = &s->header;

	s->group = s->windows = 1;
	if (h->window_bits > 0) {
		const size_t common = gcd(h->window_bits, h->token_bits);

		s->group = h->window_bits / common;
		s->windows = h->token_bits / common;
	}
}

int
nct_sampled_ends_known(const struct nct_header *h)
{
	return h->window_bits > 0 && h->eod_alone && h->window_bits % h->token_bits == 0;
}

nct_err
nct_sampled_begin(struct nct_sampled *s, const struct nct_header *h, int out)
{
	nct_err err = nct_writer_new(&s->writer, out);

	s->header = *h;
	s->header.text_unknown = 1;
	set_group(s);
	return err == NCT_OK ? nct_writer_header(s->writer, &s->header) : err;
}

/* ---- sampled tokens ---- */

/* Writes the directory of a block whose tokens are there: an entry for each document that ends in it, and one for
 * windows behind the last end, if there are some. With `end` the last entry ends a document, too. Returns how many
 * windows are behind the last end. */
static size_t
put_directory(const struct nct_sampled *s, struct nct_block *b, int end, uint8_t *dir)
{
	const struct nct_header *h = &s->header;
	struct nct_directory_entry e = {0};

	for (size_t i = 0; i < s->windows; i++) {
		const int last = i + 1 == s->windows;

		e.units++;
		e.ends_document = (h->eod_alone && nct_window_is_end(h, b, i)) || (end && last);
		if (!e.ends_document && !last)
			continue;
		b->dir_bytes += (uint32_t)nct_directory_put(dir + b->dir_bytes, &e, 0);
		b->documents += (uint32_t)e.ends_document;
		if (e.ends_document)
			e.units = 0;
	}
	return (size_t)e.units;
}

nct_err
nct_sampled_put(struct nct_sampled *s, const uint32_t *ids, enum nct_sampled_after after)
{
	uint8_t dir[WINDOWS_MAX * NCT_DIR_ENTRY_MAX], code[2 * NCT_SAMPLED_GROUP];
	const size_t width = nct_token_bytes(s->header.vocab);
	struct nct_block b = {.units = (uint32_t)s->windows,
	                      .tokens = (uint32_t)s->group,
	                      .dir = dir,
	                      .code = code,
	                      .code_bytes = (uint32_t)(s->group * width)};

	for (size_t i = 0; i < s->group; i++)
		if (width == 1)
			code[i] = (uint8_t)ids[i];
		else
			nct_put16(code + 2 * i, (uint16_t)ids[i]);
	const int goes_on = put_directory(s, &b, after == NCT_SAMPLED_END, dir) > 0 && after == NCT_SAMPLED_MORE;
	b.flags = (uint32_t)((s->inside ? NCT_BLOCK_CONTINUES : 0) | (goes_on ? NCT_BLOCK_CONTINUED : 0));
	s->inside = goes_on;
	return nct_writer_block(s->writer, &b);
}

int
nct_sampled_is_end(const struct nct_sampled *s, const uint32_t *ids)
{
	for (size_t i = 0; i < s->group; i++)
		if (ids[i] != s->header.vocab - 1)
			return 0;
	return nct_sampled_ends_known(&s->header);
}

nct_err
nct_sampled_end_document(struct nct_sampled *s)
{
	uint32_t ids[NCT_SAMPLED_GROUP];

	for (size_t i = 0; i < s->group; i++)
		ids[i] = s->header.vocab - 1;
	return nct_sampled_put(s, ids, NCT_SAMPLED_LAST);
}

nct_err
nct_sampled_end(struct nct_sampled *s)
{
	return nct_writer_trailer(s->writer);
}

void
nct_sampled_free(struct nct_sampled *s)
{
	nct_writer_free(s->writer);
	s->writer = NULL;
}

/* ---- the prompt ---- */

/* Prepares the prompt's last block, after which the document goes on. Returns whether its chunk goes on. With
 * foreign tokens, the directory may say that the document ends; then a changed copy of it goes to `dir`. */
static int
open_end(const struct nct_sampled *s, struct nct_block *b, uint8_t *dir)
{
	const struct nct_header *h = &s->header;
	struct nct_directory_entry e = {0};
	size_t pos = 0, last = 0;

	for (size_t at = 0; nct_directory_next(b->dir, b->dir_bytes, &pos, &e, 0) == 1; at = pos)
		last = at;
	if (h->code == NCT_CODE_NONE && e.ends_document) {
		memcpy(dir, b->dir, b->dir_bytes);
		dir[last] &= 0xfe; /* LEB128, the lowest bits first */
		b->dir = dir;
		b->documents--;
		e.ends_document = 0;
	}
	return !e.ends_document && (h->window_bits == 0 || (uint64_t)b->units * h->window_bits % h->token_bits == 0);
}

/* Takes the last token off a block, where tokens are windows. The new directory goes to `dir`, which has room for the
 * old one. */
static void
take_back(const struct nct_sampled *s, struct nct_block *b, uint8_t *dir)
{
	struct nct_directory_entry e = {0};
	size_t pos = 0, last = 0;

	for (size_t at = 0; nct_directory_next(b->dir, b->dir_bytes, &pos, &e, 0) == 1; at = pos)
		last = at;
	memcpy(dir, b->dir, last);
	e.units--;
	b->dir_bytes = (uint32_t)(last + (e.units > 0 ? nct_directory_put(dir + last, &e, 0) : 0));
	b->dir = dir;
	b->units--;
	b->tokens--;
	b->code_bytes -= (uint32_t)nct_token_bytes(s->header.vocab);
}

/* Writes the prompt's last block. `dir` has room for its directory. */
static nct_err
put_last(struct nct_sampled *s, struct nct_block *b, int shorten, uint8_t *dir)
{
	b->flags &= (uint32_t)NCT_BLOCK_CONTINUES;
	if (shorten)
		take_back(s, b, dir);
	if (b->units == 0 && shorten) { /* what is to come takes its place */
		s->inside = b->flags != 0;
		return NCT_OK;
	}
	if ((s->inside = open_end(s, b, dir)) != 0)
		b->flags |= NCT_BLOCK_CONTINUED;
	return nct_writer_block(s->writer, b);
}

nct_err
nct_sampled_prompt(struct nct_sampled *s, const nct_corpus *prompt, int shorten)
{
	uint8_t *dir = NULL;
	struct nct_block b, next;
	nct_err err = NCT_OK;
	int more = nct_corpus_block(prompt, 0, &b);

	for (size_t i = 1; err == NCT_OK && more; i++, b = next) {
		b.text_bytes = 0; /* unknown, as in all of this stream */
		if ((more = nct_corpus_block(prompt, i, &next)) != 0)
			err = nct_writer_block(s->writer, &b);
		else if ((dir = malloc(b.dir_bytes)) == NULL)
			return NCT_ENOMEM;
		else
			err = put_last(s, &b, shorten, dir);
	}
	free(dir);
	return err;
}
