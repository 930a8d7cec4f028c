/* rounds.h - window-aware training of M1, in rounds: trains on contexts that begin where windows begin.
 *
 * acwin resets M1 after each window, so M1 mostly sees short contexts that begin with a window. The last steps of a
 * run are divided into rounds of equal length. When a round begins, the present parameters are quantised, and the
 * integer M1 cuts a sample of the text into windows. The steps of the round train on contexts from where these
 * windows begin, drawn at random, many to a row. Some rows still have long examples. */
#ifndef NCT_TRAIN_ROUNDS_H
#define NCT_TRAIN_ROUNDS_H

#include "data/examples.h"
#include "net/transformer.h"

typedef struct nct_rounds nct_rounds;

/* Prepares rounds for the windows that `o` asks for. All arguments are borrowed until nct_rounds_free(). On failure
 * *out is NULL. NCT_EARG (windows, rounds or long_share out of range, or a bad pattern), NCT_ENOMEM. */
nct_err nct_rounds_new(nct_rounds **out, const nct_text *text, const struct nct_shape *shape,
                       const struct nct_train_options *o, nct_why *why) NCT_USED;
void nct_rounds_free(nct_rounds *a); /* NULL is a no-op */
/* Bytes that a round needs at most for its windows and to find them, without the integer M1. */
uint64_t nct_rounds_bytes(const struct nct_train_options *o);

/* Steps count from 0 here. Returns the first step of the round that `step` belongs to, or NCT_NO_ROUND before the
 * first round. Rounds take the second half of a run's steps, or, if `from` (it began with another run's parameters),
 * all. */
uint64_t nct_rounds_round(const struct nct_train_options *o, int from, uint64_t step);

/* What a round found. */
struct nct_round_found {
	uint64_t symbols, windows; /* symbols in the sample, and the windows that they make */
};

/* Begins the round whose first step is `round`. Rank 0 cuts a sample of the text, which depends on `round`, into
 * windows, and shares them with all ranks. `e` are the long examples. Errors of quantising and parsing. */
nct_err nct_rounds_parse(nct_rounds *a, const struct nct_examples *e, const float *params, uint64_t round,
                         struct nct_round_found *found, nct_why *why) NCT_USED;

/* Fills rows `first` to first + rows - 1 of the run, as nct_examples_fill() does. o->long_share percent of the rows
 * get a long example, the others contexts. seen (rows,length) becomes the first position that each position may
 * attend to. */
void nct_rounds_fill(const nct_rounds *a, const struct nct_examples *e, uint64_t first, size_t rows, uint32_t *in,
                     uint32_t *target, uint32_t *seen, uint64_t *targets, uint64_t *units);

/* Describes, for checkpoints, the options of rounds, which may not change in a run. Writes at most n bytes of text,
 * NUL included. */
void nct_rounds_describe(const struct nct_train_options *o, char *text, size_t n);

#endif
