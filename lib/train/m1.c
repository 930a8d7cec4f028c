/* m1.c - trains M1 (nct_m1_train()): the run, quantising, measuring, notes, the model file; or counts a unigram
 * model. */
#include "nct-train.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/options.h"
#include "data/examples.h"
#include "data/mapped_text.h"
#include "loop.h"
#include "m1/m1.h"
#include "notes.h"
#include "quantise/from_run.h"
#include "quantise/quantise.h"
#include "train/m1_measure.h"
#include "train/rounds.h"
#include "unigram.h"
#include "world.h"

/* The parts of a run. */
struct run {
	const struct nct_train_options *o;
	enum nct_train_kind kind;
	const nct_text *text, *eval_text;
	struct nct_examples train, eval;
	nct_rounds *rounds;      /* NULL: the run does not train on windows */
	struct nct_shape shape;
	char from[64];           /* names the run that the initial parameters are from; empty: none */
	struct nct_m1_train_result *r;
};

static nct_err
save(const struct run *run, const nct_m1 *m, int out, nct_why *why)
{
	struct nct_notes n = {.n = 0};
	nct_err err;

	run->r->writing = 1;
	nct_note(&n, "note.tool", "m1train %s", NCT_VERSION);
	nct_note(&n, "note.text_bytes", "%" PRIu64, nct_text_bytes(run->text));
	nct_note(&n, "note.text_documents", "%" PRIu64, nct_text_documents(run->text));
	nct_note(&n, "note.text_crc64", "%016" PRIx64, nct_text_crc(run->text));
	if (run->kind == NCT_TRAIN_TRANSFORMER)
		nct_note_training(&n, run->o, run->r->step);
	if (run->from[0] != '\0')
		nct_note(&n, "note.from", "%s", run->from);
	if (run->eval_text != NULL) {
		nct_note(&n, "note.eval_bytes", "%" PRIu64, nct_text_bytes(run->eval_text));
		nct_note(&n, "note.eval_crc64", "%016" PRIx64, nct_text_crc(run->eval_text));
		if (run->kind == NCT_TRAIN_TRANSFORMER)
			nct_note(&n, "note.float_bits_per_byte", "%.4f", run->r->float_bits);
		nct_note(&n, "note.integer_bits_per_byte", "%.4f", run->r->integer_bits);
	}
	err = nct_m1_save(m, out, n.pair, n.n);
	return nct_wrote(err, why);
}

/* Checked between long stages. */
static int
stopped(const struct run *run)
{
	return run->r->stopped || (run->r->stopped = nct_train_stop(run->o));
}

/* A copy of the trained parameters, which the caller frees. With it the loop's memory can be freed before
 * quantising, which needs much itself. NULL if out of memory. */
static float *
copy_params(const struct run *run, nct_loop *loop)
{
	struct nct_tensor t[NCT_P_COUNT];
	size_t total;
	float *p = NULL;

	if (nct_shape_tensors(&run->shape, t, &total, NULL) == NCT_OK && (p = malloc(total * sizeof *p)) != NULL)
		memcpy(p, nct_loop_params(loop), total * sizeof *p);
	return p;
}

/* Writes into the model what windows it was trained for. */
static nct_err
tell_windows(nct_m1 *m, const struct nct_train_options *o, nct_why *why)
{
	const struct nct_m1_windows w = {o->window_bits, o->align, o->align_pattern};

	return nct_m1_set_windows(m, &w) == NCT_OK ? NCT_OK : nct_fail(why, NCT_ENOMEM, "out of memory");
}

/* Trains, unless the checkpoint is complete, and quantises. *m stays NULL if the run was stopped, and on ranks above
 * 0. */
static nct_err
train(struct run *run, nct_m1 **m, nct_why *why)
{
	nct_loop *loop;
	nct_err err = nct_loop_new(&loop, run->o, &run->shape, &run->train, run->eval_text != NULL ? &run->eval : NULL, why);

	if (err == NCT_OK)
		err = nct_loop_run(loop, &run->r->stopped, why);
	if (err == NCT_OK) {
		run->r->step = nct_loop_step(loop);
		if (!run->r->stopped)
			err = nct_loop_evaluate(loop, &run->r->float_bits, &run->r->stopped, why);
	}
	const int last = err != NCT_OK || stopped(run) || nct_world_rank(run->o->world) != 0;
	float *params = !last ? copy_params(run, loop) : NULL;
	const int windows = !last && nct_loop_had_rounds(loop);
	if (!last)
		snprintf(run->from, sizeof run->from, "%s", nct_loop_from(loop));
	nct_loop_free(loop);
	if (!last)
		err = params != NULL ? nct_m1_from_floats(m, &run->shape, params, &run->train, run->o, why)
		                     : nct_fail(why, NCT_ENOMEM, "out of memory");
	if (windows && err == NCT_OK)
		err = tell_windows(*m, run->o, why);
	free(params);
	return err;
}

static nct_err
count(const struct run *run, nct_m1 **m, nct_why *why)
{
	uint64_t counts[NCT_SYMBOLS] = {0};
	uint32_t freq[NCT_SYMBOLS];

	nct_text_count(run->text, counts);
	nct_unigram_frequencies(counts, freq);
	return nct_m1_new_unigram(m, freq, run->o->cpu, why);
}

static nct_err
read_shape(struct run *run, nct_why *why)
{
	const size_t length = run->o->length;
	nct_err err;

	run->shape = (struct nct_shape){.vocab = NCT_SYMBOLS, .inputs = NCT_SYMBOLS,
	    .reach = length < NCT_REACH_MAX ? (uint32_t)length : NCT_REACH_MAX};
	err = nct_shape_parse(&run->shape, run->o->size, why);
	return err != NCT_OK ? err : nct_m1_quantise_check(&run->shape, why);
}

nct_err
nct_m1_train(const nct_text *text, const nct_text *eval, enum nct_train_kind kind,
             const struct nct_train_options *options, int out, struct nct_m1_train_result *result, nct_why *why)
{
	struct nct_train_options o;
	struct run run = {.o = &o, .kind = kind, .text = text, .eval_text = eval, .r = result};
	nct_m1 *m = NULL;
	nct_why own;
	nct_err err;

	why = nct_why_begin(why, &own);
	*result = (struct nct_m1_train_result){.float_bits = NAN, .integer_bits = NAN};
	if ((err = nct_options_take(&o, sizeof o, options, why)) != NCT_OK)
		return err;
	if (o.length == 0 || o.threads == 0)
		return nct_fail(why, NCT_EARG, "length, threads: out of range");
	if (nct_text_symbols(text) == 0 || (eval != NULL && nct_text_bytes(eval) == 0)) /* else bits/byte are undefined */
		return nct_fail(why, NCT_ECUT, "no text to %s on", nct_text_symbols(text) == 0 ? "train" : "evaluate");
	if (kind == NCT_TRAIN_TRANSFORMER && nct_text_symbols(text) < NCT_SAMPLES_MIN)
		return nct_fail(why, NCT_ECUT, "less than %d symbols to train on", NCT_SAMPLES_MIN);
	nct_text_examples(&run.train, text, o.length);
	if (eval != NULL)
		nct_text_examples(&run.eval, eval, o.length);
	if (kind == NCT_TRAIN_TRANSFORMER)
		err = read_shape(&run, why);
	if (kind == NCT_TRAIN_TRANSFORMER && err == NCT_OK && o.window_bits > 0)
		err = nct_rounds_new(&run.rounds, text, &run.shape, &o, why);
	run.train.rounds = run.rounds;
	if (err == NCT_OK)
		err = kind == NCT_TRAIN_TRANSFORMER ? train(&run, &m, why) : count(&run, &m, why);
	if (err == NCT_OK && m != NULL && eval != NULL && !stopped(&run))
		err = nct_m1_measure(m, &run.eval, o.threads, &result->integer_bits, why);
	if (err == NCT_OK && m != NULL && o.codebook != 0 && !stopped(&run))
		err = nct_m1_compile(m, o.codebook, o.threads, why);
	if (err == NCT_OK && m != NULL && !stopped(&run))
		err = save(&run, m, out, why);
	nct_m1_free(m);
	nct_rounds_free(run.rounds);
	return err;
}
