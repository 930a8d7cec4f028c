/* generate.c - samples tokens from M2: some samples side by side, written one after another. */
#include "nct-m2.h"

#include <errno.h>
#include <float.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/options.h"
#include "data/corpus.h"
#include "generate/heal.h"
#include "generate/sample.h"
#include "generate/sampled.h"
#include "net/step.h"
#include "train/m2_file.h"

#define SIDE_BY_SIDE 64            /* samples, at most */
#define CACHE_BYTES ((size_t)1 << 30) /* of their keys and values together, at most, if there are several */
#define AHEAD 4                    /* samples that wait to be written, at most, for each of those side by side */

struct sample {
	nct_rng rng;
	size_t sequence;      /* of the steps */
	const float *logits;  /* (V) of its next token */
	uint32_t *ids;        /* (cap) owned: the tokens that are not written yet */
	size_t count, cap;
	uint64_t drawn;       /* tokens so far, without stale ones */
	uint32_t last;        /* the last token */
	int done;             /* it gets no more tokens */
	int ended;            /* its last window ended a document */
	size_t healed;        /* bytes of the text that was taken back which are there again */
	int stale;            /* the last token has nothing but such text */
	nct_err err;          /* of the last draw */
};

struct generator {
	const nct_m2 *m;
	const struct nct_m2_generate_options *o;
	const nct_corpus *prompt;     /* NULL: none */
	nct_step *step;
	struct nct_sampled to;
	uint64_t samples, limit;      /* how many; tokens of each, at most, in whole blocks */
	int foreign, until_end;       /* until_end: a sample is done where its document ends */
	struct nct_heal heal;
	float *fitting;               /* (threads,V) scratch: logits of tokens that fit the text taken back; NULL: none was */
	float *weights;               /* (threads,V) scratch */
	struct nct_weighed *weighed;  /* (threads,V) scratch; NULL: not needed */
	float *first;                 /* (V) the logits behind the prompt */
	size_t rows;                  /* samples side by side, at most */
	struct sample *ring;          /* (ring_size) samples [written, begun): sample i is at i % ring_size */
	size_t ring_size;
	uint64_t begun, written;
	struct sample **live;         /* (rows) those that get tokens now */
	size_t live_count;
	size_t *unused;               /* (rows) sequences that no sample has now */
	size_t unused_count;
	uint64_t tokens_written;
};

/* ---- writing ---- */

/* Begins the text of a sample. */
static nct_err
put_prompt(struct generator *g)
{
	return g->prompt != NULL && !g->o->only_new ? nct_sampled_prompt(&g->to, g->prompt, g->heal.length > 0) : NCT_OK;
}

/* What follows block `at` of a sample's tokens. */
static enum nct_sampled_after
after_block(const struct generator *g, const struct sample *a, size_t at)
{
	if (!a->done || at + g->to.group < a->count)
		return NCT_SAMPLED_MORE;
	if (g->o->samples == 0)
		return NCT_SAMPLED_LAST;
	return g->foreign ? NCT_SAMPLED_END : NCT_SAMPLED_MORE; /* MORE: nct_sampled_end_document() follows */
}

/* Writes the whole blocks of a sample's tokens. */
static nct_err
put_blocks(struct generator *g, struct sample *a)
{
	const uint64_t of = g->samples > UINT64_MAX / (g->limit + 1) ? UINT64_MAX : g->samples * g->limit;
	size_t at = 0;
	nct_err err = NCT_OK;

	for (; err == NCT_OK && at + g->to.group <= a->count; at += g->to.group) {
		if ((err = nct_sampled_put(&g->to, a->ids + at, after_block(g, a, at))) != NCT_OK)
			break;
		g->tokens_written += g->to.group;
		if (g->o->progress != NULL)
			g->o->progress(g->o->ctx, g->tokens_written, of);
	}
	a->count -= at;
	if (at > 0) /* else there may be no ids at all */
		memmove(a->ids, a->ids + at, a->count * sizeof *a->ids);
	return err;
}

/* Writes what is there of the samples, in their order. */
static nct_err
write_samples(struct generator *g)
{
	nct_err err = NCT_OK;

	while (err == NCT_OK && g->written < g->begun) {
		struct sample *a = &g->ring[g->written % g->ring_size];

		if ((err = put_blocks(g, a)) != NCT_OK || !a->done)
			break;
		if (g->o->samples > 0 && !g->foreign && !a->ended)
			err = nct_sampled_end_document(&g->to);
		if (err == NCT_OK && ++g->written < g->samples)
			err = put_prompt(g);
	}
	return err;
}

/* ---- drawing ---- */

/* The generator of random numbers of sample `i`. That of sample 0 begins with the seed itself. */
static nct_rng
rng_of(uint64_t seed, uint64_t i)
{
	nct_rng r = {seed};

	if (i > 0) {
		r.s = nct_rng_next(&r) + i;
		r.s = nct_rng_next(&r);
	}
	return r;
}

/* Begins samples while there are sequences for them. */
static void
begin_samples(struct generator *g)
{
	for (; g->begun < g->samples && g->unused_count > 0 && g->begun - g->written < g->ring_size; g->begun++) {
		struct sample *a = &g->ring[g->begun % g->ring_size];
		const size_t sequence = g->unused[--g->unused_count];

		*a = (struct sample){.rng = rng_of(g->o->seed, g->begun), .sequence = sequence, .logits = g->first,
		                     .ids = a->ids, .cap = a->cap, .done = g->limit == 0};
		if (g->samples > 1)
			nct_step_copy(g->step, sequence, g->rows); /* which has read the prompt */
		if (!a->done)
			g->live[g->live_count++] = a;
	}
}

static struct nct_sampling
sampling(const struct generator *g)
{
	return (struct nct_sampling){g->o->temperature, g->o->top_k, g->o->top_p};
}

/* Copies the logits of a sample's next token, with the smallest number in place of those of tokens that do not fit the
 * text that is still to be healed. Returns the copy. If none fits, which happens in no codebook that a tool makes, it
 * returns the logits themselves. */
static const float *
fitting(const struct generator *g, const struct sample *a, unsigned worker)
{
	const uint32_t vocab = g->m->header.vocab;
	float *copy = g->fitting + (size_t)worker * vocab;
	int any = 0;

	for (uint32_t id = 0; id < vocab; id++) {
		const int fits = nct_heal_fits(&g->heal, a->healed, id);

		copy[id] = fits ? a->logits[id] : -FLT_MAX;
		any |= fits;
	}
	return any ? copy : a->logits;
}

static void
draw_task(void *ctx, size_t i, unsigned worker)
{
	const struct generator *g = ctx;
	const struct nct_sampling s = sampling(g);
	const uint32_t vocab = g->m->header.vocab;
	struct sample *a = g->live[i];
	const float *logits = a->healed < g->heal.length ? fitting(g, a, worker) : a->logits;

	a->err = nct_sample(&a->last, logits, vocab, &s, &a->rng, nct_step_kernels(g->step),
	                    g->weights + (size_t)worker * vocab,
	                    g->weighed != NULL ? g->weighed + (size_t)worker * vocab : NULL);
}

/* Takes the token that was drawn for a sample. */
static nct_err
take(struct generator *g, struct sample *a, nct_why *why)
{
	if (a->err != NCT_OK)
		return nct_fail(why, a->err, "token %zu: a logit is not finite", (size_t)a->drawn + 1);
	a->stale = 0;
	if (a->healed < g->heal.length) {
		int fresh;

		a->healed = nct_heal_after(&g->heal, a->healed, a->last, &fresh);
		a->stale = !fresh;
	}
	if (!(a->stale && g->o->only_new))
		a->ids[a->count++] = a->last;
	if (a->stale) /* it was the prompt's text, and does not count */
		return NCT_OK;
	a->drawn++;
	if (a->drawn % g->to.group == 0) {
		a->ended = nct_sampled_is_end(&g->to, a->ids + a->count - g->to.group);
		a->done = a->drawn == g->limit || (a->ended && g->until_end);
	}
	return NCT_OK;
}

/* Draws a token for each live sample. */
static nct_err
draw(struct generator *g, nct_why *why)
{
	nct_err err = NCT_OK;

	for (size_t i = 0; i < g->live_count; i++) {
		struct sample *a = g->live[i];

		if (a->count < a->cap)
			continue;
		const size_t cap = 2 * a->cap + NCT_SAMPLED_GROUP;
		uint32_t *more = realloc(a->ids, cap * sizeof *more);
		if (more == NULL)
			return nct_fail(why, NCT_ENOMEM, "out of memory");
		a->ids = more;
		a->cap = cap;
	}
	nct_parallel(nct_step_threads(g->step), g->live_count, draw_task, g);
	for (size_t i = 0; i < g->live_count && err == NCT_OK; i++)
		err = take(g, g->live[i], why);
	return err;
}

/* Lets M2 read the tokens that were drawn, but for samples that are done. These leave their sequences to others. */
static nct_err
read_drawn(struct generator *g)
{
	struct nct_step_input in[SIDE_BY_SIDE];
	const float *logits;
	size_t n = 0;
	nct_err err;

	for (size_t i = 0; i < g->live_count; i++) {
		struct sample *a = g->live[i];

		if (a->done)
			g->unused[g->unused_count++] = a->sequence;
		else
			g->live[n++] = a;
	}
	g->live_count = n;
	if (n == 0)
		return NCT_OK;
	for (size_t i = 0; i < n; i++)
		in[i] = (struct nct_step_input){g->live[i]->sequence, g->live[i]->last};
	if ((err = nct_step_read(g->step, in, n)) != NCT_OK)
		return err;
	logits = nct_step_logits(g->step);
	for (size_t i = 0; i < n; i++)
		g->live[i]->logits = logits + i * g->m->header.vocab;
	return NCT_OK;
}

static nct_err
sample_all(struct generator *g, nct_why *why)
{
	nct_err err = NCT_OK;

	for (uint64_t rounds = 0; err == NCT_OK && g->written < g->samples; rounds++) {
		if (rounds % g->to.group == 0 && g->o->stop != NULL && g->o->stop(g->o->ctx))
			break;
		begin_samples(g);
		if ((err = draw(g, why)) == NCT_OK && (err = nct_wrote(write_samples(g), why)) == NCT_OK)
			err = read_drawn(g);
	}
	return err;
}

/* ---- the prompt ---- */

/* Lets M2 read BOS and the prompt. The logits of what follows go to g->first. */
static nct_err
read_prompt(struct generator *g)
{
	const uint64_t n = g->prompt != NULL ? nct_corpus_tokens(g->prompt) - (g->heal.length > 0) : 0;
	struct nct_step_input in = {g->samples > 1 ? g->rows : 0, g->m->header.vocab};
	nct_err err = nct_step_read(g->step, &in, 1);

	for (uint64_t i = 0; err == NCT_OK && i < n; i++) {
		nct_corpus_get(g->prompt, i, 1, &in.symbol, NULL);
		err = nct_step_read(g->step, &in, 1);
	}
	if (err == NCT_OK)
		memcpy(g->first, nct_step_logits(g->step), g->m->header.vocab * sizeof *g->first);
	return err;
}

/* ---- all ---- */

static nct_err
check_ends(const struct nct_header *h, const struct nct_m2_generate_options *o, nct_why *why)
{
	if (o->samples > 0 && o->tokens == 0)
		return nct_fail(why, NCT_EARG, "several samples of no tokens");
	if (h->window_bits == 0 && o->until_end)
		return nct_fail(why, NCT_EARG, "the model's tokens were not made of windows, and none of them ends a document");
	if (h->window_bits == 0 || (o->samples == 0 && !o->until_end) || nct_sampled_ends_known(h))
		return NCT_OK;
	if (!h->eod_alone)
		return nct_fail(why, NCT_EARG, "the model's tokens do not tell where documents end: an end may share a window with "
		                "text (acwin --eod=joined)");
	return nct_fail(why, NCT_EARG,
	                "the model's tokens do not tell where documents end: their %u bits do not divide windows of %u",
	                h->token_bits, h->window_bits);
}

static nct_err
check(const nct_m2 *m, const nct_corpus *prompt, const struct nct_m2_generate_options *o, nct_why *why)
{
	nct_why inner = {0};

	if (o->threads == 0 || !(o->temperature >= 0) || !(o->top_p > 0 && o->top_p <= 1) ||
	    (unsigned)o->weights > NCT_WEIGHTS_INT8)
		return nct_fail(why, NCT_EARG, "threads, temperature, top-p, weights: out of range");
	if (m->header.code == NCT_CODE_UNBROKEN)
		return nct_fail(
		    why, NCT_EKIND,
		    "its tokens are of an unbroken code, whose symbols only the encoder can count: they cannot be sampled");
	if (o->only_new && prompt != NULL && m->header.window_bits > 0 && m->header.resets != 1)
		return nct_fail(why, NCT_EARG, "M1 is not reset before each window: new tokens do not decode without the prompt");
	if (prompt != NULL && !nct_same_tokens(&m->header, nct_corpus_header(prompt), &inner))
		return nct_fail(why, NCT_EMODEL, "the prompt's tokens have %.200s as the model's", inner.text);
	return check_ends(&m->header, o, why);
}

/* Takes the prompt's last window back, if that is asked for. */
static nct_err
heal(struct generator *g, nct_why *why)
{
	const struct nct_m2_generate_options *o = g->o;
	nct_err err;

	if (o->tokens == 0 || o->heal == NCT_HEAL_NEVER || (o->m1 == NULL && o->heal == NCT_HEAL_IF_POSSIBLE))
		return NCT_OK;
	if (o->m1 == NULL)
		return nct_fail(why, NCT_EARG, "without M1 no prompt can be healed");
	err = nct_heal_begin(&g->heal, o->m1, &g->m->header, g->prompt, why);
	if (err == NCT_EARG && o->heal == NCT_HEAL_IF_POSSIBLE)
		return NCT_OK;
	if (err == NCT_OK && g->heal.length > 0 &&
	    (g->fitting = calloc(o->threads, g->m->header.vocab * sizeof *g->fitting)) == NULL)
		return nct_fail(why, NCT_ENOMEM, "out of memory");
	return err;
}

/* Sets what follows from the options, and allocates memory. */
static nct_err
set_up(struct generator *g, nct_why *why)
{
	const struct nct_m2_generate_options *o = g->o;
	const struct nct_shape *s = &g->m->shape;
	const struct nct_sampling how = sampling(g);
	const int limits = nct_sampling_limits(&how);
	const size_t bytes = nct_step_bytes(s), room = bytes > 0 && bytes < CACHE_BYTES ? CACHE_BYTES / bytes : 1;

	g->foreign = g->m->header.window_bits == 0;
	g->until_end = o->until_end || (o->samples > 0 && !g->foreign);
	g->samples = o->samples > 0 ? o->samples : 1;
	g->rows = g->samples < SIDE_BY_SIDE ? (size_t)g->samples : SIDE_BY_SIDE;
	g->rows = g->rows < room ? g->rows : room;
	g->ring_size = AHEAD * g->rows;
	g->weights = calloc(o->threads, s->vocab * sizeof *g->weights);
	if (limits)
		g->weighed = calloc(o->threads, s->vocab * sizeof *g->weighed);
	g->first = malloc(s->vocab * sizeof *g->first);
	g->ring = calloc(g->ring_size, sizeof *g->ring);
	g->live = calloc(g->rows, sizeof *g->live);
	g->unused = calloc(g->rows, sizeof *g->unused);
	if (g->weights == NULL || (limits && g->weighed == NULL) || g->first == NULL || g->ring == NULL ||
	    g->live == NULL || g->unused == NULL)
		return nct_fail(why, NCT_ENOMEM, "out of memory");
	for (size_t i = 0; i < g->rows; i++)
		g->unused[i] = i;
	g->unused_count = g->rows;
	/* With several samples another sequence has read the prompt, to be copied. */
	return nct_step_new(&g->step, s, g->m->tensor, (enum nct_dots_type)o->weights, g->rows + (g->samples > 1), o->threads,
	                    o->cpu, why);
}

static void
tear_down(struct generator *g)
{
	for (size_t i = 0; g->ring != NULL && i < g->ring_size; i++)
		free(g->ring[i].ids);
	nct_sampled_free(&g->to);
	nct_step_free(g->step);
	nct_heal_free(&g->heal);
	free(g->fitting);
	free(g->weights);
	free(g->weighed);
	free(g->first);
	free(g->ring);
	free(g->live);
	free(g->unused);
}

/* Begins the stream with the prompt of the first sample. */
static nct_err
begin(struct generator *g, int out, nct_why *why)
{
	struct nct_header h = g->m->header;
	nct_err err;

	if (g->o->end_by_nul)
		h.separator = NCT_SEP_NUL;
	if ((err = nct_sampled_begin(&g->to, &h, out)) == NCT_OK)
		err = put_prompt(g);
	g->limit = (g->o->tokens / g->to.group + (g->o->tokens % g->to.group != 0)) * g->to.group;
	return nct_wrote(err, why);
}

nct_err
nct_m2_generate(const nct_m2 *m, const nct_corpus *prompt, int out, const struct nct_m2_generate_options *options,
                nct_why *why)
{
	struct nct_m2_generate_options o;
	struct generator g = {.m = m, .o = &o, .prompt = prompt};
	nct_why own;
	nct_err err;

	why = nct_why_begin(why, &own);
	if ((err = nct_options_take(&o, sizeof o, options, why)) != NCT_OK || (err = check(m, prompt, &o, why)) != NCT_OK)
		return err;
	if ((err = set_up(&g, why)) == NCT_OK && (err = heal(&g, why)) == NCT_OK)
		err = begin(&g, out, why);
	if (err == NCT_OK)
		err = read_prompt(&g);
	if (err == NCT_OK)
		err = sample_all(&g, why);
	if (err == NCT_OK)
		err = nct_wrote(nct_sampled_end(&g.to), why);
	const int saved = errno;
	tear_down(&g);
	errno = saved;
	return err;
}
