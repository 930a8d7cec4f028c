/* m1train.c - train the byte model M1 on text, or choose a codebook's strings. */
#include "trainer.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	OPT_PLAIN = OPT_TRAINER_END, OPT_NO_CODEBOOK, OPT_CODEBOOK, OPT_FROM, OPT_ROUNDS, OPT_LONG, OPT_COST, OPT_WORDS
};

#define TOKEN_COST 1 /* the default where strings end at boundaries: see m1train(1) */
#define UNMET 10 /* a note says so if more than one of so many strings begins no window */

static const struct cli_option options[] = {
	{'0', "null", NULL, "documents end with NUL (default: each operand is one)"},
	{'D', "document", "REGEX", "a document starts at each match of REGEX"},
	{OPT_PLAIN, "plain", NULL, "take the operands' bytes as they are: do not unpack .xz, .gz and .zst, refuse no file"},
	{'k', "kind", "KIND", "'transformer' (default), 'unigram', or 'strings': choose the 2^b strings of a codebook"},
	TRAINER_OPTIONS("3m (default), 25m, ...", "8", "1024", "symbols", "text"),
	{'m', "model", "FILE", "with -k strings: the M1 that gets the codebook (default: the built-in one)"},
	{'b', "window-bits", "N",
	    "train for windows of N bits, 10 to 128, as they fall in the text (-k strings: to 20, default 16)"},
	{'a', "align", "WHERE",
	    "with -b or -k strings: where windows end: 'none' (default), 'words' (with -k strings), or at a REGEX"},
	{OPT_ROUNDS, "rounds", "N", "with -b or -k strings: look N times where windows fall (default 3)"},
	{OPT_COST, "token-cost", "BITS",
	    "with -k strings: what a token costs beyond its information, to inf (default: 1; with -a none inf)"},
	{OPT_WORDS, "words", "N", "with -k strings and -a: a string is of N words at most (default: of any number)"},
	{OPT_LONG, "long-share", "PERCENT", "with -b: rows that hold long examples all the same (default 50)"},
	{OPT_FROM, "from", "FILE", "begin with the parameters of a checkpoint or an M1"},
	{OPT_CODEBOOK, "codebook", "NAME", "with -k strings: the codebook's name, so that a model can hold several"},
	{OPT_NO_CODEBOOK, "no-codebook", NULL, "do not compile 16-bit windows into the model file"},
	{0, NULL, NULL, NULL},
};

static struct cli cli = {
	.tool = "m1train",
	.synopsis = "[OPTION...] [FILE...] > m1.bin",
	.about = "Train the byte model M1 on text.",
	.options = options,
	.flags = CLI_THREADS | CLI_CPU | CLI_BINARY,
	.cpu_name = nct_train_cpu_name,
};

struct opts {
	struct trainer t;
	struct nct_text_options text;
	enum nct_train_kind kind;
	const char *model;        /* -m; NULL: the built-in one */
	int long_given;           /* --long-share was given */
	int rounds_given;         /* --rounds was given */
	int cost_given;           /* --token-cost was given */
	int align_given;          /* -a was given */
	const char *windows_only; /* an option that was given and needs -b; NULL: none */
};

static enum nct_train_kind
kind(const char *arg)
{
	if (strcmp(arg, "transformer") == 0)
		return NCT_TRAIN_TRANSFORMER;
	if (strcmp(arg, "unigram") == 0)
		return NCT_TRAIN_UNIGRAM;
	if (strcmp(arg, "strings") == 0)
		return NCT_TRAIN_STRINGS;
	die(&cli, EX_USE, "-k: '%s' is none of transformer, unigram and strings", arg);
}

static void
take_align(struct nct_train_options *t, const char *arg)
{
	t->align = strcmp(arg, "none") == 0 ? NCT_ALIGN_NONE : strcmp(arg, "words") == 0 ? NCT_ALIGN_WORDS : NCT_ALIGN_REGEX;
	t->align_pattern = t->align == NCT_ALIGN_REGEX ? arg : NULL;
}

static void
take(struct opts *o, int letter, const char *arg)
{
	switch (letter) {
	case '0':
	case 'D':
		if (o->text.separator != NCT_SEP_OPERAND)
			die(&cli, EX_USE, "-0 and -D exclude each other, and each is given once");
		o->text.separator = letter == '0' ? NCT_SEP_NUL : NCT_SEP_REGEX;
		o->text.pattern = letter == 'D' ? arg : NULL;
		break;
	case OPT_PLAIN: o->text.plain = 1; break;
	case OPT_NO_CODEBOOK: o->t.train.codebook = 0; break;
	case OPT_CODEBOOK: o->t.train.book_name = arg; break;
	case 'k': o->kind = kind(arg); break;
	case 'm': o->model = arg; break;
	case 'b': o->t.train.window_bits = (unsigned)opt_u64(&cli, "-b", arg, NCT_WINDOW_MIN, NCT_WINDOW_MAX); break;
	case 'a':
		take_align(&o->t.train, arg);
		o->align_given = 1;
		o->windows_only = "-a";
		break;
	case OPT_ROUNDS:
		o->t.train.rounds = (unsigned)opt_u64(&cli, "--rounds", arg, 1, 1000);
		o->rounds_given = 1;
		o->windows_only = "--rounds";
		break;
	case OPT_COST:
		o->cost_given = 1;
		o->t.train.by_bits = strcmp(arg, "inf") != 0;
		o->t.train.token_cost = o->t.train.by_bits ? opt_double(&cli, "--token-cost", arg, 0, NCT_TOKEN_COST_MAX) : 0;
		break;
	case OPT_WORDS: o->t.train.string_words = (unsigned)opt_u64(&cli, "--words", arg, 1, 255); break;
	case OPT_LONG:
		o->long_given = 1;
		o->t.train.long_share = (unsigned)opt_u64(&cli, "--long-share", arg, 0, 99);
		o->windows_only = "--long-share";
		break;
	case OPT_FROM: o->t.train.from = arg; break;
	default: (void)trainer_take(&o->t, letter, arg); break;
	}
}

static int
is_m1(const char *path)
{
	nct_m1 *m = NULL;
	const int is = path != NULL && nct_m1_open(&m, path, NULL, NULL) == NCT_OK;

	nct_m1_free(m);
	return is;
}

/* Refuses options that have no effect with this kind of model. Enters the files that options name. */
static void
check(struct opts *o)
{
	const char *name = o->kind == NCT_TRAIN_STRINGS ? "strings" : "unigram";

	for (const struct cli_option *p = options; o->kind != NCT_TRAIN_TRANSFORMER && p->name != NULL; p++)
		if (p->letter < OPT_TRAINER_END && p->letter != 'e' && o->t.given[p->letter])
			die(&cli, EX_USE, "--%s: of no use to -k %s", p->name, name);
	if ((o->model != NULL || o->t.train.book_name != NULL) && o->kind != NCT_TRAIN_STRINGS)
		die(&cli, EX_USE, "%s: needs -k strings", o->model != NULL ? "-m" : "--codebook");
	if ((o->cost_given || o->t.train.string_words > 0) && o->kind != NCT_TRAIN_STRINGS)
		die(&cli, EX_USE, "%s: needs -k strings", o->cost_given ? "--token-cost" : "--words");
	if (o->kind == NCT_TRAIN_STRINGS) {
		if (!o->align_given)
			o->t.train.align = NCT_ALIGN_WORDS;
		if (o->t.train.string_words > 0 && o->t.train.align == NCT_ALIGN_NONE)
			die(&cli, EX_USE, "--words: of no use to -a none");
		if (!o->cost_given && o->t.train.align != NCT_ALIGN_NONE) {
			o->t.train.by_bits = 1;
			o->t.train.token_cost = TOKEN_COST;
		}
		if (o->t.train.by_bits && o->rounds_given)
			die(&cli, EX_USE, "--rounds: needs --token-cost=inf");
		if (o->t.train.from != NULL || o->long_given || o->t.train.codebook == 0)
			die(&cli, EX_USE, "--%s: of no use to -k strings",
			    o->t.train.from != NULL ? "from"
			    : o->long_given         ? "long-share"
			                            : "no-codebook");
		if (o->t.train.window_bits == 0)
			o->t.train.window_bits = 16;
		if (o->t.train.window_bits > NCT_CODEBOOK_MAX)
			die(&cli, EX_USE, "-b: with -k strings at most %d", NCT_CODEBOOK_MAX);
	}
	if (o->kind == NCT_TRAIN_UNIGRAM && (o->t.train.window_bits > 0 || o->t.train.from != NULL))
		die(&cli, EX_USE, "--%s: of no use to -k unigram", o->t.train.from != NULL ? "from" : "window-bits");
	if (o->t.train.window_bits == 0 && o->windows_only != NULL)
		die(&cli, EX_USE, "%s: needs -b", o->windows_only);
	files_read(&cli.files, "-m", o->model);
	files_read(&cli.files, "--from", o->t.train.from);
	if (o->kind == NCT_TRAIN_STRINGS)
		files_may_be_same(&cli.files, "-m", "-o");
	else
		files_may_be_same(&cli.files, "--from", "-C");
	if (is_m1(o->t.train.from)) /* it is read as a whole, and the output is an M1, too */
		files_may_be_same(&cli.files, "--from", "-o");
}

static struct opts
parse(int argc, char **argv)
{
	struct opts o = {.t.cli = &cli, .text = {sizeof o.text, .tmpdir = getenv("TMPDIR")}};
	const char *arg;
	int letter;

	nct_train_defaults(&o.t.train, sizeof o.t.train);
	while ((letter = cli_next(&cli, argc, argv, &arg)) != -1)
		take(&o, letter, arg);
	check(&o);
	return o;
}

/* Reads the operands, or, with `eval`, the validation text. */
static nct_text *
read_text(struct opts *o, int eval)
{
	const char *what = eval ? "eval" : "text";
	nct_why why = {0};
	nct_text *text;
	size_t at;
	nct_err err = nct_text_read(&text, eval ? trainer_eval_operand : trainer_operand, &o->t, &o->text, &at, &why);

	if (err == NCT_EARG)
		die_err(&cli, err, "-D", &why);
	if (err != NCT_OK)
		trainer_die_reading(&o->t, err, eval, at, &why);
	if (cli.verbose)
		fprintf(stderr, "%s_bytes=%" PRIu64 " %s_documents=%" PRIu64 "\n", what, nct_text_bytes(text), what,
		        nct_text_documents(text));
	return text;
}

/* Ends the tool if there is nothing to train on, or nothing to evaluate on. */
static void
refuse_none(const struct opts *o, nct_text *text, nct_text *eval)
{
	const int none = nct_text_bytes(text) + nct_text_documents(text) == 0;

	if (!none && (eval == NULL || nct_text_bytes(eval) > 0))
		return;
	nct_text_free(text);
	nct_text_free(eval);
	trainer_die_empty(&o->t, !none, "text");
}

/* The name that an error's line begins with: -a if its pattern is wrong, else `what`. */
static const char *
name_of(nct_err err, const nct_why *why, const char *what)
{
	return err == NCT_EARG && why->about == NCT_ABOUT_ALIGNMENT ? "-a" : what;
}

/* Prints the loss of the validation text, by the float model (if there is one) and by the integer model. */
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

/* Chooses strings, adds them to a model, and writes it. Returns 1 if the run was stopped. */
static int
choose(struct opts *o, const nct_text *text, const nct_text *eval, int out)
{
	struct nct_m1_choose_result r;
	nct_why why = {0};
	nct_m1 *m;
	nct_err err = o->model != NULL ? nct_m1_open(&m, o->model, cli.cpu, &why) : nct_m1_builtin(&m, cli.cpu, &why);

	if (err != NCT_OK)
		die_err(&cli, err, o->model != NULL ? o->model : "built-in model", &why);
	if ((err = nct_m1_choose(m, text, eval, &o->t.train, &r, &why)) != NCT_OK)
		trainer_die(&o->t, err, name_of(err, &why, "choosing"), &why);
	if (!r.stopped && out >= 0 && (err = nct_m1_write(m, out)) != NCT_OK)
		trainer_die(&o->t, err, trainer_output_name(&o->t), &why);
	nct_m1_free(m);
	if (!r.stopped && r.unmet > ((uint64_t)1 << o->t.train.window_bits) / UNMET)
		note(&cli,
		     "no window of the text begins with %" PRIu64 " of the %lu strings: fewer bits (-b) or more text would do better",
		     r.unmet, 1ul << o->t.train.window_bits);
	if (!r.stopped && out >= 0 && r.windows > 0)
		note(&cli, "validation: %.4f bytes per window, %.1f%% of them end at a boundary", (double)r.bytes / (double)r.windows,
		     100.0 * (double)r.bounded / (double)r.windows);
	return r.stopped;
}

int
main(int argc, char **argv)
{
	struct opts o = parse(argc, argv);
	struct nct_m1_train_result r;
	nct_text *text, *eval = NULL;
	nct_why why = {0};
	nct_err err;
	int out, stopped;

	trainer_check(&o.t);
	text = read_text(&o, 0);
	if (o.t.eval != NULL)
		eval = read_text(&o, 1);
	refuse_none(&o, text, eval);
	out = trainer_output(&o.t);
	trainer_hold_signals();
	if (o.kind == NCT_TRAIN_STRINGS) {
		stopped = choose(&o, text, eval, out);
		nct_text_free(text);
		nct_text_free(eval);
		return trainer_end(&o.t, stopped);
	}
	err = nct_m1_train(text, eval, o.kind, &o.t.train, out, &r, &why);
	nct_text_free(text);
	nct_text_free(eval);
	if (err != NCT_OK)
		trainer_die(&o.t, err, r.writing ? trainer_output_name(&o.t) : name_of(err, &why, "training"), &why);
	trainer_end_line();
	if (r.stopped)
		trainer_stopped(&o.t, r.step);
	else if (eval != NULL && out >= 0)
		conclude(&r);
	return trainer_end(&o.t, r.stopped);
}
