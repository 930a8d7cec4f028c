/* examples.h - examples to train on, and their order in a run. */
#ifndef NCT_DATA_EXAMPLES_H
#define NCT_DATA_EXAMPLES_H

#include "nct-train.h"

/* symbols of text in an evaluation's sample, at most; but the sample has at least one example */
#define NCT_EVAL_SYMBOLS ((size_t)1 << 18)

struct nct_composition;
struct nct_rounds;

/* A source of numbered examples, all of the same length. The training loop knows its data only by this. */
struct nct_examples {
	const void *ctx; /* borrowed */
	uint64_t count;
	size_t length;
	uint64_t crc;      /* CRC64 of the data; a checkpoint is only continued with the same data */
	uint64_t sample;   /* how many examples an evaluation takes, at most `count`; always the same ones */
	const char *what;  /* what a checkpoint calls the data: "text" or "tokens" */
	const char *unit;  /* what get() counts: "bytes" or "tokens" */
	const char *per;   /* losses are bits per this: "byte", or "token" if the bytes of the text are unknown */
	double per_unit;   /* how many of `per` a unit is, on average over all examples */
	const struct nct_composition *parts; /* NULL, or the parts of tokens, whose rows are composed; borrowed */
	struct nct_rounds *rounds; /* NULL, or the source of rows for training on windows (rounds.h); borrowed */
	/* Writes example i: in (length) and target (length), NCT_NO_TARGET where there is no target. Returns how many bytes
	 * of text, or tokens (see `unit`), the targets are. */
	uint64_t (*get)(const struct nct_examples *e, uint64_t i, uint32_t *in, uint32_t *target);
};

/* Examples of `length` symbols of `t` (borrowed). Targets of example i are symbols [i * length, (i + 1) * length).
 * Its inputs are NCT_EOD (as BOS) and all targets but the last. The last example may have fewer targets. */
void nct_text_examples(struct nct_examples *e, const nct_text *t, size_t length);

/* Element i of a permutation of [0, n), n >= 1, chosen by `key`. It is computed without tables, by a Feistel network
 * over the next power of 4 and cycle-walking (Black and Rogaway, 2002). */
uint64_t nct_permute(uint64_t n, uint64_t key, uint64_t i);

/* The number of the i-th example of a run. Each epoch has a permutation of its own. */
uint64_t nct_examples_order(const struct nct_examples *e, uint64_t seed, uint64_t i);

/* Fills `rows` rows of in and target (rows,length) with the run's examples from the first-th on. Adds to *targets
 * the number of targets, and to *units what get() returns. */
void nct_examples_fill(const struct nct_examples *e, uint64_t seed, uint64_t first, size_t rows, uint32_t *in,
                       uint32_t *target, uint64_t *targets, uint64_t *units);

/* The number of example i < e->sample of an evaluation: i * count / sample. */
uint64_t nct_examples_sample(const struct nct_examples *e, uint64_t i);
/* The loss in bits per byte (or token: see e->per) for `nats` nats over `units` units. NAN if units is 0. */
double nct_examples_bits(const struct nct_examples *e, double nats, uint64_t units);

#endif
