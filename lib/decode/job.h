/* job.h - a block that is decoded, by a codebook or by M1: its parts, its text, and whether both are right. */
#ifndef NCT_DECODE_JOB_H
#define NCT_DECODE_JOB_H

#include "decode/decoded.h"
#include "stream/stream.h"

/* A part: the windows, or symbols of an unbroken code, that one entry of a block's directory stands for. They are a
 * part of a chunk. */
struct nct_part_job {
	const uint8_t *p;     /* borrowed: the code is bits [from, from + bits) of this */
	uint64_t from, bits;
	uint64_t units;       /* windows, or symbols */
	/* results: */
	int eod;              /* the last symbol was EOD */
	uint64_t text_bytes;  /* of its text */
};

struct nct_block_job {
	struct nct_block block;
	void *buffer;         /* owned: memory of block.dir and block.code */
	size_t buffer_cap;
	struct nct_part_job *parts; /* (parts_cap) owned: `count` are in use, one for each entry of the directory */
	size_t count, parts_cap;
	/* results: */
	size_t from, bytes;   /* its output is bytes [from, from + bytes) of the buffer that it was decoded to */
	uint64_t text_bytes, documents;
	nct_err err;
	nct_why why;
};

/* Takes the block that *r has just read, with its buffer. */
void nct_block_job_take(struct nct_block_job *j, const struct nct_block *b, nct_reader *r);
void nct_block_job_give(struct nct_block_job *j, nct_reader *r); /* gives the buffer back to the reader */
void nct_block_job_free(struct nct_block_job *j);

/* Begins to decode: fills in the block's parts. Its text will go to *d, behind what that holds. NCT_ENOMEM. */
nct_err nct_block_job_begin(struct nct_block_job *j, const struct nct_header *h, struct nct_decoded *d) NCT_USED;
/* Ends decoding: all parts are decoded, or that failed with `err`. Checks the text against the block's header and
 * directory, and sets the job's results. On an error its text is removed from *d. */
void nct_block_job_end(struct nct_block_job *j, const struct nct_header *h, struct nct_decoded *d, nct_err err);

#endif
