/* context.c - contexts: what M1 has read since its last reset, and the frequencies of what comes next. */
#include "m1/context.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "m1/m1.h"

#define NONE NCT_CACHE_NONE
#define WIDE 64        /* positions evaluated in one call; if fewer contexts wait, look-ahead fills up */
#define LONG 192       /* the same for endless contexts, whose look-ahead is certain; a multiple of BLOCK in eval.c */
#define FIRST_GUESS 16 /* symbols between two resets, before any reset was seen */
#define GROWTH 2       /* entries that a context adds to the cache between two resets, at most */

/* An evaluated position, perhaps before its symbol was pushed. */
struct ahead {
	uint16_t symbol;
	uint32_t entry;  /* its entry in the cache; NONE: its row is in nct_context.row, at the same index, ... */
	uint8_t divided; /* ... and holds bounds instead of frequencies */
};

struct nct_context {
	nct_worker *worker;
	uint64_t evaluated;    /* positions that M1 was evaluated at */
	unsigned pending;      /* a symbol that was pushed but not evaluated yet, or NONE */
	uint64_t depth;        /* positions since the reset */
	uint64_t from;         /* positions dropped from the front of `past` */
	const int8_t **past;   /* keys and values of positions, oldest first, look-ahead included */
	int8_t *kv;            /* a ring of keys and values, for positions outside the cache */
	uint32_t *row;         /* (w->ahead,NCT_CACHE_ROW) frequencies or bounds of positions outside the cache */

	/* The deepest cache entry that is a beginning of this context; it is held. NONE: no cache, or detached. */
	uint32_t at;
	int outside;           /* the context goes on beyond that entry */
	unsigned grown;        /* entries added to the cache since the reset */

	struct ahead *ahead;   /* evaluated positions: [now] is the present one, [now + 1, known) are ahead */
	size_t now, known;
	const uint8_t *lookahead; /* borrowed */
	size_t lookahead_n;
};

struct nct_worker {
	const nct_m1 *m1;
	nct_m1_scratch *scratch;
	struct nct_m1_step *steps;
	size_t kv_bytes;
	uint32_t reach;        /* M1's; 0: frequencies do not depend on the context */
	int endless, narrow;   /* narrow: rows are turned into bounds, which the cache keeps */
	size_t most;           /* positions evaluated in one call, at most */
	size_t behind;         /* positions to keep before the present one: M1's reach, and what a rewind takes back */
	size_t ahead;          /* positions of one context evaluated in one call, at most */
	size_t slots;          /* positions in a context's ring: behind + ahead */
	uint64_t resets, symbols; /* so far, for the mean length of a context */
	nct_cache *cache;      /* may be NULL */
	nct_context **context;
	size_t lanes;
};

/* ---- making and freeing ---- */

static nct_err
context_new(nct_context **out, nct_worker *w)
{
	nct_context *c = calloc(1, sizeof *c);

	*out = c;
	if (c == NULL)
		return NCT_ENOMEM;
	c->worker = w;
	c->at = NONE;
	c->past = malloc(2 * w->slots * sizeof *c->past);
	c->kv = malloc(w->slots * w->kv_bytes + 1); /* pages are used only as far as contexts get */
	c->row = malloc(w->ahead * NCT_CACHE_ROW * sizeof *c->row);
	c->ahead = malloc(w->ahead * sizeof *c->ahead);
	if (c->past == NULL || c->kv == NULL || c->row == NULL || c->ahead == NULL)
		return NCT_ENOMEM;
	nct_context_reset(c);
	return NCT_OK;
}

void
nct_context_free(nct_context *c)
{
	if (c == NULL)
		return;
	free(c->past);
	free(c->kv);
	free(c->row);
	free(c->ahead);
	free(c);
}

nct_err
nct_worker_new(nct_worker **out, const nct_m1 *m1, const struct nct_worker_plan *p)
{
	nct_worker *w = calloc(1, sizeof *w);
	nct_err err = NCT_ENOMEM;

	*out = NULL;
	if (w == NULL)
		return NCT_ENOMEM;
	w->m1 = m1;
	w->kv_bytes = nct_m1_kv_bytes(m1);
	w->reach = nct_m1_reach(m1);
	w->endless = p->endless;
	w->narrow = p->remember && p->window_bits > 0 && p->window_bits <= NCT_SPLIT_NARROW;
	w->ahead = w->endless ? LONG : WIDE;
	w->most = p->lanes > w->ahead ? p->lanes : w->ahead;
	w->behind = w->reach + p->rewind;
	w->slots = w->behind + w->ahead;
	w->lanes = p->lanes;
	w->steps = calloc(w->most, sizeof *w->steps);
	if ((w->context = calloc(w->lanes, sizeof(nct_context *))) == NULL || w->steps == NULL)
		goto fail;
	if ((err = nct_m1_scratch_new(&w->scratch, m1, w->most)) != NCT_OK)
		goto fail;
	if (p->remember && (err = nct_cache_new(&w->cache, w->kv_bytes, p->cache_bytes)) != NCT_OK)
		goto fail;
	for (size_t i = 0; i < w->lanes; i++)
		if ((err = context_new(&w->context[i], w)) != NCT_OK)
			goto fail;
	*out = w;
	return NCT_OK;
fail:
	nct_worker_free(w);
	return err;
}

void
nct_worker_free(nct_worker *w)
{
	if (w == NULL)
		return;
	for (size_t i = 0; w->context != NULL && i < w->lanes; i++)
		nct_context_free(w->context[i]);
	nct_cache_free(w->cache);
	nct_m1_scratch_free(w->scratch);
	free(w->context);
	free(w->steps);
	free(w);
}

size_t
nct_worker_lanes(const nct_worker *w)
{
	return w->lanes;
}

nct_context *
nct_worker_context(nct_worker *w, size_t lane)
{
	return w->context[lane];
}

nct_err
nct_worker_detach(nct_worker *w, nct_context *c)
{
	const size_t seen = (size_t)(c->depth - c->from), back = seen < w->reach ? seen : w->reach;
	nct_context *other;
	nct_err err;

	assert(c->known <= c->now + 1); /* the look-ahead was right */
	if ((err = context_new(&other, w)) != NCT_OK) {
		nct_context_free(other);
		return err;
	}
	for (size_t i = 0; i < w->lanes; i++)
		if (w->context[i] == c)
			w->context[i] = other;
	if (c->at == NONE)
		return NCT_OK;
	for (size_t i = seen - back; i < seen; i++) { /* move from the cache to the ring, which has room for all */
		int8_t *own = c->kv + (c->from + i) % w->slots * w->kv_bytes;

		if (c->past[i] != own)
			memcpy(own, c->past[i], w->kv_bytes);
		c->past[i] = own;
	}
	if (c->pending == NONE && c->ahead[c->now].entry != NONE) {
		struct ahead *a = &c->ahead[c->now];

		memcpy(c->row + c->now * NCT_CACHE_ROW, nct_cache_row(w->cache, a->entry), NCT_CACHE_ROW * sizeof *c->row);
		a->divided = nct_cache_entry(w->cache, a->entry)->divided;
		a->entry = NONE;
	}
	nct_cache_release(w->cache, c->at);
	c->at = NONE;
	c->outside = 1;
	return NCT_OK;
}

void
nct_worker_adopt(nct_worker *w, nct_context *c)
{
	assert(c->at == NONE || c->worker == w);
	c->worker = w;
}

/* ---- reading on ---- */

void
nct_context_reset(nct_context *c)
{
	nct_worker *w = c->worker;

	if (c->depth > 0) {
		w->resets++;
		w->symbols += c->depth;
	}
	c->depth = c->from = 0;
	c->now = c->known = c->lookahead_n = 0;
	c->pending = NCT_EOD;
	c->grown = 0;
	c->outside = 0;
	if (w->cache == NULL)
		return;
	if (c->at != NONE)
		nct_cache_release(w->cache, c->at);
	c->at = 0;
	nct_cache_hold(w->cache, c->at);
}

void
nct_context_push(nct_context *c, unsigned symbol)
{
	if (c->worker->reach == 0 && c->worker->cache == NULL)
		return;
	if (c->pending != NONE)
		nct_contexts_ready(c->worker, &c, 1);
	if (c->now + 1 < c->known) {
		c->now++;
		c->depth++;
		assert(c->ahead[c->now].symbol == symbol); /* as the look-ahead said */
		return;
	}
	c->pending = symbol;
}

void
nct_context_rewind(nct_context *c, size_t n, unsigned symbol)
{
	assert(c->worker->cache == NULL);
	if (c->worker->reach == 0 || n == 0)
		return;
	c->depth -= n + (c->pending == NONE); /* the position of `symbol` will be evaluated again */
	c->pending = symbol;
	c->now = c->known = c->lookahead_n = 0;
}

void
nct_context_lookahead(nct_context *c, const uint8_t *text, size_t n)
{
	if (c->worker->reach == 0 && c->worker->cache == NULL)
		return; /* with a reach of 0 there is nothing to evaluate */
	c->lookahead = text;
	c->lookahead_n = n;
}

/* Moves c->at to cache entry i, which is its child, or the root if c->at is the root. */
static void
enter(nct_context *c, uint32_t i)
{
	nct_cache_hold(c->worker->cache, i);
	nct_cache_release(c->worker->cache, c->at);
	c->at = i;
}

/* Makes room for n more positions in `past`, by moving those that are still needed to its front. */
static void
make_room(nct_context *c, size_t n)
{
	const size_t seen = (size_t)(c->depth - c->from), back = seen < c->worker->behind ? seen : c->worker->behind;

	if (seen + n <= 2 * c->worker->slots)
		return;
	memmove(c->past, c->past + (seen - back), back * sizeof *c->past);
	c->from += seen - back;
}

/* The cache entry of the next position, whose symbol is `symbol`; NONE if there is none. */
static uint32_t
look_up(const nct_context *c, uint64_t position, unsigned symbol)
{
	if (c->worker->cache == NULL || c->outside)
		return NONE;
	return position == 0 ? 0 : nct_cache_find(c->worker->cache, c->at, symbol);
}

int
nct_context_ready(nct_context *c)
{
	nct_cache *m = c->worker->cache;

	if (c->pending == NONE)
		return 1;
	const uint32_t i = look_up(c, c->depth, c->pending);
	if (i == NONE || !nct_cache_entry(m, i)->evaluated)
		return 0;
	make_room(c, 1);
	enter(c, i);
	c->past[c->depth++ - c->from] = nct_cache_kv(m, i);
	c->ahead[0] = (struct ahead){.symbol = (uint16_t)c->pending, .entry = i};
	c->now = 0;
	c->known = 1;
	c->pending = NONE;
	return 1;
}

/* ---- evaluating ---- */

/* How many positions to evaluate now, at most `share`: the pending one, and as much of the look-ahead as is likely
 * to be pushed before the next reset. */
static size_t
outlook(const nct_context *c, size_t share)
{
	const nct_worker *w = c->worker;
	const uint64_t mean = w->resets > 0 ? w->symbols / w->resets : FIRST_GUESS;
	size_t n = 1 + c->lookahead_n;

	n = n < share ? n : share;
	n = n < w->ahead ? n : w->ahead;
	if (!w->endless && n > 1 && n > (c->depth < mean ? mean - c->depth : 1))
		n = c->depth < mean ? (size_t)(mean - c->depth) : 1;
	return n;
}

/* Adds the next position, c->known positions after c->depth. Returns 1 and fills *step if it must be evaluated, 0 if
 * the cache has it. */
static size_t
add_step(nct_context *c, unsigned symbol, struct nct_m1_step *step)
{
	const nct_worker *w = c->worker;
	const uint64_t position = c->depth + c->known;
	const size_t seen = (size_t)(position - c->from), back = w->reach == 0 ? 0 : seen < w->reach ? seen : w->reach - 1;
	uint32_t i = look_up(c, position, symbol);
	int8_t *kv = c->kv + position % w->slots * w->kv_bytes;
	uint32_t *row = c->row + c->known * NCT_CACHE_ROW;
	int there = 0;

	if (i == NONE && w->cache != NULL && !c->outside && c->grown < GROWTH &&
	    (i = nct_cache_add(w->cache, c->at, symbol)) != NONE)
		c->grown++;
	if (i != NONE) {
		struct nct_cache_entry *e = nct_cache_entry(w->cache, i);

		enter(c, i);
		kv = nct_cache_kv(w->cache, i);
		row = nct_cache_row(w->cache, i);
		there = e->evaluated;
		e->evaluated = 1; /* true by the end of nct_contexts_ready() */
	} else {
		c->outside = 1;
	}
	c->past[seen] = kv;
	c->ahead[c->known++] = (struct ahead){.symbol = (uint16_t)symbol, .entry = i};
	if (!there)
		*step = (struct nct_m1_step){
		    .symbol = (uint16_t)symbol, .past = (uint32_t)back, .kv = c->past + (seen - back), .kv_out = kv, .freq = row};
	return there ? 0 : 1;
}

/* Adds the steps that one context waits for, and some of its look-ahead. Returns how many steps. */
static size_t
add_steps(nct_context *c, size_t share, struct nct_m1_step *steps)
{
	const size_t n = outlook(c, share);
	size_t count = 0;

	make_room(c, n);
	c->now = c->known = 0;
	for (size_t t = 0; t < n; t++)
		count += add_step(c, t == 0 ? c->pending : c->lookahead[t - 1], steps + count);
	c->pending = NONE;
	c->depth++;
	c->evaluated += count;
	return count;
}

void
nct_contexts_ready(nct_worker *w, nct_context *const *c, size_t n)
{
	size_t waiting = 0, count = 0;

	for (size_t i = 0; i < n; i++)
		waiting += !nct_context_ready(c[i]);
	for (size_t i = 0; i < n && waiting > 0; i++) {
		if (!nct_context_ready(c[i])) /* an earlier context may have made this one ready, by the cache */
			count += add_steps(c[i], w->most / waiting, w->steps + count);
		c[i]->lookahead_n = 0;
	}
	nct_m1_eval(w->m1, w->scratch, w->steps, count);
}

/* ---- what comes next ---- */

/* The row of the present position. *divided tells whether it holds bounds; the caller sets it once it does. */
static uint32_t *
expect(nct_context *c, uint8_t **divided)
{
	struct ahead *a;

	nct_contexts_ready(c->worker, &c, 1);
	a = &c->ahead[c->now];
	*divided = a->entry == NONE ? &a->divided : &nct_cache_entry(c->worker->cache, a->entry)->divided;
	return a->entry == NONE ? c->row + c->now * NCT_CACHE_ROW : nct_cache_row(c->worker->cache, a->entry);
}

const uint32_t *
nct_context_freq(nct_context *c)
{
	uint8_t *divided;
	const uint32_t *row = expect(c, &divided);

	assert(!c->worker->narrow);
	return row;
}

/* The bounds of node *n, made from frequencies at the first visit. */
static const uint32_t *
bounds(nct_context *c, const struct nct_node *n)
{
	uint8_t *divided;
	uint32_t *row = expect(c, &divided), freq[NCT_SYMBOLS];

	if (!*divided) {
		memcpy(freq, row, sizeof freq);
		nct_split_bounds(n, freq, row);
		*divided = 1;
	}
	return row;
}

int
nct_context_take(nct_context *c, struct nct_node *n, unsigned symbol)
{
	return c->worker->narrow ? nct_split_take_bounds(n, bounds(c, n), symbol)
	                         : nct_split_take(n, nct_context_freq(c), symbol);
}

unsigned
nct_context_find(nct_context *c, struct nct_node *n, nct_u128 k)
{
	return c->worker->narrow ? nct_split_find_bounds(n, bounds(c, n), k) : nct_split_find(n, nct_context_freq(c), k);
}

uint64_t
nct_context_evaluated(const nct_context *c)
{
	return c->evaluated;
}

void
nct_worker_run(nct_worker *w, size_t n, nct_context *(*turn)(void *self, size_t i), void *self)
{
	nct_context *waiting[NCT_WORKER_LANES] = {NULL}, *c;
	size_t count;

	assert(n <= NCT_WORKER_LANES);
	do {
		count = 0;
		for (size_t i = 0; i < n; i++)
			if ((c = turn(self, i)) != NULL)
				waiting[count++] = c;
		nct_contexts_ready(w, waiting, count);
	} while (count > 0);
}
