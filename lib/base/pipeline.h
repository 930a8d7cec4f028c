/* pipeline.h - batches read in order, worked on by many threads at once, and written in order. */
#ifndef NCT_BASE_PIPELINE_H
#define NCT_BASE_PIPELINE_H

#include "nct.h"

/* What is done with a batch, one after the other, by one thread. `worker` is the thread's number, in [0, threads),
 * and that of its batch: each has one at a time. One thread reads at a time and one writes; they may be at it at
 * once, and all may work. */
struct nct_stages {
	int (*ready)(void *ctx); /* whether reading will find something without waiting for long; not called during it */
	int (*read)(void *ctx, unsigned worker); /* 1: this is the last batch, which may be an empty one; else 0 */
	nct_err (*work)(void *ctx, unsigned worker);
	nct_err (*write)(void *ctx, unsigned worker);
};

/* Runs batches through the stages, in the calling thread and, if there is a second batch, in others. The first error
 * in the order of batches, with its errno: what was read later is not written. An error is not held up by input that
 * does not come: there is no reading that may wait while a batch is on its way. */
nct_err nct_pipeline(const struct nct_stages *s, void *ctx, unsigned threads) NCT_USED;

#endif
