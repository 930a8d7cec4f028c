/* m1train.c - train the byte model M1 on text. */
#include "cli.h"

#include <fcntl.h>
#include <inttypes.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "nct-train.h"

enum { OPT_ACCUMULATE = 256, OPT_LR, OPT_WARMUP, OPT_COOLDOWN, OPT_ZLOSS, OPT_SEED, OPT_EVAL_EVERY, OPT_SAVE_EVERY, OPT_LOG,
       OPT_LOG_TIMING, OPT_PLAIN, OPT_NO_CODEBOOK };

#define VERBOSE_EVERY 50 /* steps between --verbose's progress lines */
#define MAX_STEPS 1000000000000u

static const struct cli_option options[] = {
	{'0', "null", NULL, "documents end with NUL (default: each operand is one)"},
	{'D', "document", "REGEX", "a document starts at each match of REGEX"},
	{OPT_PLAIN, "plain", NULL, "do not unpack .xz and .gz"},
	{'k', "kind", "KIND", "transformer (default) or unigram"},
	{'s', "size", "SIZE", "3m (default), 25m, ... or d=256,layers=3,heads=4,ff=1024[,reach=1024]"},
	{'n', "steps", "N", "train N steps (default 20000)"},
	{'B', "rows", "N", "examples in a batch (default 8)"},
	{'L', "length", "N", "symbols in an example (default 1024)"},
	{OPT_ACCUMULATE, "accumulate", "N", "batches in a step (default 1)"},
	{OPT_LR, "lr", "X", "learning rate, over sqrt(max(step, warmup)) (default 1)"},
	{OPT_WARMUP, "warmup", "N", "steps of constant rate (default n/10, from 1000 to 10000)"},
	{OPT_COOLDOWN, "cooldown", "N", "last steps, rate falling to 0 (default n/5)"},
	{OPT_ZLOSS, "z-loss", "X", "weight of log(Z)^2 in the loss (default 0.0001)"},
	{OPT_SEED, "seed", "N", "of parameters and order of examples (default 1)"},
	{'e', "eval", "FILE", "text to evaluate on"},
	{OPT_EVAL_EVERY, "eval-every", "N", "steps between evaluations (default 1000; 0: at the end)"},
	{'C', "checkpoint", "FILE", "save there, and go on from there if it exists"},
	{OPT_SAVE_EVERY, "save-every", "N", "steps between checkpoints (default 500; 0: at the end)"},
	{OPT_LOG, "log", "FILE", "write a table of steps, rates and losses"},
	{OPT_LOG_TIMING, "log-timing", NULL, "add columns of speed and time to the log"},
	{OPT_NO_CODEBOOK, "no-codebook", NULL, "do not compile 16-bit windows into the model file"},
	{0, NULL, NULL, NULL},
};

static struct cli cli = {
	.tool = "m1train",
	.synopsis = "[OPTION...] [FILE...] > m1.bin",
	.about = "Train the byte model M1 on text.",
	.options = options,
	.flags = CLI_THREADS | CLI_CPU | CLI_BINARY,
};

struct opts {
	struct nct_train_options train;
	struct nct_text_options text;
	enum nct_train_kind kind;
	const char *eval;     /* NULL: none */
	int training;         /* an option that only a transformer's training has a use for: its letter or number; 0: none */
	int eval_every, save_every; /* given */
};

/* The number of an option's argument. */
static uint64_t
number(const char *opt, const char *arg, uint64_t min, uint64_t max)
{
	return opt_u64(&cli, opt, arg, min, max);
}

static enum nct_train_kind
kind(const char *arg)
{
	if (strcmp(arg, "transformer") == 0)
		return NCT_TRAIN_TRANSFORMER;
	if (strcmp(arg, "unigram") == 0)
		return NCT_TRAIN_UNIGRAM;
	die(&cli, EX_USE, "-k: '%s' is neither transformer nor unigram", arg);
}

static void
take(struct opts *o, int letter, const char *arg)
{
	struct nct_train_options *t = &o->train;

	if (letter != '0' && letter != 'D' && letter != OPT_PLAIN && letter != 'k' && letter != 'e' && letter != OPT_NO_CODEBOOK)
		o->training = letter;
	switch (letter) {
	case '0':
	case 'D':
		if (o->text.separator != NCT_SEP_OPERAND)
			die(&cli, EX_USE, "-0 and -D exclude each other, and each is given once");
		o->text.separator = letter == '0' ? NCT_SEP_NUL : NCT_SEP_REGEX;
		o->text.pattern = letter == 'D' ? arg : NULL;
		break;
	case OPT_PLAIN: o->text.plain = 1; break;
	case 'k': o->kind = kind(arg); break;
	case 's': t->size = arg; break;
	case 'n': t->steps = number("-n", arg, 0, MAX_STEPS); break;
	case 'B': t->rows = number("-B", arg, 1, 1 << 20); break;
	case 'L': t->length = number("-L", arg, 2, 1 << 20); break;
	case OPT_ACCUMULATE: t->accumulate = number("--accumulate", arg, 1, 1 << 20); break;
	case OPT_LR: t->lr = opt_double(&cli, "--lr", arg, 1e-9, 1e30); break;
	case OPT_WARMUP: t->warmup = number("--warmup", arg, 0, MAX_STEPS); break;
	case OPT_COOLDOWN: t->cooldown = number("--cooldown", arg, 0, MAX_STEPS); break;
	case OPT_ZLOSS: t->zloss = opt_double(&cli, "--z-loss", arg, 0, 1); break;
	case OPT_SEED: t->seed = number("--seed", arg, 0, UINT64_MAX); break;
	case 'e': o->eval = arg; break;
	case OPT_EVAL_EVERY: o->eval_every = 1; t->eval_every = number("--eval-every", arg, 0, MAX_STEPS); break;
	case 'C': t->checkpoint = arg; break;
	case OPT_SAVE_EVERY: o->save_every = 1; t->save_every = number("--save-every", arg, 0, MAX_STEPS); break;
	case OPT_LOG: t->log = arg; break;
	case OPT_LOG_TIMING: t->log_timing = 1; break;
	case OPT_NO_CODEBOOK: t->codebook = 0; break;
	}
}

/* No option may be given in vain. */
static void
check(const struct opts *o)
{
	if (o->kind == NCT_TRAIN_UNIGRAM && o->training != 0)
		for (const struct cli_option *p = options; p->name != NULL; p++)
			if (p->letter == o->training)
				die(&cli, EX_USE, "--%s: of no use to -k unigram", p->name);
	if (o->train.log_timing && o->train.log == NULL)
		die(&cli, EX_USE, "--log-timing: needs --log");
	if (o->eval_every && o->eval == NULL)
		die(&cli, EX_USE, "--eval-every: needs -e");
	if (o->save_every && o->train.checkpoint == NULL)
		die(&cli, EX_USE, "--save-every: needs -C");
	for (size_t i = 0; o->eval != NULL && strcmp(o->eval, "-") == 0 && i < cli.operand_count; i++)
		if (strcmp(cli.operands[i], "-") == 0)
			die(&cli, EX_USE, "-e -: standard input is read already");
}

static struct opts
parse(int argc, char **argv)
{
	struct opts o = {.text.separator = NCT_SEP_OPERAND, .text.tmpdir = getenv("TMPDIR")};
	const char *arg;
	int letter;

	nct_train_defaults(&o.train);
	while ((letter = cli_next(&cli, argc, argv, &arg)) != -1)
		take(&o, letter, arg);
	o.train.threads = cli.threads;
	o.train.cpu = cli.cpu;
	check(&o);
	return o;
}

static int line_open; /* the progress line on the terminal has not ended */

static void
end_line(void)
{
	if (line_open)
		fputc('\n', stderr);
	line_open = 0;
}

static void
show(void *ctx, const struct nct_train_progress *p)
{
	static double last = -1;
	const int evaluated = !isnan(p->eval_bits), milestone = evaluated || p->step == p->steps;
	const double rate = (double)p->bytes / p->seconds;
	const double left = (double)(p->steps - p->step) * p->seconds / (double)(p->step - p->first);

	(void)ctx;
	if (cli.verbose && (milestone || p->step % VERBOSE_EVERY == 0)) {
		fprintf(stderr, "step=%" PRIu64 " lr=%.6g train_bits_per_byte=%.4f bytes_per_second=%.0f seconds_left=%.0f", p->step, p->lr,
		        p->train_bits, rate, left);
		fprintf(stderr, evaluated ? " eval_bits_per_byte=%.4f\n" : "\n", p->eval_bits);
	} else if (!cli.verbose && !cli.quiet && isatty(STDERR_FILENO) && (milestone || p->seconds - last > 0.25)) {
		last = p->seconds;
		line_open = 1;
		fprintf(stderr, "\rm1train: step %" PRIu64 " of %" PRIu64 ", %.3f bits/byte, %.0f B/s, %.0f s left   ", p->step, p->steps,
		        p->train_bits, rate, left);
		if (evaluated)
			fprintf(stderr, "validation %.4f", p->eval_bits);
		if (milestone)
			end_line();
	}
}

static void
report(void *ctx, const char *key, const char *value)
{
	(void)ctx;
	if (cli.verbose)
		fprintf(stderr, "%s=%s\n", key, value);
}

static void
warn(void *ctx, const char *line)
{
	(void)ctx;
	end_line();
	note(&cli, "%s", line);
}

static nct_err
operand(void *ctx, size_t i, int *fd)
{
	(void)ctx;
	*fd = i < cli.operand_count ? cli_input(&cli, i) : -1;
	return NCT_OK;
}

static nct_err
eval_operand(void *ctx, size_t i, int *fd)
{
	const struct opts *o = ctx;

	*fd = -1;
	if (i == 0)
		*fd = strcmp(o->eval, "-") == 0 ? STDIN_FILENO : open(o->eval, O_RDONLY | O_CLOEXEC);
	return i == 0 && *fd < 0 ? NCT_EIO : NCT_OK;
}

/* Reads the operands, or, with `eval`, the validation text. */
static nct_text *
read_text(struct opts *o, int eval)
{
	const char *what = eval ? "eval" : "text";
	nct_why why = {""};
	nct_text *text;
	size_t at;
	nct_err err = nct_text_read(&text, eval ? eval_operand : operand, o, &o->text, &at, &why);

	if (err != NCT_OK)
		die_err(&cli, err, err == NCT_EARG ? "-D" : eval ? o->eval : at < cli.operand_count ? cli.operands[at] : what, &why);
	if (cli.verbose)
		fprintf(stderr, "%s_bytes=%" PRIu64 " %s_documents=%" PRIu64 "\n", what, nct_text_bytes(text), what, nct_text_documents(text));
	return text;
}

/* Signals that end a run after its step, unless they are ignored. They are held back while it lasts, so that no handler
 * interrupts a kernel, and kill when let through again. */
static sigset_t held;
static const int signals[] = {SIGINT, SIGTERM, SIGHUP};

static void
hold_signals(void)
{
	(void)sigemptyset(&held);
	for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++) {
		struct sigaction a;

		if (sigaction(signals[i], NULL, &a) == 0 && a.sa_handler != SIG_IGN)
			(void)sigaddset(&held, signals[i]);
	}
	(void)sigprocmask(SIG_BLOCK, &held, NULL);
}

static int
signalled(void *ctx)
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

/* The run was asked to stop: says how to go on. */
static void
stopped(const struct opts *o, const struct nct_m1_train_result *r)
{
	if (o->train.checkpoint != NULL && r->step > 0)
		note(&cli, "stopped after step %" PRIu64 ", saved in %s; the same command goes on from there", r->step, o->train.checkpoint);
	else
		note(&cli, "stopped after step %" PRIu64 "; nothing was saved (see -C)", r->step);
	cli_output_abort(&cli, 0);
}

/* What the validation text costs, under the float model (if there is one) and under the one written. */
static void
conclude(const struct nct_m1_train_result *r)
{
	const int both = !isnan(r->float_bits);

	if (cli.verbose && both)
		fprintf(stderr, "float_bits_per_byte=%.4f\n", r->float_bits);
	if (cli.verbose)
		fprintf(stderr, "integer_bits_per_byte=%.4f\n", r->integer_bits);
	else if (both)
		note(&cli, "validation: %.4f bits/byte, %.4f as integers", r->float_bits, r->integer_bits);
	else
		note(&cli, "validation: %.4f bits/byte", r->integer_bits);
}

int
main(int argc, char **argv)
{
	struct opts o = parse(argc, argv);
	nct_text *text = read_text(&o, 0), *eval = o.eval != NULL ? read_text(&o, 1) : NULL;
	const int out = cli_output(&cli);
	struct nct_m1_train_result r;
	nct_why why = {""};
	nct_err err;

	o.train.progress = show;
	o.train.report = report;
	o.train.warn = warn;
	o.train.stop = signalled;
	hold_signals();
	err = nct_m1_train(text, eval, o.kind, &o.train, out, &r, &why);
	nct_text_free(text);
	nct_text_free(eval);
	end_line();
	if (err != NCT_OK)
		die_err(&cli, err, "training", &why);
	if (r.stopped)
		stopped(&o, &r);
	else if (o.eval != NULL)
		conclude(&r);
	if (!r.stopped)
		cli_output_done(&cli);
	(void)sigprocmask(SIG_UNBLOCK, &held, NULL); /* a signal held back kills here */
	return r.stopped ? EX_FAIL : EX_DONE;
}
