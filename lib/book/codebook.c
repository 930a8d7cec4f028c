/* codebook.c - a codebook: its memory, its rules, its fingerprint. */
#include "book/codebook.h"

#include "base/err.h"
#include "base/le.h"

#include <lzma.h>
#include <stdlib.h>

nct_err
nct_codebook_new(struct nct_codebook **out, enum nct_code code, unsigned bits, size_t nodes)
{
	struct nct_codebook *c = calloc(1, sizeof *c);

	*out = NULL;
	if (c == NULL || (c->block = calloc(2 * nodes, sizeof *c->depth)) == NULL) {
		free(c);
		return NCT_ENOMEM;
	}
	c->depth = c->block;
	c->code = code;
	c->bits = bits;
	c->nodes = nodes;
	c->symbol = c->depth + nodes;
	*out = c;
	return NCT_OK;
}

void
nct_codebook_free(struct nct_codebook *c)
{
	if (c == NULL)
		return;
	if (c->block != NULL)
		free(c->base);
	free(c->block);
	free(c->node);
	free(c->align_pattern);
	free(c);
}

/* Says what is wrong with node i; NULL: nothing. last[d] is the symbol at depth d on the path to node i - 1; on
 * success it becomes that of node i. */
static const char *
fault(const struct nct_codebook *c, size_t i, uint16_t *last)
{
	const int best = c->code == NCT_CODE_BEST, inner = (c->symbol[i] & NCT_NODE_INNER) != 0;
	const unsigned d = c->depth[i], s = c->symbol[i] & ~(unsigned)NCT_NODE_INNER, before = i > 0 ? c->depth[i - 1] : 0;

	if (d < 1 || d > NCT_WINDOW_SYMBOLS)
		return "of impossible length";
	if (s > NCT_EOD || (inner && !best))
		return "with an unknown symbol";
	if (d > before + 1)
		return "without the one that it goes on from";
	if (d == before + 1 && before > 0 && last[before] == NCT_EOD)
		return "that goes on after EOD";
	if (d <= before && s <= last[d] && (best || d < NCT_WINDOW_SYMBOLS || before != d || s != last[d] || s == NCT_EOD))
		return "out of order";
	if (inner && (d == 1 || i + 1 == c->nodes || c->depth[i + 1] <= d))
		return "that is none and leads to none";
	last[d] = (uint16_t)s;
	return NULL;
}

/* Fills c->node. */
static nct_err
number_strings(struct nct_codebook *c, nct_why *why)
{
	const size_t n = (size_t)1 << c->bits;
	size_t strings = 0;

	if (c->nodes < n || c->nodes > NCT_NODES_MAX * n)
		return nct_fail(why, NCT_EDATA, "codebook of %u bits: %zu nodes", c->bits, c->nodes);
	free(c->node);
	if ((c->node = malloc((n + 1) * sizeof *c->node)) == NULL) /* [n] is for nodes behind the last string */
		return NCT_ENOMEM;
	for (size_t i = 0; i < c->nodes; i++) {
		c->node[strings < n ? strings : n] = (uint32_t)i;
		strings += !(c->symbol[i] & NCT_NODE_INNER);
	}
	if (strings != n)
		return nct_fail(why, NCT_EDATA, "codebook of %u bits: %zu strings, not %zu", c->bits, strings, n);
	return NCT_OK;
}

nct_err
nct_codebook_seal(struct nct_codebook *c, uint64_t m1, nct_why *why)
{
	uint16_t last[NCT_WINDOW_SYMBOLS + 1] = {0};
	uint8_t head[16];
	size_t single = 0;
	nct_err err;

	for (size_t i = 0; i < c->nodes; i++) {
		const char *what = fault(c, i, last);

		if (what != NULL)
			return nct_fail(why, NCT_EDATA, "codebook of %u bits: a string %s, number %zu", c->bits, what, i);
		single += c->depth[i] == 1;
	}
	if (single != NCT_SYMBOLS) /* they ascend, so NCT_SYMBOLS of them are all symbols */
		return nct_fail(why, NCT_EDATA, "codebook of %u bits: %zu strings of one symbol, not %d", c->bits,
		                single, NCT_SYMBOLS);
	if (c->code == NCT_CODE_BEST && (err = number_strings(c, why)) != NCT_OK)
		return err;
	nct_put64(head, m1);
	nct_put32(head + 8, c->bits);
	nct_put32(head + 12, (uint32_t)c->code);
	c->fingerprint = lzma_crc64(head, sizeof head, 0);
	/* depth (nodes), and symbol (nodes) behind it */
	c->fingerprint = lzma_crc64((const uint8_t *)c->depth, 2 * c->nodes * sizeof *c->depth, c->fingerprint);
	return NCT_OK;
}

nct_err
nct_codebook_around(struct nct_codebook **out, const struct nct_codebook *c)
{
	struct nct_codebook *copy = malloc(sizeof *copy);
	nct_err err = NCT_OK;

	*out = NULL;
	if (copy == NULL)
		return NCT_ENOMEM;
	*copy = *c;
	copy->block = copy->node = NULL;
	copy->align_pattern = NULL;
	if (c->code == NCT_CODE_BEST)
		err = number_strings(copy, NULL);
	if (err == NCT_OK)
		*out = copy;
	else
		nct_codebook_free(copy);
	return err;
}
