/* split.c - the exact window code: how a window's code points are shared out among the symbols. */
#include "coder/split.h"

#include <assert.h>

/* The shares of symbols 0 .. NCT_SYMBOLS - 1 at one node. */
struct shares {
	nct_u128 of[NCT_SYMBOLS];
};

/* floor(a / sum) for a < 2^40 and 256 <= sum <= 2^20, by a multiplication: with M = floor(2^60 / sum) + 1, a M / 2^60
 * exceeds a / sum by at most a / 2^60 < 2^-20 <= 1 / sum, too little to reach the next integer. */
struct divisor {
	uint64_t sum, magic;
};

static struct divisor
divisor_of(uint64_t sum)
{
	return (struct divisor){sum, ((uint64_t)1 << 60) / sum + 1};
}

static uint64_t
quotient(uint64_t a, const struct divisor *d)
{
	return (uint64_t)((nct_u128)a * d->magic >> 60);
}

/* The left-th largest of n different keys (quickselect; the keys are reordered). */
static uint64_t
largest(uint64_t *key, unsigned n, unsigned left)
{
	unsigned lo = 0, hi = n;

	while (hi - lo > 1) { /* in descending order it would stand at left - 1, which is in [lo, hi) */
		uint64_t pivot = key[lo + (hi - lo) / 2];
		unsigned i = lo, j = hi - 1;

		for (;;) {
			while (key[i] > pivot)
				i++;
			while (key[j] < pivot)
				j--;
			if (i >= j)
				break;
			uint64_t t = key[i];
			key[i++] = key[j];
			key[j--] = t;
		}
		if (i == j && left - 1 == j)
			return pivot; /* larger keys stand before it, smaller ones behind */
		if (i == j && left - 1 < j)
			hi = j;
		else if (i != j && left - 1 <= j)
			hi = j + 1;
		else
			lo = j + 1;
	}
	return key[lo];
}

/* Gives one more code point to each of the `left` symbols with the largest remainders (below 2^20), ties to the smaller
 * symbol: 256 bins narrow the choice down to the few whose bin is not taken whole. */
static void
largest_remainders(struct shares *out, const uint32_t *remainder, unsigned count, unsigned left)
{
	uint64_t key[NCT_SYMBOLS];
	uint16_t bins[256] = {0};
	unsigned bin = 255, n = 0;

	for (unsigned s = 0; s < count; s++)
		bins[remainder[s] >> 12]++;
	for (; bins[bin] < left; bin--)
		left -= bins[bin];
	for (unsigned s = 0; s < count; s++)
		if (remainder[s] >> 12 == bin)
			key[n++] = (uint64_t)remainder[s] * 512 + (511 - s); /* all keys differ */
	uint64_t threshold = largest(key, n, left);
	for (unsigned s = 0; s < count; s++)
		out->of[s] += (uint64_t)remainder[s] * 512 + (511 - s) >= threshold;
}

/* The left-over goes one each to the largest remainders. */
static void
divide_narrow(struct shares *out, const uint32_t *freq, unsigned count, uint32_t m, const struct divisor *d)
{
	uint64_t q = m / d->sum, r = m % d->sum, left = m;
	uint32_t remainder[NCT_SYMBOLS];

	for (unsigned s = 0; s < count; s++) {
		uint64_t a = freq[s] * r, whole = quotient(a, d);

		remainder[s] = (uint32_t)(a - whole * d->sum);
		whole += freq[s] * q;
		out->of[s] = whole;
		left -= whole;
	}
	if (left > 0)
		largest_remainders(out, remainder, count, (unsigned)left);
}

/* The left-over goes whole to the most probable symbol. */
static void
divide_wide(struct shares *out, const uint32_t *freq, unsigned count, nct_u128 m, const struct divisor *d)
{
	nct_u128 q = m / d->sum, left = m;
	uint64_t r = (uint64_t)(m % d->sum);
	unsigned top = 0;

	for (unsigned s = 0; s < count; s++) {
		out->of[s] = freq[s] * q + quotient(freq[s] * r, d);
		left -= out->of[s];
		if (freq[s] > freq[top])
			top = s;
	}
	out->of[top] += left;
}

/* Divides m code points among the first `count` symbols by their frequencies, of sum F: floor(f m / F) each, computed
 * as f q + floor(f r / F) with m = q F + r, which needs no more than 128 bits. */
static void
divide(struct shares *out, const uint32_t *freq, unsigned count, nct_u128 m)
{
	const struct divisor d = divisor_of(NCT_FREQ_TOTAL - (count < NCT_SYMBOLS ? freq[NCT_EOD] : 0));

	if (m >> 32 == 0)
		divide_narrow(out, freq, count, (uint32_t)m, &d);
	else
		divide_wide(out, freq, count, m, &d);
}

/* All shares at node *n; returns the code point where the symbols' sub-ranges begin. */
static nct_u128
divide_node(struct shares *out, const struct nct_node *n, const uint32_t *freq)
{
	nct_u128 m = n->rest;

	if (n->symbols == 0) { /* the root: one code point each, the other n - 257 among the bytes */
		divide(out, freq, NCT_EOD, m - (NCT_SYMBOLS - 1));
		for (unsigned s = 0; s < NCT_EOD; s++)
			out->of[s]++;
		out->of[NCT_EOD] = 1;
		return n->first;
	}
	if (freq[NCT_EOD] * (m >> 20) < 2) /* else EOD's share is above 1 for certain */
		divide(out, freq, NCT_SYMBOLS, m);
	else
		out->of[NCT_EOD] = 2;
	if (out->of[NCT_EOD] > 1) {
		divide(out, freq, NCT_EOD, m - 1);
		out->of[NCT_EOD] = 1;
	}
	return n->first + 1; /* `first` means the end */
}

struct nct_node
nct_split_root(unsigned bits)
{
	return (struct nct_node){.first = 0, .rest = ~(nct_u128)0 >> (128 - bits), .symbols = 0};
}

int
nct_split_ended(const struct nct_node *n)
{
	return n->rest == 0 || n->symbols == NCT_WINDOW_SYMBOLS;
}

int
nct_split_take(struct nct_node *n, const uint32_t freq[NCT_SYMBOLS], unsigned symbol)
{
	struct shares share;
	nct_u128 first;

	assert(symbol < NCT_SYMBOLS && !nct_split_ended(n));
	first = divide_node(&share, n, freq);
	if (share.of[symbol] == 0)
		return 0;
	for (unsigned s = 0; s < symbol; s++)
		first += share.of[s];
	*n = (struct nct_node){.first = first, .rest = share.of[symbol] - 1, .symbols = n->symbols + 1};
	return 1;
}

unsigned
nct_split_find(struct nct_node *n, const uint32_t freq[NCT_SYMBOLS], nct_u128 k)
{
	struct shares share;
	nct_u128 first;
	unsigned s = 0;

	assert(!nct_split_ended(n) && k >= n->first && k - n->first <= n->rest);
	first = divide_node(&share, n, freq);
	assert(k >= first);
	while (k - first >= share.of[s])
		first += share.of[s++];
	assert(s < NCT_SYMBOLS);
	*n = (struct nct_node){.first = first, .rest = share.of[s] - 1, .symbols = n->symbols + 1};
	return s;
}

void
nct_split_bounds(const struct nct_node *n, const uint32_t freq[NCT_SYMBOLS], uint32_t bound[NCT_SYMBOLS + 1])
{
	struct shares share;
	uint32_t at;

	assert(!nct_split_ended(n) && n->rest < UINT32_MAX);
	at = (uint32_t)(divide_node(&share, n, freq) - n->first);
	for (unsigned s = 0; s < NCT_SYMBOLS; s++) {
		bound[s] = at;
		at += (uint32_t)share.of[s];
	}
	bound[NCT_SYMBOLS] = at;
}

static void
enter(struct nct_node *n, const uint32_t *bound, unsigned symbol)
{
	*n = (struct nct_node){
	    .first = n->first + bound[symbol], .rest = bound[symbol + 1] - bound[symbol] - 1, .symbols = n->symbols + 1};
}

int
nct_split_take_bounds(struct nct_node *n, const uint32_t bound[NCT_SYMBOLS + 1], unsigned symbol)
{
	if (bound[symbol] == bound[symbol + 1])
		return 0;
	enter(n, bound, symbol);
	return 1;
}

unsigned
nct_split_find_bounds(struct nct_node *n, const uint32_t bound[NCT_SYMBOLS + 1], nct_u128 k)
{
	uint32_t at = (uint32_t)(k - n->first);
	unsigned lo = 0, hi = NCT_SYMBOLS;

	assert(k >= n->first && k - n->first <= n->rest);
	while (hi - lo > 1) { /* bound[lo] <= at < bound[hi] */
		unsigned mid = (lo + hi) / 2;

		if (bound[mid] <= at)
			lo = mid;
		else
			hi = mid;
	}
	enter(n, bound, lo);
	return lo;
}
