/* trie_best.c - the walk through strings of which not every beginning is one: to the end of the path, and back to the last string on it.
 *
 * What is behind that string is walked again. (Where it ends is what text is like: on English the paths run on for a third of a string.)
 * As in trie.c, no branch may depend on where windows end. */
#include "window/trie.h"

/* A lane's state by value. */
struct state {
	const uint8_t *text, *cut; /* the next byte; behind the longest string so far */
	const uint8_t *begin;      /* of the open window */
	uint64_t cell, inside;
	uint32_t number, *out;
};

/* Takes a byte that goes on, or closes the window and turns back. `ahead`: from a byte to the mark behind it; 0: there are none. */
static inline __attribute__((always_inline)) void
take(const uint64_t *cells, ptrdiff_t ahead, int aligned, struct state *s)
{
	const uint64_t byte = *s->text;
	const uint8_t *text = s->text + 1;
	uint32_t *kept = s->out + 1;
	uint64_t next = cells[(s->cell >> 40) + byte], refused, mark = 0;

	*s->out = s->number;
#if defined __x86_64__
	const uint64_t start = NCT_TRIE_START, zero = 0;

	__asm__("cmpw %w[byte], %w[next]\n\tcmovne %[start], %[next]\n\tcmovne %[cut], %[text]\n\tcmovne %[cut], %[begin]\n\t"
	        "cmovne %[kept], %[out]\n\tcmovne %[zero], %[inside]"
	        : [next] "+&r"(next), [text] "+&r"(text), [begin] "+&r"(s->begin), [out] "+&r"(s->out), [inside] "+&r"(s->inside)
	        : [byte] "r"(byte), [start] "r"(start), [cut] "r"(s->cut), [kept] "r"(kept), [zero] "r"(zero)
	        : "cc");
#else
	uint64_t turns = 0 - (uint64_t)((uint16_t)next != byte);

	__asm__("" : "+r"(turns)); /* nothing is known about it */
	next ^= (next ^ NCT_TRIE_START) & turns;
	text -= (text - s->cut) & (ptrdiff_t)turns;
	s->begin += (s->cut - s->begin) & (ptrdiff_t)turns;
	s->out += turns & 1;
	s->inside &= ~turns;
#endif
	refused = next >> 39 & 1; /* INNER, as START is; numbers of strings are below 2^20 */
	if (aligned) {
		mark = text[ahead];
		refused |= s->inside & (mark ^ 1);
		s->inside |= mark & (refused ^ 1);
	}
#if defined __x86_64__
	const uint32_t number = (uint32_t)(next >> 16);

	__asm__("testq %[refused], %[refused]\n\tcmovz %[number], %[best]\n\tcmovz %[text], %[cut]"
	        : [best] "+&r"(s->number), [cut] "+&r"(s->cut)
	        : [refused] "r"(refused), [number] "r"(number), [text] "r"(text)
	        : "cc");
#else
	uint64_t accepts = refused - 1;

	__asm__("" : "+r"(accepts));
	s->number ^= (s->number ^ (uint32_t)(next >> 16)) & (uint32_t)accepts;
	s->cut += (text - s->cut) & (ptrdiff_t)accepts;
#endif
	s->text = text;
	s->cell = next;
}

/* The walk, for a number of lanes that the compiler knows, so in line wherever it is called. */
static inline __attribute__((always_inline)) void
walk(const uint64_t *cells, struct nct_lane *lane, const unsigned lanes, size_t n, int aligned)
{
	struct state s[NCT_LANES];
	ptrdiff_t ahead[NCT_LANES];

	for (unsigned l = 0; l < lanes; l++) {
		const struct nct_open *o = &lane[l].open;

		s[l] = (struct state){lane[l].text, lane[l].text - o->over, lane[l].text - o->held, o->cell, o->inside, o->closed, lane[l].out};
		ahead[l] = aligned ? lane[l].mark - lane[l].text : 0;
	}
	for (size_t i = 0; i < n; i++)
#pragma GCC unroll 6
		for (unsigned l = 0; l < lanes; l++)
			take(cells, ahead[l], aligned, &s[l]);
	for (unsigned l = 0; l < lanes; l++) {
		if (aligned)
			lane[l].mark += s[l].text - lane[l].text;
		lane[l].text = s[l].text;
		lane[l].out = s[l].out;
		lane[l].open = (struct nct_open){.cell = s[l].cell, .closed = s[l].number, .held = (uint32_t)(s[l].text - s[l].begin),
			.over = (uint32_t)(s[l].text - s[l].cut), .inside = s[l].inside};
	}
}

static void
walk_some(const uint64_t *cells, struct nct_lane *lane, unsigned lanes, size_t n, int aligned)
{
	switch (lanes) {
	case 1: walk(cells, lane, 1, n, aligned); break;
	case 2: walk(cells, lane, 2, n, aligned); break;
	case 3: walk(cells, lane, 3, n, aligned); break;
	case 4: walk(cells, lane, 4, n, aligned); break;
	case 5: walk(cells, lane, 5, n, aligned); break;
	default: walk(cells, lane, NCT_LANES, n, aligned); break;
	}
}

void
nct_trie_walk_best(const struct nct_trie *t, struct nct_lane *lane, unsigned lanes, size_t n)
{
	if (lane[0].mark != NULL)
		walk_some(t->cell, lane, lanes, n, 1);
	else
		walk_some(t->cell, lane, lanes, n, 0);
}

size_t
nct_trie_close_best(const struct nct_trie *t, const struct nct_lane *at, int eod, uint32_t *k)
{
	const struct nct_open *o = &at->open;
	struct nct_lane l = {.text = at->text - o->held, .mark = at->mark != NULL ? at->mark - o->held : NULL,
		.open = {.cell = NCT_TRIE_START}, .out = k};
	uint64_t end;

	while (l.text - l.open.held < at->text) { /* a window more */
		if (l.text < at->text) {
			walk_some(t->cell, &l, 1, (size_t)(at->text - l.text), l.mark != NULL);
			continue;
		}
		if (eod && (end = nct_trie_eod(t, l.open.cell)) != 0) {
			*l.out++ = nct_trie_number(end);
			return (size_t)(l.out - k);
		}
		*l.out++ = l.open.closed;
		l.text -= l.open.over;
		l.mark -= l.mark != NULL ? l.open.over : 0;
		l.open = (struct nct_open){.cell = NCT_TRIE_START};
	}
	if (eod)
		*l.out++ = nct_trie_number(nct_trie_eod(t, NCT_TRIE_START));
	return (size_t)(l.out - k);
}
