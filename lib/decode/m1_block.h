/* m1_block.h - decoding a block's windows, or its unbroken code, by M1: the inverse of encode/m1_chunk.h. */
#ifndef NCT_DECODE_M1_BLOCK_H
#define NCT_DECODE_M1_BLOCK_H

#include "decode/decoded.h"
#include "decode/job.h"
#include "m1/context.h"
#include "m1/plan.h"

/* How a stream is decoded, and to where. */
struct nct_m1_block {
	struct nct_plan plan;
	struct nct_decoded to;
	int loose;            /* generated windows may hold EOD anywhere; else after EOD nothing more is allowed in a run */
	/* a chunk that goes on from block to block: */
	nct_context *context; /* borrowed */
	uint32_t since_reset; /* windows */
};

/* For windows on which M1 starts afresh (plan.resets 1): decodes them all side by side, in contexts of `w`.
 * NCT_EDATA if there is more text than to.text_max, or a symbol after EOD; NCT_ENOMEM. */
nct_err nct_m1_block_windows(struct nct_m1_block *u, nct_worker *w, struct nct_run *r, size_t n) NCT_USED;
/* For all others, and for unbroken codes: decodes the runs side by side, each in a context of `w`. With `in_turn`
 * one after the other, in u->context; with `goes_on` the first run goes on with the chunk that was decoded there
 * before. Errors as above. */
nct_err nct_m1_block_runs(struct nct_m1_block *u, nct_worker *w, struct nct_run *r, size_t n, int in_turn,
                          int goes_on) NCT_USED;
#define NCT_M1_BLOCK_LANES 96     /* contexts that a worker should have for the former */
#define NCT_M1_BLOCK_LONG_LANES 8 /* for the latter: so many keys and values stay in the processor's cache */

/* A window on its way from its value k to its text. */
struct nct_window {
	nct_u128 k;
	struct nct_node node; /* its root at first */
	int eod;              /* EOD came */
};

static inline int
nct_window_done(const struct nct_window *w)
{
	return w->eod || (w->node.symbols > 0 && (w->k == w->node.first || nct_split_ended(&w->node)));
}

/* The window's next symbol, which M1 reads. */
static inline unsigned
nct_window_next(struct nct_window *w, nct_context *c)
{
	const unsigned symbol = nct_context_find(c, &w->node, w->k);

	nct_context_push(c, symbol);
	w->eod = symbol == NCT_EOD;
	return symbol;
}

#endif
