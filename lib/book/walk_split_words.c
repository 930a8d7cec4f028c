/* walk_split_words.c - the walk that closes a window which would end inside a word at the last boundary in it.
 *
 * A window that closes early would have to be walked again from that boundary on. Instead two strings are followed
 * all the time: the open window, and what it holds since the last boundary, which is what the next window begins
 * with. So each byte is taken once, and no lane falls behind the others. Only where the second string ends before
 * the first one does is there something to do again. */
#include "book/trie.h"

#include <string.h>

#define BLOCK 1024 /* bytes of each lane */

/* A lane's state but for where its text is, by value. The number of the window up to the last boundary in it is at
 * *out. The low byte of `rest`, where a cell would have a symbol, tells whether there is such a boundary: what there
 * is to store, not to compute, is what takes the time. */
struct state {
	uint64_t cell, rest;
	uint32_t *out;
};

/* Takes one byte; `mark` is 1 if a boundary stands before it. Until there is a boundary in a window, each place in
 * it serves as one. As in walk_split.c, no branch may depend on where windows end. */
static inline void
take(const uint64_t *cells, uint64_t none, uint64_t byte, uint64_t mark, struct state *s)
{
	const uint64_t *at = cells + byte;
	uint64_t next, rest = s->rest;
	uint32_t closed = *s->out, number = (uint32_t)(s->cell >> 16), *kept = s->out + 1;

#if defined __x86_64__
	const uint64_t zero = 0;

	/* carry: there is a boundary in the window, and none here */
	__asm__("cmpb %b[rest], %b[mark]\n\tcmovael %[number], %[closed]\n\tcmovae %[zero], %[rest]\n\tadcb $0, %b[mark]"
	        : [closed] "+&r"(closed), [rest] "+&r"(rest), [mark] "+&r"(mark)
	        : [number] "r"(number), [zero] "r"(zero)
	        : "cc");
	next = at[s->cell >> 40];
	rest = at[rest >> 40];
	*s->out = closed;
	__asm__("cmpw %w[byte], %w[rest]\n\tcmovne %[none], %[rest]\n\tcmpw %w[byte], %w[next]\n\tcmovne %[rest], %[next]\n\t"
	        "cmovne %[kept], %[out]\n\tcmovne %[zero], %[mark]\n\tmovb %b[mark], %b[rest]"
	        : [next] "+&r"(next), [rest] "+&r"(rest), [mark] "+&r"(mark), [out] "+&r"(s->out)
	        : [byte] "r"(byte), [none] "r"(none), [kept] "r"(kept), [zero] "r"(zero)
	        : "cc");
#else
	uint64_t inside = rest & 1, here = 0 - (uint64_t)(mark >= inside), ended, closes;

	__asm__("" : "+r"(here)); /* nothing is known about it */
	closed ^= (closed ^ number) & (uint32_t)here;
	inside |= mark;
	next = at[s->cell >> 40];
	rest = at[(rest & ~here) >> 40];
	*s->out = closed;
	ended = 0 - (uint64_t)((uint16_t)rest != byte);
	closes = 0 - (uint64_t)((uint16_t)next != byte);
	__asm__("" : "+r"(ended), "+r"(closes));
	rest ^= (rest ^ none) & ended;
	next ^= (next ^ rest) & closes;
	s->out = (closes & 1) != 0 ? kept : s->out;
	rest = (rest & ~UINT64_C(0xff)) | (inside & ~closes);
#endif
	s->cell = next;
	s->rest = rest;
}

struct again {
	uint64_t cell;
	uint32_t *out;
};

/* A window closed before text[0] at the last boundary, and what was behind that is no string: that is walked again,
 * text[0] included. There is no boundary in it. */
static __attribute__((noinline)) struct again
walk_again(const uint64_t *cells, const uint8_t *text, const uint8_t *mark, uint32_t *out)
{
	struct again a = {NCT_TRIE_START, out};
	ptrdiff_t i = -1;

	while (!mark[i])
		i--;
	for (; i <= 0; i++) {
		const uint64_t next = cells[(a.cell >> 40) + text[i]];

		if ((uint16_t)next != text[i])
			*a.out++ = nct_trie_number(a.cell);
		a.cell = (uint16_t)next == text[i] ? next : cells[text[i]];
	}
	return a;
}

/* The walk, for a number of lanes that the compiler knows, so in line wherever it is called. */
static inline __attribute__((always_inline)) void
walk(const uint64_t *cells, uint64_t none, struct nct_book_lane *lane, const unsigned lanes, size_t n)
{
	struct state s[NCT_LANES_PLAIN];
	uint8_t text[NCT_LANES_PLAIN][BLOCK], mark[NCT_LANES_PLAIN][BLOCK]; /* one index tells all lanes' places */

	for (unsigned l = 0; l < lanes; l++) {
		const struct nct_open *o = &lane[l].open;

		s[l] = (struct state){o->cell, o->rest, lane[l].out};
		*s[l].out = o->closed;
	}
	for (size_t done = 0, now; done < n; done += now) {
		now = n - done < BLOCK ? n - done : BLOCK;
		for (unsigned l = 0; l < lanes; l++) {
			memcpy(text[l], lane[l].text, now);
			memcpy(mark[l], lane[l].mark, now);
		}
		for (size_t i = 0; i < now; i++)
#pragma GCC unroll 6
			for (unsigned l = 0; l < lanes; l++) {
				take(cells, none, text[l][i], mark[l][i], &s[l]);
				if (__builtin_expect(s[l].cell == none, 0)) {
					const struct again a = walk_again(cells, lane[l].text + i, lane[l].mark + i, s[l].out);

					s[l].cell = a.cell;
					s[l].out = a.out;
				}
			}
		for (unsigned l = 0; l < lanes; l++) {
			lane[l].text += now;
			lane[l].mark += now;
		}
	}
	for (unsigned l = 0; l < lanes; l++) {
		lane[l].open = (struct nct_open){.cell = s[l].cell, .rest = s[l].rest, .closed = *s[l].out};
		lane[l].out = s[l].out;
	}
}

void
nct_trie_walk_aligned(const struct nct_trie *t, struct nct_book_lane *lane, unsigned lanes, size_t n)
{
	switch (lanes) {
	case 1: walk(t->cell, t->none, lane, 1, n); break;
	case 2: walk(t->cell, t->none, lane, 2, n); break;
	case 3: walk(t->cell, t->none, lane, 3, n); break;
	case 4: walk(t->cell, t->none, lane, 4, n); break;
	case 5: walk(t->cell, t->none, lane, 5, n); break;
	default: walk(t->cell, t->none, lane, NCT_LANES_PLAIN, n); break;
	}
}
