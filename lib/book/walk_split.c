/* walk_split.c - the walk through split strings: a window closes where no longer string follows. */
#include "book/trie.h"

/* Takes one byte: the open window's number is always written, and kept (*out moves on) if the window closes. Where
 * it does so is what the model could not guess, so a branch on it would be predicted wrongly once a window, at the
 * cost of several bytes. Compilers cannot know, and make one: hence the instructions by name. (The walk alone, on
 * one core: 750 MB/s; by masks, as on other machines, 550; with the branch, 300.) */
static inline void
take(const uint64_t *cells, uint64_t byte, uint64_t *cell, uint32_t **out)
{
	const uint64_t fresh = cells[byte];
	uint64_t next = cells[(*cell >> 40) + byte];

	**out = (uint32_t)(*cell >> 16);
#if defined __x86_64__
	uint32_t *kept = *out + 1;

	__asm__("cmpw %w[byte], %w[next]\n\tcmovne %[fresh], %[next]\n\tcmovne %[kept], %[out]"
	        : [next] "+r"(next), [out] "+r"(*out)
	        : [byte] "r"(byte), [fresh] "r"(fresh), [kept] "r"(kept)
	        : "cc");
#else
	uint64_t closed = 0 - (uint64_t)((uint16_t)next != byte);

	__asm__("" : "+r"(closed)); /* nothing is known about it */
	next ^= (next ^ fresh) & closed;
	*out += closed & 1;
#endif
	*cell = next;
}

/* The walk, for a number of lanes that the compiler knows. */
static inline void
walk(const uint64_t *cells, struct nct_book_lane *lane, const unsigned lanes, size_t n)
{
	const uint8_t *text[NCT_LANES_PLAIN];
	uint64_t cell[NCT_LANES_PLAIN];
	uint32_t *out[NCT_LANES_PLAIN];

	for (unsigned l = 0; l < lanes; l++) {
		text[l] = lane[l].text;
		cell[l] = lane[l].open.cell;
		out[l] = lane[l].out;
	}
	for (size_t i = 0; i < n; i++)
#pragma GCC unroll 6
		for (unsigned l = 0; l < lanes; l++)
			take(cells, text[l][i], &cell[l], &out[l]);
	for (unsigned l = 0; l < lanes; l++) {
		lane[l].text += n;
		lane[l].open.cell = cell[l];
		lane[l].out = out[l];
	}
}

void
nct_trie_walk(const struct nct_trie *t, struct nct_book_lane *lane, unsigned lanes, size_t n)
{
	switch (lanes) {
	case 1: walk(t->cell, lane, 1, n); break;
	case 2: walk(t->cell, lane, 2, n); break;
	case 3: walk(t->cell, lane, 3, n); break;
	case 4: walk(t->cell, lane, 4, n); break;
	case 5: walk(t->cell, lane, 5, n); break;
	default: walk(t->cell, lane, NCT_LANES_PLAIN, n); break;
	}
}
