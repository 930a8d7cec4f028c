/* context_cache.h - contexts that begin windows and came up before: a trie, bounded in memory, the ones least used
 * dropped.
 *
 * An entry is a context: its parent's symbols and one more; entry 0 is M1's first input alone. It holds the keys and
 * values of its last position, and what M1 expects after it. One thread at a time; the contexts of a worker share
 * one. */
#ifndef NCT_M1_CONTEXT_CACHE_H
#define NCT_M1_CONTEXT_CACHE_H

#include "nct.h"

#define NCT_CACHE_BYTES ((size_t)96 << 20) /* default bound */
#define NCT_CACHE_NONE UINT32_MAX
#define NCT_CACHE_ROW (NCT_SYMBOLS + 1)   /* frequencies, or the bounds of a division */

struct nct_cache_entry {
	uint32_t parent, next; /* next in its hash chain */
	uint32_t held;         /* children, and contexts that stand here: such an entry stays */
	uint16_t symbol;
	uint8_t used;          /* since the clock's hand last passed */
	uint8_t evaluated;     /* its keys, values and frequencies are there */
	uint8_t divided;       /* its row holds the bounds of its division, no longer frequencies */
};

typedef struct nct_cache nct_cache;

/* For at most about `bytes` (0: the default), but never fewer than a few entries. NCT_ENOMEM. */
nct_err nct_cache_new(nct_cache **out, size_t kv_bytes, size_t bytes) NCT_USED;
void nct_cache_free(nct_cache *m); /* NULL is a no-op */

/* The entry for `parent` and then `symbol`; NCT_CACHE_NONE if there is none. */
uint32_t nct_cache_find(const nct_cache *m, uint32_t parent, unsigned symbol);
/* Makes it; NCT_CACHE_NONE if there is no room and all entries are held. `parent` is held by the caller. */
uint32_t nct_cache_add(nct_cache *m, uint32_t parent, unsigned symbol);
void nct_cache_hold(nct_cache *m, uint32_t i);    /* keeps an entry, and with it its ancestors; counts as its use */
void nct_cache_release(nct_cache *m, uint32_t i);

struct nct_cache_entry *nct_cache_entry(nct_cache *m, uint32_t i);
int8_t *nct_cache_kv(nct_cache *m, uint32_t i);
uint32_t *nct_cache_row(nct_cache *m, uint32_t i); /* NCT_CACHE_ROW */

#endif
