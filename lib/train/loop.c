/* loop.c - the training loop of both trainers: steps, evaluations, checkpoints, log. */
#include "train/run.h"

#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/le.h"
#include "base/options.h"
#include "net/compose.h"
#include "world.h"

void
nct_train_defaults(struct nct_train_options *o, size_t size)
{
	const struct nct_train_options defaults = {.size = "3m", .steps = 20000, .rows = 8, .length = 1024, .accumulate = 1,
	    .lr = 1.0, .zloss = 1e-4, .warmup = NCT_TRAIN_AUTO, .cooldown = NCT_TRAIN_AUTO, .seed = 1,
	    .eval_every = 1000, .save_every = 500, .threads = 1, .rounds = 3, .long_share = 50, .codebook = 16};

	nct_options_give(o, size, &defaults, sizeof defaults);
}

static nct_err
check(const struct nct_train_options *o, const struct nct_examples *train, const struct nct_examples *eval,
      nct_why *why)
{
	if (o->rows == 0 || o->length == 0 || o->accumulate == 0 || o->rows > UINT32_MAX || o->length > UINT32_MAX ||
	    o->accumulate > UINT32_MAX || train->length != o->length || (eval != NULL && eval->length != o->length))
		return nct_fail(why, NCT_EARG, "rows, length, accumulate: out of range");
	if (!(o->lr > 0) || !(o->zloss >= 0))
		return nct_fail(why, NCT_EARG, "learning rate, z-loss: out of range");
	if (o->rows % nct_world_size(o->world) != 0)
		return nct_fail(why, NCT_EARG, "%zu rows of a batch cannot be shared out evenly to %u ranks", o->rows,
		                nct_world_size(o->world));
	if (train->count == 0)
		return nct_fail(why, NCT_ECUT, "no %s to train on", train->what);
	if (eval != NULL && eval->count == 0)
		return nct_fail(why, NCT_ECUT, "no %s to evaluate on", eval->what);
	return NCT_OK;
}

static int
keeps_best(const struct nct_loop *l)
{
	return l->o->keep_best && l->eval != NULL;
}

/* Checks that the run fits into memory, before any is allocated. */
static nct_err
check_memory(const struct nct_loop *l, nct_why *why)
{
	const struct nct_train_options *o = l->o;
	uint64_t need = nct_net_bytes(&l->shape, 1, l->own, o->length, o->threads, o->cpu);
	const uint64_t params = 4 * (uint64_t)nct_loop_parameters(l), places = (uint64_t)l->rows * o->length;
	const uint64_t rounds = l->train->rounds != NULL ? params + 4 * places + nct_rounds_bytes(o) : 0;
	const uint64_t more = nct_adafactor_bytes(&l->shape) + 8 * places + (keeps_best(l) ? params : 0) + rounds;

	need = need > UINT64_MAX - more ? UINT64_MAX : need + more;
	nct_loop_report(l, "parameters", "%" PRIu64, nct_shape_parameters(&l->shape));
	nct_loop_report(l, "memory_bytes", "%" PRIu64, need);
	return nct_train_fits(need, "fewer rows and more --accumulate need less", why);
}

static nct_err
allocate(struct nct_loop *l, nct_why *why)
{
	const struct nct_train_options *o = l->o;
	size_t n;
	nct_err err;

	if (nct_size_mul(&l->rows, o->rows, o->accumulate) != 0 || nct_size_mul(&n, l->rows, o->length) != 0 ||
	    n > SIZE_MAX / 8)
		return nct_fail(why, NCT_EARG, "rows, length, accumulate: out of range");
	l->own = o->rows / nct_world_size(o->world);
	if ((err = check_memory(l, why)) != NCT_OK)
		return err;
	l->in = malloc(n * sizeof *l->in);
	l->target = malloc(n * sizeof *l->target);
	if (l->in == NULL || l->target == NULL)
		return nct_fail(why, NCT_ENOMEM, "out of memory");
	if (l->train->rounds != NULL) {
		l->seen = malloc(n * sizeof *l->seen);
		l->parsed_by = calloc(nct_loop_parameters(l), sizeof *l->parsed_by);
		if (l->seen == NULL || l->parsed_by == NULL)
			return nct_fail(why, NCT_ENOMEM, "out of memory");
	}
	if (keeps_best(l) && (l->best = calloc(nct_loop_parameters(l), sizeof *l->best)) == NULL)
		return nct_fail(why, NCT_ENOMEM, "out of memory");
	if ((err = nct_net_new(&l->net, &l->shape, l->own, o->length, o->threads, o->cpu, why)) != NCT_OK)
		return err;
	if (l->shape.parts > 0 && nct_net_set_parts(l->net, l->train->parts) != NCT_OK)
		return nct_fail(why, NCT_ENOMEM, "out of memory");
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
	l->mark.round = l->parsed = NCT_NO_ROUND;
	l->schedule = nct_schedule_make(o);
	l->shape.parts = train->parts != NULL ? train->parts->parts : 0;
	if ((err = check(o, train, eval, why)) == NCT_OK)
		err = allocate(l, why);
	if ((err = nct_world_agree(o->world, err, why)) != NCT_OK)
		goto fail;
	nct_net_init(l->net, o->seed);
	if ((err = nct_loop_resume(l, why)) != NCT_OK)
		goto fail;
	nct_net_compose(l->net);
	*out = l;
	return NCT_OK;
fail:
	nct_loop_free(l);
	return err;
}

/* Adds to an error the step and, for NCT_ENAN, the tensor. */
static nct_err
broke(const struct nct_loop *l, nct_err err, const nct_why *inner, nct_why *why)
{
	const char *tensor = err == NCT_ENAN ? nct_loop_not_finite(l) : NULL;

	if (tensor != NULL)
		return nct_fail(why, err, "step %" PRIu64 ": tensor %s is not finite", l->mark.step + 1, tensor);
	return nct_fail(why, err, "step %" PRIu64 ": %.200s", l->mark.step + 1,
	                inner->text[0] != '\0' ? inner->text : nct_strerror(err));
}

/* Adds up the gradients of this rank's rows, over all batches of a step. Examples are in l->in and l->target. */
static nct_err
own_gradients(struct nct_loop *l, uint64_t targets, double *total, nct_why *inner)
{
	const struct nct_train_options *o = l->o;
	const size_t first = nct_world_rank(o->world) * l->own;

	*total = 0;
	nct_net_zero_grads(l->net);
	for (size_t i = 0; i < o->accumulate; i++) {
		const size_t at = (i * o->rows + first) * o->length;
		const struct nct_batch b = {.rows = l->own, .length = o->length, .in = l->in + at, .target = l->target + at,
		    .first = l->parsed != NCT_NO_ROUND ? l->seen + at : NULL};
		double nats;
		uint64_t count;
		nct_err err = nct_net_backward(l->net, &b, (float)(1.0 / (double)targets), (float)o->zloss, &nats, &count);

		if (err != NCT_OK)
			return err == NCT_ENAN ? nct_fail(inner, err, "the loss is not finite, though all tensors are") : err;
		*total += nats;
	}
	return NCT_OK;
}

/* If the next step belongs to a round, makes sure that the round's windows are in memory. After a run is resumed,
 * they are found again with the parameters that the round began with. */
static nct_err
begin_round(struct nct_loop *l, nct_why *why)
{
	const uint64_t round =
	    l->train->rounds != NULL ? nct_rounds_round(l->o, l->mark.from[0] != '\0', l->mark.step) : NCT_NO_ROUND;
	struct nct_round_found found;
	const double start = nct_seconds();

	if (round == l->parsed || round == NCT_NO_ROUND)
		return NCT_OK;
	if (l->mark.round != round)
		memcpy(l->parsed_by, nct_net_params(l->net), nct_loop_parameters(l) * sizeof *l->parsed_by);
	nct_err err = nct_rounds_parse(l->train->rounds, l->train, l->parsed_by, round, &found, why);
	if (err != NCT_OK)
		return err;
	l->mark.round = l->parsed = round;
	nct_loop_report(l, "round_begins", "%" PRIu64, round);
	nct_loop_report(l, "round_windows", "%" PRIu64, found.windows);
	nct_loop_report(l, "round_symbols_per_window", "%.3f", (double)found.symbols / (double)found.windows);
	nct_loop_report(l, "round_seconds_parsing", "%.3f", nct_seconds() - start);
	return NCT_OK;
}

/* Fills l->in, l->target and l->seen with the examples of a step. */
static void
fill(struct nct_loop *l, uint64_t *targets, uint64_t *units)
{
	const uint64_t first = l->mark.step * l->rows;
	const double start = nct_seconds();

	if (l->parsed != NCT_NO_ROUND)
		nct_rounds_fill(l->train->rounds, l->train, first, l->rows, l->in, l->target, l->seen, targets, units);
	else
		nct_examples_fill(l->train, l->o->seed, first, l->rows, l->in, l->target, targets, units);
	l->input_seconds += nct_seconds() - start;
}

/* One step: the gradients of all batches, divided by the number of targets, then the optimiser. All ranks end up
 * with the same parameters. */
static nct_err
train_step(struct nct_loop *l, nct_why *why)
{
	const struct nct_train_options *o = l->o;
	uint64_t targets = 0, units = 0;
	double total = 0;
	nct_why inner = {0};
	nct_err err = begin_round(l, &inner);

	if (err != NCT_OK)
		return broke(l, err, &inner, why);
	fill(l, &targets, &units);
	err = nct_world_agree(o->world, own_gradients(l, targets, &total, &inner), &inner);
	if (err == NCT_OK)
		err = nct_world_sum(o->world, nct_net_grads(l->net), nct_loop_parameters(l));
	if (err == NCT_OK)
		err = nct_world_sum_doubles(o->world, &total, 1);
	l->p.lr = nct_schedule_rate(&l->schedule, l->mark.step + 1);
	const double start = nct_seconds();
	if (err == NCT_OK) {
		nct_net_spread(l->net);
		err = nct_adafactor_step(l->opt, nct_net_params(l->net), nct_net_grads(l->net), l->mark.step + 1, l->p.lr, &inner);
	}
	if (err != NCT_OK)
		return broke(l, err, &inner, why);
	nct_net_compose(l->net);
	l->optimiser_seconds += nct_seconds() - start;
	l->mark.step++;
	l->eval_bits = NAN;
	l->p.train_bits = nct_examples_bits(l->train, total, units);
	l->p.units += units;
	return NCT_OK;
}

static int
due(const struct nct_loop *l, uint64_t every)
{
	return l->mark.step == l->o->steps || (every > 0 && l->mark.step % every == 0);
}

static void
keep_best(struct nct_loop *l)
{
	if (l->mark.best_step > 0 && l->p.eval_bits >= l->mark.best_bits)
		return;
	memcpy(l->best, nct_net_params(l->net), nct_loop_parameters(l) * sizeof *l->best);
	l->mark.best_step = l->mark.step;
	l->mark.best_bits = l->p.eval_bits;
	l->p.best = 1;
}

/* Called if the run is stopped during a step's evaluation. Saves the step as pending; a resumed run evaluates it. */
static nct_err
leave_pending(struct nct_loop *l, nct_why *why)
{
	nct_err err = NCT_OK;

	l->mark.pending = 1;
	l->mark.train_bits = l->p.train_bits;
	if (l->o->checkpoint != NULL)
		err = nct_loop_save(l, why);
	return nct_world_agree(l->o->world, err, why);
}

/* FLOPs in products since this process started, as a share of what the kernels could have done in that time. */
static double
share_of_peak(const struct nct_loop *l)
{
	const double each = (double)l->rows * (double)l->o->length * nct_shape_operations(&l->shape, l->o->length);

	return l->peak > 0.0 ? (double)(l->p.step - l->p.first) * each / l->p.seconds / l->peak : 0.0;
}

/* All that follows a step: evaluation, log, progress, checkpoint. */
static nct_err
after_step(struct nct_loop *l, int *stop, nct_why *why)
{
	nct_err err = NCT_OK;

	l->p.step = l->mark.step;
	l->p.eval_bits = NAN;
	l->p.best = 0;
	if (l->eval != NULL && (l->mark.pending || due(l, l->o->eval_every)))
		err = nct_loop_evaluate(l, &l->p.eval_bits, stop, why);
	if (err == NCT_OK && *stop)
		return leave_pending(l, why);
	l->mark.pending = 0;
	l->mark.train_bits = 0;
	if (err == NCT_OK && l->best != NULL && !isnan(l->p.eval_bits))
		keep_best(l);
	l->p.seconds = nct_seconds() - l->start;
	l->p.share = share_of_peak(l);
	if (err == NCT_OK)
		err = nct_log_add(l->log, &l->p, why);
	if (err == NCT_OK && l->o->progress != NULL && nct_world_rank(l->o->world) == 0)
		l->o->progress(l->o->ctx, &l->p);
	*stop = nct_world_any(l->o->world, nct_train_stop(l->o));
	if (err == NCT_OK && l->o->checkpoint != NULL && (*stop || due(l, l->o->save_every)))
		err = nct_loop_save(l, why);
	return nct_world_agree(l->o->world, err, why);
}

/* Makes the evaluation of a step that was saved as pending. */
static nct_err
make_up(struct nct_loop *l, int *stop, nct_why *why)
{
	l->p.lr = nct_schedule_rate(&l->schedule, l->mark.step);
	l->p.train_bits = l->mark.train_bits;
	return after_step(l, stop, why);
}

/* Reports where the time of this process's steps went, evaluations included. */
static void
report_times(const struct nct_loop *l)
{
	static const char *const names[NCT_PARTS] = {"seconds_forward",  "seconds_attention",        "seconds_loss",
	                                             "seconds_backward", "seconds_weight_gradients", "seconds_packing"};
	const struct nct_timing t = nct_net_timing(l->net);

	for (size_t i = 0; i < NCT_PARTS; i++)
		nct_loop_report(l, names[i], "%.3f", t.part[i]);
	nct_loop_report(l, "seconds_optimiser", "%.3f", l->optimiser_seconds);
	nct_loop_report(l, "seconds_input", "%.3f", l->input_seconds);
	nct_loop_report(l, "seconds_all", "%.3f", nct_seconds() - l->start);
	nct_loop_report(l, "thread_seconds_products", "%.3f", t.products);
}

/* Measures the FLOP/s that all ranks can reach together. */
static nct_err
measure_peak(struct nct_loop *l, nct_why *why)
{
	nct_err err;

	l->peak = nct_net_rate(l->net);
	err = nct_world_sum_doubles(l->o->world, &l->peak, 1);
	nct_loop_report(l, "peak_gflops", "%.1f", l->peak * 1e-9);
	return err == NCT_OK ? NCT_OK : nct_fail(why, err, "between the ranks: %s", nct_strerror(err));
}

/* Opens the log on rank 0, to continue after step `keep`. */
static nct_err
open_log(struct nct_loop *l, uint64_t keep, nct_why *why)
{
	const double flops = (double)l->rows * (double)l->o->length * nct_shape_training_flops(&l->shape);
	const struct nct_log_columns columns = {l->train->per, l->train->unit, l->o->log_timing, flops};
	int replaces;
	nct_err err;

	if (l->o->log == NULL || nct_world_rank(l->o->world) != 0)
		return NCT_OK;
	if ((err = nct_log_open(&l->log, l->o->log, &columns, keep, &replaces, why)) == NCT_OK && replaces)
		nct_loop_warn(l, "%s: the log of another run is replaced", l->o->log);
	return err;
}

nct_err
nct_loop_run(nct_loop *l, int *stopped, nct_why *why)
{
	const uint64_t rows = l->mark.step - (uint64_t)l->mark.pending;
	nct_err err = NCT_OK, closed;

	*stopped = 0;
	if (l->mark.step >= l->o->steps && !l->mark.pending)
		return NCT_OK;
	err = open_log(l, rows, why);
	if ((err = nct_world_agree(l->o->world, err, why)) != NCT_OK)
		return err;
	if ((err = measure_peak(l, why)) != NCT_OK)
		return err;
	l->start = nct_seconds();
	l->p = (struct nct_train_progress){.steps = l->o->steps, .first = l->mark.step, .eval_bits = NAN,
	    .per = l->train->per, .unit = l->train->unit};
	if (l->mark.pending)
		err = make_up(l, stopped, why);
	while (err == NCT_OK && l->mark.step < l->o->steps && !*stopped) {
		err = train_step(l, why);
		if (err == NCT_OK)
			err = after_step(l, stopped, why);
	}
	report_times(l);
	closed = nct_log_close(l->log, err == NCT_OK ? why : NULL);
	l->log = NULL;
	return err != NCT_OK ? err : closed;
}
