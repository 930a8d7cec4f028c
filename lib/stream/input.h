/* input.h - input bytes that were read and not yet consumed, so that a scan can go back over them. */
#ifndef NCT_STREAM_INPUT_H
#define NCT_STREAM_INPUT_H

#include "nct.h"

struct nct_input {
	int fd, ended;       /* ended: a read has met the end */
	uint8_t *buf;        /* owned */
	size_t cap, at, end; /* buf[at..end) waits to be consumed */
	uint64_t offset;     /* of buf[at] in the input */
	struct nct_spare *spare; /* buffers that were given back; owned */
};

/* How many bytes wait, and where. */
static inline size_t
nct_input_have(const struct nct_input *f)
{
	return f->end - f->at;
}

static inline uint8_t *
nct_input_bytes(const struct nct_input *f)
{
	return f->buf + f->at;
}

/* Reads until `want` bytes wait, and no more than that; fewer wait only at the input's end. Memory grows with
 * what really arrives. Pointers into the buffer are no longer good after it. NCT_EIO, NCT_ENOMEM. */
nct_err nct_input_need(struct nct_input *f, size_t want) NCT_USED;
/* Reads once, what there is: for scanning. NCT_EIO, NCT_ENOMEM. */
nct_err nct_input_more(struct nct_input *f) NCT_USED;
/* Drops the first n of the waiting bytes. They stay in memory until the next read. */
void nct_input_consume(struct nct_input *f, size_t n);
/* Gives the buffer of *cap bytes away (free() it, or give it back); no bytes may be waiting. */
uint8_t *nct_input_take(struct nct_input *f, size_t *cap);
/* Takes back a buffer that was given away, to be used again: memory that is in place already costs nothing more. */
void nct_input_give(struct nct_input *f, void *p, size_t cap);
void nct_input_free(struct nct_input *f); /* all buffers, the one with what waits as well */

#endif
