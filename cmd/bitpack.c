/* bitpack.c - windows to tokens of v bits, and back; ids in and out. */
#include "cli.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	OPT_TO = 256, OPT_U16, OPT_INDEX, OPT_FROM, OPT_VOCAB, OPT_TEXT, OPT_LIKE, OPT_LIVE, OPT_DOCUMENTS, OPT_SPLIT,
	OPT_SEED, OPT_REST, OPT_KEEP_GOING
};

static const struct cli_option options[] = {
	{'v', "vocab-bits", "N",
	    "bits per token, 1 to 16 (default: the window's, up to 16; then 16, or 8 where only 8 divides it)"},
	{'u', "unpack", NULL, "tokens back to windows"},
	{OPT_TO, "to", "FORM",
	    "write 'tokens' (default), or ids alone: 'text', 'raw', 'npy', 'llmc', or with -o PREFIX for 'megatron'"},
	{OPT_U16, "u16", NULL, "raw and npy: ids of 16 bits, even where 8 would do"},
	{OPT_INDEX, "index", "FILE", "with raw, npy and llmc: write to FILE where documents end"},
	{OPT_FROM, "from", "FORM", "read streams of 'windows' (default), or ids: 'ids' (text), 'raw', 'npy' or 'llmc'"},
	{OPT_LIKE, "like", "STREAM", "with --from: the ids are those of STREAM's windows, which become tokens of it again"},
	{'m', "model", "FILE",
	    "the M1 whose codebook tells what windows stand for (default: the built-in one, if it is theirs)"},
	{OPT_LIVE, "live", NULL, "with --like: write each window as soon as it is whole, as for a sampler"},
	{OPT_VOCAB, "vocab", "N", "with --from=ids: vocabulary size of foreign tokens, 2 to 65536"},
	{OPT_TEXT, "text", "FILE", "with --vocab: the text, one line per line of ids"},
	{OPT_DOCUMENTS, "documents", "LIST", "only these documents, from 1: as in 1-1000,2000-"},
	{OPT_SPLIT, "split", "SHARE", "only this share of the documents, from 0 to 1, picked by --seed and their numbers"},
	{OPT_SEED, "seed", "N", "of --split (default 1)"},
	{OPT_REST, "rest", "FILE", "with --documents and --split: write the other documents to FILE"},
	{OPT_KEEP_GOING, "keep-going", NULL, "deliver what follows damage, too"},
	{0, NULL, NULL, NULL},
};

enum from { FROM_WINDOWS, FROM_IDS, FROM_RAW, FROM_NPY, FROM_LLMC };
enum to { TO_TOKENS, TO_TEXT, TO_RAW, TO_NPY, TO_LLMC, TO_MEGATRON };

static const char *const from_names[] = {"windows", "ids", "raw", "npy", "llmc", NULL};
static const char *const to_names[] = {"tokens", "text", "raw", "npy", "llmc", "megatron", NULL};

#define RANGES_MAX 1024

/* All that the options said. */
struct bitpack {
	struct cli cli;
	unsigned token_bits; /* 0: -v was not given */
	int unpack, from_given, to_given, keep_going, u16, live, split_given, seed_given;
	enum from from;
	enum to to;
	uint32_t vocab;      /* 0: not given */
	const char *text, *like, *model, *index, *rest, *documents; /* NULL: not given */
	uint64_t rest_tokens; /* that went to `rest` */
	double share;
	uint64_t seed;
	uint64_t ranges[2 * RANGES_MAX];
	size_t range_count;
	char *bin, *idx;     /* Megatron's files. Owned */
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

/* Reads a number from 1 at *at, which moves behind it; 0: there is none. */
static uint64_t
take_number(const char **at)
{
	char *end;

	if (**at < '0' || **at > '9')
		return 0;
	errno = 0;
	const uint64_t n = strtoull(*at, &end, 10);
	*at = end;
	return errno == 0 ? n : 0;
}

/* Takes a list of documents: numbers and ranges, from 1, with commas between them. */
static void
take_documents(struct bitpack *b, const char *list)
{
	const char *at = list;

	b->documents = list;
	for (b->range_count = 0;; at++) {
		if (b->range_count == RANGES_MAX)
			die(&b->cli, EX_USE, "--documents: more than %d ranges", RANGES_MAX);
		uint64_t *r = &b->ranges[2 * b->range_count++];
		r[0] = r[1] = take_number(&at);
		if (*at == '-') {
			at++;
			r[1] = *at == ',' || *at == '\0' ? UINT64_MAX : take_number(&at);
		}
		if (r[0] == 0 || r[1] < r[0] || (*at != ',' && *at != '\0'))
			die(&b->cli, EX_USE, "--documents: '%s' is no list of numbers and ranges from 1, as 1-1000,2000-", list);
		if (*at == '\0')
			return;
	}
}

static int
selects(const struct bitpack *b)
{
	return b->documents != NULL || b->split_given;
}

/* Is standard input an operand, too, or the only one? */
static int
reads_stdin(const struct cli *c)
{
	for (size_t i = 0; i < c->operand_count; i++)
		if (strcmp(c->operands[i], "-") == 0)
			return 1;
	return 0;
}

/* Ends the tool where an option would have no effect. */
static void
check_from(const struct bitpack *b)
{
	const struct cli *c = &b->cli;

	if (b->from == FROM_WINDOWS && b->like != NULL)
		die(c, EX_USE, "--like goes with --from=ids, raw, npy or llmc");
	if (b->like != NULL && strcmp(b->like, "-") == 0 && reads_stdin(c))
		die(c, EX_USE, "--like=-: standard input is read already");
	if (b->live && b->like == NULL)
		die(c, EX_USE, "--live goes with --like");
	if (b->model != NULL && b->like == NULL && !selects(b))
		die(c, EX_USE, "-m goes with --like, --documents and --split");
	if (b->model != NULL && b->live)
		die(c, EX_USE, "-m has no use with --live: no codebook is needed");
	if ((b->from != FROM_IDS || b->like != NULL) && (b->vocab != 0 || b->text != NULL))
		die(c, EX_USE, "--vocab and --text go with --from=ids, without --like");
	if (b->from == FROM_WINDOWS)
		return;
	if (b->to != TO_TOKENS || b->keep_going || selects(b))
		die(c, EX_USE, "--from=%s makes tokens: it excludes --to, --documents, --split and --keep-going",
		    from_names[b->from]);
	if (b->from >= FROM_NPY && b->like == NULL)
		die(c, EX_USE, "--from=%s needs --like", from_names[b->from]);
	if (b->like != NULL)
		return;
	if (b->from == FROM_IDS && b->token_bits != 0)
		die(c, EX_USE, "--from=ids takes --vocab or --like, not -v");
	if (b->from == FROM_IDS && b->vocab == 0)
		die(c, EX_USE, "--from=ids needs --vocab or --like");
	if (b->from == FROM_RAW && b->token_bits != 0 && b->token_bits != 8)
		die(c, EX_USE, "--from=raw: without --like bytes are tokens of 8 bits, not %u", b->token_bits);
	if (b->text != NULL && strcmp(b->text, "-") == 0 && reads_stdin(c))
		die(c, EX_USE, "--text=-: standard input is read already");
}

static void
check(const struct bitpack *b)
{
	const struct cli *c = &b->cli;

	if (b->unpack && (b->token_bits != 0 || b->to_given || b->from_given || selects(b)))
		die(c, EX_USE, "-u excludes -v, --to, --from, --documents and --split: the stream says what it is");
	check_from(b);
	if (b->u16 && !(b->to == TO_RAW || b->to == TO_NPY || (b->from == FROM_RAW && b->like != NULL)))
		die(c, EX_USE, "--u16 goes with --to=raw, --to=npy, and --from=raw with --like");
	if (b->index != NULL && b->to != TO_RAW && b->to != TO_NPY && b->to != TO_LLMC)
		die(c, EX_USE, "--index goes with --to=raw, npy or llmc");
	if (b->to == TO_MEGATRON && (c->output == NULL || strcmp(c->output, "-") == 0))
		die(c, EX_USE, "--to=megatron writes two files: -o PREFIX names them");
	if (selects(b) && (b->to != TO_TOKENS || b->keep_going))
		die(c, EX_USE, "--documents and --split write tokens: they exclude --to and --keep-going");
	if (b->documents != NULL && b->split_given)
		die(c, EX_USE, "--documents and --split exclude each other");
	if (b->seed_given && !b->split_given)
		die(c, EX_USE, "--seed goes with --split");
	if (b->rest != NULL && !selects(b))
		die(c, EX_USE, "--rest goes with --documents and --split");
}

/* The files of the call. Megatron's take the place of -o. */
static void
enter_files(struct bitpack *b)
{
	struct cli *c = &b->cli;

	files_read(&c->files, "--text", b->text);
	files_read(&c->files, "--like", b->like);
	files_read(&c->files, "-m", b->model);
	files_write(&c->files, "--index", b->index, "");
	files_write(&c->files, "--rest", b->rest, "");
	if (b->to == TO_MEGATRON) {
		const size_t n = strlen(c->output) + sizeof ".bin";

		if ((b->bin = malloc(n)) == NULL || (b->idx = malloc(n)) == NULL)
			die_err(c, NCT_ENOMEM, "-o", NULL);
		snprintf(b->bin, n, "%s.bin", c->output);
		snprintf(b->idx, n, "%s.idx", c->output);
		files_write(&c->files, "-o", b->bin, "");
		files_write(&c->files, "-o", b->idx, "");
		c->files.no_output = 1;
	}
	cli_check_files(c);
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
		case OPT_U16: b->u16 = 1; break;
		case OPT_INDEX: b->index = arg; break;
		case OPT_LIKE: b->like = arg; break;
		case 'm': b->model = arg; break;
		case OPT_LIVE: b->live = 1; break;
		case OPT_DOCUMENTS: take_documents(b, arg); break;
		case OPT_SPLIT:
			b->share = opt_double(c, "--split", arg, 0, 1);
			b->split_given = 1;
			break;
		case OPT_SEED:
			b->seed = opt_u64(c, "--seed", arg, 0, UINT64_MAX);
			b->seed_given = 1;
			break;
		case OPT_REST: b->rest = arg; break;
		case OPT_VOCAB: b->vocab = (uint32_t)opt_u64(c, "--vocab", arg, 2, 65536); break;
		case OPT_TEXT: b->text = arg; break;
		case OPT_KEEP_GOING: b->keep_going = 1; break;
		default: break;
		}
	check(b);
	enter_files(b);
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

/* Opens a file that an option names ("-" is stdin); -1 if there is none. */
static int
open_file(const struct bitpack *b, const char *name)
{
	int fd;

	if (name == NULL)
		return -1;
	fd = strcmp(name, "-") == 0 ? STDIN_FILENO : open(name, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || read(fd, NULL, 0) < 0) /* a directory opens, too */
		die(&b->cli, EX_FAIL, "%s: %s", name, strerror(errno));
	return fd;
}

/* The model that -m names, or the built-in one. */
static nct_m1 *
open_model(const struct bitpack *b)
{
	nct_why why = {0};
	nct_m1 *m;
	nct_err err = b->model != NULL ? nct_m1_open(&m, b->model, NULL, &why) : nct_m1_builtin(&m, NULL, &why);

	if (err != NCT_OK)
		die_err(&b->cli, err, b->model != NULL ? b->model : "built-in model", &why);
	return m;
}

static nct_err
import_like(struct bitpack *b, int out, struct nct_totals *totals, nct_why *why)
{
	static const enum nct_import forms[] = {
		[FROM_IDS] = NCT_IMPORT_IDS, [FROM_RAW] = NCT_IMPORT_RAW, [FROM_NPY] = NCT_IMPORT_NPY, [FROM_LLMC] = NCT_IMPORT_LLMC};
	nct_m1 *m = b->live ? NULL : open_model(b);
	const struct nct_like_options o = {sizeof o, .form = forms[b->from], .widen = b->u16, .like = open_file(b, b->like),
	    .like_name = b->like, .token_bits = b->token_bits, .m1 = m, .any_m1 = b->model == NULL, .live = b->live,
	    .progress = progress, .ctx = b};
	nct_err err = nct_import_like(next_operand, b, out, &o, totals, why);

	nct_m1_free(m);
	return err;
}

static nct_err
select_documents(struct bitpack *b, int out, struct nct_totals *totals, nct_why *why)
{
	nct_m1 *m = open_model(b);
	const int rest = b->rest != NULL ? cli_output_also(&b->cli, b->rest) : -1;
	const struct nct_select_options o = {sizeof o, .token_bits = b->token_bits, .m1 = m, .any_m1 = b->model == NULL,
	    .ranges = b->range_count > 0 ? b->ranges : NULL, .range_count = b->range_count, .share = b->share, .seed = b->seed,
	    .rest = b->rest != NULL ? &rest : NULL, .rest_tokens = &b->rest_tokens, .progress = progress, .ctx = b};
	nct_err err = nct_tokens_select(next_operand, b, out, &o, totals, why);

	nct_m1_free(m);
	return err;
}

static nct_err
export_ids(struct bitpack *b, int out, struct nct_pack_options *o, struct nct_totals *totals, nct_why *why)
{
	static const enum nct_export forms[] = {
		[TO_TEXT] = NCT_EXPORT_TEXT, [TO_RAW] = NCT_EXPORT_RAW, [TO_NPY] = NCT_EXPORT_NPY, [TO_LLMC] = NCT_EXPORT_LLMC,
		[TO_MEGATRON] = NCT_EXPORT_MEGATRON};
	const char *beside = b->to == TO_MEGATRON ? b->idx : b->index;
	const int index = beside != NULL ? cli_output_also(&b->cli, beside) : -1;

	o->index = beside != NULL ? &index : NULL;
	o->widen = b->u16;
	return nct_tokens_export(next_operand, b, out, forms[b->to], o, totals, why);
}

static nct_err
convert(struct bitpack *b, int out, struct nct_totals *totals, nct_why *why)
{
	struct nct_pack_options o = {
		sizeof o, .token_bits = b->token_bits, .keep_going = b->keep_going, .progress = progress, .lost = lost, .ctx = b,
		.tmpdir = getenv("TMPDIR")};
	struct nct_import_options in = {
		sizeof in, .vocab = b->vocab, .text = open_file(b, b->text), .progress = progress, .ctx = b};

	if (b->like != NULL)
		return import_like(b, out, totals, why);
	if (selects(b))
		return select_documents(b, out, totals, why);
	if (b->from == FROM_IDS)
		return nct_import_ids(next_operand, b, out, &in, totals, why);
	if (b->from == FROM_RAW) {
		in.vocab = 256;
		return nct_import_raw(next_operand, b, out, &in, totals, why);
	}
	if (b->unpack)
		return nct_unpack(next_operand, b, out, &o, totals, why);
	return b->to == TO_TOKENS ? nct_pack(next_operand, b, out, &o, totals, why) : export_ids(b, out, &o, totals, why);
}

static void
report(const struct bitpack *b, const struct nct_totals *t)
{
	char text_bytes[CLI_COUNT_ROOM], documents[CLI_COUNT_ROOM];

	cli_progress_end(&b->cli);
	if (t->documents_unknown && b->to == TO_TEXT)
		note(&b->cli, "sampled tokens do not tell where documents end, so lines may hold several");
	if (t->text_unknown && !b->live && (b->like != NULL || selects(b)))
		note(&b->cli, "text bytes are unknown: their codebook is not at hand (see -m)");
	if (selects(b) && t->tokens == 0)
		note(&b->cli, "none of the documents was picked");
	if (b->rest != NULL && t->tokens > 0 && b->rest_tokens == 0)
		note(&b->cli, "all documents were picked: none is left for %s", b->rest);
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
		        .synopsis = "[-v N] [--to=FORM] [FILE...] | -u [FILE...] | --from=FORM --like=STREAM [FILE...]",
		        .about = "Cut the bits of windows into tokens, and join them again; exchange ids with other programs.",
		        .options = options,
		        .flags = CLI_BINARY},
		.seed = 1,
	};
	struct nct_totals totals = {0};
	nct_why why = {0};
	nct_err err;

	parse(&b, argc, argv);
	err = convert(&b, b.to == TO_MEGATRON ? cli_output_also(&b.cli, b.bin) : cli_output(&b.cli), &totals, &why);
	if (err != NCT_OK && !(err == NCT_EDATA && b.losses))
		die_err(&b.cli, err, b.cli.operands[b.operand], &why);
	report(&b, &totals);
	cli_output_done(&b.cli); /* after losses, too: what is good was asked for */
	free(b.bin);
	free(b.idx);
	return err == NCT_OK ? EX_DONE : EX_DATA;
}
