/* loop.c - the training loop that both trainers share: steps, evaluations, checkpoints, log. */
#include "loop.h"

#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/err.h"
#include "base/le.h"
#include "checkpoint.h"
#include "log.h"
#include "model/adafactor.h"
#include "schedule.h"

#define OPTIONS 8
#define VALUE 128

struct nct_loop {
	const struct nct_train_options *o;
	const struct nct_examples *train, *eval;
	struct nct_shape shape;
	struct nct_schedule schedule;
	nct_net *net;
	nct_adafactor *opt;
	nct_log *log;
	size_t rows;             /* of a step: o->rows * o->accumulate */
	uint32_t *in, *target;   /* (rows, length) */
	uint64_t step;
	struct nct_train_progress p;
	double start;            /* when training began, seconds */
	double eval_bits;        /* NAN, or the evaluation of the parameters as they are */

	struct nct_state state;  /* what a checkpoint holds, pointing to what follows */
	struct nct_st_pair options[OPTIONS];
	char values[OPTIONS][VALUE];
	struct nct_slot slots[NCT_P_COUNT + 1];
};

static double
now(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void __attribute__((format(printf, 3, 4)))
report(const struct nct_loop *l, const char *key, const char *fmt, ...)
{
	char value[64];
	va_list ap;

	if (l->o->report == NULL)
		return;
	va_start(ap, fmt);
	vsnprintf(value, sizeof value, fmt, ap);
	va_end(ap);
	l->o->report(l->o->ctx, key, value);
}

void
nct_train_defaults(struct nct_train_options *o)
{
	*o = (struct nct_train_options){.size = "3m", .steps = 20000, .rows = 8, .length = 1024, .accumulate = 1,
	    .lr = 1.0, .zloss = 1e-4, .warmup = NCT_TRAIN_AUTO, .cooldown = NCT_TRAIN_AUTO, .seed = 1,
	    .eval_every = 1000, .save_every = 500, .threads = 1, .codebook = 16};
}

static void __attribute__((format(printf, 3, 4)))
add_option(struct nct_loop *l, const char *key, const char *fmt, ...)
{
	const size_t i = l->state.option_count++;
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(l->values[i], VALUE, fmt, ap);
	va_end(ap);
	l->options[i] = (struct nct_st_pair){key, l->values[i]};
}

/* What a checkpoint holds: tensors by name, the optimiser's state, and the options that a run cannot change. */
static nct_err
describe_state(struct nct_loop *l, nct_why *why)
{
	const struct nct_shape *s = &l->shape;
	const struct nct_train_options *o = l->o;
	struct nct_tensor t[NCT_P_COUNT];
	struct nct_slot *slot = l->slots;
	size_t total;
	nct_err err = nct_shape_tensors(s, t, &total, why);

	if (err != NCT_OK)
		return err;
	for (size_t i = 0; i < NCT_P_COUNT; i++, slot++) {
		*slot = (struct nct_slot){.rank = 3, .shape = {t[i].stack, t[i].rows, t[i].cols},
		    .data = nct_net_params(l->net) + t[i].offset, .size = t[i].size};
		snprintf(slot->name, sizeof slot->name, "%s", t[i].name);
	}
	*slot = (struct nct_slot){.name = "adafactor", .rank = 1, .shape = {nct_adafactor_floats(s)},
	    .data = nct_adafactor_state(l->opt), .size = nct_adafactor_floats(s)};
	l->state = (struct nct_state){.options = l->options, .slots = l->slots, .slot_count = NCT_P_COUNT + 1};
	add_option(l, "vocabulary", "%" PRIu32 "+%" PRIu32, s->vocab, s->inputs - s->vocab);
	add_option(l, "size", "d=%" PRIu32 ",layers=%" PRIu32 ",heads=%" PRIu32 ",ff=%" PRIu32 ",reach=%" PRIu32, s->width,
	           s->layers, s->heads, s->inner, s->reach);
	add_option(l, "rows", "%zu", o->rows);
	add_option(l, "length", "%zu", o->length);
	add_option(l, "accumulate", "%zu", o->accumulate);
	add_option(l, "seed", "%" PRIu64, o->seed);
	add_option(l, "examples", "%" PRIu64, l->train->count);
	add_option(l, "text", "CRC %016" PRIx64, l->train->crc);
	return NCT_OK;
}

static nct_err
check(const struct nct_train_options *o, const struct nct_examples *train, const struct nct_examples *eval, nct_why *why)
{
	if (o->rows == 0 || o->length == 0 || o->accumulate == 0 || o->rows > UINT32_MAX || o->length > UINT32_MAX ||
	    o->accumulate > UINT32_MAX || train->length != o->length || (eval != NULL && eval->length != o->length))
		return nct_fail(why, NCT_EARG, "rows, length, accumulate: out of range");
	if (!(o->lr > 0) || !(o->zloss >= 0))
		return nct_fail(why, NCT_EARG, "learning rate, z-loss: out of range");
	if (train->count == 0)
		return nct_fail(why, NCT_ECUT, "no text to train on");
	if (eval != NULL && eval->count == 0)
		return nct_fail(why, NCT_ECUT, "no text to evaluate on");
	return NCT_OK;
}

/* Says what memory is needed before any of it is asked for. */
static nct_err
check_memory(const struct nct_loop *l, nct_why *why)
{
	const struct nct_train_options *o = l->o;
	const long pages = sysconf(_SC_PHYS_PAGES), page = sysconf(_SC_PAGESIZE);
	uint64_t need = nct_net_bytes(&l->shape, o->rows, o->length, o->threads);
	const uint64_t more = 4 * (uint64_t)nct_adafactor_floats(&l->shape) + 8 * (uint64_t)l->rows * o->length;

	need = need > UINT64_MAX - more ? UINT64_MAX : need + more;
	report(l, "parameters", "%" PRIu64, nct_shape_parameters(&l->shape));
	report(l, "memory_bytes", "%" PRIu64, need);
	if (pages > 0 && page > 0 && need / (uint64_t)page > (uint64_t)pages)
		return nct_fail(why, NCT_ENOMEM, "needs %.1f GB of memory, and this machine has %.1f GB (fewer rows and more --accumulate need less)",
		                (double)need / 1e9, (double)pages * (double)page / 1e9);
	return NCT_OK;
}

static nct_err
resume(struct nct_loop *l, nct_why *why)
{
	nct_why found = {""};
	int old;
	nct_err err;

	if (l->o->checkpoint == NULL)
		return NCT_OK;
	err = nct_checkpoint_load(l->o->checkpoint, &l->state, &l->step, &old, &found);
	if (err != NCT_OK)
		return nct_fail(why, err, "%s", found.text);
	if (old && l->o->warn != NULL) {
		char line[sizeof found.text + 96];

		snprintf(line, sizeof line, "%s; going on from the one before it, step %" PRIu64, found.text, l->step);
		l->o->warn(l->o->ctx, line);
	}
	if (l->step > 0)
		report(l, "resumed_step", "%" PRIu64, l->step);
	return NCT_OK;
}

static nct_err
allocate(struct nct_loop *l, nct_why *why)
{
	const struct nct_train_options *o = l->o;
	size_t n;
	nct_err err;

	if (nct_size_mul(&l->rows, o->rows, o->accumulate) != 0 || nct_size_mul(&n, l->rows, o->length) != 0 || n > SIZE_MAX / 8)
		return nct_fail(why, NCT_EARG, "rows, length, accumulate: out of range");
	if ((err = check_memory(l, why)) != NCT_OK)
		return err;
	l->in = malloc(n * sizeof *l->in);
	l->target = malloc(n * sizeof *l->target);
	if (l->in == NULL || l->target == NULL)
		return nct_fail(why, NCT_ENOMEM, "out of memory");
	if ((err = nct_net_new(&l->net, &l->shape, o->rows, o->length, o->threads, o->cpu, why)) != NCT_OK)
		return err;
	return nct_adafactor_new(&l->opt, &l->shape, o->threads, o->cpu, why);
}

nct_err
nct_loop_new(nct_loop **out, const struct nct_train_options *o, const struct nct_shape *shape,
             const struct nct_examples *train, const struct nct_examples *eval, nct_why *why)
{
	nct_loop *l = calloc(1, sizeof *l);
	nct_err err;

	*out = NULL;
	if (l == NULL)
		return nct_fail(why, NCT_ENOMEM, "out of memory");
	l->o = o;
	l->shape = *shape;
	l->train = train;
	l->eval = eval;
	l->eval_bits = NAN;
	l->schedule = nct_schedule_make(o);
	if ((err = check(o, train, eval, why)) != NCT_OK || (err = allocate(l, why)) != NCT_OK)
		goto fail;
	nct_net_init(l->net, o->seed);
	if ((err = describe_state(l, why)) != NCT_OK || (err = resume(l, why)) != NCT_OK)
		goto fail;
	*out = l;
	return NCT_OK;
fail:
	nct_loop_free(l);
	return err;
}

void
nct_loop_free(nct_loop *l)
{
	if (l == NULL)
		return;
	nct_net_free(l->net);
	nct_adafactor_free(l->opt);
	free(l->in);
	free(l->target);
	free(l);
}

static double
bits_per_byte(double nats, uint64_t bytes)
{
	return bytes > 0 ? nats / 0.69314718055994530942 / (double)bytes : NAN;
}

/* Names the step in an error: a NaN's place is more than a tensor's name. */
static nct_err
at_step(const struct nct_loop *l, nct_err err, const nct_why *inner, nct_why *why)
{
	return nct_fail(why, err, "step %" PRIu64 ": %.200s", l->step + 1, inner->text);
}

/* One step: all its batches' gradients, scaled by one over all its targets, then the optimiser. */
static nct_err
train_step(struct nct_loop *l, nct_why *why)
{
	const struct nct_train_options *o = l->o;
	const size_t batch = o->rows * o->length;
	uint64_t targets = 0, bytes = 0;
	double total = 0;
	nct_why inner = {""};
	nct_err err;

	nct_examples_fill(l->train, o->seed, l->step * l->rows, l->rows, l->in, l->target, &targets, &bytes);
	nct_net_zero_grads(l->net);
	for (size_t i = 0; i < o->accumulate; i++) {
		const struct nct_batch b = {.rows = o->rows, .length = o->length, .in = l->in + i * batch, .target = l->target + i * batch};
		double nats;
		uint64_t count;

		err = nct_net_backward(l->net, &b, (float)(1.0 / (double)targets), (float)o->zloss, &nats, &count);
		if (err != NCT_OK) {
			(void)nct_fail(&inner, err, err == NCT_ENAN ? "loss is not a finite number" : "%s", nct_strerror(err));
			return at_step(l, err, &inner, why);
		}
		total += nats;
	}
	l->p.lr = nct_schedule_rate(&l->schedule, l->step + 1);
	err = nct_adafactor_step(l->opt, nct_net_params(l->net), nct_net_grads(l->net), l->step + 1, l->p.lr, &inner);
	if (err != NCT_OK)
		return at_step(l, err, &inner, why);
	l->step++;
	l->eval_bits = NAN;
	l->p.train_bits = bits_per_byte(total, bytes);
	l->p.bytes += bytes;
	return NCT_OK;
}

size_t
nct_eval_rows(const struct nct_examples *e)
{
	size_t rows = NCT_EVAL_SYMBOLS / e->length;

	if (rows == 0)
		rows = 1;
	return e->count < rows ? (size_t)e->count : rows;
}

nct_err
nct_loop_evaluate(nct_loop *l, double *bits, nct_why *why)
{
	const size_t rows = l->eval != NULL ? nct_eval_rows(l->eval) : 0, length = l->o->length;
	uint64_t bytes = 0;
	double total = 0;

	*bits = l->eval_bits;
	if (!isnan(*bits))
		return NCT_OK;
	for (size_t done = 0; done < rows;) {
		struct nct_batch b = {.rows = 0, .length = length, .in = l->in, .target = l->target};
		double nats;
		uint64_t count;
		nct_err err;

		for (; b.rows < l->o->rows && done < rows; b.rows++, done++)
			bytes += l->eval->get(l->eval, nct_examples_sample(l->eval, rows, done), l->in + b.rows * length, l->target + b.rows * length);
		if ((err = nct_net_forward(l->net, &b, &nats, &count, NULL, NULL)) != NCT_OK)
			return nct_fail(why, err, "evaluation at step %" PRIu64 ": %s", l->step, nct_strerror(err));
		total += nats;
	}
	*bits = l->eval_bits = bits_per_byte(total, bytes);
	return NCT_OK;
}

int
nct_train_stop(const struct nct_train_options *o)
{
	return o->stop != NULL && o->stop(o->ctx) != 0;
}

static int
due(const struct nct_loop *l, uint64_t every)
{
	return l->step == l->o->steps || (every > 0 && l->step % every == 0);
}

/* A state that went to infinity must not take the place of a good one. */
static nct_err
save(const struct nct_loop *l, nct_why *why)
{
	for (size_t i = 0; i < l->state.slot_count; i++)
		for (size_t j = 0; j < l->slots[i].size; j++)
			if (!isfinite(l->slots[i].data[j]))
				return nct_fail(why, NCT_ENAN, "step %" PRIu64 ": %s is not finite any more", l->step, l->slots[i].name);
	return nct_checkpoint_save(l->o->checkpoint, &l->state, l->step, why);
}

/* What follows a step: evaluation, log, progress, checkpoint. */
static nct_err
after_step(struct nct_loop *l, int *stop, nct_why *why)
{
	nct_err err = NCT_OK;

	l->p.step = l->step;
	l->p.eval_bits = NAN;
	if (l->eval != NULL && due(l, l->o->eval_every))
		err = nct_loop_evaluate(l, &l->p.eval_bits, why);
	l->p.seconds = now() - l->start;
	if (err == NCT_OK)
		err = nct_log_add(l->log, &l->p, why);
	if (err == NCT_OK && l->o->progress != NULL)
		l->o->progress(l->o->ctx, &l->p);
	*stop = nct_train_stop(l->o);
	if (err == NCT_OK && l->o->checkpoint != NULL && (*stop || due(l, l->o->save_every)))
		err = save(l, why);
	return err;
}

nct_err
nct_loop_run(nct_loop *l, int *stopped, nct_why *why)
{
	nct_err err = NCT_OK, closed;

	*stopped = 0;
	if (l->step >= l->o->steps)
		return NCT_OK;
	if (l->o->log != NULL && (err = nct_log_open(&l->log, l->o->log, l->o->log_timing, l->step, why)) != NCT_OK)
		return err;
	l->start = now();
	l->p = (struct nct_train_progress){.steps = l->o->steps, .first = l->step, .eval_bits = NAN};
	while (err == NCT_OK && l->step < l->o->steps && !*stopped) {
		err = train_step(l, why);
		if (err == NCT_OK)
			err = after_step(l, stopped, why);
	}
	closed = nct_log_close(l->log, err == NCT_OK ? why : NULL);
	l->log = NULL;
	return err != NCT_OK ? err : closed;
}

uint64_t
nct_loop_step(const nct_loop *l)
{
	return l->step;
}

const float *
nct_loop_params(const nct_loop *l)
{
	return nct_net_params(l->net);
}
