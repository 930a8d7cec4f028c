/* evaluation.c - reads evaluation tables, strictly (nct-formats(5), "EVALUATION TABLES"). */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "stream/frame.h"
#include "tokens/measure.h"

#define LINE_BYTES 1024 /* bytes of a line with its newline, at most */
#define POSITIONS 65536 /* the index of a position is below this */
#define REAL_CHARS 40   /* characters of a real number are fewer than this */
#define REAL_MAX 1e30   /* the largest real number */

/* The columns, in the order of NCT_EVALUATION_COLUMNS. Older tables end before the last one. */
enum column {
	ROW,
	INDEX,
	TOKENS,
	TEXT_BYTES,
	NATS,
	NATS_PER_TOKEN,
	BITS_PER_TOKEN,
	ACCURACY,
	VOCABULARY,
	TOKEN_BITS,
	WINDOW_BITS,
	RESETS,
	CODE,
	M2_PARAMETERS,
	M1_PARAMETERS,
	M2_OUTPUT_PARAMETERS,
	COLUMNS,
	COLUMNS_BEFORE = M2_OUTPUT_PARAMETERS
};

enum row { TOTAL = 1, POSITION = 2, TOKEN = 4 };

enum type { INTEGER, REAL, NAME };

/* What a column may hold. */
static const struct rule {
	unsigned rows;           /* sum of enum row: those in which it is filled; in others it is empty */
	unsigned may_lack;       /* those of them in which it may be empty, too */
	enum type type;
	uint64_t min, max;       /* range of an integer */
	double top;              /* range of a real: 0 to this */
} rules[COLUMNS] = {
	[INDEX] = {.rows = POSITION | TOKEN, .max = POSITIONS - 1},
	[TOKENS] = {.rows = TOTAL | POSITION | TOKEN, .max = UINT64_MAX},
	[TEXT_BYTES] = {.rows = TOTAL, .may_lack = TOTAL, .max = UINT64_MAX},
	[NATS] = {.rows = TOTAL | POSITION, .type = REAL, .top = REAL_MAX},
	[NATS_PER_TOKEN] = {.rows = TOTAL | POSITION, .type = REAL, .top = REAL_MAX},
	[BITS_PER_TOKEN] = {.rows = TOTAL | POSITION, .type = REAL, .top = REAL_MAX},
	[ACCURACY] = {.rows = TOTAL | POSITION, .type = REAL, .top = 1},
	[VOCABULARY] = {.rows = TOTAL, .min = 2, .max = 65536},
	[TOKEN_BITS] = {.rows = TOTAL, .max = 16},
	[WINDOW_BITS] = {.rows = TOTAL, .max = NCT_WINDOW_MAX},
	[RESETS] = {.rows = TOTAL, .max = UINT32_MAX},
	[CODE] = {.rows = TOTAL, .type = NAME},
	[M2_PARAMETERS] = {.rows = TOTAL, .max = UINT64_MAX},
	[M1_PARAMETERS] = {.rows = TOTAL, .max = UINT64_MAX},
	[M2_OUTPUT_PARAMETERS] = {.rows = TOTAL, .min = 1, .max = UINT64_MAX},
};

/* Some characters of a line; borrowed. */
struct text {
	const char *p;
	size_t n;
};

/* A field's value. */
struct value {
	uint64_t u; /* of an integer; of a name its enum nct_code */
	double d;   /* of a real */
};

struct tables {
	struct nct_input *input;
	const struct nct_measure_calls *calls;
	nct_why *why;
	uint64_t line;         /* number of the last line, from 1 */
	size_t line_bytes;     /* of that line and its newline, which are not consumed yet */
	int open;              /* a table has begun */
	unsigned columns;      /* that it has */
	int total;             /* it has had its row 'total' */
	struct nct_measured m; /* what it told so far */
	int counted;           /* it has had rows 'token' */
	uint64_t next_id;      /* the smallest id that may come next */
	uint64_t id_tokens;    /* sum of the rows 'token' */
	uint64_t counts[65536];
	uint8_t positions[POSITIONS / 8]; /* a bit for each row 'position' */
};

static int
is(struct text t, const char *s)
{
	return t.n == strlen(s) && memcmp(t.p, s, t.n) == 0;
}

/* Cuts the first field off *rest, with the tab behind it, and returns it. After the last field rest->p is NULL. */
static struct text
next_field(struct text *rest)
{
	const char *tab = memchr(rest->p, '\t', rest->n);
	struct text t = {rest->p, tab != NULL ? (size_t)(tab - rest->p) : rest->n};

	if (tab != NULL)
		*rest = (struct text){tab + 1, rest->n - t.n - 1};
	else
		*rest = (struct text){NULL, 0};
	return t;
}

static struct text
column_name(unsigned column)
{
	struct text rest = {NCT_EVALUATION_COLUMNS, strlen(NCT_EVALUATION_COLUMNS)}, t = next_field(&rest);

	while (column-- > 0)
		t = next_field(&rest);
	return t;
}

/* Reports a fault of the current line, in one column: "NAME `what`". */
static nct_err
bad_field(const struct tables *t, unsigned column, const char *what)
{
	struct text name = column_name(column);

	return nct_fail(t->why, NCT_EDATA, "%.*s %s, line %" PRIu64, (int)name.n, name.p, what, t->line);
}

/* Reports another fault of the current line. */
static nct_err
bad_line(const struct tables *t, const char *what)
{
	return nct_fail(t->why, NCT_EDATA, "%s, line %" PRIu64, what, t->line);
}

/* ---- Values ---- */

/* Reads an integer: decimal digits alone, without leading zeros. Returns 0 if it is none, or larger than `max`. */
static int
get_integer(struct text t, uint64_t max, uint64_t *out)
{
	uint64_t x = 0;

	if (t.n == 0 || (t.n > 1 && t.p[0] == '0'))
		return 0;
	for (size_t i = 0; i < t.n; i++) {
		unsigned digit = (unsigned)(t.p[i] - '0');

		if (t.p[i] < '0' || t.p[i] > '9' || __builtin_mul_overflow(x, 10, &x) || __builtin_add_overflow(x, digit, &x))
			return 0;
	}
	*out = x;
	return x <= max;
}

static const char *
skip_digits(const char *s)
{
	return s + strspn(s, "0123456789");
}

/* Reads a real number: digits, perhaps a fraction, perhaps an exponent. Returns 0 if it is none, or larger than `max`.
 * strtod() alone would also accept signs, blanks, hexadecimal digits and names. */
static int
get_real(struct text t, double max, double *out)
{
	char s[REAL_CHARS];
	const char *at = s, *digits;
	char *end;

	if (t.n >= sizeof s || memchr(t.p, '\0', t.n) != NULL)
		return 0;
	memcpy(s, t.p, t.n);
	s[t.n] = '\0';
	if ((at = skip_digits(s)) == s)
		return 0;
	if (*at == '.') {
		digits = at + 1;
		if ((at = skip_digits(digits)) == digits)
			return 0;
	}
	if (*at == 'e') {
		digits = at + 1 + (at[1] == '+' || at[1] == '-');
		if ((at = skip_digits(digits)) == digits)
			return 0;
	}
	if (*at != '\0')
		return 0;
	*out = strtod(s, &end); /* infinite if it is too large, 0 if it is too small */
	return *end == '\0' && *out <= max;
}

static int
get_code(struct text t, uint64_t *out)
{
	for (unsigned i = 0; nct_code_name(i) != NULL; i++)
		if (is(t, nct_code_name(i))) {
			*out = i;
			return 1;
		}
	return 0;
}

static nct_err
get_value(const struct tables *t, enum row row, unsigned column, struct text text, struct value *v)
{
	const struct rule *r = &rules[column];
	int good = 0;

	if (!(r->rows & row))
		return text.n == 0 ? NCT_OK : bad_field(t, column, "does not belong in such a row");
	if (text.n == 0)
		return r->may_lack & row ? NCT_OK : bad_field(t, column, "is missing");
	switch (r->type) {
	case INTEGER: good = get_integer(text, r->max, &v->u) && v->u >= r->min; break;
	case REAL: good = get_real(text, r->top, &v->d); break;
	case NAME: good = get_code(text, &v->u); break;
	}
	return good ? NCT_OK : bad_field(t, column, r->type == NAME ? "is not known" : "is no number, or one out of range");
}

/* ---- Rows ---- */

static nct_err
take_total(struct tables *t, const struct value v[COLUMNS], int text_unknown)
{
	struct nct_header *h = &t->m.header;
	struct nct_fault fault;

	if (t->total)
		return bad_line(t, "a second row 'total'");
	t->total = 1;
	*h = (struct nct_header){.kind = NCT_TOKENS,
	                         .code = (enum nct_code)v[CODE].u,
	                         .window_bits = (unsigned)v[WINDOW_BITS].u,
	                         .token_bits = (unsigned)v[TOKEN_BITS].u,
	                         .vocab = (uint32_t)v[VOCABULARY].u,
	                         .resets = (uint32_t)v[RESETS].u,
	                         .text_unknown = text_unknown,
	                         .m1_parameters = v[M1_PARAMETERS].u};
	fault = nct_header_fault(h);
	if (fault.what != NULL)
		return nct_fail(t->why, NCT_EDATA, "the columns contradict each other (%s), line %" PRIu64, fault.what, t->line);
	t->m.tokens = v[TOKENS].u;
	t->m.text_bytes = v[TEXT_BYTES].u;
	t->m.nats = v[NATS].d;
	t->m.m2_parameters = v[M2_PARAMETERS].u;
	t->m.m2_output_parameters = v[M2_OUTPUT_PARAMETERS].u;
	return NCT_OK;
}

static nct_err
take_position(struct tables *t, uint64_t index)
{
	uint8_t bit = (uint8_t)(1u << index % 8);

	if (t->m.header.window_bits > 0 && index >= t->m.header.window_bits)
		return bad_field(t, INDEX, "is past the window");
	if (t->positions[index / 8] & bit)
		return bad_line(t, "a second row of this position");
	t->positions[index / 8] |= bit;
	return NCT_OK;
}

static nct_err
take_token(struct tables *t, uint64_t id, uint64_t tokens)
{
	if (id >= t->m.header.vocab)
		return bad_field(t, INDEX, "is an id outside the vocabulary");
	if (id < t->next_id)
		return bad_line(t, "ids do not ascend");
	if (tokens > t->m.tokens - t->id_tokens)
		return bad_line(t, "the ids' tokens are more than the total");
	t->counted = 1;
	t->next_id = id + 1;
	t->id_tokens += tokens;
	t->counts[id] = tokens;
	return NCT_OK;
}

static nct_err
take_row(struct tables *t, struct text line)
{
	struct text rest = line, name = next_field(&rest);
	enum row row = is(name, "total") ? TOTAL : is(name, "position") ? POSITION : TOKEN;
	struct value v[COLUMNS] = {{0, 0}};
	int text_unknown = 0;
	nct_err err;

	if (row == TOKEN && !is(name, "token"))
		return bad_line(t, "a row of an unknown kind");
	if (!t->total && row != TOTAL)
		return bad_line(t, "the first row is not 'total'");
	for (unsigned column = 1; column < t->columns; column++) {
		struct text field;

		if (rest.p == NULL)
			return bad_line(t, "too few columns");
		field = next_field(&rest);
		if ((err = get_value(t, row, column, field, &v[column])) != NCT_OK)
			return err;
		text_unknown |= column == TEXT_BYTES && field.n == 0;
	}
	if (rest.p != NULL)
		return bad_line(t, "too many columns");
	if (row == TOTAL)
		return take_total(t, v, text_unknown);
	return row == POSITION ? take_position(t, v[INDEX].u) : take_token(t, v[INDEX].u, v[TOKENS].u);
}

/* ---- Tables ---- */

/* Ends the table that is open, if one is: checks it and passes it on. */
static nct_err
end_table(struct tables *t)
{
	if (!t->open)
		return NCT_OK;
	if (!t->total)
		return bad_line(t, "no row 'total' before this");
	if (t->counted && t->id_tokens != t->m.tokens)
		return bad_line(t, "the ids' tokens are fewer than the total before this");
	t->m.evaluated = 1;
	t->m.counts = t->counted ? t->counts : NULL;
	t->calls->each(t->calls->ctx, &t->m);
	return NCT_OK;
}

static nct_err
take_header(struct tables *t, struct text line)
{
	t->columns = COLUMNS;
	for (unsigned column = 0; column < COLUMNS; column++) {
		struct text want = column_name(column), got = {NULL, 0};

		if (column == COLUMNS_BEFORE && line.p == NULL) {
			t->columns = COLUMNS_BEFORE;
			break;
		}

		if (line.p != NULL)
			got = next_field(&line);
		if (got.p != NULL && got.n == want.n && memcmp(got.p, want.p, want.n) == 0)
			continue;
		if (column == 0)
			return nct_fail(t->why, NCT_EKIND, "neither an evaluation table nor an nct stream, line %" PRIu64, t->line);
		return nct_fail(t->why, NCT_EDATA, "column %u is not '%.*s', line %" PRIu64, column + 1, (int)want.n,
		                want.p, t->line);
	}
	return line.p == NULL ? NCT_OK : bad_line(t, "too many columns");
}

static nct_err
begin_table(struct tables *t, struct text line)
{
	nct_err err = end_table(t);

	if (err != NCT_OK)
		return err;
	if (t->counted)
		memset(t->counts, 0, sizeof t->counts);
	memset(t->positions, 0, sizeof t->positions);
	t->open = 1;
	t->total = t->counted = 0;
	t->next_id = t->id_tokens = 0;
	return take_header(t, line);
}

/* Reads the next line, without its newline. line->p is NULL at the end. Valid until the next call. */
static nct_err
next_line(struct tables *t, struct text *line)
{
	struct nct_input *f = t->input;
	nct_err err;

	*line = (struct text){NULL, 0};
	nct_input_consume(f, t->line_bytes);
	t->line_bytes = 0;
	for (;;) {
		size_t n = nct_input_have(f) < LINE_BYTES ? nct_input_have(f) : LINE_BYTES;
		const uint8_t *p, *end;

		if (n > 0) {
			p = nct_input_bytes(f);
			if ((end = memchr(p, '\n', n)) != NULL) {
				t->line++;
				t->line_bytes = (size_t)(end - p) + 1;
				*line = (struct text){(const char *)p, (size_t)(end - p)};
				return NCT_OK;
			}
		}
		if (n == LINE_BYTES)
			return nct_fail(t->why, NCT_EDATA, "the line is too long, line %" PRIu64, t->line + 1);
		if (f->ended)
			return n == 0 ? NCT_OK : nct_fail(t->why, NCT_ECUT, "ends early, line %" PRIu64, t->line + 1);
		if ((err = nct_input_more(f)) != NCT_OK)
			return err;
		if (t->calls->progress != NULL)
			t->calls->progress(t->calls->ctx, f->offset);
	}
}

nct_err
nct_measure_tables(struct nct_input *input, const struct nct_measure_calls *calls, nct_why *why)
{
	struct tables *t = calloc(1, sizeof *t);
	struct text line;
	nct_err err;
	int saved;

	if (t == NULL)
		return NCT_ENOMEM;
	t->input = input;
	t->calls = calls;
	t->why = why;
	while ((err = next_line(t, &line)) == NCT_OK && line.p != NULL) {
		struct text rest = line;

		err = t->line == 1 || is(next_field(&rest), "row") ? begin_table(t, line) : take_row(t, line);
		if (err != NCT_OK)
			break;
	}
	if (err == NCT_OK)
		err = end_table(t);
	saved = errno;
	free(t);
	errno = saved;
	return err;
}
