/* batch.h - text read into batches of chunks, which either way of encoding then codes. */
#ifndef NCT_ENCODE_BATCH_H
#define NCT_ENCODE_BATCH_H

#include "book/trie.h"
#include "encode/coded.h"
#include "encode/m1_chunk.h"
#include "text/boundaries.h"

/* A chunk, or the part of one that a batch holds where the chunk goes on from batch to batch. */
struct nct_encode_job {
	const uint8_t *text; /* borrowed: what is not yet coded. NCT_WINDOW_SYMBOLS bytes before it can be read */
	const uint8_t *mark; /* borrowed: the same for its marks, and one behind them; NULL: windows are not aligned */
	size_t n;
	int ends, eod;       /* the chunk ends with it; and with EOD */
	struct nct_coded coded;
	struct nct_open open;     /* by a codebook: the open window */
	struct nct_chunk *chunk;  /* by M1: all about the open window. Borrowed; NULL by a codebook */
	nct_err err;
};

struct nct_batch {
	uint8_t *text, *mark; /* borrowed; `mark` may be NULL */
	size_t text_n;
	struct nct_encode_job *jobs; /* owned */
	size_t count, most;   /* now; ever */
	int goes_on;          /* its first job goes on with the last chunk of the batch before */
	int open;             /* its last chunk goes on in the next batch */
};

/* What batches are to be like. */
struct nct_batch_plan {
	unsigned batches;      /* that are in use at the same time */
	size_t text_bytes, jobs;
	uint64_t chunk;        /* bytes; 0: no chunk ends before its document */
	int aligned;
	uint8_t first_mark;    /* of a chunk, whatever the text before it */
	int whole;             /* wait for whole batches; else a batch ends where the input has no more to give at once */
};

/* Reads text into batches, one after the other. */
struct nct_batches {
	struct nct_batch_plan plan;
	nct_bounds *bounds;      /* borrowed */
	struct nct_batch *batch; /* (plan.batches) owned */
	uint8_t *buffer;         /* owned: all text and marks */
	struct nct_piece piece;  /* text read but not yet in a batch */
	const struct nct_batch *before; /* the last one filled; NULL: none */
	size_t rest;             /* text behind its end that is for the next one */
	uint64_t chunk_bytes;    /* of the open chunk, in all batches */
	nct_err err;             /* ended it */
	nct_why why;
	int saved_errno;
};

/* NCT_ENOMEM */
nct_err nct_batches_new(struct nct_batches *r, nct_bounds *bounds, const struct nct_batch_plan *p) NCT_USED;
void nct_batches_free(struct nct_batches *r);
/* Can a batch be filled at once, without waiting for input? */
int nct_batches_ready(const struct nct_batches *r);
/* Fills batch b, which is one of r->batch: until it is full, or the input ends or fails. Returns 1 then: it is the
 * last one. Its jobs are to be begun: all is set but what depends on the way of encoding. */
int nct_batches_fill(struct nct_batches *r, struct nct_batch *b);
/* The input's failure, if it failed: gives it back, with errno and `why`. */
nct_err nct_batches_failed(const struct nct_batches *r, nct_why *why) NCT_USED;

/* Hands what all jobs of a batch have finished to `blocks`. *going takes what is left of its last chunk if that goes
 * on. */
nct_err nct_batch_write(struct nct_batch *b, struct nct_blocks *blocks, struct nct_encode_job *going,
                        nct_why *why) NCT_USED;
/* Makes *j go on where *from has left a chunk. */
nct_err nct_encode_job_go_on(struct nct_encode_job *j, const struct nct_encode_job *from) NCT_USED;

#endif
