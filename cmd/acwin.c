/* acwin.c - text to compressed windows that decode on their own, and back. */
#include "cli.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/magic.h"

enum {
	OPT_OPEN = 256, OPT_KEEP_GOING, OPT_SHOW, OPT_COMPILE, OPT_STRINGS, OPT_NO_CODEBOOK, OPT_CODE, OPT_CODEBOOK, OPT_EOD
};

static const struct cli_option options[] = {
	{'d', "decode", NULL, "windows to text"},
	{'t', "test", NULL, "decode, but write nothing"},
	{'l', "list", NULL, "print what streams of windows or tokens hold, as TSV"},
	{OPT_COMPILE, "compile", NULL, "write the model with a codebook of all windows of -b N bits, at most 20"},
	{OPT_STRINGS, "strings", "[=FORM]",
	    "print the model's codebook as 'lines' (default), a value and its text in escapes each, or as 'llmc' or 'json'"},
	{'m', "model", "FILE", "the byte model M1 (default: the built-in one)"},
	{'b', "window-bits", "N",
	    "bits per window, 10 to 128 (default: the model's, else 16); 0: one unbroken code per chunk"},
	{'c', "chunk", "BYTES", "cut documents every BYTES, 0: never (default 131072; 16384 for b > 20; 10240 for b = 0)"},
	{'r', "resets", "N", "reset M1 every N windows (default 1), 0: only at a chunk's start"},
	{'0', "null", NULL, "documents are separated by NUL (default: each operand is one)"},
	{'D', "document", "REGEX", "a document starts at each match (PCRE2)"},
	{'a', "align", "WHERE",
	    "end windows at boundaries: 'none', 'words', or a REGEX at whose matches they are (default: the model's)"},
	{OPT_EOD, "eod", "WHERE",
	    "a document's end: 'alone', in a window of its own (default with --code=best), or 'joined' to the text before it"},
	{OPT_OPEN, "open", NULL, "leave the last document open, for prompts"},
	{OPT_SHOW, "show", NULL, "with -d: a line per window, its value and its text in escapes"},
	{OPT_CODE, "code", "WAY",
	    "how windows are chosen: 'split', or 'best' (default where the model has such a codebook for b)"},
	{OPT_CODEBOOK, "codebook", "NAME", "use the chosen strings that have this name in the model"},
	{OPT_NO_CODEBOOK, "no-codebook", NULL,
	    "split windows by M1 itself, not by a codebook: what --code=split gives, slowly"},
	{OPT_KEEP_GOING, "keep-going", NULL, "with -d, -t or -l: deliver what follows damage, too"},
	{0, NULL, NULL, NULL},
};

#define MISFIT_TEXT 4096 /* bytes of text, at least, before we say that the model does not fit it */

static const char *const aligns[] = {"none", "words", "regex"}; /* by enum nct_align */

enum mode { ENCODE, DECODE, TEST, LIST, COMPILE, STRINGS };

/* What the options said, and the state of the run. */
struct acwin {
	struct cli cli;
	enum mode mode;
	const char *model; /* NULL: the built-in one */
	struct nct_encode_options encode;
	enum nct_strings_form form;
	int bits_given, align_given, chunk_given, resets_given, keep_going, show, no_codebook;
	int encode_only;   /* letter of an option that was given and goes with encoding alone; 0: none */
	size_t operand;    /* the one being read */
	uint64_t size;     /* bytes of text to encode; 0: not known */
	FILE *rows;        /* where the list goes */
	int no_text;       /* an operand begins like a packed file or a stream */
};

static void
set_mode(struct acwin *a, enum mode mode)
{
	if (a->mode != ENCODE && a->mode != mode)
		die(&a->cli, EX_USE, "-d, -t, -l, --compile and --strings exclude each other");
	a->mode = mode;
}

static void
set_separator(struct acwin *a, enum nct_separator separator, const char *pattern)
{
	if (a->encode.separator != NCT_SEP_OPERAND)
		die(&a->cli, EX_USE, "-0 and -D exclude each other, and each is given once");
	a->encode.separator = separator;
	a->encode.pattern = pattern;
}

static void
set_align(struct acwin *a, const char *arg)
{
	if (a->align_given)
		die(&a->cli, EX_USE, "-a is given once");
	a->align_given = 1;
	a->encode.align = strcmp(arg, "none") == 0    ? NCT_ALIGN_NONE
	                  : strcmp(arg, "words") == 0 ? NCT_ALIGN_WORDS
	                                              : NCT_ALIGN_REGEX;
	a->encode.align_pattern = a->encode.align == NCT_ALIGN_REGEX ? arg : NULL;
}

static void
set_code(struct acwin *a, const char *arg)
{
	if (strcmp(arg, "split") == 0)
		a->encode.code = NCT_CODE_SPLIT;
	else if (strcmp(arg, "best") == 0)
		a->encode.code = NCT_CODE_BEST;
	else
		die(&a->cli, EX_USE, "--code: '%s' is neither split nor best", arg);
}

static void
set_form(struct acwin *a, const char *arg)
{
	static const char *const forms[] = {"lines", "llmc", "json"}; /* by enum nct_strings_form */

	for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++)
		if (strcmp(arg != NULL ? arg : "lines", forms[i]) == 0) {
			a->form = (enum nct_strings_form)i;
			return;
		}
	die(&a->cli, EX_USE, "--strings: '%s' is none of lines, llmc and json", arg);
}

static void
set_eod(struct acwin *a, const char *arg)
{
	if (strcmp(arg, "alone") == 0)
		a->encode.eod = NCT_EOD_ALONE;
	else if (strcmp(arg, "joined") == 0)
		a->encode.eod = NCT_EOD_JOINED;
	else
		die(&a->cli, EX_USE, "--eod: '%s' is neither alone nor joined", arg);
}

/* The option that was given and needs only the model, no text; NULL: none. */
static const char *
about_model(const struct acwin *a)
{
	return a->mode == COMPILE ? "--compile" : a->mode == STRINGS ? "--strings" : NULL;
}

/* Refuses options that would have no effect, and those that exclude each other. */
static void
check(const struct acwin *a)
{
	const struct cli *c = &a->cli;
	const int decodes = a->mode == DECODE || a->mode == TEST, codes = decodes || a->mode == ENCODE;
	const char *const of_model = about_model(a);

	if (a->mode != ENCODE && a->encode_only != 0 && !(of_model != NULL && a->encode_only == 'b'))
		die(c, EX_USE, "-%c goes with encoding%s", a->encode_only,
		    decodes || a->mode == LIST ? "; a stream says so itself" : "");
	if (a->mode != ENCODE && a->encode.open)
		die(c, EX_USE, "--open goes with encoding");
	if (a->mode != ENCODE && a->encode.eod != NCT_EOD_BY_CODE)
		die(c, EX_USE, "--eod goes with encoding%s", decodes || a->mode == LIST ? "; a stream says so itself" : "");
	if (a->mode != ENCODE && a->mode != STRINGS && a->encode.code != NCT_CODE_NONE)
		die(c, EX_USE, "--code goes with encoding%s", decodes || a->mode == LIST ? "; a stream says so itself" : "");
	if (a->mode != ENCODE && a->mode != STRINGS && a->encode.codebook != NULL)
		die(c, EX_USE, "--codebook goes with encoding and --strings%s",
		    decodes || a->mode == LIST ? "; a stream says so itself" : "");
	if ((a->encode.code == NCT_CODE_BEST || a->encode.codebook != NULL) && a->no_codebook)
		die(c, EX_USE, "--%s: such windows are a codebook's, so not with --no-codebook",
		    a->encode.codebook != NULL ? "codebook" : "code=best");
	if (a->encode.code == NCT_CODE_SPLIT && a->encode.codebook != NULL)
		die(c, EX_USE, "--codebook names chosen strings, so not with --code=split");
	if (!decodes && a->mode != LIST && a->keep_going)
		die(c, EX_USE, "--keep-going goes with -d, -t or -l");
	if (a->mode != DECODE && a->show)
		die(c, EX_USE, "--show goes with -d");
	if (!codes && a->no_codebook)
		die(c, EX_USE, "--no-codebook goes with encoding and decoding");
	if ((a->mode == TEST || a->mode == LIST) && c->output != NULL)
		die(c, EX_USE, "-o goes with neither -t nor -l");
	if (a->mode == LIST && a->model != NULL)
		die(c, EX_USE, "-m with -l: a list needs no model");
	if (of_model != NULL && c->operands_given)
		die(c, EX_USE, "%s: '%s': the model is named by -m, and no text is read", of_model, c->operands[0]);
	if (a->encode.open && a->encode.separator == NCT_SEP_NUL)
		die(c, EX_USE, "--open with -0: leave out the last NUL instead");
}

/* The same for rules that depend on the bits of windows. */
static void
check_bits(const struct acwin *a)
{
	const struct cli *c = &a->cli;
	const struct nct_encode_options *e = &a->encode;
	const unsigned b = e->window_bits;
	const int compiles = b >= NCT_WINDOW_MIN && b <= NCT_CODEBOOK_MAX; /* such windows can have a codebook */

	if (about_model(a) != NULL && !compiles)
		die(c, EX_USE, "%s: windows of %d to %d bits, not %u, have a codebook", about_model(a), NCT_WINDOW_MIN,
		    NCT_CODEBOOK_MAX, b);
	if (a->mode == ENCODE && (e->code == NCT_CODE_BEST || e->codebook != NULL) && (!compiles || e->resets != 1))
		die(c, EX_USE, "--%s: its codebook serves windows of %d to %d bits and -r 1 alone",
		    e->codebook != NULL ? "codebook" : "code=best", NCT_WINDOW_MIN, NCT_CODEBOOK_MAX);
	if (b == 0 && a->resets_given)
		die(c, EX_USE, "-r with -b 0: an unbroken code has no windows");
	if (b == 0 && e->align != NCT_ALIGN_NONE)
		die(c, EX_USE, "-a with -b 0: an unbroken code has no windows");
	if (b == 0 && e->eod == NCT_EOD_ALONE)
		die(c, EX_USE, "--eod=alone with -b 0: an unbroken code has no windows");
}

static void
parse(struct acwin *a, int argc, char **argv)
{
	const struct cli *c = &a->cli;
	const char *arg;
	int o;

	while ((o = cli_next(&a->cli, argc, argv, &arg)) != -1) {
		switch (o) {
		case 'd': set_mode(a, DECODE); break;
		case 't': set_mode(a, TEST); break;
		case 'l': set_mode(a, LIST); break;
		case 'm': a->model = arg; break;
		case 'b':
			a->encode.window_bits = (unsigned)opt_u64(c, "-b", arg, 0, NCT_WINDOW_MAX);
			if (a->encode.window_bits > 0 && a->encode.window_bits < NCT_WINDOW_MIN)
				die(c, EX_USE, "-b: '%s' is neither 0 nor from %d to %d", arg, NCT_WINDOW_MIN, NCT_WINDOW_MAX);
			a->bits_given = 1;
			break;
		case 'c':
			a->encode.chunk = opt_u64(c, "-c", arg, 0, UINT64_MAX / 4);
			a->chunk_given = 1;
			break;
		case 'r':
			a->encode.resets = (uint32_t)opt_u64(c, "-r", arg, 0, UINT32_MAX);
			a->resets_given = 1;
			break;
		case '0': set_separator(a, NCT_SEP_NUL, NULL); break;
		case 'D': set_separator(a, NCT_SEP_REGEX, arg); break;
		case 'a': set_align(a, arg); break;
		case OPT_OPEN: a->encode.open = 1; break;
		case OPT_KEEP_GOING: a->keep_going = 1; break;
		case OPT_SHOW: a->show = 1; break;
		case OPT_COMPILE: set_mode(a, COMPILE); break;
		case OPT_STRINGS:
			set_mode(a, STRINGS);
			set_form(a, arg);
			break;
		case OPT_CODEBOOK: a->encode.codebook = arg; break;
		case OPT_CODE: set_code(a, arg); break;
		case OPT_EOD: set_eod(a, arg); break;
		case OPT_NO_CODEBOOK: a->encode.no_codebook = a->no_codebook = 1; break;
		default: break;
		}
		if (o < 256 && strchr("bcr0Da", o) != NULL && (o != 'b' || a->encode_only == 0))
			a->encode_only = o;
	}
	check(a);
	if (a->bits_given)
		check_bits(a);
	a->encode.threads = c->threads;
}

static const char *
model_name(const struct acwin *a)
{
	return a->model != NULL ? a->model : "built-in model";
}

static nct_m1 *
open_model(const struct acwin *a)
{
	nct_why why = {0};
	nct_m1 *m;
	nct_err err = a->model != NULL ? nct_m1_open(&m, a->model, a->cli.cpu, &why) : nct_m1_builtin(&m, a->cli.cpu, &why);

	if (err != NCT_OK)
		die_err(&a->cli, err, model_name(a), &why);
	return m;
}

/* Ends the tool if --codebook names none of the model's codebooks. */
static void
check_codebook(const struct acwin *a, const nct_m1 *m)
{
	const char *name = a->encode.codebook;

	if (name != NULL && nct_m1_codebook_made_for(m, name).bits == 0)
		die(&a->cli, EX_USE, "--codebook: the model has none with the name '%s'", name);
}

/* Takes window bits and alignment from the model where no option gave them. Then sets defaults that depend on these. */
static void
follow_model(struct acwin *a, const nct_m1 *m)
{
	struct nct_encode_options *e = &a->encode;
	const struct nct_m1_windows w = e->codebook != NULL ? nct_m1_codebook_made_for(m, e->codebook) : nct_m1_trained_for(m);

	check_codebook(a, m);
	if (a->cli.verbose && w.bits > 0)
		fprintf(stderr, "model_window_bits=%u\nmodel_align=%s\n", w.bits, aligns[w.align]);
	if (!a->bits_given) {
		e->window_bits = w.bits > 0 ? w.bits : 16;
		check_bits(a);
	}
	if (e->window_bits == 0)
		e->resets = 0;
	if (!a->chunk_given)
		e->chunk = e->window_bits == 0 ? 10240 : e->window_bits <= 20 ? 131072 : 16384;
	if (a->align_given || w.bits == 0 || e->window_bits == 0)
		return;
	e->align = w.align;
	e->align_pattern = w.align_pattern;
}

static void
progress(void *ctx, uint64_t text_bytes)
{
	const struct acwin *a = ctx;

	cli_progress(&a->cli, text_bytes, a->size);
}

static nct_err
next_operand(void *ctx, size_t i, int *fd)
{
	struct acwin *a = ctx;

	*fd = -1;
	if (i >= a->cli.operand_count)
		return NCT_OK;
	a->operand = i;
	*fd = cli_open(&a->cli, i);
	return *fd < 0 ? NCT_EIO : NCT_OK; /* no die() here: other threads still write */
}

/* Tells the user if an operand looks like a packed file or a stream. It is encoded all the same. */
static void
begins(void *ctx, size_t operand, const uint8_t *bytes, size_t n)
{
	struct acwin *a = ctx;
	const struct nct_magic *m = nct_magic_find(bytes, n);

	if (m == NULL)
		return;
	a->no_text = 1;
	note(&a->cli, "%s: begins as %s does, and is coded byte by byte%s%s%s", a->cli.operands[operand], m->what,
	     m->how != NULL ? " (" : "", m->how != NULL ? m->how : "", m->how != NULL ? ")" : "");
}

/* True if the windows take so many bits that the model does not fit the text. English takes at most 4.2 bits/byte in
 * the built-in model's windows of 16 bits, and at most 6 with any model and size of windows. German takes 5 in the
 * built-in model's. Short texts tell nothing. */
static int
misfits(const struct acwin *a, const struct nct_totals *t)
{
	const unsigned bits = a->encode.window_bits;
	const double most = a->model == NULL && bits == 16 ? 4.5 : 8;

	return bits >= NCT_WINDOW_MIN && bits <= NCT_CODEBOOK_MAX && a->encode.resets == 1 && !a->no_text &&
	       t->text_bytes >= MISFIT_TEXT && (double)t->code_bits > most * (double)t->text_bytes;
}

static void
report(const struct acwin *a, const struct nct_totals *t)
{
	cli_progress_end(&a->cli);
	if (a->mode == ENCODE && (a->cli.verbose || isatty(STDERR_FILENO)) && misfits(a, t))
		note(&a->cli, "%.2f bytes per token of 16 bits: the model does not fit this text; "
		     "m1train -k strings makes a codebook for it in minutes",
		     16.0 * (double)t->text_bytes / (double)t->code_bits);
	if (!a->cli.verbose)
		return;
	if (a->mode == ENCODE)
		fprintf(stderr, "align=%s\n", aligns[a->encode.align]);
	fprintf(stderr, "text_bytes=%" PRIu64 "\ndocuments=%" PRIu64 "\nwindows=%" PRIu64 "\n", t->text_bytes,
	        t->documents, t->windows);
	if (a->mode == ENCODE)
		fprintf(stderr, "code_bits=%" PRIu64 "\nstream_bytes=%" PRIu64 "\nbits_per_byte=%.4f\n", t->code_bits,
		        t->stream_bytes, t->text_bytes > 0 ? (double)t->code_bits / (double)t->text_bytes : 0.0);
}

/* The file or option that an error is about. */
static const char *
culprit(const struct acwin *a, nct_err err, const nct_why *why)
{
	if (err == NCT_EARG && why->about == NCT_ABOUT_ALIGNMENT)
		return a->align_given ? "-a" : model_name(a);
	if (err == NCT_EARG)
		return a->encode.codebook != NULL && a->encode.pattern == NULL ? "--codebook" : "-D";
	if (err == NCT_EDATA && a->mode == ENCODE) /* text cannot be damaged */
		return model_name(a);
	return a->cli.operands[a->operand];
}

/* Bytes of all operands together; 0 if one is no regular file. */
static uint64_t
size_of_operands(const struct acwin *a)
{
	uint64_t size = 0;

	for (size_t i = 0; i < a->cli.operand_count; i++) {
		struct stat s;

		if (strcmp(a->cli.operands[i], "-") == 0 || stat(a->cli.operands[i], &s) != 0 || !S_ISREG(s.st_mode))
			return 0;
		size += (uint64_t)s.st_size;
	}
	return size;
}

static void
encode(struct acwin *a)
{
	nct_why why = {0};
	struct nct_totals totals = {0};
	nct_m1 *m = open_model(a);
	int out;

	follow_model(a, m);
	out = cli_output(&a->cli);
	if (a->encode.code == NCT_CODE_BEST && !nct_m1_has_best(m, a->encode.window_bits))
		die(&a->cli, EX_USE, "--code=best: the model has no such codebook for windows of %u bits", a->encode.window_bits);
	a->size = size_of_operands(a);
	a->encode.progress = progress;
	a->encode.begins = begins;
	a->encode.ctx = a;
	nct_err err = nct_encode(m, next_operand, a, out, &a->encode, &totals, &why);
	if (err == NCT_EARG && why.about == NCT_ABOUT_ALIGNMENT && !a->align_given)
		die(&a->cli, EX_DATA, "%s: %s", model_name(a), why.text); /* its pattern is wrong, not an option */
	if (err != NCT_OK)
		die_err(&a->cli, err, culprit(a, err, &why), &why);
	report(a, &totals);
	nct_m1_free(m);
	cli_output_done(&a->cli);
}

static void
lost(void *ctx, const nct_why *why)
{
	const struct acwin *a = ctx;

	note_err(&a->cli, NCT_EDATA, a->cli.operands[a->operand], why);
}

static void
decode(struct acwin *a)
{
	struct nct_totals totals = {0};
	nct_m1 *m = open_model(a);
	int out = a->mode == TEST ? -1 : cli_output(&a->cli);
	const struct nct_decode_options o = {sizeof o, .threads = a->cli.threads, .keep_going = a->keep_going, .show = a->show,
	    .no_codebook = a->no_codebook, .progress = progress, .lost = lost, .ctx = a};
	int status = EX_DONE;

	for (a->operand = 0; a->operand < a->cli.operand_count; a->operand++) {
		nct_why why = {0};
		int in = cli_input(&a->cli, a->operand);
		nct_err err = nct_decode(m, in, out, &o, &totals, &why);

		if (err != NCT_OK) {
			note_err(&a->cli, err, culprit(a, err, &why), &why);
			status = nct_err_status(err);
			if (!a->keep_going || (err != NCT_EDATA && err != NCT_ECUT)) /* NCT_ECUT: an empty operand */
				break;
		}
		if (err == NCT_OK || err == NCT_EDATA)
			report(a, &totals);
		if (in != STDIN_FILENO)
			(void)close(in); /* it was only read, so an error loses nothing */
	}
	nct_m1_free(m);
	if (status != EX_DONE) {
		cli_output_abort(&a->cli, a->keep_going && status == EX_DATA);
		exit(status);
	}
	if (out >= 0)
		cli_output_done(&a->cli);
}

static void
print_stream(void *ctx, const struct nct_header *h, const struct nct_totals *t, enum nct_end end)
{
	static const char *const codes[] = {"foreign", "split", "best", "unbroken"};
	static const char *const separators[] = {"operand", "nul", "regex"}, *const ends[] = {"whole", "damaged", "cut"};
	const struct acwin *a = ctx;
	FILE *f = a->rows;
	char documents[CLI_COUNT_ROOM], *name = cli_escaped(&a->cli, a->cli.operands[a->operand]);

	fprintf(f,
	        "%s\t%s\t%s\t%u\t%" PRIu32 "\t%" PRIu32 "\t%" PRIu64 "\t%s\t%016" PRIx64 "\t%" PRIu64 "\t%s\t%" PRIu64
	        "\t%" PRIu64,
	        name, h->kind == NCT_WINDOWS ? "windows" : "tokens", codes[h->code], h->window_bits, h->vocab,
	        h->resets, h->chunk, separators[h->separator], h->m1, t->blocks,
	        cli_count(documents, t->documents, t->documents_unknown), t->windows, t->tokens);
	fprintf(f, "\t%" PRIu64 "\t%" PRIu64 "\t", t->stream_bytes, t->code_bits);
	if (h->text_unknown)
		fprintf(f, "unknown\tunknown");
	else
		fprintf(f, "%" PRIu64 "\t%.4f", t->text_bytes,
		        t->text_bytes > 0 ? (double)t->code_bits / (double)t->text_bytes : 0.0);
	fprintf(f, "\t%s\t%s\t%s\n", ends[end], aligns[h->align],
	        h->code == NCT_CODE_NONE ? "none" : h->eod_alone ? "alone" : "joined");
	free(name);
}

static void
list(struct acwin *a)
{
	const struct nct_list_options o = {sizeof o, .keep_going = a->keep_going, .each = print_stream, .lost = lost,
	                                   .ctx = a};
	int status = EX_DONE;

	a->rows = cli_stdout(&a->cli);
	fprintf(
	    a->rows,
	    "file\tkind\tcode\twindow_bits\tvocab\tresets\tchunk\tseparator\tm1\tblocks\tdocuments\twindows\ttokens\t"
	    "stream_bytes\tcode_bits\ttext_bytes\tbits_per_byte\tend\talign\teod\n");
	for (a->operand = 0; a->operand < a->cli.operand_count; a->operand++) {
		nct_why why = {0};
		int in = cli_input(&a->cli, a->operand);
		nct_err err = nct_list(in, &o, &why);

		if (err != NCT_OK) {
			note_err(&a->cli, err, a->cli.operands[a->operand], &why);
			status = nct_err_status(err);
		}
		if (in != STDIN_FILENO)
			(void)close(in); /* it was only read, so an error loses nothing */
	}
	cli_stdout_done(&a->cli, a->rows);
	exit(status);
}

static double
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void
compile(struct acwin *a)
{
	const char *name = a->cli.output != NULL ? a->cli.output : "-";
	nct_why why = {0};
	nct_m1 *m = open_model(a);
	int out;
	nct_err err;

	follow_model(a, m);
	out = cli_output(&a->cli);
	const unsigned bits = a->encode.window_bits;
	const double start = now();
	err = nct_m1_compile(m, bits, a->cli.threads, &why);

	if (err == NCT_OK)
		err = nct_m1_write(m, out);
	nct_m1_free(m);
	if (err != NCT_OK)
		die_err(&a->cli, err, name, &why);
	if (a->cli.verbose)
		fprintf(stderr, "window_bits=%u\nstrings=%lu\nseconds=%.2f\n", bits, 1ul << bits, now() - start);
	cli_output_done(&a->cli);
}

static void
list_strings(struct acwin *a)
{
	nct_why why = {0};
	nct_m1 *m = open_model(a);
	int out;
	nct_err err;

	follow_model(a, m);
	out = cli_output(&a->cli);
	const struct nct_strings_options o = {sizeof o, .form = a->form, .window_bits = a->encode.window_bits,
	    .code = a->encode.code, .codebook = a->encode.codebook};
	err = nct_m1_list_strings(m, &o, out, &why);

	nct_m1_free(m);
	if (err != NCT_OK)
		die_err(&a->cli, err, model_name(a), &why);
	cli_output_done(&a->cli);
}

int
main(int argc, char **argv)
{
	struct acwin a = {
	    .cli = {.tool = "acwin",
	            .synopsis =
	    "[-d | -t | -l | --compile | --strings] [-m FILE] [-b N] [-c BYTES] [-r N] [-0 | -D REGEX] [-a WHERE] [FILE...]",
	            .about = "Compress text into windows of N bits that decode on their own, and decode them.",
	            .options = options,
	            .flags = CLI_THREADS | CLI_CPU | CLI_BINARY},
	    .encode = {sizeof a.encode, .resets = 1},
	};

	parse(&a, argc, argv);
	files_read(&a.cli.files, "-m", a.model);
	a.cli.files.no_input = a.mode == COMPILE || a.mode == STRINGS;
	if (a.mode == COMPILE)
		files_may_be_same(&a.cli.files, "-m", "-o");
	a.cli.files.no_output = a.mode == TEST;
	cli_check_files(&a.cli);
	if (a.mode == DECODE || (a.mode == STRINGS && a.form != NCT_STRINGS_LLMC))
		a.cli.flags &= ~(unsigned)CLI_BINARY; /* text may go to a terminal */
	switch (a.mode) {
	case ENCODE: encode(&a); break;
	case LIST: list(&a); break;
	case COMPILE: compile(&a); break;
	case STRINGS: list_strings(&a); break;
	default: decode(&a); break;
	}
	return EX_DONE;
}
