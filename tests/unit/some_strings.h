/* some_strings.h - for tests: random codebooks of chosen strings, over few bytes so that many begin with others. */
#ifndef NCT_TESTS_SOME_STRINGS_H
#define NCT_TESTS_SOME_STRINGS_H

#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "model/codebook.h"

#define BITS NCT_WINDOW_MIN
#define STRINGS ((size_t)1 << BITS)

struct some {
	uint16_t symbol[12];
	unsigned length;
};

static int
by_symbols(const void *x, const void *y)
{
	const struct some *a = x, *b = y;

	for (unsigned i = 0; i < a->length && i < b->length; i++)
		if (a->symbol[i] != b->symbol[i])
			return a->symbol[i] < b->symbol[i] ? -1 : 1;
	return a->length < b->length ? -1 : a->length > b->length;
}

/* STRINGS different strings in order: all of one symbol, others over few bytes, EOD behind some. */
static void
draw_strings(nct_rng *r, struct some *s)
{
	size_t n = 0;

	memset(s, 0, STRINGS * sizeof *s);
	for (; n < NCT_SYMBOLS; n++)
		s[n] = (struct some){{(uint16_t)n}, 1};
	while (n < STRINGS) {
		struct some x = {{0}, 2 + (unsigned)nct_rng_below(r, 11)};
		size_t same = 0;

		for (unsigned i = 0; i < x.length; i++)
			x.symbol[i] = i + 1 == x.length && nct_rng_below(r, 20) == 0 ? NCT_EOD : (uint16_t)('a' + nct_rng_below(r, 3));
		while (same < n && by_symbols(&s[same], &x) != 0)
			same++;
		if (same == n)
			s[n++] = x;
	}
	qsort(s, STRINGS, sizeof *s, by_symbols);
}

static struct nct_codebook *
codebook_of(const struct some *s)
{
	struct nct_codebook *c;
	size_t nodes = 0;

	for (int pass = 0; pass < 2; pass++) {
		if (pass == 1)
			assert_int_equal(nct_codebook_new(&c, NCT_CODE_BEST, BITS, nodes), NCT_OK);
		nodes = 0;
		for (size_t k = 0; k < STRINGS; k++) {
			unsigned common = 0;

			while (k > 0 && common < s[k].length && common < s[k - 1].length && s[k].symbol[common] == s[k - 1].symbol[common])
				common++;
			for (unsigned d = common; d < s[k].length; d++, nodes++)
				if (pass == 1) {
					c->depth[nodes] = (uint16_t)(d + 1);
					c->symbol[nodes] = (uint16_t)(s[k].symbol[d] | (d + 1 < s[k].length ? NCT_NODE_INNER : 0));
				}
		}
	}
	return c;
}

#endif
