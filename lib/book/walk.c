/* walk.c - the walk of texts through a trie: follows the text to the end of its path, then goes back to the last
 * string on the path.
 *
 * Where not every node on the path is a string, the bytes behind the last one are walked again for the next window. Of
 * chosen strings, on English, they are a third of a string. There is no branch on whether the window closes: the
 * processor would mispredict it about once a window, which costs as much as several bytes. Compilers do make a branch
 * of it, so the conditional moves are written in assembly. */
#include "book/trie.h"

/* A lane's state, in registers. */
struct state {
	const uint8_t *text, *cut; /* the next byte; the end of the window's string */
	uint32_t cell, best;       /* the cell reached; index of the cell of the window's string */
	uint32_t inside;           /* as in struct nct_open */
	uint32_t *out;
};

/* A step at the place of an EOD. The window that is open takes it if it may, and closes. */
static __attribute__((noinline)) void
take_eod(const struct nct_trie *t, unsigned how, struct state *s)
{
	const uint32_t at = (s->cell >> 9) + NCT_EOD;

	if (s->cell == 0 || (how & NCT_WALK_JOINED && t->number[at] & NCT_TRIE_EOD)) {
		*s->out++ = at;
		s->text++;
	} else {
		*s->out++ = s->best;
		s->text = s->cut;
	}
	s->cut = s->text;
	s->cell = s->inside = 0;
}

/* One step: takes the next byte, or closes the window and goes back to s->cut. s->text + ahead is the byte's mark.
 * Always writes *out. Closing keeps it, by moving out. */
static inline __attribute__((always_inline)) void
take(const struct nct_trie *t, ptrdiff_t ahead, int ends, unsigned how, struct state *s)
{
	const int aligned = (how & NCT_WALK_ALIGNED) != 0;
	const uint32_t *cells = t->byte;

	if (ends && __builtin_expect(s->text[ahead] & NCT_MARK_EOD, 0)) {
		take_eod(t, how, s);
		return;
	}
	const uint32_t byte = *s->text, at = (s->cell >> 9) + byte;
	const uint8_t *text = s->text + 1;
	uint32_t next = cells[at], accepts;

	*s->out = s->best;
#if defined __x86_64__
	const uint32_t zero = 0, *kept = s->out + 1;

	if (aligned)
		__asm__(
		    "cmpb %b[byte], %b[next]\n\tcmovnel %[zero], %[next]\n\tcmovneq %[cut], %[text]\n\tcmovneq %[kept], %[out]\n\t"
		    "cmovnel %[zero], %[inside]"
		    : [next] "+&r"(next), [text] "+&r"(text), [out] "+&r"(s->out), [inside] "+&r"(s->inside)
		    : [byte] "r"(byte), [cut] "r"(s->cut), [kept] "r"(kept), [zero] "r"(zero)
		    : "cc");
	else
		__asm__("cmpb %b[byte], %b[next]\n\tcmovnel %[zero], %[next]\n\tcmovneq %[cut], %[text]\n\tcmovneq %[kept], %[out]"
		        : [next] "+&r"(next), [text] "+&r"(text), [out] "+&r"(s->out)
		        : [byte] "r"(byte), [cut] "r"(s->cut), [kept] "r"(kept), [zero] "r"(zero)
		        : "cc");
#else
	uint32_t turns = 0 - (uint32_t)((uint8_t)next != byte);

	__asm__("" : "+r"(turns)); /* hides the value, so that the compiler makes no branch */
	next &= ~turns;
	text -= (text - s->cut) & (ptrdiff_t)(int32_t)turns;
	s->out += turns & 1;
	s->inside &= ~turns;
#endif
	accepts = next & NCT_TRIE_STRING;
	if (aligned) {
		const uint32_t mark = text[ahead];

		accepts = accepts >> 8 & (mark | (s->inside ^ 1));
		s->inside |= accepts & mark;
	}
#if defined __x86_64__
	__asm__("testl %[accepts], %[accepts]\n\tcmovnzl %[at], %[best]\n\tcmovnzq %[text], %[cut]"
	        : [best] "+&r"(s->best), [cut] "+&r"(s->cut)
	        : [accepts] "r"(accepts), [at] "r"(at), [text] "r"(text)
	        : "cc");
#else
	uint32_t takes = 0 - (uint32_t)(accepts != 0);

	__asm__("" : "+r"(takes));
	s->best ^= (s->best ^ at) & takes;
	s->cut += (text - s->cut) & (ptrdiff_t)(int32_t)takes;
#endif
	s->text = text;
	s->cell = next;
}

/* The walk. It is inlined in each call, so that `lanes` is a constant. */
static inline __attribute__((always_inline)) void
walk(const struct nct_trie *t, struct nct_book_lane *lane, const unsigned lanes, size_t n, int ends, unsigned how)
{
	const int marks = ends || (how & NCT_WALK_ALIGNED) != 0;
	struct state s[NCT_LANES_PLAIN];
	ptrdiff_t ahead[NCT_LANES_PLAIN];

	for (unsigned l = 0; l < lanes; l++) {
		const struct nct_open *o = &lane[l].open;

		s[l] = (struct state){lane[l].text, lane[l].text - o->over, o->at, o->best, o->inside, lane[l].out};
		ahead[l] = marks ? lane[l].mark - lane[l].text : 0;
	}
	for (size_t i = 0; i < n; i++)
#pragma GCC unroll 8
		for (unsigned l = 0; l < lanes; l++)
			take(t, ahead[l], ends, how, &s[l]);
	for (unsigned l = 0; l < lanes; l++) {
		struct nct_open *o = &lane[l].open;

		for (uint32_t *k = lane[l].out; k < s[l].out; k++)
			*k = t->number[*k];
		if (lane[l].mark != NULL)
			lane[l].mark += s[l].text - lane[l].text;
		lane[l].text = s[l].text;
		lane[l].out = s[l].out;
		*o = (struct nct_open){.at = s[l].cell,
		                       .best = s[l].best,
		                       .inside = s[l].inside,
		                       .over = (uint32_t)(s[l].text - s[l].cut)};
		if (s[l].cell != 0)
			o->held = o->over + (uint32_t)nct_codebook_bytes(t->book, t->number[s[l].best]);
	}
}

static inline __attribute__((always_inline)) void
walk_some(const struct nct_trie *t, struct nct_book_lane *lane, unsigned lanes, size_t n, int ends, unsigned how)
{
	switch (lanes) {
	case 1: walk(t, lane, 1, n, ends, how); break;
	case 2: walk(t, lane, 2, n, ends, how); break;
	case 3: walk(t, lane, 3, n, ends, how); break;
	case 4: walk(t, lane, 4, n, ends, how); break;
	case 5: walk(t, lane, 5, n, ends, how); break;
	default: walk(t, lane, NCT_LANES_PLAIN, n, ends, how); break;
	}
}

/* Each call is inlined with other constants. */
static void
walk_plain(const struct nct_trie *t, struct nct_book_lane *lane, unsigned lanes, size_t n, unsigned how)
{
	const unsigned joined = how & NCT_WALK_JOINED;

	if (lane[0].mark == NULL)
		walk_some(t, lane, lanes, n, 0, 0);
	else if (how & NCT_WALK_ALIGNED)
		walk_some(t, lane, lanes, n, 1, NCT_WALK_ALIGNED | joined);
	else
		walk_some(t, lane, lanes, n, 1, joined);
}

void
nct_trie_walk(const struct nct_trie *t, struct nct_book_lane *lane, unsigned lanes, size_t n, unsigned how)
{
	if (lanes > NCT_LANES_PLAIN) {
		t->walk_many(t, lane, lanes, n, how);
		return;
	}
	walk_plain(t, lane, lanes, n, how);
}

size_t
nct_trie_close(const struct nct_trie *t, const struct nct_book_lane *at, int eod, unsigned how, uint32_t *k)
{
	const uint32_t held = at->open.held;
	struct nct_book_lane l = {.text = at->text - held, .mark = at->mark != NULL ? at->mark - held : NULL, .out = k};

	while (l.text - l.open.held < at->text) { /* the open window, or what comes after it, is not empty */
		if (l.text < at->text) {
			walk_plain(t, &l, 1, (size_t)(at->text - l.text), how);
			continue;
		}
		const uint32_t end = eod ? t->number[(l.open.at >> 9) + NCT_EOD] : 0;
		if (end & NCT_TRIE_EOD) {
			*l.out++ = end & ~NCT_TRIE_EOD;
			return (size_t)(l.out - k);
		}
		*l.out++ = t->number[l.open.best];
		l.text -= l.open.over;
		l.mark = l.mark != NULL ? l.mark - l.open.over : NULL;
		l.open = (struct nct_open){0};
	}
	if (eod)
		*l.out++ = t->number[NCT_EOD] & ~NCT_TRIE_EOD;
	return (size_t)(l.out - k);
}
