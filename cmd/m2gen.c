/* m2gen.c - sample tokens from the token model M2. */
#include "cli.h"
#include "nct-m2.h"
#include "trainer.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { OPT_TEMPERATURE = 256, OPT_TOP_K, OPT_TOP_P, OPT_GEN_SEED, OPT_ONLY_NEW, OPT_STOP };

static const struct cli_option options[] = {
	{'m', "model", "FILE", "the token model M2"},
	{'n', "tokens", "N", "sample N tokens, or at most so many (default 256), rounded up to whole windows"},
	{OPT_STOP, "stop", NULL, "end where a document ends"},
	{'N', "samples", "N", "sample N documents, of at most -n tokens each, one after another"},
	{OPT_TEMPERATURE, "temperature", "X", "divide logits by X (default 1); 0: always the most probable token"},
	{OPT_TOP_K, "top-k", "N", "draw from the N most probable tokens alone"},
	{OPT_TOP_P, "top-p", "X", "draw from the most probable tokens that sum up to X"},
	{OPT_GEN_SEED, "seed", "N", "of the random numbers (default 1)"},
	{OPT_ONLY_NEW, "only-new", NULL, "leave the prompt out of the output"},
	{0, NULL, NULL, NULL},
};

static struct cli cli = {
	.tool = "m2gen",
	.synopsis = "-m m2.bin [OPTION...] [PROMPT...] > tokens",
	.about = "Sample tokens from the token model M2, behind a prompt of tokens or none.",
	.options = options,
	.flags = CLI_THREADS | CLI_CPU | CLI_BINARY,
	.cpu_name = nct_train_cpu_name,
};

static const char *model; /* -m */

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
		default: break;
		}
	if (model == NULL)
		die(&cli, EX_USE, "-m is missing (see --help)");
	if (o.only_new && !cli.operands_given)
		die(&cli, EX_USE, "--only-new: there is no prompt");
	if (o.temperature == 0 && (o.top_k > 0 || o.top_p < 1))
		die(&cli, EX_USE, "--temperature=0 leaves nothing for --top-k and --top-p to choose from");
	if (o.samples > 0 && o.tokens == 0)
		die(&cli, EX_USE, "-n 0 with -N: a document has at least one token");
	cli.files.no_input = 1;
	files_read(&cli.files, "-m", model);
	cli_check_files(&cli);
	o.threads = cli.threads;
	o.cpu = cli.cpu;
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
	case NCT_EMODEL: return cli.operand_count == 1 ? cli.operands[0] : "prompt";
	default: return "sampling";
	}
}

int
main(int argc, char **argv)
{
	struct nct_m2_generate_options o = parse(argc, argv);
	nct_corpus *prompt = NULL;
	nct_why why = {0};
	nct_m2 *m;
	nct_err err = nct_m2_open(&m, model, &why);
	int out;

	if (err != NCT_OK)
		die_err(&cli, err, model, &why);
	if (cli.operands_given)
		prompt = read_prompt();
	else
		look_at_stdin();
	out = cli_output(&cli);
	o.progress = show;
	o.stop = trainer_signalled;
	o.ctx = &out;
	trainer_hold_signals();
	err = nct_m2_generate(m, prompt, out, &o, &why);
	nct_corpus_free(prompt);
	nct_m2_free(m);
	if (err != NCT_OK)
		die_err(&cli, err, name_of(err), &why);
	cli_output_done(&cli); /* after a signal, too: the stream is complete */
	trainer_let_signals(); /* a signal that was held back kills here */
	return EX_DONE;
}
