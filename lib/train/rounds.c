/* rounds.c - window-aware training of M1, in rounds: trains on contexts that begin where windows begin. */
#include "train/rounds.h"

#include <inttypes.h>
#include <lzma.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/rng.h"
#include "checkpoint.h"
#include "data/mapped_text.h"
#include "encode/parse.h"
#include "m1/context_cache.h"
#include "quantise/from_run.h"
#include "text/boundaries.h"
#include "world.h"

#define SPAN ((size_t)1 << 14)         /* symbols of a span; each is cut into windows on its own, like acwin's chunks */
#define SAMPLE_SMALL ((size_t)1 << 23) /* symbols of a round's sample, at most, for up to NCT_CODEBOOK_MAX bits ... */
#define SAMPLE_LARGE ((size_t)1 << 22) /* ... and for more bits, where a second gets through some ten thousand */
#define SAMPLE_KEY UINT64_C(0x77696e646f777300) /* "windows"; for the order of spans */

/* A window's reach is how many symbols it has read, including those given back at a boundary. So many symbols after
 * it are predicted, too: the one that did not fit, and one more, as windows grow with training. */
#define BEHIND 2

struct nct_rounds {
	const nct_text *text;
	const struct nct_shape *shape;
	const struct nct_train_options *o;
	uint64_t round;
	uint64_t *window;  /* (windows) index of its first symbol << REACH_BITS | its reach */
	size_t windows;
};

#define REACH_BITS 11
#define REACH_MASK ((UINT64_C(1) << REACH_BITS) - 1)

/* Symbols in a round's sample, at most. */
static size_t
sample_of(const struct nct_train_options *o)
{
	const size_t most = o->window_bits <= NCT_CODEBOOK_MAX ? SAMPLE_SMALL : SAMPLE_LARGE;
	const uint64_t steps = o->steps / o->rounds + 1, row = o->rows * o->accumulate * (uint64_t)o->length;

	if (row == 0 || steps > most / row) /* the round trains on at least as many symbols */
		return most;
	return steps * row > SPAN ? (size_t)(steps * row) : SPAN;
}

uint64_t
nct_rounds_bytes(const struct nct_train_options *o)
{
	/* each symbol has 2 bytes, a reach and perhaps an entry of `window` */
	const uint64_t each = 2 * sizeof(uint16_t) + sizeof(uint64_t);

	return each * sample_of(o) + (uint64_t)o->threads * NCT_CACHE_BYTES;
}

nct_err
nct_rounds_new(nct_rounds **out, const nct_text *text, const struct nct_shape *shape, const struct nct_train_options *o,
               nct_why *why)
{
	nct_bounds *tried;
	nct_err err;

	*out = NULL;
	if (o->window_bits < NCT_WINDOW_MIN || o->window_bits > NCT_WINDOW_MAX || o->rounds < 1 || o->long_share > 100 ||
	    (o->align == NCT_ALIGN_REGEX) != (o->align_pattern != NULL))
		return nct_fail(why, NCT_EARG, "windows, rounds, long share: out of range");
	if ((err = nct_bounds_new(&tried, NULL, o->align, o->align_pattern, NULL, why)) != NCT_OK)
		return err;
	nct_bounds_free(tried);
	if ((*out = calloc(1, sizeof **out)) == NULL)
		return nct_fail(why, NCT_ENOMEM, "out of memory");
	**out = (nct_rounds){.text = text, .shape = shape, .o = o, .round = NCT_NO_ROUND};
	return NCT_OK;
}

void
nct_rounds_free(nct_rounds *a)
{
	if (a == NULL)
		return;
	free(a->window);
	free(a);
}

/* The first step of the first round. */
static uint64_t
first_round(const struct nct_train_options *o, int from)
{
	return from ? 0 : o->steps / 2;
}

uint64_t
nct_rounds_round(const struct nct_train_options *o, int from, uint64_t step)
{
	const uint64_t begin = first_round(o, from), steps = o->steps - begin, each = (steps + o->rounds - 1) / o->rounds;

	return step < begin || each == 0 ? NCT_NO_ROUND : begin + (step - begin) / each * each;
}

/* ---- a round's windows ---- */

/* A sample of the text: spans, drawn without repetition, in sequence. */
struct sample {
	uint64_t *at;          /* (spans) index of their first symbol in the text */
	size_t spans, each, n; /* each: symbols in a span; n: symbols in all */
	uint16_t *symbol;      /* (n) */
	uint16_t *reach;       /* (n) reach of the window that begins at a symbol; 0: none begins there */
};

static void
sample_free(struct sample *s)
{
	free(s->at);
	free(s->symbol);
	free(s->reach);
}

static void
copy_symbols(const nct_text *t, uint64_t from, size_t n, uint16_t *out)
{
	uint32_t piece[256];

	for (size_t i = 0; i < n;) {
		const size_t k = n - i < 256 ? n - i : 256;

		(void)nct_text_get(t, from + i, k, piece);
		for (size_t j = 0; j < k; j++)
			out[i + j] = (uint16_t)piece[j];
		i += k;
	}
}

/* Draws a round's sample. The text is cut into spans from a random offset on, so that each round has other spans.
 * Less than a span is left out. */
static nct_err
draw_sample(struct sample *s, const nct_rounds *a, uint64_t round)
{
	const uint64_t all = nct_text_symbols(a->text), spans = all > SPAN ? all / SPAN : 1;
	const size_t want = sample_of(a->o) / SPAN;
	nct_rng key = {a->o->seed ^ SAMPLE_KEY};

	s->each = all < SPAN ? (size_t)all : SPAN;
	s->spans = spans < want ? (size_t)spans : want;
	s->n = s->spans * s->each;
	s->at = malloc(s->spans * sizeof *s->at);
	s->symbol = malloc(s->n * sizeof *s->symbol);
	s->reach = malloc(s->n * sizeof *s->reach);
	if (s->at == NULL || s->symbol == NULL || s->reach == NULL)
		return NCT_ENOMEM;
	key.s = nct_rng_next(&key) + round;
	const uint64_t from = nct_rng_below(&key, all - spans * s->each + 1), order = nct_rng_next(&key);
	for (size_t i = 0; i < s->spans; i++) {
		s->at[i] = from + nct_permute(spans, order, i) * s->each;
		copy_symbols(a->text, s->at[i], s->each, s->symbol + i * s->each);
	}
	return NCT_OK;
}

/* Makes the list of windows from s->reach. */
static nct_err
list_windows(nct_rounds *a, const struct sample *s)
{
	size_t n = 0;

	for (size_t i = 0; i < s->n; i++)
		n += s->reach[i] > 0;
	if (n == 0 || (a->window = malloc(n * sizeof *a->window)) == NULL)
		return n == 0 ? NCT_ECUT : NCT_ENOMEM;
	for (size_t i = 0; i < s->n; i++)
		if (s->reach[i] > 0)
			a->window[a->windows++] = (s->at[i / s->each] + i % s->each) << REACH_BITS | s->reach[i];
	return NCT_OK;
}

/* Finds a round's windows, on this rank. */
static nct_err
find_windows(nct_rounds *a, const struct nct_examples *e, const float *params, uint64_t round, uint64_t *symbols,
             nct_why *why)
{
	const struct nct_parse_plan plan = {.window_bits = a->o->window_bits,
	                                    .align = a->o->align,
	                                    .align_pattern = a->o->align_pattern,
	                                    .span = SPAN,
	                                    .threads = a->o->threads};
	struct sample s = {.n = 0};
	nct_why inner = {0};
	nct_m1 *m;
	nct_err err = nct_m1_from_floats(&m, a->shape, params, e, a->o, &inner);

	if (err == NCT_OK)
		err = draw_sample(&s, a, round);
	if (err == NCT_OK)
		err = nct_parse(m, &plan, s.symbol, s.n, s.reach, &inner);
	nct_m1_free(m);
	if (err == NCT_OK && (err = list_windows(a, &s)) == NCT_ECUT)
		(void)nct_fail(&inner, err, "the text is shorter than a window");
	*symbols = s.n;
	sample_free(&s);
	return err == NCT_OK
	           ? err
	           : nct_fail(why, err, "windows: %.200s", inner.text[0] != '\0' ? inner.text : nct_strerror(err));
}

nct_err
nct_rounds_parse(nct_rounds *a, const struct nct_examples *e, const float *params, uint64_t round,
                 struct nct_round_found *found, nct_why *why)
{
	const struct nct_world *w = a->o->world;
	const int finds = nct_world_rank(w) == 0;
	nct_err err = NCT_OK;

	free(a->window);
	a->window = NULL;
	a->windows = 0;
	*found = (struct nct_round_found){0};
	if (finds)
		err = find_windows(a, e, params, round, &found->symbols, why);
	found->windows = a->windows;
	if ((err = nct_world_agree(w, err, why)) != NCT_OK)
		return err;
	if ((err = nct_world_share(w, found, sizeof *found)) != NCT_OK)
		return nct_fail(why, err, "between the ranks: %s", nct_strerror(err));
	a->windows = (size_t)found->windows;
	if (!finds && (a->window = malloc(a->windows * sizeof *a->window)) == NULL)
		err = nct_fail(why, NCT_ENOMEM, "out of memory");
	if ((err = nct_world_agree(w, err, why)) != NCT_OK)
		return err;
	err = nct_world_share(w, a->window, a->windows * sizeof *a->window);
	return err == NCT_OK ? err : nct_fail(why, err, "between the ranks: %s", nct_strerror(err));
}

/* ---- rows ---- */

/* Writes the context that begins with `window`, as far as there is room. Returns the number of symbols written. */
static size_t
put_context(const nct_text *t, uint64_t window, size_t room, uint32_t *in, uint32_t *target, uint64_t *units)
{
	const uint64_t from = window >> REACH_BITS, left = nct_text_symbols(t) - from;
	size_t n = (size_t)(window & REACH_MASK) + BEHIND, end = 0;

	n = n < room ? n : room;
	n = n < left ? n : (size_t)left;
	(void)nct_text_get(t, from, n, target);
	while (end < n && target[end] != NCT_EOD)
		end++;
	*units += end;
	n = end < n ? end + 1 : n; /* nothing follows the document's end */
	in[0] = NCT_EOD;
	for (size_t i = 1; i < n; i++)
		in[i] = target[i - 1];
	return n;
}

/* Fills row `number` of the run with contexts. The last one is cut off at the row's end. */
static uint64_t
put_contexts(const nct_rounds *a, uint64_t number, size_t length, uint32_t *in, uint32_t *target, uint32_t *seen)
{
	nct_rng key = {~a->o->seed};
	uint64_t units = 0;

	key.s = nct_rng_next(&key) + number;
	key.s = nct_rng_next(&key);
	for (size_t at = 0; at < length;) {
		const uint64_t window = a->window[nct_rng_below(&key, a->windows)];
		const size_t n = put_context(a->text, window, length - at, in + at, target + at, &units);

		for (size_t i = 0; i < n; i++)
			seen[at + i] = (uint32_t)at;
		at += n;
	}
	return units;
}

/* True if row `number` of the run has a long example. */
static int
is_long(const nct_rounds *a, uint64_t number)
{
	const uint64_t place = number % 100 * a->o->long_share;

	return (place + a->o->long_share) / 100 > place / 100;
}

void
nct_rounds_fill(const nct_rounds *a, const struct nct_examples *e, uint64_t first, size_t rows, uint32_t *in,
                uint32_t *target, uint32_t *seen, uint64_t *targets, uint64_t *units)
{
	for (size_t r = 0; r < rows; r++) {
		const size_t at = r * e->length;

		if (is_long(a, first + r)) {
			nct_examples_fill(e, a->o->seed, first + r, 1, in + at, target + at, targets, units);
			memset(seen + at, 0, e->length * sizeof *seen);
		} else {
			*units += put_contexts(a, first + r, e->length, in + at, target + at, seen + at);
			*targets += e->length;
		}
	}
}

void
nct_rounds_describe(const struct nct_train_options *o, char *text, size_t n)
{
	const char *pattern = o->align_pattern != NULL ? o->align_pattern : "";

	snprintf(text, n, "%u bits, alignment %d %016" PRIx64 ", %u rounds, %u%% long", o->window_bits, (int)o->align,
	         lzma_crc64((const uint8_t *)pattern, strlen(pattern), 0), o->rounds, o->long_share);
}
