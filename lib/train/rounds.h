/* rounds.h - window-aware training: contexts that begin where windows begin, many to a row, among rows of long
 * examples.
 *
 * A run's last steps are rounds of equal length. As a round begins, a sample of the text is parsed into windows with
 * the integers of the parameters as they are; its steps then take contexts from where those windows begin, drawn at
 * random. */
#ifndef NCT_TRAIN_ROUNDS_H
#define NCT_TRAIN_ROUNDS_H

#include "data/examples.h"
#include "net/transformer.h"

typedef struct nct_rounds nct_rounds;

/* For the windows that `o` asks for, in `text`; all is borrowed until nct_rounds_free(). NCT_EARG (the pattern,
 * rounds, the share), NCT_ENOMEM. */
nct_err nct_rounds_new(nct_rounds **out, const nct_text *text, const struct nct_shape *shape,
                       const struct nct_train_options *o, nct_why *why) NCT_USED;
void nct_rounds_free(nct_rounds *a); /* NULL is a no-op */
/* At most what a round's windows and the search for them need, beyond the integer model. */
uint64_t nct_rounds_bytes(const struct nct_train_options *o);

/* The step (of o->steps, counted from 0) before which the round began that `step` is of; NCT_NO_ROUND: no round yet.
 * The run takes up all its steps with rounds if it went on `from` another's parameters, else the second half of
 * them. */
uint64_t nct_rounds_round(const struct nct_train_options *o, int from, uint64_t step);

/* What parsing gave. */
struct nct_parsed {
	uint64_t symbols, windows;
};

/* Begins the round before step `round`: parses, on rank 0, a sample of the text that depends on it, and shares the
 * windows found with all. `e` are the long examples. Errors of quantising and parsing. */
nct_err nct_rounds_parse(nct_rounds *a, const struct nct_examples *e, const float *params, uint64_t round,
                         struct nct_parsed *found, nct_why *why) NCT_USED;

/* Fills rows[0..rows) as nct_examples_fill() does, row `first` of the run and those that follow it, with long
 * examples for the share of rows that is theirs, else with contexts; seen[] becomes the first position that each may
 * attend to. */
void nct_rounds_fill(const nct_rounds *a, const struct nct_examples *e, uint64_t first, size_t rows, uint32_t *in,
                     uint32_t *target, uint32_t *seen, uint64_t *targets, uint64_t *units);

/* What a checkpoint says of the options, which may not change: as NUL-terminated text of at most `n` bytes. */
void nct_rounds_describe(const struct nct_train_options *o, char *text, size_t n);

#endif
