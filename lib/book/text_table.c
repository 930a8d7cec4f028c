/* text_table.c - a codebook for decoding: a window's text is found by two loads and a short copy. */
#include "book/text_table.h"

#include <stdlib.h>
#include <string.h>

#include "base/huge.h"

#define SHORT NCT_STRING_SHORT
#define POOL_MAX ((size_t)1 << 24) /* bytes; offsets have 24 bits */

/* The nodes on the path to the one being laid out, by depth. */
struct path {
	uint32_t k[NCT_WINDOW_SYMBOLS + 1];     /* entries */
	uint8_t symbol[NCT_WINDOW_SYMBOLS + 1]; /* last bytes */
	uint32_t tail[NCT_WINDOW_SYMBOLS + 1];  /* offsets of their tails in the pool */
};

/* Fills entry k for node i. The pool has `at` bytes; returns its new length. If the parent's tail is the last in the
 * pool and has fewer than 16 bytes, the child's tail extends it by one byte. Else the child's tail is appended. */
static uint32_t
lay_out(struct nct_text_table *s, struct path *w, size_t i, uint32_t k, uint32_t at)
{
	const unsigned d = s->book->depth[i], symbol = s->book->symbol[i] & ~(unsigned)NCT_NODE_INNER;
	const int eod = symbol == NCT_EOD;
	const unsigned n = d - (unsigned)eod, length = n == 0 ? 0 : (n - 1) % SHORT + 1;
	uint32_t place = n > 0 ? w->tail[n] : 0;

	w->k[d] = k;
	w->symbol[d] = (uint8_t)symbol; /* for EOD any value: it has no children */
	if (!eod && length > 1 && w->tail[d - 1] + length - 1 == at) {
		place = w->tail[d - 1];
		s->pool[at++] = (uint8_t)symbol;
	} else if (!eod) {
		place = at;
		for (unsigned j = 0; j < length; j++)
			s->pool[at++] = w->symbol[d - length + 1 + j];
	}
	if (!eod)
		w->tail[d] = place;
	if (n > SHORT)
		s->before[k] = w->k[n - length];
	s->entry[k] = place << 8 | (n > SHORT ? NCT_STRING_MORE : 0) | (eod ? NCT_STRING_EOD : 0) | length;
	return at;
}

nct_err
nct_text_table_new(struct nct_text_table *s, const struct nct_codebook *c)
{
	const size_t n = c->nodes;
	struct path w;
	uint32_t at = 0, string = 0, inner = (uint32_t)1 << c->bits;
	int deep = 0;

	*s = (struct nct_text_table){.book = c};
	memset(&w, 0, sizeof w);
	for (size_t i = 0; i < n && !deep; i++)
		deep = c->depth[i] > SHORT;
	s->entry = nct_huge_alloc(n * sizeof *s->entry + (n * SHORT < POOL_MAX ? n * SHORT : POOL_MAX) + SHORT);
	s->before = deep ? calloc(n, sizeof *s->before) : NULL;
	if (s->entry == NULL || (deep && s->before == NULL)) {
		nct_text_table_free(s);
		return NCT_ENOMEM;
	}
	s->pool = (uint8_t *)(s->entry + n);
	for (size_t i = 0; i < n; i++) {
		const uint32_t k = c->symbol[i] & NCT_NODE_INNER ? inner++ : string++;

		if (at > POOL_MAX - SHORT) {
			nct_text_table_free(s);
			return NCT_EARG;
		}
		if (i == 0 || !nct_codebook_alias(c, i)) {
			at = lay_out(s, &w, i, k, at);
			continue;
		}
		s->entry[k] = s->entry[k - 1];
		if (deep)
			s->before[k] = s->before[k - 1];
	}
	memset(s->pool + at, 0, SHORT);
	return NCT_OK;
}

void
nct_text_table_free(struct nct_text_table *s)
{
	free(s->entry);
	free(s->before);
	*s = (struct nct_text_table){0};
}

size_t
nct_text_table_copy(const struct nct_text_table *s, const uint32_t *k, size_t n, uint8_t *to, size_t *length)
{
	uint8_t *p = to;
	size_t i;

	for (i = 0; i < n; i++) {
		const uint32_t e = s->entry[k[i]];

		if (e & (NCT_STRING_EOD | NCT_STRING_MORE))
			break;
		memcpy(p, s->pool + (e >> 8), SHORT);
		p += e & NCT_STRING_LENGTH;
	}
	*length = (size_t)(p - to);
	return i;
}

void
nct_text_copy(const struct nct_text_table *s, uint32_t k, uint8_t *to)
{
	size_t end = nct_codebook_bytes(s->book, k);

	for (;;) { /* from the last tail to the first */
		const uint32_t e = s->entry[k], length = e & NCT_STRING_LENGTH;

		memcpy(to + end - length, s->pool + (e >> 8), length);
		if (!(e & NCT_STRING_MORE))
			return;
		end -= length;
		k = s->before[k];
	}
}
