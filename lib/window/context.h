/* context.h - what M1 has read since its last reset, and what it expects next.
 *
 * Two ways to remember. Where M1 is reset at every window, contexts are short and come again: a trie of those seen keeps
 * their frequencies and their keys and values, bounded in memory, the ones least used dropped. Elsewhere a context
 * is one long line and only its last `reach` positions are kept. Results are the same either way. */
#ifndef NCT_WINDOW_CONTEXT_H
#define NCT_WINDOW_CONTEXT_H

#include "coder/split.h"
#include "nct.h"

typedef struct nct_context nct_context; /* one thread at a time */

#define NCT_CACHE_BYTES ((size_t)96 << 20) /* default bound on a trie */

/* `m1` is borrowed until nct_context_free(). remember: keep a trie of at most about `cache_bytes` (0: the default).
 * window_bits: of the windows to be stepped through; 0: only frequencies are asked for. The new context is just
 * reset. NCT_ENOMEM. */
nct_err nct_context_new(nct_context **out, const nct_m1 *m1, unsigned window_bits, int remember, size_t cache_bytes) NCT_USED;
void nct_context_free(nct_context *c); /* NULL is a no-op */
void nct_context_reset(nct_context *c);
void nct_context_push(nct_context *c, unsigned symbol); /* M1 reads a symbol; evaluated only when needed */
/* The next step of a window, as nct_split_take() and nct_split_find(), by what M1 expects here; a symbol that was found or
 * taken is then to be pushed. Where contexts are remembered so are their divisions: such a *c is for one size of window,
 * and *n is where the symbols since the reset lead. Cannot fail: all memory is there. */
int nct_context_take(nct_context *c, struct nct_node *n, unsigned symbol);
unsigned nct_context_find(nct_context *c, struct nct_node *n, nct_u128 k);
/* NCT_SYMBOLS frequencies of what comes next; valid until the next call on *c. Not for a context that takes steps of windows of
 * up to NCT_SPLIT_NARROW bits and remembers: it keeps the divisions in their place. */
const uint32_t *nct_context_freq(nct_context *c);
uint64_t nct_context_evaluated(const nct_context *c); /* contexts evaluated so far: what remembering saves shows here */

#endif
