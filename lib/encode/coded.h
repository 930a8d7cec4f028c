/* coded.h - what a chunk of text has been coded to so far: its code, and the parts that it is made of. */
#ifndef NCT_ENCODE_CODED_H
#define NCT_ENCODE_CODED_H

#include "coder/bits.h"
#include "stream/blocks.h"

struct nct_coded {
	nct_bits code;          /* owned */
	struct nct_part *parts; /* owned: finished ones */
	size_t count, cap;
	struct nct_part part;   /* the one being made */
};

void nct_coded_begin(struct nct_coded *c); /* a new chunk; *c is zero, or was used before: its memory is kept */
void nct_coded_free(struct nct_coded *c);

/* Finishes the part that is being made. NCT_ENOMEM. */
nct_err nct_coded_end_part(struct nct_coded *c) NCT_USED;
/* Goes on with the chunk of *from, in place of it: takes over what is in no finished part. NCT_ENOMEM. */
nct_err nct_coded_go_on(struct nct_coded *c, const struct nct_coded *from) NCT_USED;
/* Hands the finished parts to `b`. NCT_EIO, NCT_ENOMEM. */
nct_err nct_coded_write(const struct nct_coded *c, struct nct_blocks *b) NCT_USED;

/* A part holds no more windows: the next one begins another. */
static inline int
nct_coded_full(const struct nct_coded *c)
{
	return c->part.units == NCT_PART_WINDOWS || c->part.text_bytes >= NCT_PART_TEXT;
}

#endif
