/* operands.h - goes through the block streams of all operands, for conversions that take one block at a time. */
#ifndef NCT_STREAM_OPERANDS_H
#define NCT_STREAM_OPERANDS_H

#include "stream/stream.h"

/* What a conversion does at each event. An NCT_EIO from here is a failed write. */
struct nct_steps {
	nct_err (*header)(void *self, const struct nct_header *h, uint64_t at, nct_why *why); /* `at`: its byte in the input */
	nct_err (*block)(void *self, const struct nct_block *b);
	nct_err (*gap)(void *self); /* something is missing before the next block; NULL: nothing to do */
	nct_err (*end)(void *self); /* the stream ended, or its end was lost */
};

/* With keep_going, losses are told to o->lost and the result is NCT_EDATA; a block that continues a lost one is passed
 * on as a beginning where its windows decode without the ones before, else it is left out. */
nct_err nct_each_stream(const struct nct_steps *steps, void *self, nct_operand operand, void *ctx,
                        const struct nct_pack_options *o,
                        /* `totals` may be NULL, `why` not; its text is empty */
                        struct nct_totals *totals, nct_why *why) NCT_USED;

#endif
