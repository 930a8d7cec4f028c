/* examples.h - examples to train on, and the order in which they come. */
#ifndef NCT_DATA_EXAMPLES_H
#define NCT_DATA_EXAMPLES_H

#include "nct-train.h"

/* an evaluation's sample of a text has at most this many, and at least one example */
#define NCT_EVAL_SYMBOLS ((size_t)1 << 18)

struct nct_rounds;

/* A numbered set of examples of one length: what the training loop knows of its data. */
struct nct_examples {
	const void *ctx; /* borrowed */
	uint64_t count;
	size_t length;
	uint64_t crc;      /* of the data: a checkpoint goes with one text */
	uint64_t sample;   /* how many examples an evaluation takes, at most `count`; the same ones each time */
	const char *what;  /* what a checkpoint calls the data: "text" or "tokens" */
	const char *unit;  /* what get() counts: "bytes" or "tokens" */
	const char *per;   /* what losses are given for: "byte", or "token" where the bytes of the text are not known */
	double per_unit;   /* how many of those a unit stands for, on average over all examples */
	struct nct_rounds *aware; /* NULL, or what fills the rows of rounds of windows (rounds.h); borrowed */
	/* Writes example i: inputs in[0..length) and targets, NCT_NO_TARGET where there is none. Gives how many bytes of text
	 * (or tokens: see `unit`) the targets stand for. */
	uint64_t (*get)(const struct nct_examples *e, uint64_t i, uint32_t *in, uint32_t *target);
};

/* The symbols of `t` (borrowed) cut every `length`: example i's targets are symbols [i * length, (i + 1) * length), its
 * inputs NCT_EOD (for BOS) and all targets but the last. The last example may be short. */
void nct_text_examples(struct nct_examples *e, const nct_text *t, size_t length);

/* A permutation of [0, n), n >= 1, chosen by `key`: where number i goes. No memory: a Feistel network over the next
 * power of 4, walked along its cycle until it is back in range. */
uint64_t nct_permute(uint64_t n, uint64_t key, uint64_t i);

/* Number of the i-th example to train on, i counting from the run's start: each epoch is a permutation of its own. */
uint64_t nct_examples_order(const struct nct_examples *e, uint64_t seed, uint64_t i);

/* Fills rows[0..rows) of a batch with examples number(i), number(i + 1), ... of the order; sums into *targets,
 * *units. */
void nct_examples_fill(const struct nct_examples *e, uint64_t seed, uint64_t first, size_t rows, uint32_t *in,
                       uint32_t *target, uint64_t *targets, uint64_t *units);

/* An evaluation's sample: its example i < e->sample is example i * count / sample. */
uint64_t nct_examples_sample(const struct nct_examples *e, uint64_t i);
/* Bits per byte (see e->per) of a loss of `nats` over `units`; NAN over none. */
double nct_examples_bits(const struct nct_examples *e, double nats, uint64_t units);

#endif
