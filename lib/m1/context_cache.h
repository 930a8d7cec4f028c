/* context_cache.h - a cache of contexts: a trie of limited size, which drops entries that were not used recently.
 *
 * An entry is a context: the symbols of its parent, and one more. Entry 0 is the root: M1's first input alone. An
 * entry has the keys and values of its last position, and the frequencies of what comes next. All contexts of a
 * worker share a cache. For one thread at a time. */
#ifndef NCT_M1_CONTEXT_CACHE_H
#define NCT_M1_CONTEXT_CACHE_H

#include "nct.h"

#define NCT_CACHE_BYTES ((size_t)96 << 20) /* default size */
#define NCT_CACHE_NONE UINT32_MAX
#define NCT_CACHE_ROW (NCT_SYMBOLS + 1)   /* numbers in a row: frequencies, or bounds of nct_split_bounds() */

struct nct_cache_entry {
	uint32_t parent, next; /* next in its hash chain */
	uint32_t held;         /* number of children and of contexts at this entry; it is kept while this is not 0 */
	uint16_t symbol;
	uint8_t used;          /* used since the clock's hand last passed */
	uint8_t evaluated;     /* keys, values and row are filled in */
	uint8_t divided;       /* the row holds bounds instead of frequencies */
};

typedef struct nct_cache nct_cache;

/* Creates a cache of about `bytes` at most (0: the default), but of at least a few entries. On failure *out is NULL.
 * NCT_ENOMEM. */
nct_err nct_cache_new(nct_cache **out, size_t kv_bytes, size_t bytes) NCT_USED;
void nct_cache_free(nct_cache *m); /* NULL is a no-op */

/* The child of entry `parent` by `symbol`; NCT_CACHE_NONE if there is none. */
uint32_t nct_cache_find(const nct_cache *m, uint32_t parent, unsigned symbol);
/* Adds that child, which may drop another entry. NCT_CACHE_NONE if the cache is full and all entries are held. The
 * caller must hold `parent`. */
uint32_t nct_cache_add(nct_cache *m, uint32_t parent, unsigned symbol);
void nct_cache_hold(nct_cache *m, uint32_t i);    /* keeps an entry and so its ancestors; marks it as used */
void nct_cache_release(nct_cache *m, uint32_t i); /* undoes one nct_cache_hold() */

struct nct_cache_entry *nct_cache_entry(nct_cache *m, uint32_t i);
int8_t *nct_cache_kv(nct_cache *m, uint32_t i);
uint32_t *nct_cache_row(nct_cache *m, uint32_t i); /* (NCT_CACHE_ROW) */

#endif
