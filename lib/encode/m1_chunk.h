/* m1_chunk.h - encoding a chunk of text to windows, or to one unbroken code: where M1 and coder meet.
 *
 * nct_chunk_begin(), nct_chunk_text() any number of times, nct_chunk_end(). The result is one part, or
 * several where the chunk is very long (stream.h, NCT_PART_WINDOWS). nct_m1_encode() does it for many chunks side by side, so that
 * M1 is evaluated for all of them together. */
#ifndef NCT_ENCODE_M1_CHUNK_H
#define NCT_ENCODE_M1_CHUNK_H

#include <stdatomic.h>

#include "coder/ac.h"
#include "coder/bits.h"
#include "coder/split.h"
#include "m1/context.h"
#include "m1/plan.h"
#include "stream/part.h"

struct nct_chunk {
	struct nct_plan plan;
	nct_context *context;     /* borrowed; the chunk's own until it ends */
	nct_bits code;            /* owned */
	struct nct_part *parts;   /* owned */
	size_t count, cap;
	struct nct_part part;     /* the one being made */
	struct nct_node node;     /* the open window */
	struct nct_node bound;    /* aligned: the last boundary in it, the root if there is none */
	uint32_t since_reset;     /* windows */
	struct nct_ac_enc ac;     /* unbroken */
};

void nct_chunk_begin(struct nct_chunk *c, const struct nct_plan *p, nct_context *context); /* *c: zero, or ended */
/* Codes symbols of text[*at..n) as far as is known what M1 expects (nct_context_ready()), and moves *at there. A window that closes
 * early moves it back, perhaps below 0: text and marks (piece->mark; aligned only) of an open window still lie before text[0] and
 * mark[0]. NCT_ENOMEM. */
nct_err nct_chunk_text(struct nct_chunk *c, const uint8_t *text, const uint8_t *mark, ptrdiff_t n, ptrdiff_t *at) NCT_USED;
/* Codes EOD if `eod` (*done 0: not yet, what M1 expects is not known), closes the window. NCT_ENOMEM. */
nct_err nct_chunk_end(struct nct_chunk *c, int eod, size_t *done) NCT_USED;
nct_err nct_chunk_drop(struct nct_chunk *c) NCT_USED; /* forgets finished parts and their code: NCT_ENOMEM */
void nct_chunk_free(struct nct_chunk *c);

/* A chunk, or the next stretch of one that goes on from batch to batch, and its text. */
struct nct_m1_job {
	struct nct_chunk chunk;
	const uint8_t *text, *mark; /* borrowed, as for nct_chunk_text() */
	size_t n;
	ptrdiff_t done;
	int begins, ends, eod;
	nct_err err;
};

#define NCT_M1_JOB_LANES 64 /* contexts that a worker for nct_m1_encode() should have; 1 where M1 is never reset */

/* Encodes those of all[0..n) that no other worker took, up to `most` at a time: *next, shared by the workers, is the first not yet
 * taken. One that does not begin its chunk brings its context. */
void nct_m1_encode(nct_worker *w, size_t most, struct nct_m1_job *all, size_t n, const struct nct_plan *p, atomic_size_t *next);

#endif
