/* token_parts.c - which parts the texts of tokens have in common. */
#include "train/token_parts.h"

#include <stdlib.h>
#include <string.h>

#include "text/utf8.h"
#include "text/words.h"

/* Kinds of parts. Those of two kinds are never the same. */
enum kind { FIRST_WORD, LATER_WORD, SMALL, BEGINNING, LONGER_BEGINNING, ENDING, SHAPE, KINDS };

/* A part of a token's text. */
struct part {
	const uint8_t *key; /* (n) borrowed: its kind, then its text */
	size_t n;
	uint32_t token;
	uint32_t number;    /* UINT32_MAX: no other token has it */
};

/* The parts of all texts. */
struct parts {
	struct part *part; /* (n) owned */
	size_t n;
	uint8_t *keys;     /* (used) owned */
	size_t used;
};

/* A word of m bytes has a part of each kind but one of the first two, and keys of at most m + 1 bytes. */
#define WORD_PARTS ((size_t)KINDS - 1)
#define WORD_KEYS(m) (WORD_PARTS * ((m) + 1))

/* ---- the parts of a word ---- */

static void
add(struct parts *p, uint32_t token, enum kind kind, const uint8_t *text, size_t n)
{
	uint8_t *key = p->keys + p->used;

	key[0] = (uint8_t)kind;
	memcpy(key + 1, text, n);
	p->part[p->n++] = (struct part){key, n + 1, token, UINT32_MAX};
	p->used += n + 1;
}

/* The small letter of a capital letter, or c itself: the pairs of Unicode's CaseFolding.txt, with status C, of most
 * letters of the Latin, Greek, Cyrillic and Armenian alphabets. Both of a pair have as many bytes in UTF-8. */
static uint32_t
small_letter(uint32_t c)
{
	static const struct {
		uint16_t from, end, add, every; /* each `every`-th of [from, end) has its small letter `add` behind it */
	} pairs[] = {
		{0x41, 0x5b, 32, 1}, {0xc0, 0xd7, 32, 1}, {0xd8, 0xdf, 32, 1}, {0x100, 0x130, 1, 2}, {0x132, 0x138, 1, 2},
		{0x139, 0x149, 1, 2}, {0x14a, 0x178, 1, 2}, {0x179, 0x17f, 1, 2}, {0x1a0, 0x1a6, 1, 2}, {0x1af, 0x1b0, 1, 1},
		{0x1cd, 0x1dd, 1, 2}, {0x1de, 0x1f0, 1, 2}, {0x1f8, 0x220, 1, 2}, {0x222, 0x234, 1, 2}, {0x388, 0x38b, 37, 1},
		{0x391, 0x3a2, 32, 1}, {0x3a3, 0x3ac, 32, 1}, {0x400, 0x410, 80, 1}, {0x410, 0x430, 32, 1}, {0x460, 0x482, 1, 2},
		{0x48a, 0x4c0, 1, 2}, {0x4c1, 0x4cf, 1, 2}, {0x4d0, 0x530, 1, 2}, {0x531, 0x557, 48, 1}, {0x1e00, 0x1e96, 1, 2},
		{0x1ea0, 0x1f00, 1, 2}, {0xff21, 0xff3b, 32, 1},
	};

	for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++)
		if (c >= pairs[i].from && c < pairs[i].end)
			return (c - pairs[i].from) % pairs[i].every == 0 ? c + pairs[i].add : c;
	return c;
}

/* Where the characters of a word begin, which of the first two are capital letters, and what the first one is. */
struct characters {
	unsigned n;
	unsigned capitals; /* bits 0 and 1 */
	enum nct_character first;
	size_t at[NCT_TEXT_BYTES + 1]; /* (n + 1) */
};

/* Writes text[0..n), n > 0, in small letters, and finds its characters. A byte that is not UTF-8 is one. */
static void
to_small(struct characters *c, const nct_words *words, const uint8_t *text, size_t n, uint8_t *to)
{
	static const uint8_t lead[] = {0, 0, 0xc0, 0xe0};
	size_t length;

	c->n = c->capitals = 0;
	c->first = NCT_OTHER;
	for (size_t i = 0; i < n; i += length) {
		uint32_t code, small;

		c->at[c->n] = i;
		if ((length = nct_utf8(text + i, n - i, &code)) == 0) {
			length = 1;
			code = UINT32_MAX;
		}
		if (c->n == 0)
			c->first = nct_words_character(words, code);
		memcpy(to + i, text + i, length);
		if ((small = small_letter(code)) != code) {
			if (c->n < 2)
				c->capitals |= 1u << c->n;
			for (size_t k = length; k-- > 1; small >>= 6)
				to[i + k] = (uint8_t)(0x80 | (small & 0x3f));
			to[i] = (uint8_t)(lead[length] | small);
		}
		c->n++;
	}
	c->at[c->n] = n;
}

static int
is_white(uint8_t c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static void
add_word(struct parts *p, const nct_words *words, uint32_t token, int later, const uint8_t *word, size_t n)
{
	const unsigned space = n > 1 && word[0] == ' ' && !is_white(word[1]);
	uint8_t text[NCT_TEXT_BYTES];
	struct characters c;
	uint8_t shape;

	to_small(&c, words, word + space, n - space, text);
	shape = (uint8_t)((unsigned)c.first << 3 | space << 2 | c.capitals);
	add(p, token, later ? LATER_WORD : FIRST_WORD, word, n);
	add(p, token, SMALL, text, n - space);
	if (c.n >= 3)
		add(p, token, BEGINNING, text, c.at[3]);
	if (c.n >= 4) {
		add(p, token, LONGER_BEGINNING, text, c.at[4]);
		add(p, token, ENDING, text + c.at[c.n - 3], n - space - c.at[c.n - 3]);
	}
	add(p, token, SHAPE, &shape, 1);
}

/* ---- all parts ---- */

/* Adds the parts of a token's text. */
static void
cut(struct parts *p, const nct_words *words, const uint8_t *text, size_t n, uint32_t token)
{
	uint8_t mark[NCT_TEXT_BYTES + 1];
	size_t from = 0;

	nct_words_mark(words, text, 0, n, 0, mark);
	for (size_t i = 1; i <= n; i++)
		if (i == n || mark[i]) {
			add_word(p, words, token, from > 0, text + from, i - from);
			from = i;
		}
}

static nct_err
cut_all(struct parts *p, const nct_texts *x)
{
	const size_t bytes = x->at[x->vocab];
	nct_words *words;
	nct_err err;

	/* at most a word for each byte */
	p->part = malloc((bytes + 1) * WORD_PARTS * sizeof *p->part);
	p->keys = malloc((bytes + 1) * WORD_KEYS(1));
	if (p->part == NULL || p->keys == NULL)
		return NCT_ENOMEM;
	if ((err = nct_words_new(&words, NULL)) != NCT_OK)
		return err;
	for (uint32_t t = 0; t < x->vocab; t++)
		cut(p, words, x->text + x->at[t], x->at[t + 1] - x->at[t], t);
	nct_words_free(words);
	return NCT_OK;
}

static int
compare(const struct part *a, const struct part *b)
{
	const int n = memcmp(a->key, b->key, a->n < b->n ? a->n : b->n);

	return n != 0 ? n : a->n < b->n ? -1 : a->n > b->n;
}

static int
by_key(const void *x, const void *y)
{
	const struct part *a = x, *b = y;
	const int order = compare(a, b);

	return order != 0 ? order : a->token < b->token ? -1 : a->token > b->token;
}

/* Numbers the parts that several tokens have, in the order of keys. Returns how many. */
static uint32_t
number(struct parts *p)
{
	uint32_t n = 0;
	size_t end;

	qsort(p->part, p->n, sizeof *p->part, by_key);
	for (size_t i = 0; i < p->n; i = end) {
		for (end = i + 1; end < p->n && compare(&p->part[i], &p->part[end]) == 0; end++)
			;
		if (p->part[end - 1].token == p->part[i].token)
			continue;
		for (size_t k = i; k < end; k++)
			p->part[k].number = n;
		n++;
	}
	return n;
}

/* Lists the numbered parts of each token. */
static nct_err
list(struct nct_composition *c, const struct parts *p)
{
	c->at = calloc((size_t)c->vocab + 2, sizeof *c->at);
	c->part = malloc((p->n + 1) * sizeof *c->part);
	if (c->at == NULL || c->part == NULL)
		return NCT_ENOMEM;
	/* Token t is counted in at[t + 2], so that after the sums its list begins at at[t + 1], which moves to its end. */
	for (size_t i = 0; i < p->n; i++)
		c->at[p->part[i].token + 2] += p->part[i].number != UINT32_MAX;
	for (uint32_t t = 0; t < c->vocab; t++)
		c->at[t + 2] += c->at[t + 1];
	for (size_t i = 0; i < p->n; i++)
		if (p->part[i].number != UINT32_MAX)
			c->part[c->at[p->part[i].token + 1]++] = p->part[i].number;
	return NCT_OK;
}

nct_err
nct_token_parts(struct nct_composition *c, const nct_texts *x)
{
	struct parts p = {0};
	nct_err err = cut_all(&p, x);

	*c = (struct nct_composition){.vocab = x->vocab};
	if (err == NCT_OK) {
		c->parts = number(&p);
		err = list(c, &p);
	}
	free(p.part);
	free(p.keys);
	if (err != NCT_OK)
		nct_composition_free(c);
	return err;
}
