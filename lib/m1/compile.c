/* compile.c - all windows of one size compiled into a codebook: M1 evaluated at each node of their tree, in waves.
 *
 * A wave takes the nodes that were reached last, at most WAVE of them, and evaluates them in pieces of many rows, a
 * piece a task. So the tree is walked neither in breadth, where the keys and values of a whole level and of all
 * above it would wait, nor in depth, where M1 would read its weights for one row at a time: those that wait belong
 * to nodes between the root and the last wave, and each goes when nothing below it is left. For a model of English
 * they are some 5,000 at b = 16 and 6,000 at b = 18; no model has more than there are strings. */
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/threads.h"
#include "book/codebook.h"
#include "coder/split.h"
#include "m1/m1.h"

#define WAVE 2048
#define PIECE 256
#define SLAB 1024 /* keys and values of so many nodes are allocated together */
#define NONE UINT32_MAX

/* A node that has children, not yet evaluated. */
struct open_node {
	uint32_t first, rest, parent; /* code points first .. first + rest; the parent's place, or NONE */
	uint16_t depth, symbol;
};

/* An evaluated node. Its keys and values lie in the slabs, at its place. */
struct place {
	uint32_t parent;
	uint32_t pending; /* children that need it, or, while it is free, the next free place */
};

struct compiler {
	const nct_m1 *m1;
	struct nct_codebook *book;
	unsigned threads;
	nct_threads *pool;
	size_t kv_bytes, reach;

	struct open_node *open; /* a stack */
	size_t count, cap;
	struct place *place;
	size_t places;
	uint32_t free_place;
	int8_t **slab;
	size_t slabs;

	struct open_node *wave;                  /* (WAVE) */
	uint32_t *at;                            /* (WAVE) places */
	uint32_t (*bound)[NCT_SYMBOLS + 1];      /* (WAVE) */
	size_t in_wave;
	struct worker {
		nct_m1_scratch *scratch;
		struct nct_m1_step *step;            /* (PIECE) */
		const int8_t **kv;                   /* (PIECE,ancestors) */
		uint32_t (*freq)[NCT_SYMBOLS];       /* (PIECE) */
	} *worker;
};

static int8_t *
kv_of(const struct compiler *c, uint32_t place)
{
	return c->slab[place / SLAB] + place % SLAB * c->kv_bytes;
}

/* ---- memory ---- */

/* One slab more of free places, where there was none. */
static nct_err
more_places(struct compiler *c)
{
	const size_t n = c->places + SLAB;
	struct place *place = realloc(c->place, n * sizeof *place);

	if (place == NULL)
		return NCT_ENOMEM;
	c->place = place;
	int8_t **slab = realloc(c->slab, (c->slabs + 1) * sizeof *slab);
	if (slab == NULL)
		return NCT_ENOMEM;
	c->slab = slab;
	if ((slab[c->slabs] = malloc(SLAB * c->kv_bytes + 1)) == NULL)
		return NCT_ENOMEM;
	c->slabs++;
	for (size_t i = n; i-- > c->places; c->free_place = (uint32_t)i)
		place[i].pending = c->free_place;
	c->places = n;
	return NCT_OK;
}

static nct_err
take_place(struct compiler *c, uint32_t parent, uint32_t *at)
{
	nct_err err;

	if (c->free_place == NONE && (err = more_places(c)) != NCT_OK)
		return err;
	*at = c->free_place;
	c->free_place = c->place[*at].pending;
	c->place[*at] = (struct place){parent, 0};
	return NCT_OK;
}

/* Frees a place that nothing needs any more, and those above it that only it needed. */
static void
leave_place(struct compiler *c, uint32_t at)
{
	while (at != NONE && c->place[at].pending == 0) {
		const uint32_t parent = c->place[at].parent;

		c->place[at].pending = c->free_place;
		c->free_place = at;
		if (parent != NONE)
			c->place[parent].pending--;
		at = parent;
	}
}

static nct_err
push(struct compiler *c, struct open_node n)
{
	if (c->count == c->cap) {
		const size_t cap = c->cap * 2 + WAVE;
		struct open_node *open = realloc(c->open, cap * sizeof *open);

		if (open == NULL)
			return NCT_ENOMEM;
		c->open = open;
		c->cap = cap;
	}
	c->open[c->count++] = n;
	return NCT_OK;
}

static nct_err
worker_new(struct worker *w, const struct compiler *c)
{
	const size_t ancestors = c->reach < NCT_WINDOW_SYMBOLS ? c->reach : NCT_WINDOW_SYMBOLS;

	w->step = calloc(PIECE, sizeof *w->step);
	w->kv = calloc(PIECE * ancestors + 1, sizeof *w->kv);
	w->freq = calloc(PIECE, sizeof *w->freq);
	if (w->step == NULL || w->kv == NULL || w->freq == NULL)
		return NCT_ENOMEM;
	return nct_m1_scratch_new(&w->scratch, c->m1, PIECE);
}

static nct_err
compiler_new(struct compiler *c)
{
	nct_err err;

	c->kv_bytes = nct_m1_kv_bytes(c->m1);
	c->reach = nct_m1_reach(c->m1);
	c->free_place = NONE;
	c->wave = calloc(WAVE, sizeof *c->wave);
	c->at = calloc(WAVE, sizeof *c->at);
	c->bound = calloc(WAVE, sizeof *c->bound);
	c->worker = calloc(c->threads, sizeof *c->worker);
	if (c->wave == NULL || c->at == NULL || c->bound == NULL || c->worker == NULL)
		return NCT_ENOMEM;
	for (unsigned i = 0; i < c->threads; i++)
		if ((err = worker_new(&c->worker[i], c)) != NCT_OK)
			return err;
	return nct_threads_new(&c->pool, c->threads);
}

static void
compiler_free(struct compiler *c)
{
	nct_threads_free(c->pool);
	for (unsigned i = 0; c->worker != NULL && i < c->threads; i++) {
		nct_m1_scratch_free(c->worker[i].scratch);
		free(c->worker[i].step);
		free(c->worker[i].kv);
		free(c->worker[i].freq);
	}
	for (size_t i = 0; i < c->slabs; i++)
		free(c->slab[i]);
	free(c->slab);
	free(c->place);
	free(c->open);
	free(c->wave);
	free(c->at);
	free(c->bound);
	free(c->worker);
}

/* ---- a wave ---- */

/* Asks for what follows a node: its ancestors' keys and values, the oldest first, end at kv + their number. */
static struct nct_m1_step
step_of(const struct compiler *c, size_t i, const int8_t **kv, uint32_t *freq)
{
	const struct open_node *n = &c->wave[i];
	uint32_t above = n->parent;
	size_t back = c->reach == 0 ? 0 : n->depth < c->reach ? n->depth : c->reach - 1;

	for (size_t j = back; j-- > 0; above = c->place[above].parent)
		kv[j] = kv_of(c, above);
	return (struct nct_m1_step){
	    .symbol = n->symbol, .past = n->depth, .kv = kv, .kv_out = kv_of(c, c->at[i]), .freq = freq};
}

/* Writes the strings that are one symbol longer than node i's. */
static void
write_children(const struct compiler *c, size_t i)
{
	const struct open_node *n = &c->wave[i];
	const uint32_t *bound = c->bound[i];

	for (unsigned s = 0; s < NCT_SYMBOLS; s++) {
		const uint32_t end = n->depth + 1 < NCT_WINDOW_SYMBOLS && bound[s] < bound[s + 1] ? bound[s] + 1 : bound[s + 1];

		for (uint32_t k = bound[s]; k < end; k++) { /* one, or, where the cap ends it, all that it has */
			c->book->depth[n->first + k] = (uint16_t)(n->depth + 1);
			c->book->symbol[n->first + k] = (uint16_t)s;
		}
	}
}

static void
evaluate(void *ctx, size_t piece, unsigned worker)
{
	const struct compiler *c = ctx;
	const struct worker *w = &c->worker[worker];
	const size_t from = piece * PIECE, n = c->in_wave - from < PIECE ? c->in_wave - from : PIECE;
	const size_t ancestors = c->reach < NCT_WINDOW_SYMBOLS ? c->reach : NCT_WINDOW_SYMBOLS;

	for (size_t i = 0; i < n; i++)
		w->step[i] = step_of(c, from + i, w->kv + i * ancestors, w->freq[i]);
	nct_m1_eval(c->m1, w->scratch, w->step, n);
	for (size_t i = 0; i < n; i++) {
		const struct open_node *o = &c->wave[from + i];
		const struct nct_node node = {.first = o->first, .rest = o->rest, .symbols = o->depth};

		nct_split_bounds(&node, w->freq[i], c->bound[from + i]);
		write_children(c, from + i);
	}
}

/* Puts those children of node i on the stack that have children, the first on top. */
static nct_err
push_children(struct compiler *c, size_t i)
{
	const struct open_node *n = &c->wave[i];
	const uint32_t *bound = c->bound[i], at = c->at[i];
	nct_err err;

	for (unsigned s = NCT_EOD; s-- > 0 && n->depth + 1 < NCT_WINDOW_SYMBOLS;) { /* EOD has none */
		if (bound[s + 1] - bound[s] < 2)
			continue;
		const struct open_node child = {n->first + bound[s], bound[s + 1] - bound[s] - 1, at,
		                                (uint16_t)(n->depth + 1), (uint16_t)s};

		if ((err = push(c, child)) != NCT_OK)
			return err;
		c->place[at].pending++;
	}
	leave_place(c, at);
	return NCT_OK;
}

static nct_err
take_wave(struct compiler *c)
{
	nct_err err;

	c->in_wave = c->count < WAVE ? c->count : WAVE;
	for (size_t i = 0; i < c->in_wave; i++) {
		c->wave[i] = c->open[--c->count];
		if ((err = take_place(c, c->wave[i].parent, &c->at[i])) != NCT_OK)
			return err;
	}
	nct_parallel(c->pool, (c->in_wave + PIECE - 1) / PIECE, evaluate, c);
	for (size_t i = c->in_wave; i-- > 0;)
		if ((err = push_children(c, i)) != NCT_OK)
			return err;
	return NCT_OK;
}

nct_err
nct_m1_compile(nct_m1 *m, unsigned window_bits, unsigned threads, nct_why *why)
{
	struct compiler c = {.m1 = m, .threads = threads};
	const struct open_node root = {0, ((uint32_t)1 << window_bits % 32) - 1, NONE, 0, NCT_EOD};
	nct_why own;
	nct_err err;

	why = nct_why_begin(why, &own);
	if (window_bits < NCT_WINDOW_MIN || window_bits > NCT_CODEBOOK_MAX || threads < 1)
		return nct_fail(why, NCT_EARG, "codebooks are of %d to %d bits, not %u", NCT_WINDOW_MIN,
		                NCT_CODEBOOK_MAX, window_bits);
	if ((err = nct_codebook_new(&c.book, NCT_CODE_SPLIT, window_bits, (size_t)1 << window_bits)) != NCT_OK ||
	    (err = compiler_new(&c)) != NCT_OK)
		goto end;
	err = push(&c, root);
	while (err == NCT_OK && c.count > 0)
		err = take_wave(&c);
	if (err == NCT_OK)
		err = nct_codebook_seal(c.book, nct_m1_fingerprint(m), why);
	if (err == NCT_OK)
		err = nct_codebook_pack(c.book);
	if (err == NCT_OK) {
		nct_m1_take_codebook(m, c.book);
		c.book = NULL;
	}
end:
	compiler_free(&c);
	nct_codebook_free(c.book);
	return err;
}

int
nct_m1_has_best(const nct_m1 *m, unsigned window_bits)
{
	return nct_m1_codebook(m, NCT_CODE_BEST, window_bits) != NULL;
}

int
nct_m1_compiled(const nct_m1 *m, unsigned window_bits)
{
	return nct_m1_codebook(m, NCT_CODE_SPLIT, window_bits) != NULL;
}
