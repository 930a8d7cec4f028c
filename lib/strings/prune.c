/* prune.c - drops the strings that others can best stand in for.
 *
 * A window that takes string s has log2(windows / windows that take s) bits, by a unigram model of windows. If s was
 * not chosen, its text would be cut into windows of other strings: its parts. What the loss of s costs is, in bits:
 *
 *     windows that take s * (the sum of the parts' bits - the bits of s + token_cost * (parts - 1))
 *
 * So token_cost is what a window costs beyond its information. The larger it is, the fewer windows the text takes. With
 * 0 this is the criterion by which SentencePiece prunes its unigram pieces (Kudo, 2018). But it cuts words in the most
 * probable way, and windows take the longest string that fits.
 *
 * Many strings are dropped at once, and each is weighed as if it were the only one: the bits of its parts are those
 * that they have before. Its windows are weighed as in worth.h.
 *
 * A string of several words saves windows, but no bits: a model of windows foresees the second word by the first, which
 * a unigram model cannot. So of such strings only the last term counts. But a model has to foresee all words of the
 * string at once, which it learns less well the less its last word follows from those before. Let x be the bits of the
 * last word after these: log2(windows that begin with them / windows that begin with the string). Then it counts by
 *
 *     (token_cost + 1) / (token_cost + 1 + x)
 *
 * With a small token_cost " such as" counts far more than " or as", which saves as many windows. With a large one both
 * count alike. */
#include "strings/prune.h"

#include <stdlib.h>
#include <string.h>

#include "base/u128.h"
#include "strings/worth.h"

#define BIT 256 /* costs are in this fraction of a bit */

/* What its loss costs, and the string. */
struct loss {
	int64_t cost;
	uint32_t v;
};

/* log2(n) for n > 0, in units of 1 / BIT, rounded down. */
static int64_t
log2_of(uint64_t n)
{
	int64_t log = 0;
	uint64_t x; /* n as a fixed-point number from 1 up to, but not including, 2; 1 is 2^31 */

	while (n >> log > 1)
		log++;
	x = log > 31 ? n >> (log - 31) : n << (31 - log);
	for (unsigned unit = BIT; unit > 1; unit /= 2) { /* squaring doubles the logarithm */
		x = x * x >> 31;
		log = 2 * log + (int64_t)(x >> 32);
		x >>= x >> 32;
	}
	return log;
}

/* A string as it is cut. */
struct cutter {
	const struct nct_tally *t;
	int aligned;
	int64_t all;                    /* log2 of the number of windows */
	uint16_t text[NCT_TALLY_LENGTH]; /* (n) a string's symbols */
	uint8_t mark[NCT_TALLY_LENGTH + 1]; /* (n + 1) 1: a boundary stands before the symbol */
	unsigned n;
};

/* Spells string v, with its boundaries. Its end is one if it mostly is one where windows begin with v. */
static void
spell(struct cutter *c, uint32_t v)
{
	const struct nct_tally_node *node = c->t->node;
	unsigned cut = node[v].cut;

	c->n = node[v].length;
	memset(c->mark, 0, sizeof c->mark);
	c->mark[c->n] = node[v].bound > node[v].begun / 2;
	for (unsigned i = c->n; i-- > 0; v = node[v].parent) {
		c->text[i] = node[v].symbol;
		if (i + 1 == cut) {
			c->mark[cut] = 1;
			cut = node[v].cut;
		}
	}
}

static int64_t
bits(const struct cutter *c, uint32_t v)
{
	const uint32_t taken = c->t->node[v].taken;

	return c->all - log2_of(taken > 0 ? taken : 1);
}

/* The string that a window takes of the text from `at` on, if not all of it. */
static uint32_t
next_part(const struct cutter *c, unsigned at)
{
	uint32_t best = 0, bound = 0, v = 0;

	for (unsigned i = at; i < c->n && (i + 1 < c->n || at > 0); i++) {
		if ((v = nct_tally_find(c->t, v, c->text[i])) == 0)
			break;
		if (c->t->node[v].chosen) {
			best = v;
			bound = c->mark[i + 1] ? v : bound;
		}
	}
	return c->aligned && bound != 0 ? bound : best;
}

/* What the loss of string v, which is of several words and saves so many windows, costs. */
static int64_t
loss_of_several(const struct cutter *c, uint32_t v, int64_t saved, int64_t token_cost)
{
	const struct nct_tally_node *node = c->t->node;
	uint32_t before = v; /* the words before the last one */

	while (node[before].length > node[v].cut)
		before = node[before].parent;
	const int64_t x = log2_of(node[before].bound > 0 ? node[before].bound : 1) -
	                  log2_of(node[v].begun > 0 ? node[v].begun : 1);
	const nct_u128 cost = (nct_u128)token_cost, all = (nct_u128)(x > 0 ? token_cost + x : token_cost);

	return (int64_t)((nct_u128)saved * cost * (cost + BIT) / (all + BIT));
}

/* What the loss of string v costs. */
static int64_t
loss_of(struct cutter *c, uint32_t v, int64_t token_cost)
{
	const struct nct_tally_node *node = &c->t->node[v];
	int64_t sum = 0, parts = 0;

	spell(c, v);
	for (unsigned at = 0; at < c->n; parts++) {
		const uint32_t part = next_part(c, at);

		sum += bits(c, part);
		at += c->t->node[part].length;
	}
	if (node->words > 1)
		return loss_of_several(c, v, nct_worth(node, node->taken) * (parts - 1), token_cost);
	return nct_worth(node, node->taken) * (token_cost * (parts - 1) + sum - bits(c, v));
}

static int
by_cost(const void *x, const void *y)
{
	const struct loss *a = x, *b = y;

	return a->cost != b->cost ? (a->cost < b->cost ? 1 : -1) : a->v < b->v ? -1 : a->v > b->v;
}

nct_err
nct_prune(struct nct_tally *t, uint64_t windows, size_t strings, int aligned, double token_cost)
{
	const int64_t steps = (int64_t)(token_cost * BIT), cost = steps > 0 ? steps : token_cost > 0;
	struct loss *loss = malloc(t->n * sizeof *loss);
	struct cutter c = {.t = t, .aligned = aligned, .all = log2_of(windows > 0 ? windows : 1)};
	size_t n = 0;

	if (loss == NULL)
		return NCT_ENOMEM;
	for (uint32_t v = 1; v < t->n; v++)
		if (t->node[v].chosen && t->node[v].length > 1)
			loss[n++] = (struct loss){loss_of(&c, v, cost), v};
	qsort(loss, n, sizeof *loss, by_cost);
	for (size_t i = strings - NCT_SYMBOLS; i < n; i++)
		t->node[loss[i].v].chosen = 0;
	free(loss);
	return NCT_OK;
}
