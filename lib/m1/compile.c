/* compile.c - compiles all windows of one size into a codebook, by evaluating M1 at each node of their tree.
 *
 * The tree is walked in waves. A wave takes the nodes that were reached last, at most WAVE of them, and evaluates
 * TASK_NODES of them in each task. Depth first, M1 would read all its weights for each single node. Breadth first,
 * keys and values of whole levels would have to be kept. In waves, keys and values are kept for nodes between the
 * root and the last wave only, and each is freed when no node below it is left. For a model of English, some 5,000
 * are kept at b = 16 and 6,000 at b = 18. */
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/threads.h"
#include "book/codebook.h"
#include "coder/split.h"
#include "m1/m1.h"

#define WAVE 2048      /* nodes of a wave, at most */
#define TASK_NODES 256 /* nodes of a task */
#define SLAB 1024      /* nodes whose keys and values are allocated together */
#define NONE UINT32_MAX

/* A node with children that is not evaluated yet. */
struct open_node {
	uint32_t first, rest; /* it owns code points first .. first + rest */
	uint32_t parent;      /* the parent's place, or NONE */
	uint16_t depth, symbol;
};

/* The place of an evaluated node. Its keys and values are in the slabs, at the same index. */
struct place {
	uint32_t parent;
	uint32_t pending; /* children that still need it; in a free place, the next free place */
};

struct compiler {
	const nct_m1 *m1;
	struct nct_codebook *book;
	unsigned threads;
	nct_threads *pool;
	size_t kv_bytes, reach;

	struct open_node *open; /* a stack */
	size_t count, cap;
	struct place *place;                     /* (places) */
	size_t places;
	uint32_t free_place;
	int8_t **slab;
	size_t slabs;

	struct open_node *wave;                  /* (WAVE) */
	uint32_t *at;                            /* (WAVE) the nodes' places */
	uint32_t (*bound)[NCT_SYMBOLS + 1];      /* (WAVE) from nct_split_bounds() */
	size_t in_wave;
	struct worker {
		nct_m1_scratch *scratch;
		struct nct_m1_step *step;            /* (TASK_NODES) */
		const int8_t **kv;                   /* (TASK_NODES,ancestors) */
		uint32_t (*freq)[NCT_SYMBOLS];       /* (TASK_NODES) */
	} *worker;
};

static int8_t *
kv_of(const struct compiler *c, uint32_t place)
{
	return c->slab[place / SLAB] + place % SLAB * c->kv_bytes;
}

/* ---- memory ---- */

/* Adds a slab of free places. Called when none is free. */
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

/* Frees a place if no child needs it any more, and then likewise its ancestors. */
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

	w->step = calloc(TASK_NODES, sizeof *w->step);
	w->kv = calloc(TASK_NODES * ancestors + 1, sizeof *w->kv);
	w->freq = calloc(TASK_NODES, sizeof *w->freq);
	if (w->step == NULL || w->kv == NULL || w->freq == NULL)
		return NCT_ENOMEM;
	return nct_m1_scratch_new(&w->scratch, c->m1, TASK_NODES);
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

/* The step that evaluates node i of the wave. Its ancestors' keys and values go to `kv`, the oldest first. */
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

/* Writes into the codebook the windows that end one symbol after node i. */
static void
write_children(const struct compiler *c, size_t i)
{
	const struct open_node *n = &c->wave[i];
	const uint32_t *bound = c->bound[i];

	for (unsigned s = 0; s < NCT_SYMBOLS; s++) {
		const uint32_t end = n->depth + 1 < NCT_WINDOW_SYMBOLS && bound[s] < bound[s + 1] ? bound[s] + 1 : bound[s + 1];

		for (uint32_t k = bound[s]; k < end; k++) { /* the child's; at the longest length, all its windows */
			c->book->depth[n->first + k] = (uint16_t)(n->depth + 1);
			c->book->symbol[n->first + k] = (uint16_t)s;
		}
	}
}

static void
evaluate(void *ctx, size_t task, unsigned worker)
{
	const struct compiler *c = ctx;
	const struct worker *w = &c->worker[worker];
	const size_t from = task * TASK_NODES, n = c->in_wave - from < TASK_NODES ? c->in_wave - from : TASK_NODES;
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

/* Pushes the children of node i that have children themselves. The first child is on top. */
static nct_err
push_children(struct compiler *c, size_t i)
{
	const struct open_node *n = &c->wave[i];
	const uint32_t *bound = c->bound[i], at = c->at[i];
	nct_err err;

	for (unsigned s = NCT_EOD; s-- > 0 && n->depth + 1 < NCT_WINDOW_SYMBOLS;) { /* EOD has no children */
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
	nct_parallel(c->pool, (c->in_wave + TASK_NODES - 1) / TASK_NODES, evaluate, c);
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
		err = nct_codebook_keep_places(c.book);
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
