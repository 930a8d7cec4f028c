/* input.h - a buffer of input: bytes wait in it from when they are read until they are consumed. */
#ifndef NCT_STREAM_INPUT_H
#define NCT_STREAM_INPUT_H

#include "nct.h"

struct nct_input {
	int fd;              /* borrowed */
	int ended;           /* a read has met the end of the input */
	uint8_t *buf;        /* (cap) owned */
	size_t cap, at, end; /* buf[at..end) waits to be consumed */
	uint64_t offset;     /* of buf[at] in the input */
	struct nct_spare *spare; /* owned: buffers for later use, from nct_input_give() */
};

/* How many bytes wait. */
static inline size_t
nct_input_have(const struct nct_input *f)
{
	return f->end - f->at;
}

/* The first of them. Valid until the next read. */
static inline uint8_t *
nct_input_bytes(const struct nct_input *f)
{
	return f->buf + f->at;
}

/* Reads until `want` bytes wait, or the input ends. Reads none behind these. The buffer grows with what is read, not
 * with `want`, which damaged input may choose. NCT_EIO, NCT_ENOMEM. */
nct_err nct_input_need(struct nct_input *f, size_t want) NCT_USED;
/* Reads once, as much as one read gives. NCT_EIO, NCT_ENOMEM. */
nct_err nct_input_more(struct nct_input *f) NCT_USED;
/* Drops the first n of the waiting bytes. They stay in memory until the next read. */
void nct_input_consume(struct nct_input *f, size_t n);
/* Hands the buffer, of *cap bytes, over to the caller, who calls free() or nct_input_give() with it. No bytes may
 * wait. */
uint8_t *nct_input_take(struct nct_input *f, size_t *cap);
/* Takes a buffer back, for later reads: the system need not map new memory for them. */
void nct_input_give(struct nct_input *f, void *p, size_t cap);
void nct_input_free(struct nct_input *f); /* frees all buffers and drops the bytes that wait */

#endif
