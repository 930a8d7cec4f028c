/* m1_chunk.h - encoding a chunk of text to windows, or to one unbroken code: where M1 and coder meet.
 *
 * nct_chunk_begin(), nct_chunk_text() any number of times, nct_chunk_end(). */
#ifndef NCT_ENCODE_M1_CHUNK_H
#define NCT_ENCODE_M1_CHUNK_H

#include "coder/ac.h"
#include "coder/split.h"
#include "encode/coded.h"
#include "m1/context.h"
#include "m1/plan.h"

struct nct_chunk {
	struct nct_plan plan;
	struct nct_coded *coded;  /* borrowed: what it is coded to */
	nct_context *context;     /* borrowed; the chunk's own until it ends */
	struct nct_node node;     /* the open window */
	struct nct_node bound;    /* aligned: the last boundary in it, the root if there is none */
	uint32_t since_reset;     /* windows */
	struct nct_ac_enc ac;     /* unbroken */
};

/* *c: zero, or ended; *coded: just begun. */
void nct_chunk_begin(struct nct_chunk *c, const struct nct_plan *p, nct_context *context, struct nct_coded *coded);
/* Codes symbols of text[*at..n) as far as is known what M1 expects (nct_context_ready()), and moves *at there. A
 * window that closes early moves it back, perhaps below 0: text and marks (piece->mark; aligned only) of an open
 * window still lie before text[0] and mark[0]. NCT_ENOMEM. */
nct_err nct_chunk_text(struct nct_chunk *c, const uint8_t *text, const uint8_t *mark, ptrdiff_t n,
                       ptrdiff_t *at) NCT_USED;
/* Codes EOD if `eod` (*done 0: not yet, what M1 expects is not known), closes the window. NCT_ENOMEM. */
nct_err nct_chunk_end(struct nct_chunk *c, int eod, size_t *done) NCT_USED;
void nct_chunk_free(struct nct_chunk *c);

#endif
