/* rng.h - a small seeded generator (splitmix64): the same seed gives the same numbers everywhere. */
#ifndef NCT_BASE_RNG_H
#define NCT_BASE_RNG_H

#include <stdint.h>

/* The whole state: it may be saved and restored as one number. */
typedef struct nct_rng {
	uint64_t s;
} nct_rng;

/* The next 64 random bits (Steele, Lea, Flood, "Fast splittable pseudorandom number generators", 2014). */
static inline uint64_t
nct_rng_next(nct_rng *r)
{
	uint64_t z = r->s += 0x9e3779b97f4a7c15u;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return z ^ z >> 31;
}

/* Uniform in [0, n), n >= 1; the bias of the multiply-shift is below n / 2^64. */
static inline uint64_t
nct_rng_below(nct_rng *r, uint64_t n)
{
	__extension__ typedef unsigned __int128 u128;

	return (uint64_t)((u128)nct_rng_next(r) * n >> 64);
}

/* Uniform in [0, 1), 53 bits. */
static inline double
nct_rng_unit(nct_rng *r)
{
	return (double)(nct_rng_next(r) >> 11) * 0x1p-53;
}

#endif
