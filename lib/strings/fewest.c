/* fewest.c - chooses the strings by which a text takes the fewest windows, from counts.
 *
 * A window takes the longest chosen string that its text begins with. Let n(s) be the number of windows whose text
 * begins with s. Let up(s) be the longest chosen string that begins s and is shorter. Then a set S of chosen strings
 * codes this many bytes over all windows:
 *
 *     the sum over s in S of n(s) (|s| - |up(s)|)
 *
 * To maximise it for a given size of S, each string has a price, which is subtracted from the sum. At a fixed price,
 * the best S is found by dynamic programming over the tree of strings, from the leaves up: for each string, and for
 * each of its ancestors that may be up(s). The price at which S has the right size is found by bisection.
 *
 * Aligned windows take the longest chosen string that ends at a boundary, if there is one. So their n(s) counts only
 * windows with a boundary behind s, and in their tree the parent of s is s up to the last boundary inside it. Windows
 * for which no chosen string ends at a boundary take the longest one all the same. They have a tree of all strings, in
 * which more strings are chosen at the same price. */
#include "strings/fewest.h"

#include <stdlib.h>
#include <string.h>

#include "strings/worth.h"

#define DEPTH_MAX (NCT_TALLY_LENGTH + 1)
#define PRICE 512                       /* a price to begin with, a usual one for a short text */
#define PRICE_MAX ((int64_t)1 << 42)    /* at which no string is chosen */

/* One of the two trees. Its nodes, the candidates, are numbered with parents first. Candidate 0 is the root: it stands
 * for all strings of one symbol, which are chosen anyway. The path of candidate i has its ancestors: path[0] is the
 * root, and path[depth[i] - 1] its parent. R is the sum of all depths. */
struct tree {
	uint32_t n;
	uint32_t *node;     /* (n) the candidate's node in the tally */
	uint32_t *parent;   /* (n) a candidate */
	int64_t *count;     /* (n) n(s), as nct_worth() gives it */
	uint8_t *depth;     /* (n) ancestors */
	uint8_t *take;      /* (R) take[at[i] + k]: i is chosen if its nearest chosen ancestor is path[k] */
	size_t *at;         /* (n) where the candidate's row of `take` and `gain` begins */
	int64_t *gain;      /* (R) gain[at[i] + k]: what i's descendants bring with path[k] chosen and none below it */
	uint8_t *state;     /* (n) depth of the nearest chosen candidate on the path, i itself included */
};

static void
tree_free(struct tree *t)
{
	free(t->node);
	free(t->parent);
	free(t->count);
	free(t->depth);
	free(t->take);
	free(t->at);
	free(t->gain);
	free(t->state);
}

/* The parent of node v in the tree of aligned windows, or of all strings. It may be a string of one symbol. */
static uint32_t
above(const struct nct_tally *t, uint32_t v, int aligned)
{
	uint32_t u = t->node[v].parent;

	while (aligned && t->node[u].length > t->node[v].cut)
		u = t->node[u].parent;
	return u;
}

/* Makes a tree of the strings that were counted f->least times or more, in f->documents segments or more, as were their
 * ancestors. `aligned` makes that of aligned windows. Else it is the tree of all strings; if f->aligned, it counts only
 * windows for which no chosen string ends at a boundary. */
static nct_err
tree_new(struct tree *c, const struct nct_tally *t, const struct nct_fewest *f, int aligned)
{
	uint32_t *candidate = calloc(t->n, sizeof *candidate); /* by node; 0: none, or of one symbol */
	size_t rows = 0;

	*c = (struct tree){.n = 1};
	c->node = calloc(t->n, sizeof *c->node);
	c->parent = calloc(t->n, sizeof *c->parent);
	c->count = calloc(t->n, sizeof *c->count);
	c->depth = calloc(t->n, sizeof *c->depth);
	c->at = calloc(t->n, sizeof *c->at);
	c->state = calloc(t->n, sizeof *c->state);
	if (candidate == NULL || c->node == NULL || c->parent == NULL || c->count == NULL || c->depth == NULL ||
	    c->at == NULL || c->state == NULL)
		goto fail;
	for (uint32_t v = 1; v < t->n; v++) {
		const struct nct_tally_node *node = &t->node[v];
		const uint32_t count = aligned ? node->bound : f->aligned ? node->unbounded : node->begun;
		const uint32_t up = above(t, v, aligned);

		if (node->length < 2 || count < f->least || node->documents < f->documents ||
		    (t->node[up].length > 1 && candidate[up] == 0))
			continue;
		const uint32_t i = candidate[v] = c->n++;
		c->node[i] = v;
		c->parent[i] = candidate[up];
		c->count[i] = nct_worth(node, count);
		c->depth[i] = (uint8_t)(c->depth[candidate[up]] + 1);
		c->at[i] = rows;
		rows += c->depth[i];
	}
	free(candidate);
	candidate = NULL;
	c->take = malloc(rows + 1);
	c->gain = malloc((rows + 1) * sizeof *c->gain);
	if (c->take != NULL && c->gain != NULL)
		return NCT_OK;
fail:
	free(candidate);
	tree_free(c);
	*c = (struct tree){0};
	return NCT_ENOMEM;
}

/* Chooses the best set at this price, and returns its size. below (n) is scratch memory: below[i] is what i's
 * descendants bring if i is chosen. */
static size_t
choose_at(struct tree *c, const struct nct_tally *t, int64_t price, int64_t *below)
{
	size_t rows = 0, chosen = 0;

	for (uint32_t i = 1; i < c->n; i++)
		rows += c->depth[i];
	memset(c->gain, 0, rows * sizeof *c->gain);
	memset(below, 0, c->n * sizeof *below);
	for (uint32_t i = c->n; i-- > 1;) {
		const unsigned d = c->depth[i];
		uint32_t path[DEPTH_MAX];
		const uint32_t p = c->parent[i];

		for (uint32_t k = d, u = i; k-- > 0;)
			path[k] = u = c->parent[u];
		for (unsigned k = 0; k < d; k++) {
			const int64_t before = k > 0 ? t->node[c->node[path[k]]].length : 1;
			const int64_t taken = (t->node[c->node[i]].length - before) * c->count[i] - price + below[i];
			const int64_t left = c->gain[c->at[i] + k];
			const int64_t best = taken > left ? taken : left;

			c->take[c->at[i] + k] = taken > left;
			if (k + 1 < d)
				c->gain[c->at[p] + k] += best;
			else
				below[p] += best;
		}
	}
	for (uint32_t i = 1; i < c->n; i++) {
		const unsigned k = c->state[c->parent[i]];
		const int taken = c->take[c->at[i] + k];

		c->state[i] = (uint8_t)(taken ? c->depth[i] : k);
		chosen += (size_t)taken;
	}
	return chosen;
}

/* Marks the chosen candidates in the tally. */
static void
mark(const struct tree *c, struct nct_tally *t)
{
	for (uint32_t i = 1; i < c->n; i++)
		if (c->state[i] == c->depth[i])
			t->node[c->node[i]].chosen = 1;
}

/* Chooses all strings of one symbol, and no others. */
static nct_err
have_singles(struct nct_tally *t)
{
	for (uint32_t v = 1; v < t->n; v++)
		t->node[v].chosen = t->node[v].length == 1;
	for (unsigned s = 0; s < NCT_SYMBOLS; s++) {
		const uint32_t v = nct_tally_add(t, 0, s, 0);

		if (v == 0)
			return NCT_ENOMEM;
		t->node[v].chosen = 1;
	}
	return NCT_OK;
}

/* A string that was not chosen, and what it alone would add. */
struct spare {
	uint64_t worth;
	uint32_t v;
};

static int
by_worth(const void *x, const void *y)
{
	const struct spare *a = x, *b = y;

	return a->worth != b->worth ? (a->worth < b->worth ? 1 : -1) : a->v < b->v ? -1 : a->v > b->v;
}

/* Chooses more strings until there are `strings`: those of the largest worth, which were counted `least` times, in
 * `documents` segments. */
static nct_err
fill_up(struct nct_tally *t, size_t strings, int aligned, uint32_t least, uint32_t documents)
{
	size_t have = nct_tally_chosen(t), n = 0;
	struct spare *rest;

	if (have >= strings)
		return NCT_OK;
	if ((rest = malloc(t->n * sizeof *rest)) == NULL)
		return NCT_ENOMEM;
	for (uint32_t v = 1; v < t->n; v++) {
		const struct nct_tally_node *node = &t->node[v];
		const uint32_t count = aligned ? node->bound : node->begun;
		uint32_t up = v;

		if (node->chosen || count < least || node->documents < documents)
			continue;
		do
			up = above(t, up, aligned);
		while (t->node[up].length > 1 && !t->node[up].chosen);
		rest[n++] = (struct spare){(uint64_t)nct_worth(node, count) * (node->length - t->node[up].length), v};
	}
	qsort(rest, n, sizeof *rest, by_worth);
	for (size_t i = 0; i < n && have < strings; i++, have++)
		t->node[rest[i].v].chosen = 1;
	free(rest);
	return NCT_OK;
}

/* Chooses more strings until there are `strings`: pairs and triples of bytes. */
static nct_err
fill_up_by_bytes(struct nct_tally *t, size_t strings)
{
	size_t have = nct_tally_chosen(t);

	for (uint32_t x = 0; have < strings && x < (1u << 16) + (1u << 24); x++) {
		const uint32_t y = x - (1u << 16); /* below 2^16, x is a pair of bytes; from there on, y is a triple */
		const uint32_t a = nct_tally_add(t, 0, x < 1u << 16 ? x >> 8 : y >> 16, 0);
		const uint32_t b = a != 0 ? nct_tally_add(t, a, x < 1u << 16 ? x & 255 : y >> 8 & 255, 0) : 0;
		const uint32_t v = x < 1u << 16 || b == 0 ? b : nct_tally_add(t, b, y & 255, 0);

		if (v == 0)
			return NCT_ENOMEM;
		have += !t->node[v].chosen;
		t->node[v].chosen = 1;
	}
	return NCT_OK;
}

/* Chooses in the n trees at this price. Returns the number of strings, with those of one symbol. A string of both trees
 * counts twice. */
static size_t
choose_all_at(struct nct_tally *t, struct tree *trees, int n, int64_t price, int64_t *below)
{
	size_t chosen = NCT_SYMBOLS;

	for (int i = 0; i < n; i++)
		chosen += choose_at(&trees[i], t, price, below);
	return chosen;
}

/* Chooses at the lowest price at which the n trees have no more than `strings` together. As a string of both trees
 * counts twice, some may be missing then: fill_up() adds them. */
static nct_err
settle(struct nct_tally *t, struct tree *trees, int n, size_t strings)
{
	int64_t low = 0, high = PRICE, *below = malloc((trees[0].n + (n > 1 ? trees[1].n : 0)) * sizeof *below);

	if (below == NULL)
		return NCT_ENOMEM;
	while (high < PRICE_MAX && choose_all_at(t, trees, n, high, below) > strings) {
		low = high;
		high *= 8;
	}
	while (high - low > 1) {
		const int64_t price = low + (high - low) / 2;

		*(choose_all_at(t, trees, n, price, below) > strings ? &low : &high) = price;
	}
	(void)choose_all_at(t, trees, n, high, below);
	for (int i = 0; i < n; i++)
		mark(&trees[i], t);
	free(below);
	return NCT_OK;
}

nct_err
nct_choose_fewest(struct nct_tally *t, const struct nct_fewest *f)
{
	struct tree trees[2] = {{0}};
	nct_err err = have_singles(t);

	if (err == NCT_OK)
		err = tree_new(&trees[0], t, f, f->aligned);
	if (err == NCT_OK && f->aligned)
		err = tree_new(&trees[1], t, f, 0);
	if (err == NCT_OK)
		err = settle(t, trees, 1 + f->aligned, f->strings);
	if (err == NCT_OK && f->strings > f->enough)
		err = fill_up(t, f->strings, f->aligned, f->least, f->documents);
	if (err == NCT_OK)
		err = fill_up(t, f->enough, f->aligned, 1, 0);
	if (err == NCT_OK)
		err = fill_up_by_bytes(t, f->enough);
	tree_free(&trees[0]);
	tree_free(&trees[1]);
	return err;
}
