/* bpbcalc.c - bits and FLOPs per byte of text, from evaluation tables and token streams. */
#include "cli.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"

#define TABLE_BITS_MAX 20 /* bits of windows that can have a codebook, at most */

enum { OPT_UNIGRAM_FROM = 256, OPT_PRETTY };

static const struct cli_option options[] = {
	{OPT_UNIGRAM_FROM, "unigram-from", "FILE", "fit unigram_bpb on these tokens (default: on the measured ones)"},
	{OPT_PRETTY, "pretty", NULL, "align the columns"},
	{0, NULL, NULL, NULL},
};

/* The columns of numbers. */
enum { BYTES, TOKENS, BYTES_PER_TOKEN, UNIFORM, UNIGRAM, M2, M2_FLOPS, M2_FLOPS_OUTPUT, M1_FLOPS, NUMBERS };
enum { FITTED_ON = NUMBERS, SOURCE, COLUMNS };

static const char *const names[COLUMNS] = {"bytes", "tokens", "bytes_per_token", "uniform_bpb", "unigram_bpb", "m2_bpb",
                                           "m2_flops_per_byte", "m2_flops_per_byte_with_output", "m1_flops_per_byte",
                                           "unigram", "source"};

struct row {
	char cell[NUMBERS][64];  /* as printed; "" if the column does not apply */
	const char *fitted_on;   /* "oracle" or "held-out" */
	char *source;            /* owned: the operand's name */
};

/* What the options said, and what was read. */
struct bpbcalc {
	struct cli cli;
	const char *unigram_from; /* NULL: not given */
	int pretty;
	const char *name;         /* of the file being read */
	uint64_t done, reading;   /* bytes of the files before it; bytes read of it */
	struct nct_header fit;    /* of the tokens of --unigram-from */
	uint64_t fit_tokens;      /* their number */
	uint64_t *fit_counts;     /* (fit.vocab) owned: how often each id occurs */
	struct row *rows;
	size_t count, cap;
};

/* ---- The formulas (bpbcalc(1)) ---- */

/* Code length of the tokens, in bits, if all ids are equally likely. */
static double
uniform_bits(const struct nct_measured *m)
{
	return (double)m->tokens * log2(m->header.vocab);
}

/* The same by the tokens' own relative frequencies. No code that has fixed lengths for ids takes fewer bits. */
static double
oracle_bits(const struct nct_measured *m)
{
	double bits = 0;

	for (uint32_t id = 0; id < m->header.vocab; id++)
		if (m->counts[id] > 0)
			bits += (double)m->counts[id] * log2((double)m->tokens / (double)m->counts[id]);
	return bits;
}

/* The same by the frequencies of other tokens, with 1 added to the count of each id. */
static double
held_out_bits(const struct nct_measured *m, const uint64_t *fit, uint64_t fit_tokens)
{
	double bits = 0, all = (double)fit_tokens + m->header.vocab;

	for (uint32_t id = 0; id < m->header.vocab; id++)
		if (m->counts[id] > 0)
			bits += (double)m->counts[id] * log2(all / ((double)fit[id] + 1));
	return bits;
}

static double
m2_bits(const struct nct_measured *m)
{
	return m->nats / log(2);
}

/* With a multiplication and an addition for each parameter and token. */
static double
m2_flops(const struct nct_measured *m, double parameters)
{
	return 2 * parameters * (double)m->tokens;
}

/* M1 costs nothing per byte if the windows have a codebook, which is made once for each model. */
static double
m1_flops_per_byte(const struct nct_header *h)
{
	int table = h->code == NCT_CODE_BEST ||
	            (h->code == NCT_CODE_SPLIT && h->window_bits <= TABLE_BITS_MAX && h->resets == 1);

	return h->code == NCT_CODE_NONE || table ? 0 : 2 * (double)h->m1_parameters;
}

/* ---- Reading ---- */

/* Gives back `p`; ends the tool if it is NULL. */
static void *
have(const struct bpbcalc *b, void *p)
{
	if (p == NULL)
		die_err(&b->cli, NCT_ENOMEM, b->name, NULL);
	return p;
}

static struct row *
new_row(struct bpbcalc *b)
{
	if (b->count == b->cap) {
		b->cap = 2 * b->cap + 4;
		b->rows = have(b, realloc(b->rows, b->cap * sizeof *b->rows));
	}
	b->rows[b->count] = (struct row){.fitted_on = b->unigram_from != NULL ? "held-out" : "oracle",
	                                 .source = cli_escaped(&b->cli, b->name)};
	return &b->rows[b->count++];
}

static void
set(struct row *r, unsigned column, int decimals, double value)
{
	snprintf(r->cell[column], sizeof r->cell[column], "%.*f", decimals, value);
}

/* Ends the tool if bits/byte cannot be computed. */
static void
refuse(const struct bpbcalc *b, const struct nct_measured *m)
{
	nct_why why;

	if (m->tokens == 0)
		die(&b->cli, EX_DATA, "%s: no tokens", b->name);
	if (m->header.text_unknown)
		die(&b->cli, EX_DATA, "%s: text bytes are not known, so bits/byte cannot be told", b->name);
	if (m->text_bytes == 0)
		die(&b->cli, EX_DATA, "%s: no bytes of text", b->name);
	if (b->unigram_from != NULL && !nct_same_tokens(&b->fit, &m->header, &why))
		die(&b->cli, EX_DATA, "%s: tokens differ from those of %s: %s", b->name, b->unigram_from, why.text);
}

static void
add_row(void *ctx, const struct nct_measured *m)
{
	struct bpbcalc *b = ctx;
	double bytes = (double)m->text_bytes;
	struct row *r;

	refuse(b, m);
	r = new_row(b);
	snprintf(r->cell[BYTES], sizeof r->cell[BYTES], "%" PRIu64, m->text_bytes);
	snprintf(r->cell[TOKENS], sizeof r->cell[TOKENS], "%" PRIu64, m->tokens);
	set(r, BYTES_PER_TOKEN, 4, bytes / (double)m->tokens);
	set(r, UNIFORM, 4, uniform_bits(m) / bytes);
	if (m->counts != NULL)
		set(r, UNIGRAM, 4,
		    (b->unigram_from != NULL ? held_out_bits(m, b->fit_counts, b->fit_tokens) : oracle_bits(m)) /
		        bytes);
	if (m->evaluated) {
		set(r, M2, 4, m2_bits(m) / bytes);
		set(r, M2_FLOPS, 0, m2_flops(m, (double)m->m2_parameters) / bytes);
		if (m->m2_output_parameters > 0)
			set(r, M2_FLOPS_OUTPUT, 0, m2_flops(m, (double)m->m2_parameters + (double)m->m2_output_parameters) / bytes);
	}
	set(r, M1_FLOPS, 0, m1_flops_per_byte(&m->header));
}

static void
take_fit(void *ctx, const struct nct_measured *m)
{
	struct bpbcalc *b = ctx;
	size_t n = m->header.vocab * sizeof *m->counts;

	if (b->fit_counts != NULL)
		die(&b->cli, EX_DATA, "%s: more than one evaluation table", b->name);
	if (m->tokens == 0)
		die(&b->cli, EX_DATA, "%s: no tokens", b->name);
	if (m->counts == NULL)
		die(&b->cli, EX_DATA, "%s: the table has no token counts", b->name);
	b->fit = m->header;
	b->fit_tokens = m->tokens;
	b->fit_counts = have(b, malloc(n));
	memcpy(b->fit_counts, m->counts, n);
}

static void
progress(void *ctx, uint64_t bytes)
{
	struct bpbcalc *b = ctx;

	b->reading = bytes;
	cli_progress(&b->cli, b->done + bytes, 0);
}

static void
measure(struct bpbcalc *b, int in, const char *name, void (*each)(void *, const struct nct_measured *))
{
	nct_why why = {0};
	nct_err err;

	b->name = name;
	b->reading = 0;
	if ((err = nct_measure(in, each, progress, b, &why)) != NCT_OK)
		die_err(&b->cli, err, name, &why);
	if (in != STDIN_FILENO)
		(void)close(in); /* it was only read, so an error loses nothing */
	b->done += b->reading;
}

static void
measure_all(struct bpbcalc *b)
{
	const struct cli *c = &b->cli;
	int in = STDIN_FILENO;

	if (b->unigram_from != NULL) {
		if (strcmp(b->unigram_from, "-") != 0 && (in = open(b->unigram_from, O_RDONLY | O_CLOEXEC)) < 0)
			die(c, EX_FAIL, "%s: %s", b->unigram_from, strerror(errno));
		measure(b, in, b->unigram_from, take_fit);
	}
	for (size_t i = 0; i < c->operand_count; i++)
		measure(b, cli_input(c, i), c->operands[i], add_row);
}

/* ---- Printing ---- */

/* The text of a cell. Row 0 has the names of the columns. */
static const char *
cell(const struct bpbcalc *b, size_t row, unsigned column)
{
	const struct row *r = row > 0 ? &b->rows[row - 1] : NULL;

	if (r == NULL)
		return names[column];
	if (column >= NUMBERS)
		return column == FITTED_ON ? r->fitted_on : r->source;
	return r->cell[column][0] == '\0' && b->pretty ? "-" : r->cell[column];
}

static void
print_rows(const struct bpbcalc *b, FILE *f)
{
	int width[COLUMNS] = {0};

	for (size_t row = 0; b->pretty && row <= b->count; row++)
		for (unsigned k = 0; k < SOURCE; k++) /* nothing follows the source */
			if ((int)strlen(cell(b, row, k)) > width[k])
				width[k] = (int)strlen(cell(b, row, k));
	for (size_t row = 0; row <= b->count; row++)
		for (unsigned k = 0; k < COLUMNS; k++)
			fprintf(f, "%*s%s", k < NUMBERS ? width[k] : -width[k], cell(b, row, k),
			        k == SOURCE ? "\n"
			        : b->pretty ? "  "
			                    : "\t");
}

/* Prints the table. Nothing is printed before all input was read, as a table that stops at a fault would look
 * complete. */
static void
print(const struct bpbcalc *b)
{
	const struct cli *c = &b->cli;
	char *text = NULL;
	size_t n = 0;
	FILE *f = open_memstream(&text, &n);
	int out;

	have(b, f);
	print_rows(b, f);
	if (fclose(f) != 0)
		die_err(c, NCT_ENOMEM, b->name, NULL);
	cli_progress_end(c);
	out = cli_output(c);
	if (nct_write(out, text, n) != NCT_OK)
		die(c, EX_FAIL, "%s: cannot write: %s", c->output != NULL ? c->output : "-", strerror(errno));
	cli_output_done(c);
	free(text);
}

static void
report(const struct bpbcalc *b)
{
	for (size_t i = 0; i < b->count; i++)
		if (b->rows[i].cell[UNIGRAM][0] == '\0')
			note(&b->cli, "%s: the table has no token counts: unigram_bpb is left out", b->rows[i].source);
	if (b->cli.verbose)
		fprintf(stderr, "rows=%zu\ninput_bytes=%" PRIu64 "\n", b->count, b->done);
}

static void
parse(struct bpbcalc *b, int argc, char **argv)
{
	const struct cli *c = &b->cli;
	const char *arg;
	int o;

	while ((o = cli_next(&b->cli, argc, argv, &arg)) != -1)
		switch (o) {
		case OPT_UNIGRAM_FROM: b->unigram_from = arg; break;
		case OPT_PRETTY: b->pretty = 1; break;
		default: break;
		}
	for (size_t i = 0; b->unigram_from != NULL && strcmp(b->unigram_from, "-") == 0 && i < c->operand_count; i++)
		if (strcmp(c->operands[i], "-") == 0)
			die(c, EX_USE, "--unigram-from=-: standard input is read already");
	files_read(&b->cli.files, "--unigram-from", b->unigram_from);
	cli_check_files(c);
}

int
main(int argc, char **argv)
{
	struct bpbcalc b = {
		.cli = {.tool = "bpbcalc",
		        .synopsis = "[--unigram-from=FILE] [--pretty] [-o FILE] [FILE...]",
		        .about = "Tell bits and FLOPs per byte of text, from token streams and tables of m2train -E.",
		        .options = options},
	};

	parse(&b, argc, argv);
	measure_all(&b);
	print(&b);
	report(&b);
	for (size_t i = 0; i < b.count; i++)
		free(b.rows[i].source);
	free(b.rows);
	free(b.fit_counts);
	return EX_DONE;
}
