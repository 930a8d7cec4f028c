/* context.h - contexts: what M1 has read since its last reset, and the frequencies of what comes next.
 *
 * A worker belongs to one thread. It has several contexts (lanes), their buffers, and perhaps a cache of contexts.
 * The cache is used where M1 is reset after every window: contexts are short then, and the same ones come again.
 *
 * Symbols that are pushed to a context wait until their frequencies are needed. nct_contexts_ready() evaluates what
 * many contexts wait for in one call of M1, which is faster. Otherwise a context is evaluated when it is asked for
 * frequencies. Results do not depend on what is evaluated together. A context that is never reset keeps its last
 * `reach` positions only. */
#ifndef NCT_M1_CONTEXT_H
#define NCT_M1_CONTEXT_H

#include "coder/split.h"
#include "m1/context_cache.h"

typedef struct nct_context nct_context;
typedef struct nct_worker nct_worker; /* one thread at a time */

struct nct_worker_plan {
	unsigned window_bits; /* of nct_context_take() and _find(); 0: only frequencies are asked for */
	int remember;         /* keep a cache of contexts ... */
	size_t cache_bytes;   /* ... of about this size at most; 0: the default */
	int endless;          /* contexts are not reset, so the whole look-ahead will be pushed */
	size_t rewind;        /* symbols that nct_context_rewind() takes back, at most */
	size_t lanes;         /* number of contexts */
};

/* Creates a worker with contexts that are reset. `m1` is borrowed until nct_worker_free(). On failure *out is NULL.
 * NCT_ENOMEM. */
nct_err nct_worker_new(nct_worker **out, const nct_m1 *m1, const struct nct_worker_plan *p) NCT_USED;
void nct_worker_free(nct_worker *w); /* frees its contexts, too; NULL is a no-op */
size_t nct_worker_lanes(const nct_worker *w);
nct_context *nct_worker_context(nct_worker *w, size_t lane);
/* Takes a context out of its worker, which gets a new one in its place. The caller then owns the context, and frees
 * it by nct_context_free(). Before its next use a worker has to adopt it. NCT_ENOMEM. */
nct_err nct_worker_detach(nct_worker *w, nct_context *c) NCT_USED;
void nct_worker_adopt(nct_worker *w, nct_context *c); /* lets the detached context c use worker w */
void nct_context_free(nct_context *c);                /* for detached contexts; NULL is a no-op */

void nct_context_reset(nct_context *c);
void nct_context_push(nct_context *c, unsigned symbol); /* M1 reads a symbol, which is evaluated when needed */
/* Takes back the last n symbols pushed since the reset. `symbol` is the one before them, or NCT_EOD if there is
 * none. Not for workers with a cache. */
void nct_context_rewind(nct_context *c, size_t n, unsigned symbol);
/* Gives the look-ahead: symbols that will be pushed next, unless the context is reset first. They may be evaluated
 * along with what is needed now. `text` is borrowed until the next call of nct_contexts_ready(). */
void nct_context_lookahead(nct_context *c, const uint8_t *text, size_t n);
int nct_context_ready(nct_context *c); /* true if the next frequencies are known without evaluating M1 */
/* Evaluates what n contexts of this worker wait for. n is at most its lanes. Adopted contexts may be among them. */
void nct_contexts_ready(nct_worker *w, nct_context *const *c, size_t n);

/* Runs n <= NCT_WORKER_LANES lanes in turn, and evaluates M1 for all of them in one call. turn(self, i) goes on with
 * lane i until it needs M1, and returns the context that waits. It returns NULL when the lane has nothing more to
 * do. */
void nct_worker_run(nct_worker *w, size_t n, nct_context *(*turn)(void *self, size_t i), void *self);
#define NCT_WORKER_LANES 96

/* nct_split_take() and nct_split_find() with the frequencies of the context. The caller then pushes the symbol that
 * was taken or found. A worker with a cache keeps the bounds of nodes, too. So it serves one size of window only,
 * and *n must be the node that the symbols since the reset lead to. These allocate nothing, so they cannot fail. */
int nct_context_take(nct_context *c, struct nct_node *n, unsigned symbol);
unsigned nct_context_find(nct_context *c, struct nct_node *n, nct_u128 k);
/* The frequencies (NCT_SYMBOLS) of what comes next; valid until the next call on *c. Not for workers with a cache
 * whose windows have up to NCT_SPLIT_NARROW bits, as bounds then take the place of frequencies. */
const uint32_t *nct_context_freq(nct_context *c);
/* Positions of this context that M1 was evaluated at. A cache makes them fewer. */
uint64_t nct_context_evaluated(const nct_context *c);

#endif
