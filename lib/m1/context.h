/* context.h - what M1 has read since its last reset, and what it expects next: many contexts side by side.
 *
 * An nct_worker is what one thread has for itself: its contexts, their buffers, and a cache of contexts. The cache
 * is used where M1 is reset at every window: contexts are short then, and come again. nct_contexts_ready() evaluates
 * in one call of M1 what several contexts wait for. What was not made ready so is evaluated when it is asked for. A
 * context that is never reset keeps its last `reach` positions only. Results do not depend on what is evaluated
 * together. */
#ifndef NCT_M1_CONTEXT_H
#define NCT_M1_CONTEXT_H

#include "coder/split.h"
#include "m1/context_cache.h"

typedef struct nct_context nct_context;
typedef struct nct_worker nct_worker; /* one thread at a time */

struct nct_worker_plan {
	unsigned window_bits; /* of the windows to be stepped through; 0: only frequencies are asked for */
	int remember;         /* keep a cache of contexts, ... */
	size_t cache_bytes;   /* ... of at most about this size; 0: the default */
	int endless;          /* contexts go on without resets: the look-ahead will be pushed */
	size_t rewind;        /* how many symbols nct_context_rewind() takes back, at most */
	size_t lanes;         /* contexts */
};

/* `m1` is borrowed until nct_worker_free(). The contexts are just reset. NCT_ENOMEM. */
nct_err nct_worker_new(nct_worker **out, const nct_m1 *m1, const struct nct_worker_plan *p) NCT_USED;
void nct_worker_free(nct_worker *w); /* and its contexts; NULL is a no-op */
size_t nct_worker_lanes(const nct_worker *w);
nct_context *nct_worker_context(nct_worker *w, size_t lane);
/* Takes a context out of its worker: the caller keeps it until nct_context_free(); the worker gets another in its
 * place. It is to be adopted before its next use. NCT_ENOMEM. */
nct_err nct_worker_detach(nct_worker *w, nct_context *c) NCT_USED;
void nct_worker_adopt(nct_worker *w, nct_context *c); /* c, detached from any worker, goes on with this one */
void nct_context_free(nct_context *c);            /* of a detached context; NULL is a no-op */

void nct_context_reset(nct_context *c);
void nct_context_push(nct_context *c, unsigned symbol); /* M1 reads a symbol; evaluated only when needed */
/* Takes back the last n symbols pushed since the reset; `symbol` is the last one before them, NCT_EOD if there is
 * none. Not where contexts are remembered: these begin anew. */
void nct_context_rewind(nct_context *c, size_t n, unsigned symbol);
/* Says what will be pushed next, unless the context is reset first. It may be evaluated along with what is needed
 * now. `text` is borrowed until the next call of nct_contexts_ready(). */
void nct_context_lookahead(nct_context *c, const uint8_t *text, size_t n);
int nct_context_ready(nct_context *c); /* is known what comes next, without evaluating anything? */
/* Evaluates what the n contexts, all of this worker, wait for. n may be any number up to its lanes (a detached one
 * may be among them). */
void nct_contexts_ready(nct_worker *w, nct_context *const *c, size_t n);

/* Runs n lanes of work side by side, so that M1 is evaluated for all in one call. turn(self, i) goes on with lane i,
 * through as many pieces of work as come, until M1 is to be evaluated: it gives back the context that waits. NULL:
 * the lane has nothing more to do. */
void nct_worker_run(nct_worker *w, size_t n, nct_context *(*turn)(void *self, size_t i), void *self);
#define NCT_WORKER_LANES 96 /* n at most */

/* The next step of a window, as nct_split_take() and nct_split_find(), by what M1 expects here; a symbol that was
 * found or taken is then to be pushed. Where contexts are remembered so are their divisions: such a worker is for
 * one size of window, and *n is where the symbols since the reset lead. Cannot fail: all memory is there. */
int nct_context_take(nct_context *c, struct nct_node *n, unsigned symbol);
unsigned nct_context_find(nct_context *c, struct nct_node *n, nct_u128 k);
/* NCT_SYMBOLS frequencies of what comes next; valid until the next call on *c. Not where steps of windows of up to
 * NCT_SPLIT_NARROW bits are remembered: their divisions are kept in the same place. */
const uint32_t *nct_context_freq(nct_context *c);
/* positions evaluated so far: what remembering saves shows here */
uint64_t nct_context_evaluated(const nct_context *c);

#endif
