/* batch.h - reads text into batches of chunks, for encoding by a codebook or by M1. */
#ifndef NCT_ENCODE_BATCH_H
#define NCT_ENCODE_BATCH_H

#include "book/trie.h"
#include "encode/coded.h"
#include "encode/m1_chunk.h"
#include "text/boundaries.h"

/* A chunk of a series: bytes of text; and windows, once they are known. */
struct nct_short_chunk {
	uint32_t text_bytes, windows;
};

/* A job: text to encode.
 *
 * Each EOD that is to be encoded has a byte in a batch's text: 0, behind its document. A job has a chunk. If a long
 * chunk spans several batches, each of them has a job for its share of it. Or a job is a series: several short chunks,
 * one behind the other, that all end with EOD. Then its text has the EODs' bytes, too. */
struct nct_encode_job {
	const uint8_t *text; /* borrowed: text[0..n) is not yet encoded. NCT_WINDOW_SYMBOLS bytes before it can be read */
	const uint8_t *mark; /* borrowed: mark[0..n] (trie.h), and as many before it; NULL: M1 encodes, without alignment */
	size_t n;
	struct nct_short_chunk *shorts; /* (shorts_cap) owned: the chunks of a series */
	size_t short_count, shorts_cap; /* 0: it is no series */
	size_t done;         /* a series: chunks that are encoded */
	int ends, eod;       /* a chunk: it ends behind text[n - 1]; and it ends with EOD, at text[n] */
	/* Owned: its code so far. Of a series, the open part counts the windows of the next chunk. */
	struct nct_coded coded;
	struct nct_open open;     /* by a codebook: the open window */
	struct nct_chunk *chunk;  /* by M1: its state. Borrowed; NULL by a codebook */
	nct_err err;
};

struct nct_batch {
	uint8_t *text, *mark; /* (plan.text_bytes + 1), (plan.text_bytes + 2) borrowed; `mark` may be NULL */
	size_t text_n;        /* bytes of text in it, EODs' included */
	size_t eods;          /* how many EODs */
	struct nct_encode_job *jobs; /* (plan.jobs) owned */
	size_t count, most;   /* jobs now; the most it ever had */
	int goes_on;          /* its first job goes on with the last chunk of the batch before */
	int open;             /* its last chunk goes on in the next batch */
};

struct nct_batch_plan {
	unsigned batches;      /* in use at the same time */
	size_t text_bytes;     /* of a batch, at most, but for an EOD more */
	size_t jobs;           /* of a batch, at most */
	size_t series;         /* bytes of a series, at most; 0: no series */
	uint64_t chunk;        /* bytes of a chunk, at most; 0: chunks end where documents do */
	int aligned;           /* boundaries are marked */
	int marks;             /* batches have marks, as they must if `aligned` */
	uint8_t first_mark;    /* the mark before a chunk's first byte */
	int whole;             /* 1: wait for input until a batch is full; 0: end it where no more can be read at once */
};

/* Where batches get their text from. */
struct nct_text_source {
	nct_err (*next)(void *ctx, struct nct_piece *piece, nct_why *why); /* as nct_bounds_next() */
	int (*ready)(const void *ctx); /* as nct_bounds_ready() */
	void *ctx;
	const nct_words *words;        /* borrowed: finds boundaries; NULL: pieces have marks, or windows are not aligned */
};
struct nct_text_source nct_source_of(nct_bounds *bounds); /* *bounds is borrowed */

/* Reads text into batches, one after the other. */
struct nct_batches {
	struct nct_batch_plan plan;
	struct nct_text_source source;
	struct nct_batch *batch; /* (plan.batches) owned */
	uint8_t *buffer;         /* owned: text and marks of all batches */
	struct nct_piece piece;  /* text that was read but is in no batch yet */
	int in_document;         /* text of its document is in a batch */
	const struct nct_batch *before; /* the last one filled; NULL: none */
	size_t rest;             /* bytes of text that `before` had to leave to the next batch; they lie behind its end */
	uint64_t chunk_bytes;    /* of the open chunk, in all batches */
	nct_err err;             /* the input's failure, or NCT_ENOMEM, if there was one, and its details */
	nct_why why;
	int saved_errno;
};

/* Forgets all that was read, and reads other text from now on. */
void nct_batches_again(struct nct_batches *r, const struct nct_text_source *source);
/* Makes empty batches. What *source borrows must outlive them. NCT_ENOMEM: the caller still has to free *r. */
nct_err nct_batches_new(struct nct_batches *r, const struct nct_text_source *source,
                        const struct nct_batch_plan *p) NCT_USED;
void nct_batches_free(struct nct_batches *r);
int nct_batches_ready(const struct nct_batches *r); /* true if a batch can be filled without waiting for input */
/* Fills b, one of r->batch, until it is full or the input ends or fails. Returns 1 if it is the last batch. Each job
 * has its text, and no code yet; the caller sets `chunk` if it encodes by M1. */
int nct_batches_fill(struct nct_batches *r, struct nct_batch *b);
/* Returns the input's error, with errno and *why; NCT_OK if it did not fail. */
nct_err nct_batches_failed(const struct nct_batches *r, nct_why *why) NCT_USED;

/* Hands the finished parts of all jobs, of windows of `bits` bits, to *to. If the batch's last chunk goes on, its job
 * changes places with *going. Errors of the jobs, and of to->add(). */
nct_err nct_batch_write(struct nct_batch *b, unsigned bits, const struct nct_part_sink *to,
                        struct nct_encode_job *going) NCT_USED;
void nct_encode_job_free(struct nct_encode_job *j); /* what it owns, but not *j */
/* Makes *j, the first job of a batch, go on with the chunk of *from, which the batch before has left open. The text of
 * *from that is not yet encoded lies before j->text. NCT_ENOMEM. */
nct_err nct_encode_job_go_on(struct nct_encode_job *j, const struct nct_encode_job *from) NCT_USED;

#endif
