/* context_cache.h - contexts that begin windows and came up before: a trie, bounded in memory, the ones least used dropped.
 *
 * An entry is a context: its parent's symbols and one more; entry 0 is M1's first input alone. It holds the keys and values of its
 * last position, and what M1 expects after it. One thread at a time; the contexts of a worker share one. */
#ifndef NCT_M1_CONTEXT_CACHE_H
#define NCT_M1_CONTEXT_CACHE_H

#include "nct.h"

#define NCT_CACHE_BYTES ((size_t)96 << 20) /* default bound */
#define NCT_MEMORY_NONE UINT32_MAX
#define NCT_MEMORY_ROW (NCT_SYMBOLS + 1)   /* frequencies, or the bounds of a division */

struct nct_memory_entry {
	uint32_t parent, next; /* next in its hash chain */
	uint32_t held;         /* children, and contexts that stand here: such an entry stays */
	uint16_t symbol;
	uint8_t used;          /* since the clock's hand last passed */
	uint8_t evaluated;     /* its keys, values and frequencies are there */
	uint8_t divided;       /* its row holds the bounds of its division, no longer frequencies */
};

typedef struct nct_memory nct_memory;

/* For at most about `bytes` (0: the default), but never fewer than a few entries. NCT_ENOMEM. */
nct_err nct_memory_new(nct_memory **out, size_t kv_bytes, size_t bytes) NCT_USED;
void nct_memory_free(nct_memory *m); /* NULL is a no-op */

/* The entry for `parent` and then `symbol`; NCT_MEMORY_NONE if there is none. */
uint32_t nct_memory_find(const nct_memory *m, uint32_t parent, unsigned symbol);
/* Makes it; NCT_MEMORY_NONE if there is no room and all entries are held. `parent` is held by the caller. */
uint32_t nct_memory_add(nct_memory *m, uint32_t parent, unsigned symbol);
void nct_memory_hold(nct_memory *m, uint32_t i);    /* keeps an entry, and with it its ancestors; counts as its use */
void nct_memory_release(nct_memory *m, uint32_t i);

struct nct_memory_entry *nct_memory_entry(nct_memory *m, uint32_t i);
int8_t *nct_memory_kv(nct_memory *m, uint32_t i);
uint32_t *nct_memory_row(nct_memory *m, uint32_t i); /* NCT_MEMORY_ROW */

#endif
