/* coded.h - the code of a chunk, so far, and the parts that it is cut into. */
#ifndef NCT_ENCODE_CODED_H
#define NCT_ENCODE_CODED_H

#include "coder/bits.h"
#include "stream/blocks.h"

struct nct_coded {
	nct_bits code;          /* owned */
	struct nct_part *parts; /* (cap) owned: finished parts */
	size_t count, cap;
	struct nct_part part;   /* the open part, behind them */
};

/* Takes the parts of chunks, in order. The code of *part is bits [from, from + part->bits) of p. */
struct nct_part_sink {
	nct_err (*add)(void *ctx, const struct nct_part *part, const uint8_t *p, uint64_t from);
	void *ctx;
};
struct nct_part_sink nct_sink_of(struct nct_blocks *b); /* adds them to *b, which is borrowed */

void nct_coded_begin(struct nct_coded *c); /* begins a chunk; *c is zero or was used before, and keeps its memory */
void nct_coded_free(struct nct_coded *c);

/* Finishes the open part and begins another. NCT_ENOMEM. */
nct_err nct_coded_end_part(struct nct_coded *c) NCT_USED;
/* Makes *c go on with the chunk of *from: copies its open part. NCT_ENOMEM. */
nct_err nct_coded_go_on(struct nct_coded *c, const struct nct_coded *from) NCT_USED;
/* Hands the finished parts to *to. Errors of to->add(). */
nct_err nct_coded_write(const struct nct_coded *c, const struct nct_part_sink *to) NCT_USED;

/* True if the open part is full, so that the next window begins another. */
static inline int
nct_coded_full(const struct nct_coded *c)
{
	return c->part.units == NCT_PART_WINDOWS || c->part.text_bytes >= NCT_PART_TEXT;
}

#endif
