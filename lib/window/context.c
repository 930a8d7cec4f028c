/* context.c - what M1 has read since its last reset, and what it expects next. */
#include "window/context.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "model/m1.h"

#define NONE UINT32_MAX
#define ROW (NCT_SYMBOLS + 1)
#define DEPTH_MAX (NCT_WINDOW_SYMBOLS + 1) /* a remembered context: BOS and one window's text */

/* A remembered context: its parent's symbols and one more. Node 0 is BOS alone. Its frequencies and its last position's
 * keys and values lie in the arrays of the same index. */
struct entry {
	uint32_t parent, next; /* next in its hash chain */
	uint32_t children;
	uint16_t symbol;
	uint8_t used;          /* since the clock's hand last passed */
	uint8_t evaluated;
	uint8_t divided;       /* its row holds the bounds of its division, no longer frequencies */
};

struct nct_context {
	const nct_m1 *m1;
	nct_m1_scratch *scratch;
	size_t kv_bytes;
	uint32_t reach;        /* 0: frequencies depend on nothing */
	int remember;
	int narrow;            /* remember: divisions, too */
	uint64_t evaluated;
	unsigned pending;      /* a symbol read but not yet evaluated, or NONE */

	uint32_t *freq;        /* remember: a row of ROW per entry; else one row */
	int8_t *kv;            /* remember: a block per entry; else a ring of `reach` blocks */
	const int8_t **past;   /* blocks of the positions so far, oldest first */
	uint32_t depth;        /* positions evaluated since the reset */

	uint32_t from;         /* positions dropped from the front of `past` (line only) */

	struct entry *entry;   /* trie only, down to here */
	uint32_t entries, cap, hand, at;
	uint32_t *bucket;      /* heads of hash chains */
	uint32_t mask;
};

static uint32_t
hash(uint32_t parent, unsigned symbol)
{
	uint32_t h = (parent * 257u + symbol) * 2654435761u;

	return h ^ h >> 15;
}

/* Evaluates one more position: its keys and values go to `kv`; freq NULL: only read. */
static void
evaluate(nct_context *c, unsigned symbol, int8_t *kv, uint32_t *freq)
{
	uint32_t seen = c->depth - c->from, back = c->reach == 0 ? 0 : seen < c->reach ? seen : c->reach - 1;
	struct nct_m1_step step = {.symbol = (uint16_t)symbol, .past = back, .kv = c->past + (seen - back), .kv_out = kv, .freq = freq};

	nct_m1_eval(c->m1, c->scratch, &step, 1);
	c->evaluated++;
}

/* The line: reads a symbol; the blocks of keys and values form a ring, the list of them is moved up when full. */
static void
line_read(nct_context *c, unsigned symbol, uint32_t *freq)
{
	int8_t *kv = c->kv + (c->depth - c->from) % c->reach * c->kv_bytes; /* `from` is a multiple of `reach`; depth may wrap */

	if (c->depth - c->from == 2 * c->reach) {
		memmove(c->past, c->past + c->reach, c->reach * sizeof *c->past);
		c->from += c->reach;
	}
	evaluate(c, symbol, kv, freq);
	c->past[c->depth - c->from] = kv;
	c->depth++;
}

/* ---- the trie ---- */

static uint32_t
find(const nct_context *c, uint32_t parent, unsigned symbol)
{
	uint32_t i = c->bucket[hash(parent, symbol) & c->mask];

	while (i != NONE && (c->entry[i].parent != parent || c->entry[i].symbol != symbol))
		i = c->entry[i].next;
	return i;
}

static void
unlink_entry(nct_context *c, uint32_t i)
{
	const struct entry *e = &c->entry[i];
	uint32_t *link = &c->bucket[hash(e->parent, e->symbol) & c->mask];

	while (*link != i)
		link = &c->entry[*link].next;
	*link = e->next;
	c->entry[e->parent].children--;
}

/* A free entry: a new one, or the next leaf that the clock's hand finds unused. The place where we stand and its
 * ancestors are no leaves or are skipped, and there are more entries than a path is long. */
static uint32_t
allocate(nct_context *c)
{
	if (c->entries < c->cap)
		return c->entries++;
	for (;;) {
		uint32_t i = c->hand;
		struct entry *e = &c->entry[i];

		c->hand = i + 1 < c->cap ? i + 1 : 1;
		if (e->children > 0 || i == c->at)
			continue;
		if (e->used) {
			e->used = 0;
			continue;
		}
		unlink_entry(c, i);
		return i;
	}
}

static void
trie_read(nct_context *c, unsigned symbol)
{
	uint32_t i = c->depth == 0 ? 0 : find(c, c->at, symbol);

	if (i == NONE) {
		uint32_t *head = &c->bucket[hash(c->at, symbol) & c->mask];

		i = allocate(c);
		c->entry[i] = (struct entry){.parent = c->at, .next = *head, .symbol = (uint16_t)symbol};
		*head = i;
		c->entry[c->at].children++;
	}
	struct entry *e = &c->entry[i];
	int8_t *kv = c->kv + i * c->kv_bytes;
	if (!e->evaluated)
		evaluate(c, symbol, kv, c->freq + (size_t)i * ROW);
	e->evaluated = 1;
	e->used = 1;
	c->past[c->depth++] = kv;
	c->at = i;
}

/* ---- both ---- */

static nct_err
trie_new(nct_context *c, size_t cache_bytes)
{
	size_t each = sizeof(struct entry) + ROW * sizeof *c->freq + c->kv_bytes + 2 * sizeof *c->bucket;
	size_t cap = (cache_bytes != 0 ? cache_bytes : NCT_CACHE_BYTES) / each, buckets = 1;

	cap = cap < DEPTH_MAX + 2 ? DEPTH_MAX + 2 : cap > UINT32_MAX / 4 ? UINT32_MAX / 4 : cap;
	while (buckets < cap)
		buckets *= 2;
	c->entry = malloc(cap * sizeof *c->entry);
	c->freq = malloc(cap * ROW * sizeof *c->freq);
	c->kv = malloc(cap * c->kv_bytes + 1);
	c->bucket = malloc(buckets * sizeof *c->bucket);
	c->past = malloc(DEPTH_MAX * sizeof *c->past);
	if (c->entry == NULL || c->freq == NULL || c->kv == NULL || c->bucket == NULL || c->past == NULL)
		return NCT_ENOMEM;
	memset(c->bucket, 0xff, buckets * sizeof *c->bucket);
	c->entry[0] = (struct entry){.parent = NONE, .next = NONE, .symbol = NCT_EOD, .children = 1}; /* never a leaf: never dropped */
	c->entries = c->hand = 1;
	c->cap = (uint32_t)cap;
	c->mask = (uint32_t)buckets - 1;
	return NCT_OK;
}

static nct_err
line_new(nct_context *c)
{
	c->freq = malloc(ROW * sizeof *c->freq);
	c->kv = malloc(c->reach * c->kv_bytes + 1);
	c->past = malloc((2 * (size_t)c->reach + 1) * sizeof *c->past);
	return c->freq == NULL || c->kv == NULL || c->past == NULL ? NCT_ENOMEM : NCT_OK;
}

nct_err
nct_context_new(nct_context **out, const nct_m1 *m1, unsigned window_bits, int remember, size_t cache_bytes)
{
	nct_context *c = calloc(1, sizeof *c);
	nct_err err = NCT_ENOMEM;

	*out = NULL;
	if (c == NULL)
		return NCT_ENOMEM;
	c->m1 = m1;
	c->kv_bytes = nct_m1_kv_bytes(m1);
	c->reach = nct_m1_reach(m1);
	c->remember = remember;
	c->narrow = remember && window_bits > 0 && window_bits <= NCT_SPLIT_NARROW;
	if ((err = nct_m1_scratch_new(&c->scratch, m1, 1)) != NCT_OK)
		goto fail;
	if ((err = c->remember ? trie_new(c, cache_bytes) : line_new(c)) != NCT_OK)
		goto fail;
	if (c->reach == 0 && !remember)
		evaluate(c, NCT_EOD, c->kv, c->freq);
	nct_context_reset(c);
	*out = c;
	return NCT_OK;
fail:
	nct_context_free(c);
	return err;
}

void
nct_context_free(nct_context *c)
{
	if (c == NULL)
		return;
	nct_m1_scratch_free(c->scratch);
	free(c->freq);
	free(c->kv);
	free(c->past);
	free(c->entry);
	free(c->bucket);
	free(c);
}

void
nct_context_reset(nct_context *c)
{
	c->depth = c->from = c->at = 0;
	c->pending = NCT_EOD;
}

void
nct_context_push(nct_context *c, unsigned symbol)
{
	if (c->reach == 0 && !c->remember)
		return;
	if (c->pending != NONE && c->remember)
		trie_read(c, c->pending);
	else if (c->pending != NONE)
		line_read(c, c->pending, NULL);
	c->pending = symbol;
}

/* The row of what comes next. */
static uint32_t *
expect(nct_context *c)
{
	if (c->reach == 0 && !c->remember)
		return c->freq;
	if (c->pending != NONE && c->remember)
		trie_read(c, c->pending);
	else if (c->pending != NONE)
		line_read(c, c->pending, c->freq);
	c->pending = NONE;
	return c->remember ? c->freq + (size_t)c->at * ROW : c->freq;
}

const uint32_t *
nct_context_freq(nct_context *c)
{
	const uint32_t *row = expect(c);

	assert(!c->narrow);
	return row;
}

/* The bounds of the division here, made at the first visit. */
static const uint32_t *
bounds(nct_context *c, const struct nct_node *n)
{
	uint32_t *row = expect(c), freq[NCT_SYMBOLS];

	if (!c->entry[c->at].divided) {
		memcpy(freq, row, sizeof freq);
		nct_split_bounds(n, freq, row);
		c->entry[c->at].divided = 1;
	}
	return row;
}

int
nct_context_take(nct_context *c, struct nct_node *n, unsigned symbol)
{
	return c->narrow ? nct_split_take_bounds(n, bounds(c, n), symbol) : nct_split_take(n, expect(c), symbol);
}

unsigned
nct_context_find(nct_context *c, struct nct_node *n, nct_u128 k)
{
	return c->narrow ? nct_split_find_bounds(n, bounds(c, n), k) : nct_split_find(n, expect(c), k);
}

uint64_t
nct_context_evaluated(const nct_context *c)
{
	return c->evaluated;
}
