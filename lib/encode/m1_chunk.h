/* m1_chunk.h - encodes a chunk of text to windows, or to an unbroken code, by M1's frequencies.
 *
 * Call nct_chunk_begin(), then nct_chunk_text() any number of times, then nct_chunk_end(). The latter two stop where
 * M1 has to be evaluated for the chunk's context (see m1/context.h), and are called again after that. */
#ifndef NCT_ENCODE_M1_CHUNK_H
#define NCT_ENCODE_M1_CHUNK_H

#include "coder/ac.h"
#include "coder/split.h"
#include "encode/coded.h"
#include "m1/context.h"
#include "m1/plan.h"

struct nct_chunk {
	struct nct_plan plan;
	struct nct_coded *coded;  /* borrowed: receives the code */
	nct_context *context;     /* borrowed; no one else uses it until the chunk ends */
	struct nct_node node;     /* windows: the node of the open window's text; the root if it is empty */
	struct nct_node bound;    /* aligned windows: the node of its text up to the last boundary; without symbols if none */
	uint32_t since_reset;     /* windows since M1's last reset */
	struct nct_ac_enc ac;     /* of an unbroken code; owned */
};

/* Begins a chunk. *c is zero, or its last chunk has ended. *coded was just begun. */
void nct_chunk_begin(struct nct_chunk *c, const struct nct_plan *p, nct_context *context, struct nct_coded *coded);
/* Encodes text[*at..n) and moves *at. Stops early where nct_context_ready() is false.
 *
 * Aligned windows: mark[i] is 1 if a boundary stands before text[i]. A window that closes at a boundary moves *at back
 * to it, perhaps below 0. So the text and marks of an open window must lie before text[0] and mark[0]. NCT_ENOMEM. */
nct_err nct_chunk_text(struct nct_chunk *c, const uint8_t *text, const uint8_t *mark, ptrdiff_t n,
                       ptrdiff_t *at) NCT_USED;
/* Ends the chunk, with EOD if `eod`. *done is 0 if M1 has to be evaluated first; then call it again after that.
 * NCT_ENOMEM. */
nct_err nct_chunk_end(struct nct_chunk *c, int eod, size_t *done) NCT_USED;
void nct_chunk_free(struct nct_chunk *c);

#endif
