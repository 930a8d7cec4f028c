/* codebook.c - the windows of one size as a finite set of strings: a tree in pre-order, checked, with its fingerprint. */
#include "codebook.h"

#include "base/err.h"
#include "base/le.h"

#include <lzma.h>
#include <stdlib.h>

nct_err
nct_codebook_new(struct nct_codebook **out, unsigned bits)
{
	struct nct_codebook *c = calloc(1, sizeof *c);

	*out = NULL;
	if (c == NULL || (c->depth = calloc((size_t)2 << bits, sizeof *c->depth)) == NULL) {
		free(c);
		return NCT_ENOMEM;
	}
	c->bits = bits;
	c->symbol = c->depth + ((size_t)1 << bits);
	*out = c;
	return NCT_OK;
}

void
nct_codebook_free(struct nct_codebook *c)
{
	if (c == NULL)
		return;
	free(c->depth);
	free(c);
}

/* What is wrong with string k, given the one before it; last[d] is the symbol at depth d on the way to that one. NULL: nothing. */
static const char *
fault(const struct nct_codebook *c, size_t k, uint16_t *last)
{
	const unsigned d = c->depth[k], s = c->symbol[k], before = k > 0 ? c->depth[k - 1] : 0;

	if (d < 1 || d > NCT_WINDOW_SYMBOLS)
		return "of impossible length";
	if (s > NCT_EOD)
		return "with an unknown symbol";
	if (d > before + 1)
		return "without the one that it goes on from";
	if (d == before + 1 && before > 0 && last[before] == NCT_EOD)
		return "that goes on after EOD";
	if (d <= before && s <= last[d] && (d < NCT_WINDOW_SYMBOLS || before != d || s != last[d] || s == NCT_EOD))
		return "out of order";
	last[d] = (uint16_t)s;
	return NULL;
}

nct_err
nct_codebook_seal(struct nct_codebook *c, uint64_t m1, nct_why *why)
{
	const size_t n = (size_t)1 << c->bits;
	uint16_t last[NCT_WINDOW_SYMBOLS + 1] = {0};
	uint8_t head[16];
	size_t single = 0;

	for (size_t k = 0; k < n; k++) {
		const char *what = fault(c, k, last);

		if (what != NULL)
			return nct_fail(why, NCT_EDATA, "codebook of %u bits: a string %s, number %zu", c->bits, what, k);
		single += c->depth[k] == 1;
	}
	if (single != NCT_SYMBOLS) /* different and in order, so it is all of them */
		return nct_fail(why, NCT_EDATA, "codebook of %u bits: %zu strings of one symbol, not %d", c->bits, single, NCT_SYMBOLS);
	nct_put64(head, m1);
	nct_put32(head + 8, c->bits);
	nct_put32(head + 12, NCT_CODE_SPLIT);
	c->fingerprint = lzma_crc64(head, sizeof head, 0);
	c->fingerprint = lzma_crc64((const uint8_t *)c->depth, 2 * n * sizeof *c->depth, c->fingerprint); /* and symbols */
	return NCT_OK;
}
