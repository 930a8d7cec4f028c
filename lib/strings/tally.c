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

/* A slot of the table has the node's number in the low bits, and what it is found by in the others. */
#define NUMBER 24
_Static_assert(NCT_TALLY_MOST == 1u << NUMBER, "numbers of nodes have NUMBER bits");

static uint64_t
key_of(uint32_t parent, unsigned symbol)
{
	return (uint64_t)parent << 9 | symbol;
}

static uint32_t
number_in(uint64_t slot)
{
	return (uint32_t)slot & (NCT_TALLY_MOST - 1);
}

/* The slot of the node, or the empty one for it. */
static uint64_t *
slot_of(const struct nct_tally *t, uint64_t key)
{
	const size_t mask = ((size_t)1 << t->bits) - 1;
	/* 2^64 over the golden ratio: Fibonacci hashing */
	size_t at = (size_t)(key * UINT64_C(0x9e3779b97f4a7c15) >> (64 - t->bits));

	while (t->table[at] != 0 && t->table[at] >> NUMBER != key)
		at = (at + 1) & mask;
	return &t->table[at];
}

static void
enter(struct nct_tally *t, uint32_t v)
{
	const uint64_t key = key_of(t->node[v].parent, t->node[v].symbol);

	*slot_of(t, key) = key << NUMBER | v;
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
		enter(t, v);
}

nct_err
nct_tally_copy(struct nct_tally *copy, const struct nct_tally *t, uint32_t most)
{
	nct_err err = NCT_OK;

	*copy = *t;
	copy->node = NULL;
	if (most > 0)
		err = nct_tally_new(copy, most);
	else if ((copy->node = malloc(t->n * sizeof *t->node)) == NULL)
		err = NCT_ENOMEM;
	if (err != NCT_OK) {
		*copy = (struct nct_tally){0};
		return err;
	}
	memcpy(copy->node, t->node, t->n * sizeof *t->node);
	copy->n = t->n;
	nct_tally_clear(copy);
	if (most > 0)
		enter_all(copy);
	return NCT_OK;
}

nct_err
nct_tally_merge(struct nct_tally *t, const struct nct_tally *other)
{
	uint32_t *same = malloc(other->n * sizeof *same); /* by node of *other: the node of *t; 0: it has none */

	if (same == NULL)
		return NCT_ENOMEM;
	same[0] = 0;
	for (uint32_t v = 1; v < other->n; v++) {
		const struct nct_tally_node *from = &other->node[v];
		const uint32_t parent = same[from->parent];

		if (parent == 0 && from->parent != 0)
			same[v] = 0;
		else if (v < t->n && t->node[v].parent == parent && t->node[v].symbol == from->symbol)
			same[v] = v;
		else
			same[v] = nct_tally_add(t, parent, from->symbol, from->cut);
		if (same[v] == 0)
			continue;
		struct nct_tally_node *to = &t->node[same[v]];

		to->begun += from->begun;
		to->bound += from->bound;
		to->unbounded += from->unbounded;
		to->documents += from->documents;
		to->taken += from->taken;
	}
	free(same);
	return NCT_OK;
}

size_t
nct_tally_chosen(const struct nct_tally *t)
{
	size_t n = 0;

	for (uint32_t v = 1; v < t->n; v++)
		n += t->node[v].chosen;
	return n;
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
	return number_in(*slot_of(t, key_of(parent, symbol)));
}

uint32_t
nct_tally_add(struct nct_tally *t, uint32_t parent, unsigned symbol, unsigned cut)
{
	const uint32_t found = nct_tally_find(t, parent, symbol);

	if (found != 0)
		return found;
	if (t->n == t->most || t->node[parent].length == NCT_TALLY_LENGTH)
		return 0;
	if (2 * (size_t)t->n > (size_t)1 << t->bits && t->bits < t->bits_most)
		enter_all(t);
	const struct nct_tally_node *up = &t->node[parent];

	t->node[t->n] = (struct nct_tally_node){.parent = parent,
	                                        .symbol = (uint16_t)symbol,
	                                        .length = (uint8_t)(up->length + 1),
	                                        .cut = (uint8_t)cut,
	                                        .words = (uint8_t)(up->words + (cut == up->length))};
	enter(t, t->n);
	return t->n++;
}
