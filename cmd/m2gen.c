/* m2gen.c - sample tokens or text from the token model M2. */
#include "cli.h"
#include "nct-m2.h"
#include "plain.h"
#include "trainer.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	OPT_TEMPERATURE = 256, OPT_TOP_K, OPT_TOP_P, OPT_GEN_SEED, OPT_ONLY_NEW, OPT_STOP, OPT_PROMPT, OPT_TEXT, OPT_HEAL,
	OPT_NO_HEAL, OPT_WEIGHTS
};

static const struct cli_option options[] = {
	{'m', "model", "FILE", "the token model M2"},
	{'n', "tokens", "N", "sample N tokens, or at most so many (default 256), rounded up to whole windows"},
	{OPT_STOP, "stop", NULL, "end where a document ends"},
	{'N', "samples", "N", "sample N documents, of at most -n tokens each, one after another"},
	{OPT_TEMPERATURE, "temperature", "X", "divide logits by X (default 1); 0: always the most probable token"},
	{OPT_TOP_K, "top-k", "N", "draw from the N most probable tokens alone"},
	{OPT_TOP_P, "top-p", "X", "draw from the most probable tokens that sum up to X"},
	{OPT_GEN_SEED, "seed", "N", "of the random numbers (default 1)"},
	{OPT_WEIGHTS, "weights", "TYPE", "store weights as 'f32' (default), 'bf16' or 'int8', which are read faster"},
	{OPT_PROMPT, "prompt", "TEXT", "continue this text"},
	{OPT_ONLY_NEW, "only-new", NULL, "leave the prompt out of the output"},
	{OPT_HEAL, "heal", NULL, "take the prompt's last token back: new ones begin with its text (default where possible)"},
	{OPT_NO_HEAL, "no-heal", NULL, "leave the prompt's last token where it is"},
	{OPT_TEXT, "text", NULL, "write text, and a newline behind each document that ends"},
	{'0', "null", NULL, "with --text: a NUL behind each document that ends"},
	{'M', "m1", "FILE", "with --text or a prompt: the byte model M1 (default: the built-in one)"},
	{0, NULL, NULL, NULL},
};

static struct cli cli = {
	.tool = "m2gen",
	.synopsis = "-m m2.bin [OPTION...] [PROMPT...] > tokens",
	.about = "Sample tokens or text from the token model M2, behind a prompt or none.",
	.options = options,
	.flags = CLI_THREADS | CLI_CPU | CLI_BINARY,
	.cpu_name = nct_train_cpu_name,
};

static const char *model;  /* -m */
static const char *m1_file; /* -M; NULL: the built-in one */
static const char *prompt_text; /* --prompt; NULL: none */
static int as_text, by_nul; /* --text, -0 */
static int heals, heals_not; /* --heal, --no-heal */

/* True if there is a prompt. */
static int
prompted(void)
{
	return cli.operands_given || prompt_text != NULL;
}

/* Refuses options that exclude each other, and those that would have no effect. */
static void
check(const struct nct_m2_generate_options *o)
{
	if (model == NULL)
		die(&cli, EX_USE, "-m is missing (see --help)");
	if (prompt_text != NULL && cli.operands_given)
		die(&cli, EX_USE, "--prompt: '%s' is a prompt, too", cli.operands[0]);
	if ((o->only_new || heals || heals_not) && !prompted())
		die(&cli, EX_USE, "--%s: there is no prompt", o->only_new ? "only-new" : heals ? "heal" : "no-heal");
	if (heals && heals_not)
		die(&cli, EX_USE, "--heal and --no-heal exclude each other");
	if (by_nul && !as_text)
		die(&cli, EX_USE, "-0 goes with --text");
	if (m1_file != NULL && !as_text && prompt_text == NULL && (heals_not || !prompted()))
		die(&cli, EX_USE, "-M goes with --text or a prompt to heal");
	if (o->temperature == 0 && (o->top_k > 0 || o->top_p < 1))
		die(&cli, EX_USE, "--temperature=0 leaves nothing for --top-k and --top-p to choose from");
	if (o->samples > 0 && o->tokens == 0)
		die(&cli, EX_USE, "-n 0 with -N: a document has at least one token");
}

static struct nct_m2_generate_options
parse(int argc, char **argv)
{
	struct nct_m2_generate_options o = {sizeof o, .tokens = 256, .temperature = 1, .top_p = 1, .seed = 1};
	const char *arg;
	int letter;

	while ((letter = cli_next(&cli, argc, argv, &arg)) != -1)
		switch (letter) {
		case 'm': model = arg; break;
		case 'n': o.tokens = opt_u64(&cli, "-n", arg, 0, 1000000000000u); break;
		case OPT_STOP: o.until_end = 1; break;
		case 'N': o.samples = opt_u64(&cli, "-N", arg, 1, 1000000); break;
		case OPT_TEMPERATURE: o.temperature = opt_double(&cli, "--temperature", arg, 0, 1000); break;
		case OPT_TOP_K: o.top_k = (uint32_t)opt_u64(&cli, "--top-k", arg, 1, 65536); break;
		case OPT_TOP_P: o.top_p = opt_double(&cli, "--top-p", arg, 1e-9, 1); break;
		case OPT_GEN_SEED: o.seed = opt_u64(&cli, "--seed", arg, 0, UINT64_MAX); break;
		case OPT_ONLY_NEW: o.only_new = 1; break;
		case OPT_WEIGHTS: o.weights = trainer_weights(&cli, arg); break;
		case OPT_PROMPT: prompt_text = arg; break;
		case OPT_TEXT: as_text = 1; break;
		case OPT_HEAL: heals = 1; break;
		case OPT_NO_HEAL: heals_not = 1; break;
		case '0': by_nul = 1; break;
		case 'M': m1_file = arg; break;
		default: break;
		}
	check(&o);
	cli.files.no_input = 1;
	files_read(&cli.files, "-m", model);
	files_read(&cli.files, "-M", m1_file);
	cli_check_files(&cli);
	if (as_text)
		cli.flags &= ~(unsigned)CLI_BINARY; /* it may go to a terminal */
	o.threads = cli.threads;
	o.cpu = cli.cpu;
	o.end_by_nul = as_text;
	o.heal = heals ? NCT_HEAL_ALWAYS : heals_not ? NCT_HEAL_NEVER : NCT_HEAL_IF_POSSIBLE;
	return o;
}

static nct_err
operand(void *ctx, size_t i, int *fd)
{
	(void)ctx;
	*fd = i < cli.operand_count ? cli_input(&cli, i) : -1;
	return NCT_OK;
}

static nct_corpus *
read_prompt(void)
{
	nct_why why = {0};
	nct_corpus *c;
	size_t at;
	nct_err err = nct_corpus_read(&c, operand, NULL, getenv("TMPDIR"), &at, &why);

	if (err != NCT_OK)
		die_err(&cli, err, at < cli.operand_count ? cli.operands[at] : "prompt", &why);
	return c;
}

/* Tells the user if standard input is a regular file: it is not read, but may be meant as the prompt. Terminals, pipes
 * and /dev/null are there in scripts anyway. */
static void
look_at_stdin(void)
{
	struct stat s;

	if (fstat(STDIN_FILENO, &s) == 0 && S_ISREG(s.st_mode) && lseek(STDIN_FILENO, 0, SEEK_CUR) < s.st_size)
		note(&cli, "standard input is a file, but not read: give - as an operand if it is the prompt");
}

/* Shows progress. Called after each block.
 *
 * First it waits until the output takes the next block. A block has at most PIPE_BUF bytes, so writing it does not
 * wait. A signal that comes while we wait here kills the tool at once: the end of the stream could not be written
 * either. */
static void
show(void *ctx, uint64_t tokens, uint64_t of)
{
	trainer_await(*(const int *)ctx);
	if (!isatty(STDERR_FILENO)) /* a terminal is likely to show the text itself */
		cli_progress_count(&cli, tokens, of, "tokens");
}

/* The name that an error's line begins with. */
static const char *
name_of(nct_err err)
{
	switch (err) {
	case NCT_EKIND: return model;
	case NCT_EMODEL: return cli.operands_given && cli.operand_count == 1 ? cli.operands[0] : "prompt";
	default: return "sampling";
	}
}

/* Samples to `out`, after the prompt that the options give. */
static void
sample(const nct_m2 *m, const nct_m1 *m1, int out, struct nct_m2_generate_options *o)
{
	nct_corpus *prompt = NULL;
	nct_why why = {0};
	nct_err err;

	if (prompt_text != NULL)
		prompt = plain_prompt(&cli, m, m1, m1_file != NULL ? m1_file : "built-in model", prompt_text);
	else if (cli.operands_given)
		prompt = read_prompt();
	else
		look_at_stdin();
	o->m1 = m1;
	o->progress = show;
	o->stop = trainer_signalled;
	o->ctx = &out;
	if ((err = nct_m2_generate(m, prompt, out, o, &why)) != NCT_OK)
		die_err(&cli, err, name_of(err), &why);
	nct_corpus_free(prompt);
}

int
main(int argc, char **argv)
{
	struct nct_m2_generate_options o = parse(argc, argv);
	struct plain_text *text = NULL;
	nct_why why = {0};
	nct_m1 *m1 = NULL;
	nct_m2 *m;
	nct_err err = nct_m2_open(&m, model, &why);
	int out;

	if (err != NCT_OK)
		die_err(&cli, err, model, &why);
	if (as_text || prompt_text != NULL || heals || m1_file != NULL)
		m1 = plain_m1(&cli, m, model, m1_file);
	out = cli_output(&cli);
	if (as_text)
		text = plain_text_begin(&cli, m1, out, by_nul ? '\0' : '\n');
	else
		trainer_hold_signals(); /* of text, what is there is all that a signal could save */
	sample(m, m1, text != NULL ? plain_text_input(text) : out, &o);
	if (text != NULL)
		plain_text_end(text);
	nct_m1_free(m1);
	nct_m2_free(m);
	cli_output_done(&cli); /* after a signal, too: the stream is complete */
	if (!as_text)
		trainer_let_signals(); /* a signal that was held back kills here */
	return EX_DONE;
}
