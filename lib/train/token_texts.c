/* token_texts.c - the texts of tokens: of a codebook, or of a file for llm.c (nct-formats(5), "Token texts"). */
#include "train/token_texts.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/io.h"
#include "base/le.h"
#include "book/llmc_texts.h"
#include "book/text_table.h"
#include "m1/m1.h"

#define VOCAB_MAX 65536u

void
nct_texts_free(nct_texts *x)
{
	if (x == NULL)
		return;
	free(x->at);
	free(x->text);
	free(x);
}

/* Room for V texts of `bytes` bytes in all. NULL: out of memory. */
static nct_texts *
texts_new(uint32_t vocab, size_t bytes)
{
	nct_texts *x = calloc(1, sizeof *x);

	if (x == NULL)
		return NULL;
	x->vocab = vocab;
	x->at = calloc((size_t)vocab + 1, sizeof *x->at);
	x->text = malloc(bytes);
	if (x->at != NULL && x->text != NULL)
		return x;
	nct_texts_free(x);
	return NULL;
}

/* ---- of a codebook ---- */

static nct_err
of_codebook(nct_texts **out, const struct nct_codebook *book)
{
	const uint32_t strings = (uint32_t)1 << book->bits;
	struct nct_text_table table;
	size_t bytes = 0;
	nct_texts *x;
	nct_err err = nct_text_table_new(&table, book);

	if (err != NCT_OK)
		return err;
	for (uint32_t k = 0; k < strings; k++)
		bytes += nct_codebook_bytes(book, k);
	if ((*out = x = texts_new(strings, bytes + 1)) != NULL) {
		x->codebook = book->fingerprint;
		for (uint32_t k = 0; k < strings; k++) {
			nct_text_copy(&table, k, x->text + x->at[k]);
			x->at[k + 1] = x->at[k] + (uint32_t)nct_codebook_bytes(book, k);
		}
	}
	nct_text_table_free(&table);
	return x == NULL ? NCT_ENOMEM : NCT_OK;
}

nct_err
nct_texts_of(nct_texts **out, const nct_m1 *m1, const struct nct_header *h, nct_why *why)
{
	const struct nct_codebook *book;
	nct_why own;
	nct_err err;

	why = nct_why_begin(why, &own);
	*out = NULL;
	if (!nct_texts_in_codebook(h))
		return nct_fail(why, NCT_EKIND, "the tokens are not windows of chosen strings: their texts are in no codebook");
	if (h->m1 != nct_m1_fingerprint(m1))
		return nct_fail(why, NCT_EMODEL, "M1 %016" PRIx64 ", but the tokens are of M1 %016" PRIx64, nct_m1_fingerprint(m1),
		                h->m1);
	book = nct_m1_codebook_printed(m1, h->window_bits, h->windows);
	if (book == NULL || book->fingerprint != h->windows)
		return nct_fail(why, NCT_EMODEL, "it does not have the codebook of windows %016" PRIx64 ", as the tokens have",
		                h->windows);
	if ((err = of_codebook(out, book)) == NCT_OK)
		return NCT_OK;
	return nct_fail(why, err, "%s", err == NCT_EARG ? "the texts of the codebook are too long" : "out of memory");
}

int
nct_texts_in_codebook(const struct nct_header *h)
{
	return h->code == NCT_CODE_BEST && h->token_bits == h->window_bits;
}

/* ---- of a file ---- */

/* Takes the text of EOD from the end of all texts. */
static void
without_eod(nct_texts *x, uint32_t eod)
{
	uint8_t end[NCT_LLMC_TEXT_BYTES];
	const size_t n = x->at[eod + 1] - x->at[eod];
	uint32_t to = 0;

	memcpy(end, x->text + x->at[eod], n);
	for (uint32_t t = 0; t < x->vocab; t++) {
		const uint32_t from = x->at[t];
		uint32_t length = x->at[t + 1] - from;

		if (length >= n && memcmp(x->text + from + length - n, end, n) == 0)
			length -= (uint32_t)n;
		memmove(x->text + to, x->text + from, length);
		x->at[t] = to;
		to += length;
	}
	x->at[x->vocab] = to;
}

/* Finds the texts in x->text[0..n), what follows the header of a file, and moves them together. */
static nct_err
take_texts(nct_texts *x, size_t n, nct_why *why)
{
	size_t at = 0;

	for (uint32_t t = 0; t < x->vocab; t++) {
		const size_t length = at < n ? x->text[at++] : 1;

		if (length > n - at)
			return nct_fail(why, NCT_ECUT, "ends at byte %zu, within its texts", NCT_LLMC_TEXTS_HEADER + n);
		memmove(x->text + x->at[t], x->text + at, length);
		x->at[t + 1] = x->at[t] + (uint32_t)length;
		at += length;
	}
	if (at < n)
		return nct_fail(why, NCT_EDATA, "goes on behind the text of the last token, byte %zu", NCT_LLMC_TEXTS_HEADER + at);
	return NCT_OK;
}

nct_err
nct_texts_read(nct_texts **out, int fd, nct_why *why)
{
	uint8_t head[NCT_LLMC_TEXTS_HEADER];
	uint32_t vocab;
	nct_why own;
	size_t got, room;
	nct_err err;

	why = nct_why_begin(why, &own);
	*out = NULL;
	if ((err = nct_read(fd, head, sizeof head, &got)) != NCT_OK)
		return err;
	if (got < 4 || nct_get32(head) != NCT_LLMC_TEXTS_MAGIC)
		return nct_fail(why, NCT_EKIND, "not a file of token texts (see acwin --strings=llmc)");
	if (got < sizeof head)
		return nct_fail(why, NCT_ECUT, "ends at byte %zu, within its header", got);
	vocab = nct_get32(head + 8);
	if (nct_get32(head + 4) < 1 || nct_get32(head + 4) > NCT_LLMC_TEXTS_VERSION)
		return nct_fail(why, NCT_EVERSION, "version %" PRIu32 " of token texts is not known", nct_get32(head + 4));
	if (nct_get32(head + 4) >= 2 && nct_get32(head + 12) >= vocab)
		return nct_fail(why, NCT_EDATA, "its end of documents, token %" PRIu32 ", is not one of %" PRIu32 " tokens",
		                nct_get32(head + 12), vocab);
	if (vocab < 2 || vocab > VOCAB_MAX)
		return nct_fail(why, NCT_EDATA, "texts of %" PRIu32 " tokens: not from 2 to %u", vocab, VOCAB_MAX);
	room = (size_t)vocab * (1 + NCT_LLMC_TEXT_BYTES) + 1; /* a byte more than there may be */
	if ((*out = texts_new(vocab, room)) == NULL)
		return nct_fail(why, NCT_ENOMEM, "out of memory");
	(*out)->codebook = nct_get64(head + NCT_LLMC_TEXTS_CODEBOOK);
	if ((err = nct_read(fd, (*out)->text, room, &got)) == NCT_OK)
		err = take_texts(*out, got, why);
	if (err == NCT_OK && nct_get32(head + 4) >= 2)
		without_eod(*out, nct_get32(head + 12));
	if (err != NCT_OK) {
		nct_texts_free(*out);
		*out = NULL;
	}
	return err;
}
