/* trainer.c - what m1train and m2train share: options of training, progress, stopping by signals. */
#include "ranks.h"
#include "trainer.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define VERBOSE_EVERY 50 /* steps between --verbose's progress lines */
#define MAX_STEPS 1000000000000u

int
trainer_take(struct trainer *t, int letter, const char *arg)
{
	const struct cli *c = t->cli;
	struct nct_train_options *o = &t->train;

	switch (letter) {
	case 's': o->size = arg; break;
	case 'n': o->steps = opt_u64(c, "-n", arg, 0, MAX_STEPS); break;
	case 'B': o->rows = opt_u64(c, "-B", arg, 1, 1 << 20); break;
	case 'L': o->length = opt_u64(c, "-L", arg, 2, 1 << 20); break;
	case OPT_ACCUMULATE: o->accumulate = opt_u64(c, "--accumulate", arg, 1, 1 << 20); break;
	case OPT_LR: o->lr = opt_double(c, "--lr", arg, 1e-9, 1e30); break;
	case OPT_WARMUP: o->warmup = opt_u64(c, "--warmup", arg, 0, MAX_STEPS); break;
	case OPT_COOLDOWN: o->cooldown = opt_u64(c, "--cooldown", arg, 0, MAX_STEPS); break;
	case OPT_ZLOSS: o->zloss = opt_double(c, "--z-loss", arg, 0, 1); break;
	case OPT_SEED: o->seed = opt_u64(c, "--seed", arg, 0, UINT64_MAX); break;
	case 'e': t->eval = arg; break;
	case OPT_EVAL_EVERY: o->eval_every = opt_u64(c, "--eval-every", arg, 0, MAX_STEPS); break;
	case 'C': o->checkpoint = arg; break;
	case OPT_SAVE_EVERY: o->save_every = opt_u64(c, "--save-every", arg, 0, MAX_STEPS); break;
	case OPT_LOG: o->log = arg; break;
	case OPT_LOG_TIMING: o->log_timing = 1; break;
	default: return 0;
	}
	t->given[letter] = 1;
	return 1;
}

/* ---- progress ---- */

static int line_open; /* the terminal shows a progress line, without its newline */

void
trainer_end_line(void)
{
	if (line_open)
		fputc('\n', stderr);
	line_open = 0;
}

static void
show_verbose(const struct nct_train_progress *p, double rate, double left)
{
	fprintf(stderr,
	        "step=%" PRIu64
	        " lr=%.6g train_bits_per_%s=%.4f %s_per_second=%.0f share_of_peak=%.3f seconds_left=%.0f",
	        p->step, p->lr, p->per, p->train_bits, p->unit, rate, p->share, left);
	if (!isnan(p->eval_bits))
		fprintf(stderr, " eval_bits_per_%s=%.4f%s", p->per, p->eval_bits, p->best ? " best" : "");
	fputc('\n', stderr);
}

static void
show_line(const struct cli *c, const struct nct_train_progress *p, double rate, double left)
{
	fprintf(stderr,
	        "\r%s: step %" PRIu64 " of %" PRIu64 ", %.3f bits/%s, %.0f %s/s, %.0f%% of peak, %.0f s left   ",
	        c->tool, p->step, p->steps, p->train_bits, p->per, rate, p->unit, 100 * p->share, left);
	if (!isnan(p->eval_bits))
		fprintf(stderr, "validation %.4f%s", p->eval_bits, p->best ? ", the best" : "");
	line_open = 1;
}

static void
show(void *ctx, const struct nct_train_progress *p)
{
	static double last = -1;
	const struct cli *c = ((const struct trainer *)ctx)->cli;
	const int milestone = !isnan(p->eval_bits) || p->step == p->steps;
	const double rate = (double)p->units / p->seconds;
	const uint64_t done = p->step - p->first; /* 0: this is an evaluation that the run before did not finish */
	const double left = done > 0 && p->step < p->steps ? (double)(p->steps - p->step) * p->seconds / (double)done : 0;

	if (c->verbose) {
		if (milestone || p->step % VERBOSE_EVERY == 0)
			show_verbose(p, rate, left);
	} else if (!c->quiet && isatty(STDERR_FILENO) && (milestone || p->seconds - last > 0.25)) {
		last = p->seconds;
		show_line(c, p, rate, left);
		if (milestone)
			trainer_end_line();
	}
}

static void
report(void *ctx, const char *key, const char *value)
{
	const struct cli *c = ((const struct trainer *)ctx)->cli;

	if (c->verbose)
		fprintf(stderr, "%s=%s\n", key, value);
	else if (isatty(STDERR_FILENO) && strcmp(key, "memory_bytes") == 0)
		note(c, "needs %.2f GB of memory", strtod(value, NULL) / 1e9);
}

static void
warn(void *ctx, const char *line)
{
	trainer_end_line();
	note(((const struct trainer *)ctx)->cli, "%s", line);
}

void
trainer_check(struct trainer *t)
{
	struct cli *c = t->cli;
	const char *fault;

	files_read(&c->files, "-e", t->eval);
	files_write(&c->files, "-C", t->train.checkpoint, "");
	files_write(&c->files, "-C", t->train.checkpoint, ".prev");
	files_write_in_place(&c->files, "--log", t->train.log);
	if (t->train.log_timing && t->train.log == NULL)
		die(c, EX_USE, "--log-timing: needs --log");
	if (t->given[OPT_EVAL_EVERY] && t->eval == NULL)
		die(c, EX_USE, "--eval-every: needs -e");
	if (t->given[OPT_SAVE_EVERY] && t->train.checkpoint == NULL)
		die(c, EX_USE, "--save-every: needs -C");
	for (size_t i = 0; t->eval != NULL && strcmp(t->eval, "-") == 0 && i < c->operand_count; i++)
		if (strcmp(c->operands[i], "-") == 0)
			die(c, EX_USE, "-e -: standard input is read already");
	t->train.world = ranks_start(c);
	if (t->train.world != NULL && t->train.world->size > 1)
		for (size_t i = 0; i <= c->operand_count; i++) {
			const char *name = i < c->operand_count ? c->operands[i] : t->eval;

			if (name != NULL && strcmp(name, "-") == 0)
				ranks_die(c, EX_USE, "standard input reaches one rank alone: name files");
		}
	if ((fault = files_fault(c)) != NULL)
		ranks_die(c, EX_FAIL, fault);
	t->train.threads = c->threads;
	t->train.cpu = c->cpu;
	t->train.progress = show;
	t->train.report = report;
	t->train.warn = warn;
	t->train.stop = trainer_signalled;
	t->train.ctx = t;
}

/* ---- operands ---- */

nct_err
trainer_operand(void *ctx, size_t i, int *fd)
{
	const struct trainer *t = ctx;

	*fd = i < t->cli->operand_count ? cli_input(t->cli, i) : -1;
	return NCT_OK;
}

nct_err
trainer_eval_operand(void *ctx, size_t i, int *fd)
{
	const struct trainer *t = ctx;

	*fd = -1;
	if (i == 0)
		*fd = strcmp(t->eval, "-") == 0 ? STDIN_FILENO : open(t->eval, O_RDONLY | O_CLOEXEC);
	return i == 0 && *fd < 0 ? NCT_EIO : NCT_OK;
}

void
trainer_die_reading(const struct trainer *t, nct_err err, int eval, size_t at, const nct_why *why)
{
	const char *name = eval ? t->eval : at < t->cli->operand_count ? t->cli->operands[at] : "reading";

	die_err(t->cli, err, name, why);
}

/* ---- signals ---- */

static sigset_t held;
static const int signals[] = {SIGINT, SIGTERM, SIGHUP};

enum nct_weights
trainer_weights(const struct cli *c, const char *arg)
{
	static const char *const names[] = {"f32", "bf16", "int8"}; /* by enum nct_weights */

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		if (strcmp(arg, names[i]) == 0)
			return (enum nct_weights)i;
	die(c, EX_USE, "--weights: '%s' is none of f32, bf16 and int8", arg);
}

void
trainer_hold_signals(void)
{
	(void)sigemptyset(&held);
	for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++) {
		struct sigaction a;

		if (sigaction(signals[i], NULL, &a) == 0 && a.sa_handler != SIG_IGN)
			(void)sigaddset(&held, signals[i]);
	}
	(void)sigprocmask(SIG_BLOCK, &held, NULL);
}

int
trainer_signalled(void *ctx)
{
	sigset_t pending;

	(void)ctx;
	if (sigpending(&pending) != 0)
		return 0;
	for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++)
		if (sigismember(&held, signals[i]) && sigismember(&pending, signals[i]))
			return 1;
	return 0;
}

void
trainer_let_signals(void)
{
	(void)sigprocmask(SIG_UNBLOCK, &held, NULL);
}

void
trainer_await(int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLOUT};
	sigset_t open;

	if (poll(&p, 1, 0) != 0 || sigprocmask(SIG_BLOCK, NULL, &open) != 0)
		return;
	for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++)
		if (sigismember(&held, signals[i]))
			(void)sigdelset(&open, signals[i]);
	while (ppoll(&p, 1, NULL, &open) < 0 && errno == EINTR)
		continue;
}

void
trainer_stopped(const struct trainer *t, uint64_t step)
{
	if (t->train.checkpoint != NULL && step > 0)
		note(t->cli, "stopped after step %" PRIu64 ", saved in %s; the same command goes on from there", step,
		     t->train.checkpoint);
	else
		note(t->cli, "stopped after step %" PRIu64 "; nothing was saved (see -C)", step);
	cli_output_abort(t->cli, 0);
}

/* True on the rank that writes files and prints. */
static int
writes(const struct trainer *t)
{
	return t->train.world == NULL || t->train.world->rank == 0;
}

int
trainer_output(const struct trainer *t)
{
	return writes(t) ? cli_output(t->cli) : -1;
}

const char *
trainer_output_name(const struct trainer *t)
{
	return t->cli->output != NULL ? t->cli->output : "-";
}

void
trainer_die(const struct trainer *t, nct_err err, const char *name, const nct_why *why)
{
	trainer_end_line();
	if (writes(t))
		note_err(t->cli, err, name, why);
	cli_output_abort(t->cli, 0);
	ranks_end();
	exit(nct_err_status(err));
}

const char *
trainer_operands_name(const struct trainer *t)
{
	return t->cli->operand_count == 1 ? t->cli->operands[0] : "operands";
}

void
trainer_die_empty(const struct trainer *t, int eval, const char *what)
{
	nct_why why = {0};

	snprintf(why.text, sizeof why.text, "no %s to %s on", what, eval ? "evaluate" : "train");
	trainer_die(t, NCT_ECUT, eval ? t->eval : trainer_operands_name(t), &why);
}

int
trainer_end(const struct trainer *t, int stopped)
{
	if (!stopped && writes(t))
		cli_output_done(t->cli);
	ranks_end();
	trainer_let_signals(); /* a signal that was held back kills here */
	return stopped ? EX_FAIL : EX_DONE;
}
