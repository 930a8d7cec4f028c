/* m1train.c - train the byte model M1 on text. */
#include "trainer.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { OPT_PLAIN = OPT_TRAINER_END, OPT_NO_CODEBOOK };

static const struct cli_option options[] = {
	{'0', "null", NULL, "documents end with NUL (default: each operand is one)"},
	{'D', "document", "REGEX", "a document starts at each match of REGEX"},
	{OPT_PLAIN, "plain", NULL, "do not unpack .xz and .gz"},
	{'k', "kind", "KIND", "transformer (default) or unigram"},
	TRAINER_OPTIONS("3m (default), 25m, ...", "8", "1024", "symbols", "text"),
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
};

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
	case 'k': o->kind = kind(arg); break;
	default: (void)trainer_take(&o->t, letter, arg); break;
	}
}

/* Counting symbols has no use for what trains a transformer. */
static void
check(const struct opts *o)
{
	for (const struct cli_option *p = options; o->kind == NCT_TRAIN_UNIGRAM && p->name != NULL; p++)
		if (p->letter < OPT_TRAINER_END && p->letter != 'e' && o->t.given[p->letter])
			die(&cli, EX_USE, "--%s: of no use to -k unigram", p->name);
}

static struct opts
parse(int argc, char **argv)
{
	struct opts o = {.t.cli = &cli, .text.separator = NCT_SEP_OPERAND, .text.tmpdir = getenv("TMPDIR")};
	const char *arg;
	int letter;

	nct_train_defaults(&o.t.train);
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
	nct_why why = {""};
	nct_text *text;
	size_t at;
	nct_err err = nct_text_read(&text, eval ? trainer_eval_operand : trainer_operand, &o->t, &o->text, &at, &why);

	if (err == NCT_EARG)
		die_err(&cli, err, "-D", &why);
	if (err != NCT_OK)
		trainer_die_reading(&o->t, err, eval, at, &why);
	if (cli.verbose)
		fprintf(stderr, "%s_bytes=%" PRIu64 " %s_documents=%" PRIu64 "\n", what, nct_text_bytes(text), what, nct_text_documents(text));
	return text;
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
	struct nct_m1_train_result r;
	nct_text *text, *eval = NULL;
	nct_why why = {""};
	nct_err err;
	int out;

	trainer_check(&o.t);
	text = read_text(&o, 0);
	if (o.t.eval != NULL)
		eval = read_text(&o, 1);
	out = trainer_output(&o.t);
	trainer_hold_signals();
	err = nct_m1_train(text, eval, o.kind, &o.t.train, out, &r, &why);
	nct_text_free(text);
	nct_text_free(eval);
	if (err != NCT_OK)
		trainer_die(&o.t, err, r.writing ? trainer_output_name(&o.t) : "training", &why);
	trainer_end_line();
	if (r.stopped)
		trainer_stopped(&o.t, r.step);
	else if (eval != NULL && out >= 0)
		conclude(&r);
	return trainer_end(&o.t, r.stopped);
}
