/* m1_block.h - decodes a block's windows, or its unbroken codes, by M1: the inverse of encode/m1_chunk.h. */
#ifndef NCT_DECODE_M1_BLOCK_H
#define NCT_DECODE_M1_BLOCK_H

#include "decode/decoded.h"
#include "decode/job.h"
#include "m1/context.h"
#include "m1/plan.h"

struct nct_m1_block {
	struct nct_plan plan;  /* of the stream */
	struct nct_decoded to; /* owned: receives the text */
	int loose;             /* 1: EOD may be anywhere, as in sampled windows; 0: it must be the last symbol of a part */
	/* For a chunk that goes on from block to block: */
	nct_context *context;  /* borrowed */
	uint32_t since_reset;  /* windows since M1's last reset */
};

/* Decodes the n parts r[] if M1 is reset after each window (plan.resets 1): many windows in turn, each in a context of
 * `w`. Sets the parts' results. NCT_EDATA: there is more text than to.text_max, or a symbol follows EOD and `loose` is
 * 0. NCT_ENOMEM. */
nct_err nct_m1_block_windows(struct nct_m1_block *u, nct_worker *w, struct nct_part_job *r, size_t n) NCT_USED;
/* Decodes the n parts r[] for all other plans, and for unbroken codes: several parts in turn, each in a context of `w`.
 * With `in_order` it decodes one part after the other in u->context. Then, with `goes_on`, the first part continues the
 * chunk that u->context has read. Results and errors as above. */
nct_err nct_m1_block_parts(struct nct_m1_block *u, nct_worker *w, struct nct_part_job *r, size_t n, int in_order,
                           int goes_on) NCT_USED;
#define NCT_M1_BLOCK_LANES 96     /* contexts of a worker for nct_m1_block_windows() */
#define NCT_M1_BLOCK_LONG_LANES 8 /* for nct_m1_block_parts(): the keys and values of 8 fit in the processor's cache */

/* A window that is being decoded. */
struct nct_window {
	nct_u128 k;           /* its value */
	struct nct_node node; /* the node of its text so far */
	int eod;              /* its last symbol is EOD */
};

static inline int
nct_window_done(const struct nct_window *w)
{
	return w->eod || (w->node.symbols > 0 && (w->k == w->node.first || nct_split_ended(&w->node)));
}

/* Decodes the window's next symbol, and appends it to the context. */
static inline unsigned
nct_window_next(struct nct_window *w, nct_context *c)
{
	const unsigned symbol = nct_context_find(c, &w->node, w->k);

	nct_context_push(c, symbol);
	w->eod = symbol == NCT_EOD;
	return symbol;
}

#endif
