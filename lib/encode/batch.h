/* batch.h - reads text into batches of chunks, for encoding by a codebook or by M1. */
#ifndef NCT_ENCODE_BATCH_H
#define NCT_ENCODE_BATCH_H

#include "book/trie.h"
#include "encode/coded.h"
#include "encode/m1_chunk.h"
#include "text/boundaries.h"

/* A job: one chunk to encode. If a long chunk spans several batches, each of them has a job for its share of it. */
struct nct_encode_job {
	const uint8_t *text; /* borrowed: text[0..n) is not yet encoded. NCT_WINDOW_SYMBOLS bytes before it can be read */
	const uint8_t *mark; /* borrowed: mark[0..n], and as many marks before it; NULL: windows are not aligned */
	size_t n;
	int ends, eod;       /* the chunk ends behind text[n - 1]; and it ends with EOD */
	struct nct_coded coded;   /* owned: its code so far */
	struct nct_open open;     /* by a codebook: the open window */
	struct nct_chunk *chunk;  /* by M1: its state. Borrowed; NULL by a codebook */
	nct_err err;
};

struct nct_batch {
	uint8_t *text, *mark; /* (plan.text_bytes), (plan.text_bytes + 1) borrowed; `mark` may be NULL */
	size_t text_n;        /* bytes of text in it */
	struct nct_encode_job *jobs; /* (plan.jobs) owned */
	size_t count, most;   /* jobs now; the most it ever had */
	int goes_on;          /* its first job goes on with the last chunk of the batch before */
	int open;             /* its last chunk goes on in the next batch */
};

struct nct_batch_plan {
	unsigned batches;      /* in use at the same time */
	size_t text_bytes;     /* of a batch, at most */
	size_t jobs;           /* of a batch, at most */
	uint64_t chunk;        /* bytes of a chunk, at most; 0: chunks end where documents do */
	int aligned;           /* batches have marks */
	uint8_t first_mark;    /* the mark before a chunk's first byte */
	int whole;             /* 1: wait for input until a batch is full; 0: end it where no more can be read at once */
};

/* Reads text into batches, one after the other. */
struct nct_batches {
	struct nct_batch_plan plan;
	nct_bounds *bounds;      /* borrowed: where text comes from */
	struct nct_batch *batch; /* (plan.batches) owned */
	uint8_t *buffer;         /* owned: text and marks of all batches */
	struct nct_piece piece;  /* text that was read but is in no batch yet */
	const struct nct_batch *before; /* the last one filled; NULL: none */
	size_t rest;             /* bytes of text that `before` had to leave to the next batch; they lie behind its end */
	uint64_t chunk_bytes;    /* of the open chunk, in all batches */
	nct_err err;             /* the input's failure, if there was one, and its details */
	nct_why why;
	int saved_errno;
};

/* Makes empty batches. `bounds` is borrowed. NCT_ENOMEM: the caller still has to free *r. */
nct_err nct_batches_new(struct nct_batches *r, nct_bounds *bounds, const struct nct_batch_plan *p) NCT_USED;
void nct_batches_free(struct nct_batches *r);
int nct_batches_ready(const struct nct_batches *r); /* true if a batch can be filled without waiting for input */
/* Fills b, one of r->batch, until it is full or the input ends or fails. Returns 1 if it is the last batch. Each job
 * has its text, and no code yet; the caller sets `chunk` if it encodes by M1. */
int nct_batches_fill(struct nct_batches *r, struct nct_batch *b);
/* Returns the input's error, with errno and *why; NCT_OK if it did not fail. */
nct_err nct_batches_failed(const struct nct_batches *r, nct_why *why) NCT_USED;

/* Adds the finished parts of all jobs to `blocks`. If the batch's last chunk goes on, its job changes places with
 * *going. Errors of the jobs, of nct_blocks_add(); NCT_EWRITE. */
nct_err nct_batch_write(struct nct_batch *b, struct nct_blocks *blocks, struct nct_encode_job *going,
                        nct_why *why) NCT_USED;
/* Makes *j, the first job of a batch, go on with the chunk of *from, which the batch before has left open. The text of
 * *from that is not yet encoded lies before j->text. NCT_ENOMEM. */
nct_err nct_encode_job_go_on(struct nct_encode_job *j, const struct nct_encode_job *from) NCT_USED;

#endif
