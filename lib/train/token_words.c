/* token_words.c - which words the strings of tokens have in common. */
#include "train/token_words.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "book/text_table.h"
#include "m1/m1.h"
#include "text/words.h"

/* A word in a token's string. */
struct part {
	const uint8_t *text; /* (n) borrowed */
	unsigned n;
	unsigned later;      /* 1: it does not begin the string */
	uint32_t token;
	uint32_t place;      /* among the parts of all tokens, in order */
	uint32_t word;       /* its number; UINT32_MAX: no other token has it */
};

static int
compare(const struct part *a, const struct part *b)
{
	const int n = memcmp(a->text, b->text, a->n < b->n ? a->n : b->n);

	return a->later != b->later ? (a->later < b->later ? -1 : 1) : n != 0 ? n : a->n < b->n ? -1 : a->n > b->n;
}

static int
by_text(const void *x, const void *y)
{
	const struct part *a = x, *b = y;
	const int order = compare(a, b);

	return order != 0 ? order : a->place < b->place ? -1 : a->place > b->place;
}

static int
by_place(const void *x, const void *y)
{
	const struct part *a = x, *b = y;

	return a->place < b->place ? -1 : a->place > b->place;
}

/* The parts of all strings. */
struct parts {
	struct part *part; /* (n) owned; room for `room` */
	size_t n, room;
	uint8_t *text;     /* owned: all strings */
};

/* Cuts the string of a token where words begin. */
static void
cut(struct parts *p, const nct_words *words, const uint8_t *text, size_t n, uint32_t token)
{
	uint8_t mark[NCT_WINDOW_SYMBOLS + 1];
	size_t from = 0;

	nct_words_mark(words, text, 0, n, 0, mark);
	for (size_t i = 1; i <= n; i++)
		if (i == n || mark[i]) {
			p->part[p->n] = (struct part){text + from, (unsigned)(i - from), from > 0, token, (uint32_t)p->n, UINT32_MAX};
			p->n++;
			from = i;
		}
}

static nct_err
cut_all(struct parts *p, const struct nct_text_table *table, const nct_words *words)
{
	const uint32_t strings = (uint32_t)1 << table->book->bits;
	size_t at = 0;

	for (uint32_t k = 0; k < strings; k++)
		p->room += nct_codebook_bytes(table->book, k);
	p->part = malloc((p->room + 1) * sizeof *p->part);
	p->text = malloc(p->room + NCT_STRING_SHORT);
	if (p->part == NULL || p->text == NULL)
		return NCT_ENOMEM;
	for (uint32_t k = 0; k < strings; k++) {
		const size_t n = nct_codebook_bytes(table->book, k);

		nct_text_copy(table, k, p->text + at);
		cut(p, words, p->text + at, n, k);
		at += n;
	}
	return NCT_OK;
}

/* Numbers the words that several tokens have. Returns how many. */
static uint32_t
number(struct parts *p)
{
	uint32_t words = 0;
	size_t end;

	qsort(p->part, p->n, sizeof *p->part, by_text);
	for (size_t i = 0; i < p->n; i = end) {
		for (end = i + 1; end < p->n && compare(&p->part[i], &p->part[end]) == 0; end++)
			;
		if (p->part[end - 1].token == p->part[i].token)
			continue;
		for (size_t k = i; k < end; k++)
			p->part[k].word = words;
		words++;
	}
	qsort(p->part, p->n, sizeof *p->part, by_place);
	return words;
}

static nct_err
list(struct nct_composition *c, const struct parts *p)
{
	uint32_t n = 0;

	c->at = calloc((size_t)c->vocab + 1, sizeof *c->at);
	c->word = malloc((p->n + 1) * sizeof *c->word);
	if (c->at == NULL || c->word == NULL)
		return NCT_ENOMEM;
	for (size_t i = 0, t = 0; t < c->vocab; t++) {
		for (; i < p->n && p->part[i].token == t; i++)
			if (p->part[i].word != UINT32_MAX)
				c->word[n++] = p->part[i].word;
		c->at[t + 1] = n;
	}
	return NCT_OK;
}

static nct_err
compose(struct nct_composition *c, const struct nct_codebook *book)
{
	struct nct_text_table table = {0};
	struct parts p = {0};
	nct_words *words = NULL;
	nct_err err = nct_words_new(&words, NULL);

	c->vocab = (uint32_t)1 << book->bits;
	if (err == NCT_OK)
		err = nct_text_table_new(&table, book);
	if (err == NCT_OK)
		err = cut_all(&p, &table, words);
	if (err == NCT_OK) {
		c->words = number(&p);
		err = list(c, &p);
	}
	free(p.part);
	free(p.text);
	nct_text_table_free(&table);
	nct_words_free(words);
	return err;
}

nct_err
nct_token_words(struct nct_composition *c, const nct_m1 *m1, const struct nct_header *h, nct_why *why)
{
	const struct nct_codebook *book;
	nct_err err;

	*c = (struct nct_composition){0};
	if (h->code != NCT_CODE_BEST || h->token_bits != h->window_bits)
		return nct_fail(why, NCT_EKIND, "the tokens are not windows of chosen strings, so they have no words");
	if (h->m1 != nct_m1_fingerprint(m1))
		return nct_fail(why, NCT_EMODEL, "M1 %016" PRIx64 ", but the tokens are of M1 %016" PRIx64, nct_m1_fingerprint(m1),
		                h->m1);
	book = nct_m1_codebook_printed(m1, h->window_bits, h->windows);
	if (book == NULL || book->fingerprint != h->windows)
		return nct_fail(why, NCT_EMODEL, "it does not have the codebook of windows %016" PRIx64 ", as the tokens have",
		                h->windows);
	if ((err = compose(c, book)) == NCT_OK)
		return NCT_OK;
	nct_composition_free(c);
	return nct_fail(why, err, "%s", err == NCT_EARG ? "the texts of the codebook are too long" : "out of memory");
}
