/* context.h - what M1 has read since its last reset, and what it expects next: many contexts side by side.
 *
 * A crew is what one worker needs: its contexts, a memory that they share where M1 is reset at every window (contexts are short and
 * come again then), buffers. nct_contexts_ready() evaluates what all of a crew's contexts wait for in one call of M1; what is not
 * made ready that way is evaluated when it is asked for. A context that is never reset keeps its last `reach` positions alone.
 * Results are the same whatever is evaluated with what. */
#ifndef NCT_M1_CONTEXT_H
#define NCT_M1_CONTEXT_H

#include "coder/split.h"
#include "m1/context_cache.h"

typedef struct nct_context nct_context;
typedef struct nct_crew nct_crew; /* one thread at a time */

struct nct_crew_plan {
	unsigned window_bits; /* of the windows to be stepped through; 0: only frequencies are asked for */
	int remember;         /* keep a memory of contexts, ... */
	size_t cache_bytes;   /* ... of at most about this size; 0: the default */
	int endless;          /* contexts go on without resets: what is promised will be pushed */
	size_t rewind;        /* how many symbols nct_context_rewind() takes back, at most */
	size_t lanes;         /* contexts */
};

/* `m1` is borrowed until nct_crew_free(). The contexts are just reset. NCT_ENOMEM. */
nct_err nct_crew_new(nct_crew **out, const nct_m1 *m1, const struct nct_crew_plan *p) NCT_USED;
void nct_crew_free(nct_crew *w); /* and its contexts; NULL is a no-op */
size_t nct_crew_lanes(const nct_crew *w);
nct_context *nct_crew_context(nct_crew *w, size_t lane);
/* Takes a context out of its crew: the caller keeps it until nct_context_free(); the crew gets another in its place. It is to be
 * adopted before its next use. NCT_ENOMEM. */
nct_err nct_crew_part(nct_crew *w, nct_context *c) NCT_USED;
void nct_crew_adopt(nct_crew *w, nct_context *c); /* lets c, parted from another crew or from this one, work with this crew */
void nct_context_free(nct_context *c);            /* of a parted context; NULL is a no-op */

void nct_context_reset(nct_context *c);
void nct_context_push(nct_context *c, unsigned symbol); /* M1 reads a symbol; evaluated only when needed */
/* Takes back the last n symbols pushed since the reset; `symbol` is the last one before them, NCT_EOD if there is none. Not where
 * contexts are remembered: these begin anew. */
void nct_context_rewind(nct_context *c, size_t n, unsigned symbol);
/* Says what will be pushed next, unless the context is reset first: then it may be evaluated along with what is needed now. `text`
 * is borrowed until the next call of nct_contexts_ready(). */
void nct_context_promise(nct_context *c, const uint8_t *text, size_t n);
int nct_context_ready(nct_context *c); /* is known what comes next, without evaluating anything? */
/* Evaluates what the n contexts, all of this crew, need. n may be any number up to its lanes (a parted one may be among them). */
void nct_contexts_ready(nct_crew *w, nct_context *const *c, size_t n);

/* The next step of a window, as nct_split_take() and nct_split_find(), by what M1 expects here; a symbol that was found or
 * taken is then to be pushed. Where contexts are remembered so are their divisions: such a crew is for one size of window,
 * and *n is where the symbols since the reset lead. Cannot fail: all memory is there. */
int nct_context_take(nct_context *c, struct nct_node *n, unsigned symbol);
unsigned nct_context_find(nct_context *c, struct nct_node *n, nct_u128 k);
/* NCT_SYMBOLS frequencies of what comes next; valid until the next call on *c. Not where steps of windows of up to NCT_SPLIT_NARROW
 * bits are remembered: their divisions are kept in the same place. */
const uint32_t *nct_context_freq(nct_context *c);
uint64_t nct_context_evaluated(const nct_context *c); /* positions evaluated so far: what remembering saves shows here */

#endif
