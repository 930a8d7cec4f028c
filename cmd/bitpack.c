/* bitpack.c - windows to tokens of v bits, and back; ids in and out. */
#include "cli.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { OPT_TO = 256, OPT_FROM, OPT_VOCAB, OPT_TEXT, OPT_KEEP_GOING };

static const struct cli_option options[] = {
	{'v', "vocab-bits", "N", "bits per token, 1 to 16 (default: the window's, up to 16; then 16, or 8 where only 8 divides it)"},
	{'u', "unpack", NULL, "tokens back to windows"},
	{OPT_TO, "to", "FORM", "write 'tokens' (default), or ids alone: 'text', 'raw' or 'npy'"},
	{OPT_FROM, "from", "FORM", "read streams of 'windows' (default), 'ids' (text) or 'raw' bytes"},
	{OPT_VOCAB, "vocab", "N", "with --from=ids: vocabulary size, 2 to 65536"},
	{OPT_TEXT, "text", "FILE", "with --from=ids: the text, one line per line of ids"},
	{OPT_KEEP_GOING, "keep-going", NULL, "deliver what follows damage, too"},
	{0, NULL, NULL, NULL},
};

enum from { FROM_WINDOWS, FROM_IDS, FROM_RAW };
enum to { TO_TOKENS, TO_TEXT, TO_RAW, TO_NPY };

static const char *const from_names[] = {"windows", "ids", "raw", NULL};
static const char *const to_names[] = {"tokens", "text", "raw", "npy", NULL};

/* All that the options said. */
struct bitpack {
	struct cli cli;
	unsigned token_bits; /* 0: -v was not given */
	int unpack, from_given, to_given, keep_going;
	enum from from;
	enum to to;
	uint32_t vocab;      /* 0: not given */
	const char *text;    /* NULL: not given */
	size_t operand;      /* the one being read */
	int losses;          /* some were reported */
};

/* The place of `s` in a list that ends with NULL. */
static unsigned
opt_name(const struct cli *c, const char *opt, const char *s, const char *const *names)
{
	for (unsigned i = 0; names[i] != NULL; i++)
		if (strcmp(s, names[i]) == 0)
			return i;
	die(c, EX_USE, "%s: '%s' is not known (see --help)", opt, s);
}

/* Ends the tool where an option would have no effect. */
static void
check(const struct bitpack *b)
{
	const struct cli *c = &b->cli;

	if (b->unpack && (b->token_bits != 0 || b->to_given || b->from_given))
		die(c, EX_USE, "-u excludes -v, --to and --from: the stream says what it is");
	if (b->from != FROM_IDS && (b->vocab != 0 || b->text != NULL))
		die(c, EX_USE, "--vocab and --text go with --from=ids");
	if (b->from == FROM_WINDOWS)
		return;
	if (b->to != TO_TOKENS || b->keep_going)
		die(c, EX_USE, "--from=%s excludes --to=text, --to=raw, --to=npy and --keep-going", from_names[b->from]);
	if (b->from == FROM_IDS && b->token_bits != 0)
		die(c, EX_USE, "--from=ids takes --vocab, not -v");
	if (b->from == FROM_IDS && b->vocab == 0)
		die(c, EX_USE, "--from=ids needs --vocab");
	if (b->from == FROM_RAW && b->token_bits != 0 && b->token_bits != 8)
		die(c, EX_USE, "--from=raw: bytes are tokens of 8 bits, not %u", b->token_bits);
	for (size_t i = 0; b->text != NULL && strcmp(b->text, "-") == 0 && i < c->operand_count; i++)
		if (strcmp(c->operands[i], "-") == 0)
			die(c, EX_USE, "--text=-: standard input is read already");
}

static void
parse(struct bitpack *b, int argc, char **argv)
{
	const struct cli *c = &b->cli;
	const char *arg;
	int o;

	while ((o = cli_next(&b->cli, argc, argv, &arg)) != -1)
		switch (o) {
		case 'v': b->token_bits = (unsigned)opt_u64(c, "-v", arg, 1, 16); break;
		case 'u': b->unpack = 1; break;
		case OPT_TO:
			b->to = (enum to)opt_name(c, "--to", arg, to_names);
			b->to_given = 1;
			break;
		case OPT_FROM:
			b->from = (enum from)opt_name(c, "--from", arg, from_names);
			b->from_given = 1;
			break;
		case OPT_VOCAB: b->vocab = (uint32_t)opt_u64(c, "--vocab", arg, 2, 65536); break;
		case OPT_TEXT: b->text = arg; break;
		case OPT_KEEP_GOING: b->keep_going = 1; break;
		default: break;
		}
	check(b);
	files_read(&b->cli.files, "--text", b->text);
	cli_check_files(&b->cli);
	if (b->to == TO_TEXT)
		b->cli.flags &= ~(unsigned)CLI_BINARY;
}

static nct_err
next_operand(void *ctx, size_t i, int *fd)
{
	struct bitpack *b = ctx;

	*fd = -1;
	if (i < b->cli.operand_count) {
		b->operand = i;
		*fd = cli_input(&b->cli, i);
	}
	return NCT_OK;
}

static void
progress(void *ctx, uint64_t bytes)
{
	const struct bitpack *b = ctx;

	cli_progress(&b->cli, bytes, 0);
}

static void
lost(void *ctx, const nct_why *why)
{
	struct bitpack *b = ctx;

	note_err(&b->cli, NCT_EDATA, b->cli.operands[b->operand], why);
	b->losses = 1;
}

/* Opens --text=FILE ("-" is stdin); -1 if there is none. */
static int
open_text(const struct bitpack *b)
{
	int fd;

	if (b->text == NULL)
		return -1;
	fd = strcmp(b->text, "-") == 0 ? STDIN_FILENO : open(b->text, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || read(fd, NULL, 0) < 0) /* a directory opens, too */
		die(&b->cli, EX_FAIL, "%s: %s", b->text, strerror(errno));
	return fd;
}

static nct_err
convert(struct bitpack *b, int out, struct nct_totals *totals, nct_why *why)
{
	struct nct_pack_options o = {
		sizeof o, .token_bits = b->token_bits, .keep_going = b->keep_going, .progress = progress, .lost = lost, .ctx = b,
		.tmpdir = getenv("TMPDIR")};
	struct nct_import_options in = {sizeof in, .vocab = b->vocab, .text = open_text(b), .progress = progress, .ctx = b};

	if (b->from == FROM_IDS)
		return nct_import_ids(next_operand, b, out, &in, totals, why);
	if (b->from == FROM_RAW) {
		in.vocab = 256;
		return nct_import_raw(next_operand, b, out, &in, totals, why);
	}
	if (b->unpack)
		return nct_unpack(next_operand, b, out, &o, totals, why);
	switch (b->to) {
	case TO_TEXT: return nct_tokens_export(next_operand, b, out, NCT_EXPORT_TEXT, &o, totals, why);
	case TO_RAW: return nct_tokens_export(next_operand, b, out, NCT_EXPORT_RAW, &o, totals, why);
	case TO_NPY: return nct_tokens_export(next_operand, b, out, NCT_EXPORT_NPY, &o, totals, why);
	case TO_TOKENS: break;
	}
	return nct_pack(next_operand, b, out, &o, totals, why);
}

static void
report(const struct bitpack *b, const struct nct_totals *t)
{
	char text_bytes[CLI_COUNT_ROOM], documents[CLI_COUNT_ROOM];

	cli_progress_end(&b->cli);
	if (t->documents_unknown && b->to == TO_TEXT)
		note(&b->cli, "sampled tokens do not tell where documents end, so lines may hold several");
	if (b->cli.verbose)
		fprintf(stderr,
		        "text_bytes=%s\ndocuments=%s\nblocks=%" PRIu64 "\nwindows=%" PRIu64 "\ntokens=%" PRIu64
		        "\ninput_bytes=%" PRIu64 "\n",
		        cli_count(text_bytes, t->text_bytes, t->text_unknown),
		        cli_count(documents, t->documents, t->documents_unknown), t->blocks, t->windows, t->tokens,
		        t->stream_bytes);
}

int
main(int argc, char **argv)
{
	struct bitpack b = {
		.cli = {.tool = "bitpack",
		        .synopsis = "[-v N] [--to=FORM] [--keep-going] [FILE...] | -u [FILE...] | --from=ids --vocab=N [FILE...]",
		        .about = "Cut the bits of windows into tokens, and join them again; import and export ids.",
		        .options = options,
		        .flags = CLI_BINARY},
	};
	struct nct_totals totals = {0};
	nct_why why = {0};
	nct_err err;

	parse(&b, argc, argv);
	err = convert(&b, cli_output(&b.cli), &totals, &why);
	if (err != NCT_OK && !(err == NCT_EDATA && b.losses))
		die_err(&b.cli, err, b.cli.operands[b.operand], &why);
	report(&b, &totals);
	cli_output_done(&b.cli); /* after losses, too: what is good was asked for */
	return err == NCT_OK ? EX_DONE : EX_DATA;
}
