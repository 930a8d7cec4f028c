/* scratch.c - each thread's scratch memory. */
#include "base/le.h"
#include "net/attention.h"
#include "net/net.h"

#define ALIGN 64

static size_t
round_up(size_t bytes)
{
	return (bytes + ALIGN - 1) / ALIGN * ALIGN;
}

static size_t
head_bytes(const struct nct_net *n)
{
	return nct_head_bytes(n->k, n->length, n->s.width / n->s.heads, n->s.reach, n->learns);
}

/* Carves the arrays out of `base` and returns their size in bytes. Widths are limited, so nothing overflows. */
static size_t
cut(const struct nct_net *n, struct nct_scratch *w, unsigned char *base)
{
	const size_t wide = round_up(NCT_BLOCK * n->ldc * n->k->element), inner = round_up(NCT_BLOCK * n->ldf * n->k->element);

	w->n = base;
	w->dn = w->n + wide;
	w->h = w->dn + wide;
	w->dh = w->h + inner;
	w->y = (float *)(void *)(w->dh + inner);
	return 2 * wide + 2 * inner + NCT_BLOCK * n->ldx * sizeof(float);
}

size_t
nct_scratch_bytes(const struct nct_net *n)
{
	struct nct_scratch w;
	unsigned char none[1];
	size_t head = head_bytes(n), all;

	if (head == 0 || nct_size_add(&all, round_up(head), cut(n, &w, none)) != 0)
		return 0;
	return round_up(all);
}

struct nct_scratch
nct_scratch_at(const struct nct_net *n, unsigned worker)
{
	struct nct_scratch w;

	w.head = n->scratch + worker * n->scratch_bytes;
	(void)cut(n, &w, w.head + round_up(head_bytes(n)));
	return w;
}
