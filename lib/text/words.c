/* words.c - finds where words begin, as NCT_WORDS_PATTERN would, but faster.
 *
 * Whether a word begins at a character depends on this character and the two before it. ASCII text is marked many
 * bytes at once, by loops over bytes that compilers turn into vector code. Around other characters, text is marked
 * character by character. */
#include "text/words.h"

#include <stdlib.h>
#include <string.h>

#include "base/cpu.h"
#include "base/ladder.h"
#include "base/le.h"
#include "text/utf8.h"

/* Kinds of characters, as bits. SPACE is WHITE, too. An apostrophe after a letter counts as a letter, else as OTHER.
 * A byte that is not UTF-8 has no kind (0), and no word extends over it. */
enum { LETTER = 1, NUMBER = 2, OTHER = 4, APOSTROPHE = 8, WHITE = 16, SPACE = 32 };
#define CLASSES (LETTER | NUMBER | OTHER | WHITE) /* two neighbours that share one of these are in one match */

#define BLOCK 1024u    /* bytes that mark_block() takes at a time */
#define TABLE 0x32400u /* characters below this have their kind in a table; others are looked up in `ranges` */

/* Entry i is 4 * c + class: characters from c on, up to the next entry's, have this class. */
static const uint32_t ranges[] = {
#include "text/words_ranges.inc"
};
#define RANGES (sizeof ranges / sizeof ranges[0])

struct nct_words {
	nct_words_marker *mark_bytes;
	uint8_t kind[TABLE];
};

static uint8_t
kind_of_class(uint32_t class)
{
	return class == 0 ? OTHER : (uint8_t)class; /* 1: LETTER, 2: NUMBER */
}

/* The kind of an ASCII character, without a branch. */
static inline uint8_t
ascii_kind(uint8_t c)
{
	const uint8_t letter = (uint8_t)((c | 32) - 'a') < 26, number = (uint8_t)(c - '0') < 10, space = c == ' ';
	const uint8_t white = (uint8_t)(space | ((uint8_t)(c - '\t') < 5)), apostrophe = c == '\'';
	const uint8_t other = (uint8_t)((letter | number | white | apostrophe) ^ 1);

	return (uint8_t)(letter | number << 1 | other << 2 | apostrophe << 3 | white << 4 | space << 5);
}

nct_err
nct_words_new(nct_words **out, const char *cpu)
{
	nct_words *w = malloc(sizeof *w);

	if ((*out = w) == NULL)
		return NCT_ENOMEM;
	w->mark_bytes = nct_words_bytes;
	(void)cpu;
#if defined __x86_64__
	if (nct_ladder_serves("avx512", cpu) && nct_cpu_avx512())
		w->mark_bytes = nct_words_bytes_avx512;
#endif
	for (uint32_t c = 0; c < 0x80; c++)
		w->kind[c] = ascii_kind((uint8_t)c);
	memset(w->kind + 0x80, OTHER, TABLE - 0x80);
	for (size_t i = 0; i + 1 < RANGES && ranges[i] / 4 < TABLE; i++) {
		const uint32_t to = ranges[i + 1] / 4 < TABLE ? ranges[i + 1] / 4 : TABLE;

		memset(w->kind + ranges[i] / 4, kind_of_class(ranges[i] % 4), to - ranges[i] / 4);
	}
	w->kind[0x2019] = APOSTROPHE; /* the typographic one */
	return NCT_OK;
}

void
nct_words_free(nct_words *w)
{
	free(w);
}

static uint8_t
far_kind(uint32_t c)
{
	size_t i = RANGES;

	while (ranges[i - 1] / 4 > c)
		i--; /* few ranges lie above TABLE, so a linear search will do */
	return kind_of_class(ranges[i - 1] % 4);
}

enum nct_character
nct_words_character(const nct_words *w, uint32_t c)
{
	const uint8_t kind = c < TABLE ? w->kind[c] : far_kind(c);

	return kind & LETTER ? NCT_LETTER : kind & NUMBER ? NCT_NUMBER : NCT_OTHER;
}

/* Decodes the character at text[0..n), n > 0. Returns its length and sets *kind. Bytes that are not UTF-8 have
 * length 1 and kind 0. */
static inline size_t
decode(const nct_words *w, const uint8_t *text, size_t n, uint8_t *kind)
{
	uint32_t c;
	const size_t length = nct_utf8(text, n, &c);

	*kind = 0;
	if (length == 0)
		return 1;
	*kind = c < TABLE ? w->kind[c] : far_kind(c);
	return length;
}

/* Kinds of the two characters before the current one; 0 if there is none or it is not UTF-8. */
struct before {
	uint8_t last, last_but_one;
};

/* Advances by a character of kind k. Returns 1 if a word begins with it. */
static inline uint8_t
read_on(struct before *b, uint8_t k)
{
	if (k == APOSTROPHE)
		k = b->last == LETTER ? LETTER | APOSTROPHE : OTHER;
	const int goes_on = (k & b->last & CLASSES) != 0;
	const int has_space = (k & WHITE) == 0 && (b->last & SPACE) != 0 && (b->last_but_one & WHITE) == 0;
	const uint8_t begins = k != 0 && !goes_on && !has_space;

	b->last_but_one = b->last;
	b->last = k;
	return begins;
}

/* Sets *b to the kinds of p[-2] and p[-1] and returns 1, if both are ASCII and neither is an apostrophe, whose kind
 * depends on more. Else returns 0. */
static inline int
two_plain(const nct_words *w, const uint8_t *p, struct before *b)
{
	if ((p[-1] | p[-2]) >= 0x80 || p[-1] == '\'' || p[-2] == '\'')
		return 0;
	*b = (struct before){w->kind[p[-1]], w->kind[p[-2]]};
	return 1;
}

/* Sets *b to the kinds of the two characters before text[from]. If that is inside a character, this one counts as
 * read, too. Returns where the next character begins. */
static size_t
look_back(const nct_words *w, const uint8_t *text, size_t behind, size_t from, size_t end, struct before *b)
{
	const size_t back = from + behind < NCT_WORDS_BEHIND ? from + behind : NCT_WORDS_BEHIND;
	const uint8_t *p = text + from - back;
	uint8_t kind;

	if (back >= 2 && two_plain(w, text + from, b))
		return from;
	/* p may begin inside a character. That does no harm, as this is not one of the last two. */
	while (p < text + from) {
		p += decode(w, p, (size_t)(text + end - p), &kind);
		(void)read_on(b, kind);
	}
	return (size_t)(p - text);
}

/* Marks text[from..n) character by character, until a character and the two before it are ASCII. Returns the index
 * of that character, or n. */
static size_t
mark_characters(const nct_words *w, const uint8_t *text, size_t behind, size_t from, size_t n, size_t ahead,
                uint8_t *mark)
{
	struct before b = {0, 0};
	size_t at = look_back(w, text, behind, from, n + ahead, &b);
	unsigned plain = 0; /* ASCII characters in a row */
	uint8_t kind;

	memset(mark + from, 0, (at < n ? at : n) - from);
	while (at < n && (plain < 2 || text[at] >= 0x80)) {
		const size_t length = decode(w, text + at, n + ahead - at, &kind);

		memset(mark + at, 0, length < n - at ? length : n - at);
		mark[at] = read_on(&b, kind);
		plain = text[at] < 0x80 ? plain + 1 : 0;
		at += length;
	}
	return at < n ? at : n;
}

/* nct_words_bytes() for n <= BLOCK. */
static void
mark_block(const uint8_t *text, size_t n, uint8_t *mark)
{
	uint8_t plain[BLOCK + 2], kind[BLOCK + 2];

	kind[0] = plain[0] = ascii_kind(text[-2]); /* only its WHITE bit is used */
	for (size_t i = 1; i < n + 2; i++)
		plain[i] = ascii_kind(text[(ptrdiff_t)i - 2]);
	for (size_t i = 1; i < n + 2; i++) {
		const uint8_t apostrophe = plain[i] >> 3 & 1, letter = apostrophe & plain[i - 1];

		kind[i] = (uint8_t)((plain[i] & ~APOSTROPHE) | letter | (apostrophe ^ letter) << 2);
	}
	for (size_t i = 0; i < n; i++) {
		const uint8_t k = kind[i + 2], last = kind[i + 1];
		const uint8_t goes_on = (k & last & CLASSES) != 0;
		const uint8_t has_space = ~(k >> 4) & last >> 5 & ~(kind[i] >> 4) & 1;

		mark[i] = (uint8_t)((goes_on | has_space) ^ 1);
	}
}

void
nct_words_bytes(const uint8_t *text, size_t n, uint8_t *mark)
{
	for (size_t at = 0; at < n; at += BLOCK)
		mark_block(text + at, n - at < BLOCK ? n - at : BLOCK, mark + at);
}

/* The first byte of text[from..n) that is not ASCII, or n. */
static size_t
find_high(const uint8_t *text, size_t from, size_t n)
{
	const uint64_t high = UINT64_C(0x8080808080808080);

	for (uint64_t w[8]; from + sizeof w <= n; from += sizeof w) {
		memcpy(w, text + from, sizeof w);
		if ((w[0] | w[1] | w[2] | w[3] | w[4] | w[5] | w[6] | w[7]) & high)
			break;
	}
	for (; from + 8 <= n; from += 8) {
		const uint64_t eight = nct_get64(text + from) & high;

		if (eight != 0)
			return from + (size_t)__builtin_ctzll(eight) / 8;
	}
	while (from < n && text[from] < 0x80)
		from++;
	return from;
}

void
nct_words_mark(const nct_words *w, const uint8_t *text, size_t behind, size_t n, size_t ahead, uint8_t *mark)
{
	const size_t back = behind < NCT_WORDS_BEHIND ? behind : NCT_WORDS_BEHIND;
	size_t done = 0;

	if (n == 0)
		return;
	if (behind < 2 || find_high(text - back, 0, back) < back)
		done = mark_characters(w, text, behind, 0, n, ahead, mark);
	w->mark_bytes(text + done, n - done, mark + done);
	while ((done = find_high(text, done, n)) < n)
		done = mark_characters(w, text, behind, done, n, ahead, mark);
}
