/* tally_codebook.c - makes a codebook of the chosen strings of a tally. */
#include "strings/tally_codebook.h"

#include <stdlib.h>

/* The tree of a codebook: the chosen nodes of a tally and their ancestors, linked for a walk in pre-order. */
struct order {
	const struct nct_tally *t;
	uint32_t *child, *next; /* (t->n) the first child and the next sibling, by symbol; 0: none */
	uint8_t *wanted;        /* (t->n) 1: it is in the tree */
	size_t wanted_n;
};

/* Fills in *o. Nodes are linked by descending symbol, each before its siblings, so that siblings ascend. of_symbol
 * (NCT_SYMBOLS) and same (t->n) are scratch memory: lists of nodes with the same symbol. */
static void
link_nodes(struct order *o, uint32_t *of_symbol, uint32_t *same)
{
	const struct nct_tally *t = o->t;

	for (uint32_t v = 1; v < t->n; v++)
		for (uint32_t u = v; t->node[v].chosen && u != 0 && !o->wanted[u]; u = t->node[u].parent) {
			o->wanted[u] = 1;
			o->wanted_n++;
			same[u] = of_symbol[t->node[u].symbol];
			of_symbol[t->node[u].symbol] = u;
		}
	for (unsigned s = NCT_SYMBOLS; s-- > 0;)
		for (uint32_t u = of_symbol[s]; u != 0; u = same[u]) {
			o->next[u] = o->child[t->node[u].parent];
			o->child[t->node[u].parent] = u;
		}
}

/* Writes the tree to *c, in pre-order. */
static void
write_nodes(const struct order *o, struct nct_codebook *c)
{
	const struct nct_tally *t = o->t;
	size_t i = 0;

	for (uint32_t v = o->child[0]; v != 0;) {
		c->depth[i] = t->node[v].length;
		c->symbol[i++] = (uint16_t)(t->node[v].symbol | (t->node[v].chosen ? 0 : NCT_NODE_INNER));
		if (o->child[v] != 0) {
			v = o->child[v];
			continue;
		}
		while (v != 0 && o->next[v] == 0)
			v = t->node[v].parent;
		v = o->next[v]; /* of the root: 0 */
	}
}

nct_err
nct_tally_codebook(struct nct_codebook **c, const struct nct_tally *t, unsigned bits)
{
	struct order o = {.t = t,
	                  .child = calloc(t->n, sizeof *o.child),
	                  .next = calloc(t->n, sizeof *o.next),
	                  .wanted = calloc(t->n, 1)};
	uint32_t of_symbol[NCT_SYMBOLS] = {0}, *same = calloc(t->n, sizeof *same);
	nct_err err = NCT_ENOMEM;

	*c = NULL;
	if (o.child == NULL || o.next == NULL || o.wanted == NULL || same == NULL)
		goto end;
	link_nodes(&o, of_symbol, same);
	if ((err = nct_codebook_new(c, NCT_CODE_BEST, bits, o.wanted_n)) == NCT_OK)
		write_nodes(&o, *c);
end:
	free(o.child);
	free(o.next);
	free(o.wanted);
	free(same);
	return err;
}
