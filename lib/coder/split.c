/* split.c - the window code `split`: M1's probabilities share out a window's 2^b values among all strings. */
#include "coder/split.h"

#include <assert.h>

/* Code points for each symbol at one node: low[s], and 2^64 times high[s] if `wide`. */
struct shares {
	int wide;
	uint64_t low[NCT_SYMBOLS], high[NCT_SYMBOLS];
};

static nct_u128
share_of(const struct shares *a, unsigned s)
{
	return a->wide ? (nct_u128)a->high[s] << 64 | a->low[s] : a->low[s];
}

static void
set_share(struct shares *a, unsigned s, nct_u128 n)
{
	a->low[s] = (uint64_t)n;
	if (a->wide)
		a->high[s] = (uint64_t)(n >> 64);
}

/* The sum of the shares of symbols below s. */
static nct_u128
shares_below(const struct shares *a, unsigned s)
{
	nct_u128 sum = 0;
	uint64_t low = 0;

	if (a->wide) {
		for (unsigned i = 0; i < s; i++)
			sum += share_of(a, i);
		return sum;
	}
	for (unsigned i = 0; i < s; i++) /* a node has less than 2^64 code points */
		low += a->low[i];
	return low;
}

/* A factor that replaces a division: floor(f r / sum) = (f * ratio) >> 44, for f <= 2^20 and r < sum <= 2^20. With
 * ratio = floor(2^44 r / sum) + 1, f * ratio / 2^44 exceeds f r / sum by at most f / 2^44 < 1 / sum. That is too
 * little to reach the next integer. */
static uint64_t
ratio_of(uint64_t r, uint32_t sum)
{
	return (r << 44) / sum + 1;
}

static uint32_t
scaled(uint32_t f, uint64_t ratio)
{
	return (uint32_t)(f * ratio >> 44);
}

/* How many of remainder[0..count) are at least `least`. */
static int32_t
count_from(const int32_t *remainder, unsigned count, int32_t least)
{
	int32_t n = 0;

	for (unsigned s = 0; s < count; s++)
		n += remainder[s] >= least;
	return n;
}

/* Gives one more code point to each of the `left` symbols with the largest remainders, which are below 2^20. Of
 * equal remainders, smaller symbols come first. The first loop finds, bit by bit, `least`, the smallest remainder
 * that gets one. */
static void
largest_remainders(uint32_t *share, const int32_t *remainder, unsigned count, int32_t left)
{
	int32_t least = 0, have = (int32_t)count;

	for (int32_t bit = 1 << 19; bit > 0 && have != left; bit /= 2) {
		const int32_t n = count_from(remainder, count, least | bit);

		if (n >= left) {
			least |= bit;
			have = n;
		}
	}
	for (unsigned s = 0; s < count; s++)
		share[s] += remainder[s] >= least;
	for (unsigned s = count; have > left; s--)
		if (remainder[s - 1] == least) { /* more symbols tie at `least` than code points are left */
			share[s - 1]--;
			have--;
		}
}

/* divide() for m < 2^32. Code points left over by rounding go one each to the largest remainders. */
static void
divide_narrow(struct shares *out, const uint32_t *freq, unsigned count, uint32_t m, uint32_t sum)
{
	const uint32_t q = m / sum, r = m % sum;
	const uint64_t ratio = ratio_of(r, sum);
	uint32_t share[NCT_SYMBOLS], left = m;
	int32_t remainder[NCT_SYMBOLS]; /* signed ones are faster to compare in vectors */

	for (unsigned s = 0; s < count; s++) {
		const uint32_t p = scaled(freq[s], ratio);

		remainder[s] = (int32_t)(freq[s] * r - p * sum); /* correct modulo 2^32, as it is below sum */
		share[s] = freq[s] * q + p;
		left -= share[s];
	}
	if (left > 0)
		largest_remainders(share, remainder, count, (int32_t)left);
	for (unsigned s = 0; s < count; s++)
		out->low[s] = share[s];
}

/* The most probable of the first `count` symbols, the first of several. */
static unsigned
most_probable(const uint32_t *freq, unsigned count)
{
	uint32_t most = 0;
	unsigned s = 0;

	for (unsigned i = 0; i < count; i++)
		most = freq[i] > most ? freq[i] : most;
	while (freq[s] != most)
		s++;
	return s;
}

/* divide() for m of 2^32 to 2^64 - 1. All code points left over by rounding go to the most probable symbol. */
static void
divide_long(struct shares *out, const uint32_t *freq, unsigned count, uint64_t m, uint32_t sum)
{
	const uint64_t q = m / sum, ratio = ratio_of(m % sum, sum);
	uint64_t given = 0;

	for (unsigned s = 0; s < count; s++) {
		out->low[s] = freq[s] * q + scaled(freq[s], ratio);
		given += out->low[s];
	}
	out->low[most_probable(freq, count)] += m - given;
}

/* The same for larger m. */
static void
divide_wide(struct shares *out, const uint32_t *freq, unsigned count, nct_u128 m, uint32_t sum)
{
	const nct_u128 q = m / sum;
	const uint64_t ratio = ratio_of((uint64_t)(m % sum), sum);
	const unsigned top = most_probable(freq, count);
	nct_u128 left = m;

	for (unsigned s = 0; s < count; s++) {
		const nct_u128 share = freq[s] * q + scaled(freq[s], ratio);

		set_share(out, s, share);
		left -= share;
	}
	set_share(out, top, share_of(out, top) + left);
}

/* Divides m code points among the first `count` symbols by their frequencies f, of sum F. Each gets floor(f m / F),
 * and then a rule for the rest follows. With m = q F + r, this is f q + floor(f r / F), which needs no more than 128
 * bits. */
static void
divide(struct shares *out, const uint32_t *freq, unsigned count, nct_u128 m)
{
	const uint32_t sum = NCT_FREQ_TOTAL - (count < NCT_SYMBOLS ? freq[NCT_EOD] : 0);

	out->wide = m >> 64 != 0;
	if (m >> 32 == 0)
		divide_narrow(out, freq, count, (uint32_t)m, sum);
	else if (!out->wide)
		divide_long(out, freq, count, (uint64_t)m, sum);
	else
		divide_wide(out, freq, count, m, sum);
}

/* Sets the shares of all symbols at node *n. Returns the first code point of symbol 0. */
static nct_u128
divide_node(struct shares *out, const struct nct_node *n, const uint32_t *freq)
{
	nct_u128 m = n->rest;

	if (n->symbols == 0) { /* the root: one code point each, and the bytes share the other n - 257 */
		divide(out, freq, NCT_EOD, m - (NCT_SYMBOLS - 1));
		for (unsigned s = 0; s < NCT_EOD; s++)
			set_share(out, s, share_of(out, s) + 1);
		set_share(out, NCT_EOD, 1);
		return n->first;
	}
	const int eods_share_is_large = freq[NCT_EOD] * (m >> 20) >= 2; /* above 1 without any rounding */
	if (!eods_share_is_large)
		divide(out, freq, NCT_SYMBOLS, m);
	if (eods_share_is_large || share_of(out, NCT_EOD) > 1) {
		divide(out, freq, NCT_EOD, m - 1);
		set_share(out, NCT_EOD, 1);
	}
	return n->first + 1; /* n->first itself means "the window ends here" */
}

struct nct_node
nct_split_root(unsigned bits)
{
	return (struct nct_node){.first = 0, .rest = ~(nct_u128)0 >> (128 - bits), .symbols = 0};
}

struct nct_node
nct_split_eod(unsigned bits)
{
	return (struct nct_node){.first = nct_split_root(bits).rest, .rest = 0, .symbols = 1};
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
	nct_u128 first, own;

	assert(symbol < NCT_SYMBOLS && !nct_split_ended(n));
	first = divide_node(&share, n, freq);
	if ((own = share_of(&share, symbol)) == 0)
		return 0;
	first += shares_below(&share, symbol);
	*n = (struct nct_node){.first = first, .rest = own - 1, .symbols = n->symbols + 1};
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
	while (k - first >= share_of(&share, s))
		first += share_of(&share, s++);
	assert(s < NCT_SYMBOLS);
	*n = (struct nct_node){.first = first, .rest = share_of(&share, s) - 1, .symbols = n->symbols + 1};
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
		at += (uint32_t)share.low[s];
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
