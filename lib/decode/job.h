/* job.h - a block on its way from the reader to the output, whichever way it is decoded. */
#ifndef NCT_DECODE_JOB_H
#define NCT_DECODE_JOB_H

#include "decode/decoded.h"
#include "stream/stream.h"

/* An entry of a block's directory: a chunk's windows, or symbols of an unbroken code, in the block. */
struct nct_run {
	const uint8_t *p;     /* the code is bits [from, from + bits) of this */
	uint64_t from, bits, units;
	/* results: */
	int eod;              /* the last symbol was EOD */
	uint64_t text_bytes;  /* the run's text */
};

struct nct_block_job {
	struct nct_block block;
	void *buffer;         /* behind block.dir and block.code; owned */
	size_t buffer_cap;
	struct nct_run *runs; /* (runs_cap) owned: those of its directory */
	size_t count, runs_cap;
	/* results: */
	size_t from, bytes;   /* its text, in the buffer that it was decoded to */
	uint64_t text_bytes, documents;
	nct_err err;
	nct_why why;
};

/* Takes the block that *r has just read. */
void nct_block_job_take(struct nct_block_job *j, const struct nct_block *b, nct_reader *r);
void nct_block_job_give(struct nct_block_job *j, nct_reader *r); /* gives its memory back to the reader */
void nct_block_job_free(struct nct_block_job *j);

/* Begins to decode behind what *d holds: finds the block's runs. NCT_ENOMEM. */
nct_err nct_block_job_begin(struct nct_block_job *j, const struct nct_header *h, struct nct_decoded *d) NCT_USED;
/* All runs are decoded, or `err` came up. Checks that they hold what the block's header and directory say, and sets
 * the job's results. On an error its text is taken back. */
void nct_block_job_end(struct nct_block_job *j, const struct nct_header *h, struct nct_decoded *d, nct_err err);

#endif
