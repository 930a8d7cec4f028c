/* tally.c - a tree of strings, each with its counts, found by a hash table. */
#include "strings/tally.h"

#include <stdlib.h>
#include <string.h>

#define BITS 10 /* of the smallest table */

nct_err
nct_tally_new(struct nct_tally *t, uint32_t most)
{
	*t = (struct nct_tally){.n = 1, .most = most, .bits = BITS, .bits_most = BITS};
	while ((size_t)1 << t->bits_most < 2 * (size_t)most)
		t->bits_most++;
	t->node = calloc(most, sizeof *t->node);
	t->table = calloc((size_t)1 << t->bits_most, sizeof *t->table);
	if (t->node != NULL && t->table != NULL)
		return NCT_OK;
	nct_tally_free(t);
	return NCT_ENOMEM;
}

void
nct_tally_free(struct nct_tally *t)
{
	free(t->node);
	free(t->table);
	*t = (struct nct_tally){0};
}

void
nct_tally_clear(struct nct_tally *t)
{
	for (uint32_t i = 0; i < t->n; i++) {
		struct nct_tally_node *v = &t->node[i];

		v->begun = v->bound = v->unbounded = v->documents = v->last = v->taken = 0;
	}
}

/* The place in the table of the node, or the empty place for it. */
static size_t
place_of(const struct nct_tally *t, uint32_t parent, unsigned symbol)
{
	/* 2^64 over the golden ratio: Fibonacci hashing */
	const uint64_t key = ((uint64_t)parent << 9 | symbol) * UINT64_C(0x9e3779b97f4a7c15);
	const size_t mask = ((size_t)1 << t->bits) - 1;
	size_t at = (size_t)(key >> (64 - t->bits));

	while (t->table[at] != 0 && (t->node[t->table[at]].parent != parent || t->node[t->table[at]].symbol != symbol))
		at = (at + 1) & mask;
	return at;
}

size_t
nct_tally_chosen(const struct nct_tally *t)
{
	size_t n = 0;

	for (uint32_t v = 1; v < t->n; v++)
		n += t->node[v].chosen;
	return n;
}

/* Enters all nodes in the table anew, which gets the size that they need. */
static void
enter_all(struct nct_tally *t)
{
	t->bits = BITS;
	while ((size_t)1 << t->bits < 2 * (size_t)t->n && t->bits < t->bits_most)
		t->bits++;
	memset(t->table, 0, ((size_t)1 << t->bits) * sizeof *t->table);
	for (uint32_t v = 1; v < t->n; v++)
		t->table[place_of(t, t->node[v].parent, t->node[v].symbol)] = v;
}

void
nct_tally_keep_chosen(struct nct_tally *t)
{
	uint32_t n = 1;

	/* `last` serves as the new number: first 1 for nodes that stay. */
	for (uint32_t v = t->n; v-- > 1;)
		t->node[v].last = t->node[v].chosen;
	for (uint32_t v = t->n; v-- > 1;)
		if (t->node[v].last != 0)
			t->node[t->node[v].parent].last = 1;
	t->node[0].last = 0;
	for (uint32_t v = 1; v < t->n; v++)
		if (t->node[v].last != 0) {
			t->node[v].last = n;
			t->node[v].parent = t->node[t->node[v].parent].last;
			n++;
		}
	for (uint32_t v = 1; v < t->n; v++) {
		const uint32_t to = t->node[v].last; /* v at most */

		if (to == 0)
			continue;
		t->node[to] = t->node[v];
		t->node[to].last = 0;
	}
	t->n = n;
	enter_all(t);
}

uint32_t
nct_tally_find(const struct nct_tally *t, uint32_t parent, unsigned symbol)
{
	return t->table[place_of(t, parent, symbol)];
}

uint32_t
nct_tally_add(struct nct_tally *t, uint32_t parent, unsigned symbol, unsigned cut)
{
	size_t at = place_of(t, parent, symbol);

	if (t->table[at] != 0)
		return t->table[at];
	if (t->n == t->most || t->node[parent].length == NCT_TALLY_LENGTH)
		return 0;
	if (2 * (size_t)t->n > (size_t)1 << t->bits && t->bits < t->bits_most) {
		enter_all(t);
		at = place_of(t, parent, symbol);
	}
	const struct nct_tally_node *up = &t->node[parent];

	t->node[t->n] = (struct nct_tally_node){.parent = parent,
	                                        .symbol = (uint16_t)symbol,
	                                        .length = (uint8_t)(up->length + 1),
	                                        .cut = (uint8_t)cut,
	                                        .words = (uint8_t)(up->words + (cut == up->length))};
	return t->table[at] = t->n++;
}
