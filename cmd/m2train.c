/* m2train.c - train the token model M2 on token streams, or evaluate it. */
#include "nct-m2.h"
#include "ranks.h"
#include "trainer.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"

enum { OPT_WEIGHTS = OPT_TRAINER_END, OPT_COMPOSE, OPT_NO_COMPOSE, OPT_TEXTS };

static const struct cli_option options[] = {
	TRAINER_OPTIONS("25m (default), 3m, 113m, 403m, 2b", "16", "512", "tokens", "tokens"),
	{OPT_COMPOSE, "compose", NULL, "tokens share what is learned of parts of their texts (default, if known)"},
	{OPT_NO_COMPOSE, "no-compose", NULL, "each token learns alone"},
	{'M', "m1", "FILE", "the M1 whose codebook has the tokens' strings (default: the built-in one)"},
	{OPT_TEXTS, "texts", "FILE", "the texts of the tokens, in the layout of llm.c (see nct-formats)"},
	{'E', "evaluate", NULL, "evaluate a model on the operands: a table of losses"},
	{'m', "model", "FILE", "with -E: the model"},
	{OPT_WEIGHTS, "weights", "TYPE", "with -E: round weights to 'f32' (default), 'bf16' or 'int8', as m2gen stores them"},
	{0, NULL, NULL, NULL},
};

static struct cli cli = {
	.tool = "m2train",
	.synopsis = "[OPTION...] [FILE...] > m2.bin | -E -m m2.bin [FILE...]",
	.about = "Train the token model M2 on token streams, or evaluate it.",
	.options = options,
	.flags = CLI_THREADS | CLI_CPU | CLI_BINARY,
	.cpu_name = nct_train_cpu_name,
};

struct opts {
	struct trainer t;
	int evaluate;
	const char *model; /* -m; NULL: none */
	const char *weights; /* --weights; NULL: not given */
	int compose;         /* 1: --compose; -1: --no-compose; 0: if the strings are known */
	const char *m1, *texts; /* -M, --texts; NULL: not given */
};

/* Refuses options that would have no effect. */
static void
check(const struct opts *o)
{
	if (!o->evaluate) {
		if (o->model != NULL)
			die(&cli, EX_USE, "-m: needs -E (training goes on from -C)");
		if (o->weights != NULL)
			die(&cli, EX_USE, "--weights: needs -E");
		if ((o->m1 != NULL || o->texts != NULL) && o->compose < 0)
			die(&cli, EX_USE, "%s: of no use with --no-compose", o->m1 != NULL ? "-M" : "--texts");
		if (o->m1 != NULL && o->texts != NULL)
			die(&cli, EX_USE, "-M and --texts exclude each other");
		files_read(&cli.files, "-M", o->m1);
		files_read(&cli.files, "--texts", o->texts);
		return;
	}
	if (o->compose != 0 || o->m1 != NULL || o->texts != NULL)
		die(&cli, EX_USE, "--%s: of no use to -E",
		    o->compose > 0 ? "compose" : o->compose < 0 ? "no-compose" : o->m1 != NULL ? "m1" : "texts");
	if (o->model == NULL)
		die(&cli, EX_USE, "-E: needs -m");
	files_read(&cli.files, "-m", o->model);
	for (const struct cli_option *p = options; p->name != NULL; p++)
		if (p->letter < OPT_TRAINER_END && p->letter != 'B' && p->letter != 'L' && o->t.given[p->letter])
			die(&cli, EX_USE, "--%s: of no use to -E", p->name);
}

static struct opts
parse(int argc, char **argv)
{
	struct opts o = {.t.cli = &cli};
	const char *arg;
	int letter;

	nct_train_defaults(&o.t.train, sizeof o.t.train);
	o.t.train.size = "25m";
	o.t.train.rows = 16;
	o.t.train.length = 512;
	while ((letter = cli_next(&cli, argc, argv, &arg)) != -1)
		switch (letter) {
		case 'E': o.evaluate = 1; break;
		case 'm': o.model = arg; break;
		case OPT_WEIGHTS: o.weights = arg; break;
		case OPT_COMPOSE: o.compose = 1; break;
		case OPT_NO_COMPOSE: o.compose = -1; break;
		case OPT_TEXTS: o.texts = arg; break;
		case 'M': o.m1 = arg; break;
		default: (void)trainer_take(&o.t, letter, arg); break;
		}
	check(&o);
	return o;
}

/* Reads the operands, or, with `eval`, the validation tokens. */
static nct_corpus *
read_tokens(struct opts *o, int eval)
{
	const char *what = eval ? "eval_" : "";
	nct_why why = {0};
	nct_corpus *c;
	size_t at;
	nct_err err = nct_corpus_read(&c, eval ? trainer_eval_operand : trainer_operand, &o->t, getenv("TMPDIR"), &at, &why);

	if (err != NCT_OK)
		trainer_die_reading(&o->t, err, eval, at, &why);
	if (cli.verbose) {
		fprintf(stderr, "%stokens=%" PRIu64, what, nct_corpus_tokens(c));
		if (!nct_corpus_header(c)->text_unknown)
			fprintf(stderr, " %stext_bytes=%" PRIu64, what, nct_corpus_text_bytes(c));
		fprintf(stderr, " %svocabulary=%" PRIu32 "\n", what, nct_corpus_header(c)->vocab);
	}
	return c;
}

/* ---- training ---- */

/* Prints the best evaluation. */
static void
conclude(const struct nct_m2_train_result *r)
{
	if (cli.verbose)
		fprintf(stderr, "kept_step=%" PRIu64 " eval_bits_per_%s=%.4f\n", r->kept_step, r->per, r->kept_bits);
	else
		note(&cli, "validation: %.4f bits/%s, of step %" PRIu64 ", which was kept", r->kept_bits, r->per, r->kept_step);
}

/* Ends the tool if there is nothing to train on, or nothing to evaluate on. */
static void
refuse_none(const struct opts *o, nct_corpus *tokens, nct_corpus *eval)
{
	const int none = nct_corpus_tokens(tokens) == 0;

	if (!none && (eval == NULL || nct_corpus_tokens(eval) > 0))
		return;
	nct_corpus_free(tokens);
	nct_corpus_free(eval);
	trainer_die_empty(&o->t, !none, "tokens");
}

/* The texts of the file of --texts. */
static nct_texts *
read_texts(const struct opts *o)
{
	nct_why why = {0};
	nct_texts *x = NULL;
	const int fd = open(o->texts, O_RDONLY | O_CLOEXEC);
	const nct_err err = fd < 0 ? NCT_EIO : nct_texts_read(&x, fd, &why);

	if (err != NCT_OK)
		die_err(&cli, err, o->texts, &why);
	close(fd);
	return x;
}

/* The M1 of -M, or the built-in one. */
static nct_m1 *
open_m1(const struct opts *o)
{
	nct_why why = {0};
	nct_m1 *m;
	nct_err err = o->m1 != NULL ? nct_m1_open(&m, o->m1, NULL, &why) : nct_m1_builtin(&m, NULL, &why);

	if (err != NCT_OK)
		die_err(&cli, err, o->m1 != NULL ? o->m1 : "built-in model", &why);
	return m;
}

/* The tokens' texts in the codebook of *m1, which is that of -M, or NULL for the built-in one. NULL: they are not
 * there, and not asked for. */
static nct_texts *
texts_of(const struct opts *o, const struct nct_header *h, nct_m1 *m1)
{
	nct_why why = {0};
	nct_texts *x = NULL;
	nct_err err;

	if (m1 == NULL && (o->compose < 0 || (o->compose == 0 && !nct_texts_in_codebook(h))))
		return NULL;
	if (m1 == NULL)
		m1 = open_m1(o);
	err = nct_texts_of(&x, m1, h, &why);
	if (err == NCT_EMODEL && o->compose == 0 && o->m1 == NULL)
		note(&cli, "each token learns alone: -M FILE, the M1 of the tokens, would let them share what is learned");
	else if (err != NCT_OK)
		die_err(&cli, err, o->m1 != NULL ? o->m1 : o->compose > 0 ? "--compose" : "built-in model", &why);
	nct_m1_free(m1);
	return x;
}

/* What an error of training is about. */
static const char *
about(const struct opts *o, const struct nct_m2_train_result *r, nct_err err, const nct_why *why)
{
	if (r->writing)
		return trainer_output_name(&o->t);
	if (why->about == NCT_ABOUT_TEXTS)
		return o->texts != NULL ? o->texts : "the codebook";
	return err == NCT_EMODEL && o->t.eval != NULL ? o->t.eval : "training";
}

static int
train(struct opts *o)
{
	struct nct_m2_train_result r;
	nct_corpus *tokens, *eval = NULL;
	nct_texts *texts = NULL;
	nct_m1 *m1 = NULL;
	nct_why why = {0};
	nct_err err;
	int out;

	trainer_check(&o->t);
	if (o->m1 != NULL)
		m1 = open_m1(o);
	if (o->texts != NULL)
		texts = read_texts(o);
	tokens = read_tokens(o, 0);
	if (o->t.eval != NULL)
		eval = read_tokens(o, 1);
	refuse_none(o, tokens, eval);
	if (texts == NULL)
		texts = texts_of(o, nct_corpus_header(tokens), m1);
	o->t.train.texts = texts;
	out = trainer_output(&o->t);
	trainer_hold_signals();
	err = nct_m2_train(tokens, eval, &o->t.train, out, &r, &why);
	nct_corpus_free(tokens);
	nct_corpus_free(eval);
	nct_texts_free(texts);
	if (err != NCT_OK)
		trainer_die(&o->t, err, about(o, &r, err, &why), &why);
	trainer_end_line();
	if (r.stopped)
		trainer_stopped(&o->t, r.step);
	else if (eval != NULL && out >= 0)
		conclude(&r);
	return trainer_end(&o->t, r.stopped);
}

/* ---- evaluating ---- */

static void
show(void *ctx, uint64_t tokens, uint64_t of)
{
	(void)ctx;
	cli_progress_count(&cli, tokens, of, "tokens");
}

/* Prints the columns nats, nats_per_token, bits_per_token and accuracy of a row. */
static void
print_cost(FILE *f, const struct nct_m2_cost *c)
{
	const double each = c->nats / (double)c->tokens;

	fprintf(f, "\t%.4f\t%.6f\t%.6f\t%.6f", c->nats, each, each / 0.69314718055994530942,
	        (double)c->hits / (double)c->tokens);
}

/* Prints the table (nct-formats(5), "Evaluation tables"). `counts`: with the rows 'token', too. */
static void
print_table(FILE *f, const struct nct_m2_evaluation *e, const nct_m2 *m, const nct_corpus *c, int counts)
{
	const struct nct_header *h = nct_m2_header(m);

	fprintf(f, NCT_EVALUATION_COLUMNS "\ntotal\t\t%" PRIu64 "\t", e->all.tokens);
	if (!nct_corpus_header(c)->text_unknown)
		fprintf(f, "%" PRIu64, nct_corpus_text_bytes(c));
	print_cost(f, &e->all);
	fprintf(f, "\t%" PRIu32 "\t%u\t%u\t%" PRIu32 "\t%s\t%" PRIu64 "\t%" PRIu64 "\t%" PRIu64 "\n", h->vocab, h->token_bits,
	        h->window_bits, h->resets, nct_code_name(h->code), nct_m2_parameters(m), h->m1_parameters,
	        nct_m2_output_parameters(m));
	for (unsigned i = 0; i < NCT_WINDOW_MAX; i++)
		if (e->at[i].tokens > 0) {
			fprintf(f, "position\t%u\t%" PRIu64 "\t", i, e->at[i].tokens);
			print_cost(f, &e->at[i]);
			fprintf(f, "\t\t\t\t\t\t\t\t\n");
		}
	for (uint32_t id = 0; counts && id < h->vocab; id++)
		if (e->count[id] > 0)
			fprintf(f, "token\t%" PRIu32 "\t%" PRIu64 "\t\t\t\t\t\t\t\t\t\t\t\t\t\n", id, e->count[id]);
}

/* Writes the whole table, or nothing. A terminal gets no rows 'token': there may be 65,536. */
static void
write_table(const struct nct_m2_evaluation *e, const nct_m2 *m, const nct_corpus *c, int out)
{
	char *text = NULL;
	size_t n = 0;
	FILE *f = open_memstream(&text, &n);

	if (f != NULL)
		print_table(f, e, m, c, out != STDOUT_FILENO ? !isatty(out) : !cli_terminal(&cli));
	if (f == NULL || fclose(f) != 0)
		die_err(&cli, NCT_ENOMEM, "evaluation", NULL);
	if (nct_write(out, text, n) != NCT_OK)
		die(&cli, EX_FAIL, "%s: cannot write: %s", cli.output != NULL ? cli.output : "-", strerror(errno));
	free(text);
	cli_output_done(&cli);
}

static int
evaluate(struct opts *o)
{
	const struct nct_m2_evaluate_options e = {sizeof e,
	                                          .rows = o->t.train.rows,
	                                          .length = o->t.given['L'] ? o->t.train.length : 0,
	                                          .threads = cli.threads,
	                                          .cpu = cli.cpu,
	                                          .progress = show,
	                                          .stop = trainer_signalled,
	                                          .weights = trainer_weights(&cli, o->weights != NULL ? o->weights : "f32")};
	static struct nct_m2_evaluation result; /* too large for the stack */
	nct_corpus *c;
	nct_why why = {0};
	nct_m2 *m;
	nct_err err;
	int stopped = 0, out;

	if (!ranks_first(&cli))
		return EX_DONE;
	cli.flags &= ~(unsigned)CLI_BINARY; /* the output is a table */
	cli_check_files(&cli);
	if ((err = nct_m2_open(&m, o->model, &why)) != NCT_OK)
		die_err(&cli, err, o->model, &why);
	c = read_tokens(o, 0);
	out = cli_output(&cli); /* now, so that an error here does not come after hours */
	trainer_hold_signals();
	if ((err = nct_m2_evaluate(m, c, &e, &result, &stopped, &why)) != NCT_OK)
		die_err(&cli, err, err == NCT_EMODEL || err == NCT_ECUT ? trainer_operands_name(&o->t) : "evaluation", &why);
	cli_progress_end(&cli);
	trainer_let_signals(); /* a signal that was held back kills here */
	write_table(&result, m, c, out);
	nct_corpus_free(c);
	nct_m2_free(m);
	return EX_DONE;
}

int
main(int argc, char **argv)
{
	struct opts o = parse(argc, argv);

	return o.evaluate ? evaluate(&o) : train(&o);
}
