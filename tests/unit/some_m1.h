/* some_m1.h - for tests of codebooks: small models of every kind. One has windows with strings of the greatest
 * length. */
#ifndef NCT_TESTS_SOME_M1_H
#define NCT_TESTS_SOME_M1_H

#include "random_m1.h"

#include <stdlib.h>

#define SOME_M1 4      /* number of models */
#define SOME_M1_LONG 2 /* the one with the longest strings: unigram, with one symbol nearly certain */

static nct_m1 *
some_m1(unsigned which)
{
	static const struct nct_m1_config nets[2] = {
		{.kind = NCT_M1_TRANSFORMER, .width = 16, .heads = 2, .layers = 2, .inner = 24, .reach = 9},
		{.kind = NCT_M1_TRANSFORMER, .width = 6, .heads = 1, .layers = 1, .inner = 5, .reach = 1024},
	};
	uint32_t freq[NCT_SYMBOLS];
	nct_m1 *m;

	for (unsigned s = 0; s < NCT_SYMBOLS; s++)
		freq[s] = which == SOME_M1_LONG ? 1 : 1 + (s * 977 + 300) % 3000;
	freq['a'] = NCT_FREQ_TOTAL;
	for (unsigned s = 0; s < NCT_SYMBOLS; s++)
		freq['a'] -= s != 'a' ? freq[s] : 0;
	m = which < 2 ? random_m1(&nets[which], NULL, 42 + which) : NULL;
	if (which >= 2 && nct_m1_new_unigram(&m, freq, NULL, NULL) != NCT_OK)
		m = NULL;
	if (m == NULL)
		abort();
	return m;
}

#endif
