/* context_cache.c - a cache of contexts: a trie of limited size, which drops entries that were not used recently. */
#include "m1/context_cache.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define FEWEST 16u /* entries of a cache, at least */

struct nct_cache {
	size_t kv_bytes;
	struct nct_cache_entry *entry;
	uint32_t *row;         /* (cap,NCT_CACHE_ROW) */
	int8_t *kv;            /* (cap,kv_bytes) */
	uint32_t entries, cap;
	uint32_t hand;         /* of the clock algorithm: the entry to look at next */
	uint32_t *bucket;      /* (mask + 1) first entries of hash chains */
	uint32_t mask;
};

static uint32_t
hash(uint32_t parent, unsigned symbol)
{
	uint32_t h = (parent * 257u + symbol) * 2654435761u;

	return h ^ h >> 15;
}

nct_err
nct_cache_new(nct_cache **out, size_t kv_bytes, size_t bytes)
{
	const size_t each =
	    NCT_CACHE_ROW * sizeof(uint32_t) + kv_bytes + sizeof(struct nct_cache_entry) + 2 * sizeof(uint32_t);
	size_t cap = (bytes == 0 ? NCT_CACHE_BYTES : bytes) / each, buckets = 1;
	nct_cache *m = calloc(1, sizeof *m);

	*out = NULL;
	if (m == NULL)
		return NCT_ENOMEM;
	cap = cap < FEWEST ? FEWEST : cap > UINT32_MAX / 4 ? UINT32_MAX / 4 : cap;
	while (buckets < cap)
		buckets *= 2;
	m->kv_bytes = kv_bytes;
	m->entry = malloc(cap * sizeof *m->entry);
	m->row = malloc(cap * NCT_CACHE_ROW * sizeof *m->row);
	m->kv = malloc(cap * kv_bytes + 1);
	m->bucket = malloc(buckets * sizeof *m->bucket);
	if (m->entry == NULL || m->row == NULL || m->kv == NULL || m->bucket == NULL) {
		nct_cache_free(m);
		return NCT_ENOMEM;
	}
	memset(m->bucket, 0xff, buckets * sizeof *m->bucket);
	m->entry[0] = (struct nct_cache_entry){
	    .parent = NCT_CACHE_NONE, .next = NCT_CACHE_NONE, .symbol = NCT_EOD, .held = 1}; /* held for ever */
	m->entries = m->hand = 1;
	m->cap = (uint32_t)cap;
	m->mask = (uint32_t)buckets - 1;
	*out = m;
	return NCT_OK;
}

void
nct_cache_free(nct_cache *m)
{
	if (m == NULL)
		return;
	free(m->entry);
	free(m->row);
	free(m->kv);
	free(m->bucket);
	free(m);
}

uint32_t
nct_cache_find(const nct_cache *m, uint32_t parent, unsigned symbol)
{
	uint32_t i = m->bucket[hash(parent, symbol) & m->mask];

	while (i != NCT_CACHE_NONE && (m->entry[i].parent != parent || m->entry[i].symbol != symbol))
		i = m->entry[i].next;
	return i;
}

static void
unlink_entry(nct_cache *m, uint32_t i)
{
	const struct nct_cache_entry *e = &m->entry[i];
	uint32_t *link = &m->bucket[hash(e->parent, e->symbol) & m->mask];

	while (*link != i)
		link = &m->entry[*link].next;
	*link = e->next;
	m->entry[e->parent].held--;
}

/* A free entry. If the cache is full, the clock algorithm drops one: the first that is neither held nor used since
 * the hand last passed. NCT_CACHE_NONE if all are held. */
static uint32_t
allocate(nct_cache *m)
{
	if (m->entries < m->cap)
		return m->entries++;
	for (uint32_t steps = 0; steps < 2 * m->cap; steps++) {
		const uint32_t i = m->hand;
		struct nct_cache_entry *e = &m->entry[i];

		m->hand = i + 1 < m->cap ? i + 1 : 1;
		if (e->held > 0)
			continue;
		if (e->used) {
			e->used = 0;
			continue;
		}
		unlink_entry(m, i);
		return i;
	}
	return NCT_CACHE_NONE;
}

uint32_t
nct_cache_add(nct_cache *m, uint32_t parent, unsigned symbol)
{
	const uint32_t i = allocate(m);
	uint32_t *head = &m->bucket[hash(parent, symbol) & m->mask];

	assert(m->entry[parent].held > 0);
	if (i == NCT_CACHE_NONE)
		return i;
	m->entry[i] = (struct nct_cache_entry){.parent = parent, .next = *head, .symbol = (uint16_t)symbol};
	*head = i;
	m->entry[parent].held++;
	return i;
}

void
nct_cache_hold(nct_cache *m, uint32_t i)
{
	m->entry[i].held++;
	m->entry[i].used = 1;
}

void
nct_cache_release(nct_cache *m, uint32_t i)
{
	assert(m->entry[i].held > 0);
	m->entry[i].held--;
}

struct nct_cache_entry *
nct_cache_entry(nct_cache *m, uint32_t i)
{
	return &m->entry[i];
}

int8_t *
nct_cache_kv(nct_cache *m, uint32_t i)
{
	return m->kv + i * m->kv_bytes;
}

uint32_t *
nct_cache_row(nct_cache *m, uint32_t i)
{
	return m->row + (size_t)i * NCT_CACHE_ROW;
}
