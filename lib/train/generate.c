/* generate.c - samples tokens from M2 and writes them as a stream, a block as soon as its windows are complete. */
#include "nct-m2.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/le.h"
#include "base/options.h"
#include "data/corpus.h"
#include "m2_file.h"
#include "net/step.h"
#include "stream/frame.h"
#include "train/sample.h"

#define WINDOWS_MAX 16 /* windows of a block, at most: lcm(v, b) / b <= v */
#define GROUP_MAX 128 /* tokens of a block, at most: lcm(v, b) / v <= b */

struct generator {
	const nct_m2 *m;
	const struct nct_m2_generate_options *o;
	nct_step *step;
	nct_writer *out;
	struct nct_weighed *weighed;
	nct_rng rng;
	size_t group, windows; /* tokens of a block, and the windows (or foreign tokens) in it */
	int inside;            /* the previous block ended within a chunk */
};

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
set_group(struct generator *g)
{
	const struct nct_header *h = &g->m->header;

	g->group = g->windows = 1;
	if (h->window_bits > 0) {
		const size_t common = gcd(h->window_bits, h->token_bits);

		g->group = h->window_bits / common;
		g->windows = h->token_bits / common;
	}
}

/* Writes the directory of a block whose tokens are there: an entry for each document that ends in it, and one for
 * windows behind the last end, if there are some. Returns how many these are. */
static size_t
put_directory(const struct nct_header *h, size_t windows, struct nct_block *b, uint8_t *dir)
{
	struct nct_directory_entry e = {0};

	for (size_t i = 0; i < windows; i++) {
		e.units++;
		e.ends_document = h->eod_alone && nct_window_is_end(h, b, i);
		if (!e.ends_document && i + 1 < windows)
			continue;
		b->dir_bytes += (uint32_t)nct_directory_put(dir + b->dir_bytes, &e, 0);
		b->documents += (uint32_t)e.ends_document;
		if (e.ends_document)
			e.units = 0;
	}
	return (size_t)e.units;
}

/* Writes a block of `n` tokens, which are `windows` windows (or foreign tokens). `more`: another block follows. */
static nct_err
put_block(struct generator *g, const uint32_t *ids, size_t n, size_t windows, int more)
{
	uint8_t dir[WINDOWS_MAX * NCT_DIR_ENTRY_MAX], code[2 * GROUP_MAX];
	const size_t width = nct_token_bytes(g->m->header.vocab);
	struct nct_block b = {.units = (uint32_t)windows,
	                      .tokens = (uint32_t)n,
	                      .dir = dir,
	                      .code = code,
	                      .code_bytes = (uint32_t)(n * width)};

	for (size_t i = 0; i < n; i++)
		if (width == 1)
			code[i] = (uint8_t)ids[i];
		else
			nct_put16(code + 2 * i, (uint16_t)ids[i]);
	const int goes_on = put_directory(&g->m->header, windows, &b, dir) > 0 && more;
	b.flags = (uint32_t)((g->inside ? NCT_BLOCK_CONTINUES : 0) | (goes_on ? NCT_BLOCK_CONTINUED : 0));
	g->inside = goes_on;
	return nct_writer_block(g->out, &b);
}

/* Prepares the prompt's last block, after which the document goes on. Returns whether its chunk goes on. With
 * foreign tokens, the directory may say that the document ends; then a changed copy of it goes to `dir`. */
static int
open_end(const struct generator *g, struct nct_block *b, uint8_t *dir)
{
	const struct nct_header *h = &g->m->header;
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

/* Copies the prompt's blocks. Their text bytes become unknown, as in all of this stream. */
static nct_err
put_prompt(struct generator *g, const nct_corpus *prompt)
{
	uint8_t *dir = NULL;
	struct nct_block b, next;
	nct_err err = NCT_OK;
	int more = nct_corpus_block(prompt, 0, &b);

	for (size_t i = 1; err == NCT_OK && more; i++, b = next) {
		b.text_bytes = 0;
		if (!(more = nct_corpus_block(prompt, i, &next))) {
			if ((dir = malloc(b.dir_bytes)) == NULL)
				return NCT_ENOMEM;
			b.flags &= (uint32_t)NCT_BLOCK_CONTINUES;
			if ((g->inside = open_end(g, &b, dir)) != 0)
				b.flags |= NCT_BLOCK_CONTINUED;
		}
		err = nct_writer_block(g->out, &b);
	}
	free(dir);
	return err;
}

/* Lets M2 read BOS and the prompt. */
static nct_err
read_prompt(struct generator *g, const nct_corpus *prompt)
{
	const uint64_t n = prompt != NULL ? nct_corpus_tokens(prompt) : 0;
	nct_err err = nct_step_read(g->step, g->m->header.vocab);

	for (uint64_t i = 0; err == NCT_OK && i < n; i++) {
		uint32_t id;

		nct_corpus_get(prompt, i, 1, &id, NULL);
		err = nct_step_read(g->step, id);
	}
	return err;
}

static nct_err
sample_all(struct generator *g, nct_why *why)
{
	const struct nct_sampling s = {g->o->temperature, g->o->top_k, g->o->top_p};
	const uint64_t blocks = g->o->tokens / g->group + (g->o->tokens % g->group != 0);
	uint32_t ids[GROUP_MAX];
	nct_err err = NCT_OK;

	for (uint64_t i = 0; err == NCT_OK && i < blocks && !(g->o->stop != NULL && g->o->stop(g->o->ctx)); i++) {
		for (size_t j = 0; err == NCT_OK && j < g->group; j++) {
			err = nct_sample(&ids[j], nct_step_logits(g->step), g->m->header.vocab, &s, &g->rng, g->weighed);
			if (err != NCT_OK)
				return nct_fail(why, err, "token %zu: a logit is not finite", (size_t)i * g->group + j + 1);
			err = nct_step_read(g->step, ids[j]);
		}
		if (err == NCT_OK && (err = put_block(g, ids, g->group, g->windows, i + 1 < blocks)) != NCT_OK)
			return nct_wrote(err, why);
		if (g->o->progress != NULL)
			g->o->progress(g->o->ctx, (i + 1) * g->group, blocks * g->group);
	}
	return err;
}

static nct_err
check(const nct_m2 *m, const nct_corpus *prompt, const struct nct_m2_generate_options *o, nct_why *why)
{
	nct_why inner = {0};

	if (o->threads == 0 || !(o->temperature >= 0) || !(o->top_p > 0 && o->top_p <= 1))
		return nct_fail(why, NCT_EARG, "threads, temperature, top-p: out of range");
	if (m->header.code == NCT_CODE_UNBROKEN)
		return nct_fail(
		    why, NCT_EKIND,
		    "its tokens are of an unbroken code, whose symbols only the encoder can count: they cannot be sampled");
	if (o->only_new && prompt != NULL && m->header.window_bits > 0 && m->header.resets != 1)
		return nct_fail(why, NCT_EARG, "M1 is not reset before each window: new tokens do not decode without the prompt");
	if (prompt != NULL && !nct_same_tokens(&m->header, nct_corpus_header(prompt), &inner))
		return nct_fail(why, NCT_EMODEL, "the prompt's tokens have %.200s as the model's", inner.text);
	return NCT_OK;
}

/* Begins the stream: writes a header from the model's, with text bytes unknown, and the prompt. */
static nct_err
begin(struct generator *g, const nct_corpus *prompt, int out, nct_why *why)
{
	struct nct_header h = g->m->header;
	nct_err err = nct_writer_new(&g->out, out);

	h.text_unknown = 1;
	if (err == NCT_OK)
		err = nct_writer_header(g->out, &h);
	if (err == NCT_OK && prompt != NULL && !g->o->only_new)
		err = put_prompt(g, prompt);
	return nct_wrote(err, why);
}

nct_err
nct_m2_generate(const nct_m2 *m, const nct_corpus *prompt, int out, const struct nct_m2_generate_options *options,
                nct_why *why)
{
	struct nct_m2_generate_options o;
	struct generator g = {.m = m, .o = &o};
	nct_why own;
	nct_err err;

	why = nct_why_begin(why, &own);
	if ((err = nct_options_take(&o, sizeof o, options, why)) != NCT_OK || (err = check(m, prompt, &o, why)) != NCT_OK)
		return err;
	g.rng = (nct_rng){o.seed};
	set_group(&g);
	if ((g.weighed = malloc(m->header.vocab * sizeof *g.weighed)) == NULL)
		return nct_fail(why, NCT_ENOMEM, "out of memory");
	err = nct_step_new(&g.step, &m->shape, m->tensor, o.threads, o.cpu, why);
	if (err == NCT_OK)
		err = begin(&g, prompt, out, why);
	if (err == NCT_OK)
		err = read_prompt(&g, prompt);
	if (err == NCT_OK)
		err = sample_all(&g, why);
	if (err == NCT_OK)
		err = nct_wrote(nct_writer_trailer(g.out), why);
	nct_writer_free(g.out);
	nct_step_free(g.step);
	free(g.weighed);
	return err;
}
