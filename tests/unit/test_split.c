/* test_split.c - the split rule, compared with a plain version of it, and the window code over whole trees. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/rng.h"
#include "coder/split.h"

/* Frequencies with `big` probable symbols and 1 for all others, as for a small alphabet. `eod`: EOD is probable. */
static void
make_freq(uint32_t *freq, nct_rng *rng, unsigned big, int eod)
{
	uint32_t left = NCT_FREQ_TOTAL - NCT_SYMBOLS;

	for (unsigned s = 0; s < NCT_SYMBOLS; s++)
		freq[s] = 1;
	for (unsigned i = 0; i < big; i++) {
		unsigned s = i == 0 && eod ? NCT_EOD : (unsigned)nct_rng_below(rng, NCT_EOD);
		uint32_t part = i + 1 == big ? left : (uint32_t)nct_rng_below(rng, left + 1);

		freq[s] += part;
		left -= part;
	}
}

/* ---- a plain version of the rule, which sorts by remainder ---- */

struct remainder {
	nct_u128 r;
	unsigned s;
};

static int
by_remainder(const void *a, const void *b)
{
	const struct remainder *x = a, *y = b;

	return x->r != y->r ? (x->r < y->r ? 1 : -1) : (x->s > y->s) - (x->s < y->s);
}

static void
plain_divide(nct_u128 *share, const uint32_t *freq, unsigned count, nct_u128 m)
{
	struct remainder rem[NCT_SYMBOLS];
	nct_u128 sum = 0, left = m;
	unsigned top = 0;

	for (unsigned s = 0; s < count; s++)
		sum += freq[s];
	for (unsigned s = 0; s < count; s++) {
		nct_u128 high = freq[s] * (m / sum), low = freq[s] * (m % sum);

		share[s] = high + low / sum;
		rem[s] = (struct remainder){low % sum, s};
		left -= share[s];
		if (freq[s] > freq[top])
			top = s;
	}
	if (m >> 32 != 0) {
		share[top] += left;
		return;
	}
	qsort(rem, count, sizeof *rem, by_remainder);
	for (unsigned i = 0; i < left; i++)
		share[rem[i].s]++;
}

/* Shares of all symbols at a node of n = rest + 1 code points. */
static void
plain_shares(nct_u128 *share, const uint32_t *freq, nct_u128 rest, int root)
{
	if (root) {
		plain_divide(share, freq, 256, rest - 256);
		for (unsigned s = 0; s < 256; s++)
			share[s]++;
		share[NCT_EOD] = 1;
		return;
	}
	plain_divide(share, freq, 257, rest);
	if (share[NCT_EOD] > 1) {
		plain_divide(share, freq, 256, rest - 1);
		share[NCT_EOD] = 1;
	}
}

/* nct_split_bounds() and the functions that use bounds lead to the same child. */
static void
check_bounds(const struct nct_node *n, const uint32_t *freq, const struct nct_node *child, unsigned symbol)
{
	static uint32_t bound[NCT_SYMBOLS + 1];
	struct nct_node taken = *n, found = *n;

	if (symbol % 64 != 0) /* a few symbols a node */
		return;
	nct_split_bounds(n, freq, bound);
	assert_true(bound[NCT_SYMBOLS] == (uint32_t)n->rest + 1);
	assert_int_equal(nct_split_take_bounds(&taken, bound, symbol), 1);
	assert_memory_equal(&taken, child, sizeof taken);
	assert_int_equal(nct_split_find_bounds(&found, bound, child->first), symbol);
	assert_memory_equal(&found, child, sizeof found);
}

/* Checks every symbol at one node: its child is that of the plain rule, or it is refused as its share is 0. */
static void
check_node(const struct nct_node *n, const uint32_t *freq)
{
	nct_u128 share[NCT_SYMBOLS], at = n->first + (n->symbols > 0), end = n->first + n->rest;

	plain_shares(share, freq, n->rest, n->symbols == 0);
	for (unsigned s = 0; s < NCT_SYMBOLS; s++) {
		struct nct_node child = *n, found = *n;

		assert_int_equal(nct_split_take(&child, freq, s), share[s] > 0);
		if (share[s] == 0) {
			assert_memory_equal(&child, n, sizeof child);
			if (n->rest < UINT32_MAX) {
				uint32_t bound[NCT_SYMBOLS + 1];

				nct_split_bounds(n, freq, bound);
				assert_int_equal(nct_split_take_bounds(&child, bound, s), 0);
			}
			continue;
		}
		assert_true(child.first == at && child.rest == share[s] - 1 && child.symbols == n->symbols + 1);
		assert_int_equal(nct_split_find(&found, freq, at + share[s] - 1), s);
		assert_memory_equal(&found, &child, sizeof child);
		if (n->rest < UINT32_MAX)
			check_bounds(n, freq, &child, s);
		at += share[s];
	}
	assert_true(at == end + 1); /* at 2^128 both wrap to 0 */
}

static void
test_rule(void **state)
{
	nct_rng rng = {1};
	uint32_t freq[NCT_SYMBOLS];

	(void)state;
	for (unsigned round = 0; round < 4000; round++) {
		unsigned bits = NCT_WINDOW_MIN + round % (NCT_WINDOW_MAX - NCT_WINDOW_MIN + 1);
		struct nct_node n = nct_split_root(bits);

		make_freq(freq, &rng, 1 + (unsigned)nct_rng_below(&rng, 40), round % 3 == 0);
		if (round % 2 != 0) { /* somewhere below the root, small and large */
			n.symbols = 1 + (unsigned)nct_rng_below(&rng, 1000);
			n.rest = 1 + (((nct_u128)nct_rng_next(&rng) << 64 | nct_rng_next(&rng)) >> nct_rng_below(&rng, 127));
			n.first = (nct_u128)nct_rng_next(&rng) << 64;
			if (n.first + n.rest < n.first)
				n.first = 0;
		}
		check_node(&n, freq);
	}
}

/* Equal frequencies, which have equal remainders, and the numbers around 2^32, where another rule begins. */
static void
test_edges(void **state)
{
	uint32_t flat[NCT_SYMBOLS];
	static const uint64_t rests[] = {1, 2, 3, 255, 256, 257, 258, 1000, 0xfffffffe, 0xffffffff, 0x100000000, 0x100000001};

	(void)state;
	for (unsigned s = 0; s < NCT_SYMBOLS; s++)
		flat[s] = NCT_FREQ_TOTAL / NCT_SYMBOLS + (s < NCT_FREQ_TOTAL % NCT_SYMBOLS);
	for (size_t i = 0; i < sizeof rests / sizeof rests[0]; i++) {
		struct nct_node n = {.first = 5, .rest = rests[i], .symbols = 3};

		check_node(&n, flat);
	}
	for (unsigned s = 0; s < NCT_EOD; s++)
		flat[s] = 1;
	flat[NCT_EOD] = NCT_FREQ_TOTAL - 256; /* the bytes' sum is as small as can be */
	for (size_t i = 0; i < sizeof rests / sizeof rests[0]; i++) {
		struct nct_node n = {.first = 5, .rest = rests[i], .symbols = 3};

		check_node(&n, flat);
	}
}

/* ---- whole trees ---- */

/* Frequencies that depend on the text so far, as those of a model do. */
static void
context_freq(uint32_t *freq, const uint16_t *text, unsigned n, unsigned big)
{
	nct_rng rng = {n + 77};

	for (unsigned i = 0; i < n; i++)
		rng.s = nct_rng_next(&rng) + text[i];
	make_freq(freq, &rng, big, (rng.s >> 20) % 4 == 0);
}

static unsigned
decode(uint16_t *text, nct_u128 k, unsigned bits, unsigned big)
{
	struct nct_node n = nct_split_root(bits);
	uint32_t freq[NCT_SYMBOLS];

	while (n.symbols == 0 || (k != n.first && !nct_split_ended(&n) && text[n.symbols - 1] != NCT_EOD)) {
		unsigned at = n.symbols;

		context_freq(freq, text, at, big);
		text[at] = (uint16_t)nct_split_find(&n, freq, k);
	}
	return n.symbols;
}

/* The code point of text[0..n), which must fit into a window. */
static nct_u128
encode(const uint16_t *text, unsigned n, unsigned bits, unsigned big)
{
	struct nct_node node = nct_split_root(bits);
	uint32_t freq[NCT_SYMBOLS];

	for (unsigned i = 0; i < n; i++) {
		context_freq(freq, text, i, big);
		assert_true(nct_split_take(&node, freq, text[i]));
	}
	return node.first;
}

/* Pre-order: a prefix first, then by symbol. */
static int
compare(const uint16_t *a, unsigned n, const uint16_t *b, unsigned m)
{
	for (unsigned i = 0; i < n && i < m; i++)
		if (a[i] != b[i])
			return a[i] < b[i] ? -1 : 1;
	return n < m ? -1 : n > m;
}

/* Every k decodes to a different text, in pre-order, which encodes to k. Only a text of the greatest length may have
 * several code points, of which the first is written. */
static void
test_tree(void **state)
{
	static uint16_t text[2][NCT_WINDOW_SYMBOLS + 1];
	static const struct { unsigned bits, big; } cases[] = {{10, 2}, {10, 30}, {11, 1}, {12, 5}, {13, 200}};

	(void)state;
	for (size_t c = 0; c < sizeof cases / sizeof cases[0]; c++) {
		unsigned n[2] = {0, 0}, one_byte = 0;

		for (uint32_t k = 0; k < 1u << cases[c].bits; k++) {
			unsigned now = k % 2, before = 1 - now;

			n[now] = decode(text[now], k, cases[c].bits, cases[c].big);
			nct_u128 again = encode(text[now], n[now], cases[c].bits, cases[c].big);
			if (n[now] == NCT_WINDOW_SYMBOLS)
				assert_true(again <= k);
			else
				assert_true(again == k);
			if (k > 0 && again == k)
				assert_true(compare(text[before], n[before], text[now], n[now]) < 0);
			one_byte += n[now] == 1;
		}
		assert_int_equal(one_byte, NCT_SYMBOLS); /* every symbol has a window of its own */
	}
}

/* Large windows: random code points come back from their texts. */
static void
test_wide(void **state)
{
	static uint16_t text[NCT_WINDOW_SYMBOLS + 1];
	nct_rng rng = {9};

	(void)state;
	for (unsigned round = 0; round < 400; round++) {
		unsigned bits = 14 + round % (NCT_WINDOW_MAX - 13), big = 2 + round % 60;
		nct_u128 k = ((nct_u128)nct_rng_next(&rng) << 64 | nct_rng_next(&rng)) >> (128 - bits);
		unsigned n = decode(text, k, bits, big);
		nct_u128 again = encode(text, n, bits, big);

		assert_true(n == NCT_WINDOW_SYMBOLS ? again <= k : again == k);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_rule),
	    cmocka_unit_test(test_edges),
	    cmocka_unit_test(test_tree),
	    cmocka_unit_test(test_wide),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
