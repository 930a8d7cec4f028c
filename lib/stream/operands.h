/* operands.h - reads the streams of all operands and passes them on, block by block. */
#ifndef NCT_STREAM_OPERANDS_H
#define NCT_STREAM_OPERANDS_H

#include "stream/stream.h"

/* What is called at each event; `self` is that of nct_each_stream(). An NCT_EIO that these return is a failed write:
 * it becomes NCT_EWRITE. */
struct nct_steps {
	/* A stream begins; `at` is the offset of its header in the operand. */
	nct_err (*header)(void *self, const struct nct_header *h, uint64_t at, nct_why *why);
	nct_err (*block)(void *self, const struct nct_block *b); /* *b is valid for the call only */
	nct_err (*gap)(void *self); /* with keep_going: something before the next block was lost; NULL: no call */
	nct_err (*end)(void *self); /* the stream ended, or its end was lost */
};

/* Reads the streams of all operands. *totals (may be NULL) receives the sums over the blocks passed on. `why` may not
 * be NULL, and its text is empty at first.
 *
 * With o->keep_going, o->lost() is called at each loss, and the result is NCT_EDATA if there was one. A block may
 * continue a chunk whose block before was lost. If its windows decode without that, it is passed on as if its chunk
 * began there. Else it is lost, too.
 *
 * Errors are those of `operand`, of nct_reader_next() and of the steps. */
nct_err nct_each_stream(const struct nct_steps *steps, void *self, nct_operand operand, void *ctx,
                        const struct nct_pack_options *o, struct nct_totals *totals, nct_why *why) NCT_USED;

#endif
