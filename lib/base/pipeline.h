/* pipeline.h - batches that are read in order, worked on by many threads at once, and written in order. */
#ifndef NCT_BASE_PIPELINE_H
#define NCT_BASE_PIPELINE_H

#include "nct.h"

/* The stages of a batch. One thread takes a batch through read, work and write. A thread has one batch at a time,
 * and `worker`, in [0, threads), numbers both. At any time one thread may read, another may write, and all others
 * may work. */
struct nct_stages {
	int (*ready)(void *ctx); /* true if read() would not wait long for input; never called while read() runs */
	int (*read)(void *ctx, unsigned worker); /* returns 1 if this batch is the last (it may be empty), else 0 */
	nct_err (*work)(void *ctx, unsigned worker);
	nct_err (*write)(void *ctx, unsigned worker);
};

/* Takes batches through the stages, in the calling thread and, if there is a second batch, in others. Returns the
 * first error in the order of batches, with its errno; no later batch is written. An error is returned even if the
 * input stalls: while other batches are in work, read() is called only when ready() says that it will not wait. */
nct_err nct_pipeline(const struct nct_stages *s, void *ctx, unsigned threads) NCT_USED;

#endif
