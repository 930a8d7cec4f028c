/* some_strings.h - for tests: random codebooks of code `best`. Strings have few letters, so that many are prefixes
 * of others. */
#ifndef NCT_TESTS_SOME_STRINGS_H
#define NCT_TESTS_SOME_STRINGS_H

#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "book/codebook.h"

#define BITS NCT_WINDOW_MIN
#define STRINGS ((size_t)1 << BITS)

#define SOME_SYMBOLS 12 /* symbols of most strings, at most */
#define SOME_LONG 40    /* symbols of any string, at most */

struct some {
	uint16_t symbol[SOME_LONG];
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

/* A string of 2 to `most` symbols over `letters` letters. Some end with EOD. */
static struct some
draw_string(nct_rng *r, unsigned letters, unsigned most)
{
	struct some x = {{0}, 2 + (unsigned)nct_rng_below(r, most - 1)};

	for (unsigned i = 0; i < x.length; i++)
		x.symbol[i] = i + 1 == x.length && nct_rng_below(r, 20) == 0 ? NCT_EOD : (uint16_t)('a' + nct_rng_below(r, letters));
	return x;
}

/* Draws STRINGS different strings, in order: all of one symbol, and others of up to `most` symbols over `letters`
 * letters. `longer`: some begin with many of the same letter. */
static void
draw_strings_of(nct_rng *r, struct some *s, unsigned letters, unsigned most, int longer)
{
	size_t n = 0;

	memset(s, 0, STRINGS * sizeof *s);
	for (; n < NCT_SYMBOLS; n++)
		s[n] = (struct some){{(uint16_t)n}, 1};
	while (n < STRINGS) {
		struct some x = draw_string(r, letters, most);
		const unsigned run = longer && nct_rng_below(r, 40) == 0 ? (unsigned)nct_rng_below(r, SOME_LONG - most + 1) : 0;
		size_t same = 0;

		memmove(x.symbol + run, x.symbol, x.length * sizeof x.symbol[0]);
		for (unsigned i = 0; i < run; i++)
			x.symbol[i] = 'a';
		x.length += run;
		while (same < n && by_symbols(&s[same], &x) != 0)
			same++;
		if (same == n)
			s[n++] = x;
	}
	qsort(s, STRINGS, sizeof *s, by_symbols);
}

static inline void
draw_strings(nct_rng *r, struct some *s)
{
	draw_strings_of(r, s, 3, SOME_SYMBOLS, 1);
}

/* The codebook of these strings, not sealed yet. */
static struct nct_codebook *
codebook_of(const struct some *s)
{
	struct nct_codebook *c;
	size_t nodes = 0;

	for (int pass = 0; pass < 2; pass++) {
		if (pass == 1 && nct_codebook_new(&c, NCT_CODE_BEST, BITS, nodes) != NCT_OK)
			abort();
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

/* Changes an entry of base[] at random. */
static inline void
spoil_base(nct_rng *r, uint32_t *base, size_t parents)
{
	const size_t i = (size_t)nct_rng_below(r, parents), j = (size_t)nct_rng_below(r, parents);
	const uint32_t other = base[i];

	switch (nct_rng_below(r, 4)) {
	case 0: base[i] = base[j]; break;
	case 1: base[i] ^= (uint32_t)1 << nct_rng_below(r, 32); break;
	case 2: base[i] += (uint32_t)nct_rng_below(r, 9); break;
	default:
		base[i] = base[j];
		base[j] = other;
	}
}

#endif
