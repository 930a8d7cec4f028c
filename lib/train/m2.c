/* m2.c - trains M2 (nct_m2_train()) and evaluates it on whole streams (nct_m2_evaluate()). */
#include "nct-m2.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/options.h"
#include "data/corpus.h"
#include "loop.h"
#include "m2_file.h"
#include "net/weights.h"
#include "notes.h"
#include "train/token_parts.h"
#include "world.h"

#define EVAL_TOKENS ((uint64_t)1 << 18)

/* The parts of a run. */
struct run {
	struct nct_train_options o;
	const nct_corpus *tokens, *eval_tokens;
	struct nct_examples train, eval;
	struct nct_shape shape;
	struct nct_composition parts; /* empty: rows are not composed */
	struct nct_m2_train_result *r;
};

/* Writes the model. If tokens share parts, the file has the sums of rows, which are made in `params`. */
static nct_err
save(const struct run *run, float *params, int out, nct_why *why)
{
	struct nct_shape composed = run->shape;
	struct nct_notes n = {.n = 0};
	nct_err err;

	composed.parts = run->parts.parts;
	if (composed.parts > 0)
		nct_compose(&composed, &run->parts, params);
	run->r->writing = 1;
	nct_note(&n, "note.tool", "m2train %s", NCT_VERSION);
	nct_note(&n, "note.tokens", "%" PRIu64, nct_corpus_tokens(run->tokens));
	if (!nct_corpus_header(run->tokens)->text_unknown)
		nct_note(&n, "note.text_bytes", "%" PRIu64, nct_corpus_text_bytes(run->tokens));
	nct_note(&n, "note.tokens_crc64", "%016" PRIx64, nct_corpus_crc(run->tokens));
	nct_note_training(&n, &run->o, run->r->step);
	if (run->eval_tokens != NULL) {
		nct_note(&n, "note.eval_crc64", "%016" PRIx64, nct_corpus_crc(run->eval_tokens));
		nct_note(&n, "note.kept_step", "%" PRIu64, run->r->kept_step);
		nct_note(&n, strcmp(run->r->per, "byte") == 0 ? "note.bits_per_byte" : "note.bits_per_token", "%.4f",
		         run->r->kept_bits);
	}
	err = nct_m2_save(out, &run->shape, params, run->o.length, nct_corpus_header(run->tokens), n.pair, n.n);
	return nct_wrote(err, why);
}

/* Trains, unless the checkpoint is complete, and writes the best model, or without evaluations the last. */
static nct_err
train(struct run *run, int out, nct_why *why)
{
	struct nct_m2_train_result *r = run->r;
	float *params;
	nct_loop *loop;
	nct_err err =
	    nct_loop_new(&loop, &run->o, &run->shape, &run->train, run->eval_tokens != NULL ? &run->eval : NULL, why);

	if (err == NCT_OK)
		err = nct_loop_run(loop, &r->stopped, why);
	if (err != NCT_OK || r->stopped)
		goto done;
	r->step = r->kept_step = nct_loop_step(loop);
	params = nct_loop_best(loop, &r->kept_bits, &r->kept_step);
	if (params == NULL) {
		params = nct_loop_params(loop);
		err = nct_loop_evaluate(loop, &r->kept_bits, &r->stopped, why);
	}
	if (err == NCT_OK && !r->stopped && nct_world_rank(run->o.world) == 0)
		err = save(run, params, out, why);
	err = nct_world_agree(run->o.world, err, why);
done:
	if (loop != NULL)
		r->step = nct_loop_step(loop);
	nct_loop_free(loop);
	return err;
}

/* Finds the parts of the tokens' texts, and that all ranks found the same. */
static nct_err
find_parts(struct run *run, const struct nct_header *h, nct_why *why)
{
	const struct nct_train_options *o = &run->o;
	const nct_texts *x = o->texts;
	uint64_t crc, first;
	nct_err err;

	if (x->vocab != h->vocab)
		err = nct_fail_about(why, NCT_ABOUT_TEXTS, NCT_EMODEL,
		                     "texts of %" PRIu32 " tokens, but the streams' vocabulary is %" PRIu32, x->vocab, h->vocab);
	else if (x->codebook != 0 && h->windows != 0 && x->codebook != h->windows)
		err = nct_fail_about(why, NCT_ABOUT_TEXTS, NCT_EMODEL,
		                     "texts of the codebook %016" PRIx64 ", but the tokens are of windows %016" PRIx64,
		                     x->codebook, h->windows);
	else if ((err = nct_token_parts(&run->parts, x)) != NCT_OK)
		(void)nct_fail(why, err, "%s", nct_strerror(err));
	if ((err = nct_world_agree(o->world, err, why)) != NCT_OK)
		return err;
	first = crc = nct_composition_crc(&run->parts);
	if ((err = nct_world_agree(o->world, nct_world_share(o->world, &first, sizeof first), why)) != NCT_OK)
		return err;
	if (nct_world_any(o->world, first != crc))
		return nct_fail_about(why, NCT_ABOUT_TEXTS, NCT_EMODEL, "the ranks have different texts of tokens");
	if (run->parts.parts == 0 && o->warn != NULL && nct_world_rank(o->world) == 0)
		o->warn(o->ctx, "each token learns alone: no two texts share a part");
	return NCT_OK;
}

/* Makes both give losses in the same unit: per token if the bytes of one are unknown. */
static void
one_unit(struct nct_examples *a, struct nct_examples *b)
{
	if (strcmp(a->per, b->per) == 0)
		return;
	a->per = b->per = "token";
	a->per_unit = b->per_unit = 1;
}

nct_err
nct_m2_train(const nct_corpus *tokens, const nct_corpus *eval, const struct nct_train_options *options, int out,
             struct nct_m2_train_result *result, nct_why *why)
{
	struct run run = {.tokens = tokens, .r = result};
	const struct nct_train_options *o = &run.o;
	const uint32_t vocab = nct_corpus_header(tokens)->vocab;
	nct_corpus *sample = NULL;
	nct_why own, inner = {0};
	nct_err err;

	why = nct_why_begin(why, &own);
	*result = (struct nct_m2_train_result){.kept_bits = NAN, .per = "byte"};
	if ((err = nct_options_take(&run.o, sizeof run.o, options, why)) != NCT_OK)
		return err;
	if (o->length == 0 || o->threads == 0)
		return nct_fail(why, NCT_EARG, "length, threads: out of range");
	if (nct_corpus_tokens(tokens) == 0 || (eval != NULL && nct_corpus_tokens(eval) == 0))
		return nct_fail(why, NCT_ECUT, "no tokens to %s on", nct_corpus_tokens(tokens) == 0 ? "train" : "evaluate");
	if (eval != NULL && !nct_same_tokens(nct_corpus_header(tokens), nct_corpus_header(eval), &inner))
		return nct_fail(why, NCT_EMODEL, "the tokens to evaluate on have %.200s", inner.text);
	run.o.keep_best = 1;
	run.shape = (struct nct_shape){.vocab = vocab, .inputs = vocab + 1,
	    .reach = o->length < NCT_REACH_MAX ? (uint32_t)o->length : NCT_REACH_MAX};
	if ((err = nct_shape_parse(&run.shape, o->size, why)) != NCT_OK)
		return err;
	nct_corpus_examples(&run.train, tokens, o->length);
	if (o->texts != NULL) {
		if ((err = find_parts(&run, nct_corpus_header(tokens), why)) != NCT_OK) {
			nct_composition_free(&run.parts);
			return err;
		}
		run.train.parts = run.parts.parts > 0 ? &run.parts : NULL;
	}
	if (eval != NULL) {
		err = nct_world_agree(o->world, nct_corpus_sample(&sample, eval, EVAL_TOKENS), why);
		if (err != NCT_OK) {
			nct_composition_free(&run.parts);
			return err;
		}
		run.eval_tokens = sample;
		nct_corpus_examples(&run.eval, sample, o->length);
		one_unit(&run.train, &run.eval);
	}
	result->per = run.train.per;
	err = train(&run, out, why);
	nct_corpus_free(sample);
	nct_composition_free(&run.parts);
	return err;
}

/* ---- evaluation ---- */

/* A batch of examples, with the loss of each token. */
struct eval_batch {
	nct_net *net;
	uint32_t *in, *target;
	uint64_t *place;
	float *each;
	uint8_t *hit;
};

static void
eval_batch_free(struct eval_batch *w)
{
	nct_net_free(w->net);
	free(w->in);
	free(w->target);
	free(w->place);
	free(w->each);
	free(w->hit);
}

static nct_err
eval_batch_new(struct eval_batch *w, const nct_m2 *m, const struct nct_m2_evaluate_options *o, size_t rows,
               size_t length, nct_why *why)
{
	struct nct_tensor t[NCT_P_COUNT];
	size_t total, n = rows * length;
	nct_err err = nct_net_new_forward(&w->net, &m->shape, rows, length, o->threads, o->cpu, why);

	if (err != NCT_OK)
		return err;
	if ((err = nct_shape_tensors(&m->shape, t, &total, why)) != NCT_OK)
		return err;
	for (size_t i = 0; i < NCT_P_MODEL; i++) {
		float *params = nct_net_params(w->net) + t[i].offset;

		memcpy(params, m->tensor[i], t[i].size * sizeof(float));
		if (nct_weights_stored((enum nct_tensor_id)i))
			nct_weights_round(params, (enum nct_dots_type)o->weights, t[i].stack * t[i].rows, t[i].cols);
	}
	w->in = calloc(n, sizeof *w->in);
	w->target = calloc(n, sizeof *w->target);
	w->place = calloc(n, sizeof *w->place);
	w->each = calloc(n, sizeof *w->each);
	w->hit = calloc(n, sizeof *w->hit);
	if (w->in == NULL || w->target == NULL || w->place == NULL || w->each == NULL || w->hit == NULL)
		return nct_fail(why, NCT_ENOMEM, "out of memory");
	return NCT_OK;
}

/* Adds up the losses of `n` tokens in order, so that sums do not depend on batches or threads. */
static void
count(struct nct_m2_evaluation *e, const struct eval_batch *w, size_t n, const struct nct_header *h)
{
	for (size_t i = 0; i < n; i++) {
		struct nct_m2_cost *at = h->window_bits > 0 ? &e->at[w->place[i] * h->token_bits % h->window_bits] : NULL;

		e->count[w->target[i]]++;
		e->all.tokens++;
		e->all.hits += w->hit[i];
		e->all.nats += (double)w->each[i];
		if (at != NULL) {
			at->tokens++;
			at->hits += w->hit[i];
			at->nats += (double)w->each[i];
		}
	}
}

/* Evaluates examples [from, from + rows). */
static nct_err
evaluate_rows(struct eval_batch *w, const struct nct_examples *x, uint64_t from, size_t rows,
              struct nct_m2_evaluation *e)
{
	const nct_corpus *c = x->ctx;
	const size_t length = x->length;
	struct nct_batch b = {.rows = rows, .length = length, .in = w->in, .target = w->target};
	size_t n = 0;
	uint64_t targets;
	double nats;
	nct_err err;

	for (size_t r = 0; r < rows; r++)
		n += (size_t)x->get(x, from + r, w->in + r * length, w->target + r * length);
	if ((err = nct_net_forward(w->net, &b, &nats, &targets, w->each, w->hit)) != NCT_OK)
		return err;
	if (!isfinite(nats))
		return NCT_ENAN;
	nct_corpus_get(c, from * length, n, w->target, w->place);
	count(e, w, n, nct_corpus_header(c));
	return NCT_OK;
}

nct_err
nct_m2_evaluate(const nct_m2 *m, const nct_corpus *c, const struct nct_m2_evaluate_options *options,
                struct nct_m2_evaluation *e, int *stopped, nct_why *why)
{
	struct nct_m2_evaluate_options o;
	struct eval_batch w = {.net = NULL};
	nct_why own, inner = {0};
	struct nct_examples x;
	size_t rows;
	nct_err err;

	why = nct_why_begin(why, &own);
	memset(e, 0, sizeof *e);
	*stopped = 0;
	if ((err = nct_options_take(&o, sizeof o, options, why)) != NCT_OK)
		return err;
	if (o.rows == 0 || o.threads == 0 || (unsigned)o.weights > NCT_WEIGHTS_INT8)
		return nct_fail(why, NCT_EARG, "rows, threads, weights: out of range");
	if (nct_corpus_tokens(c) == 0)
		return nct_fail(why, NCT_ECUT, "no tokens to evaluate on");
	if (!nct_same_tokens(&m->header, nct_corpus_header(c), &inner))
		return nct_fail(why, NCT_EMODEL, "the tokens have %.200s as the model's", inner.text);
	const size_t length = o.length > 0 ? o.length : m->length;
	nct_corpus_examples(&x, c, length);
	rows = x.count < o.rows ? (size_t)x.count : o.rows;
	err = nct_train_fits(nct_net_bytes(&m->shape, 0, rows, length, o.threads, o.cpu), "fewer rows need less", why);
	if (err == NCT_OK)
		err = eval_batch_new(&w, m, &o, rows, length, why);
	for (uint64_t i = 0; err == NCT_OK && i < x.count && !*stopped; i += rows) {
		const size_t n = x.count - i < rows ? (size_t)(x.count - i) : rows;

		if ((err = evaluate_rows(&w, &x, i, n, e)) != NCT_OK)
			(void)nct_fail(why, err, "%s", nct_strerror(err));
		else if (o.progress != NULL)
			o.progress(o.ctx, e->all.tokens, nct_corpus_tokens(c));
		*stopped = o.stop != NULL && o.stop(o.ctx);
	}
	eval_batch_free(&w);
	return err;
}
