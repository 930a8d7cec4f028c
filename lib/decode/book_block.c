/* book_block.c - a block of windows to text by a codebook's strings: what m1_block.c does by asking M1. */
#include "decode/book_block.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/err.h"
#include "base/huge.h"
#include "coder/bits.h"
#include "decode/show.h"
#include "stream/blocks.h"

#define GROUP 512 /* windows whose room is made at once */

void
nct_book_block_free(struct nct_book_block *u)
{
	free(u->text);
	u->text = NULL;
	u->cap = 0;
}

void
nct_book_block_begin(struct nct_book_block *u, size_t expected)
{
	u->bytes = 0;
	if (u->text == NULL && (u->text = nct_huge_alloc(expected)) != NULL)
		u->cap = expected;
}

/* Makes room for n more bytes of text. */
static nct_err
reserve(struct nct_book_block *u, size_t n)
{
	if (u->cap - u->bytes >= n)
		return NCT_OK;
	const size_t cap = u->cap * 2 + n + 65536;
	uint8_t *p = realloc(u->text, cap);

	if (p == NULL)
		return NCT_ENOMEM;
	u->text = p;
	u->cap = cap;
	return NCT_OK;
}

/* One window, of any length. */
static nct_err
decode_string(struct nct_book_block *u, uint32_t k, int *eod)
{
	const size_t n = nct_codebook_bytes(u->strings->book, k);
	nct_err err;

	if (n > u->text_max - u->text_bytes)
		return NCT_EDATA;
	if ((err = reserve(u, n + 1)) != NCT_OK)
		return err;
	nct_text_copy(u->strings, k, u->text + u->bytes);
	u->bytes += n;
	u->text_bytes += n;
	if ((*eod = (u->strings->entry[k] & NCT_STRING_EOD) != 0) == 0)
		return NCT_OK;
	u->documents++;
	if (u->separator >= 0)
		u->text[u->bytes++] = (uint8_t)u->separator;
	return NCT_OK;
}

/* A line for the window in place of its text. */
static nct_err
show_string(struct nct_book_block *u, uint32_t k, int *eod)
{
	const size_t n = nct_codebook_bytes(u->strings->book, k);
	uint8_t text[NCT_WINDOW_SYMBOLS + NCT_STRING_SHORT];
	nct_err err;

	if (n > u->text_max - u->text_bytes)
		return NCT_EDATA;
	if ((err = reserve(u, NCT_SHOW_ROOM(n))) != NCT_OK)
		return err;
	nct_text_copy(u->strings, k, text);
	*eod = (u->strings->entry[k] & NCT_STRING_EOD) != 0;
	u->bytes += nct_show_window(u->text + u->bytes, u->strings->book->bits, k, text, n, *eod);
	u->text_bytes += n;
	u->documents += (uint64_t)*eod;
	return NCT_OK;
}

/* Windows k[0..n), a line for each. */
static nct_err
show_group(struct nct_book_block *u, const uint32_t *k, size_t n, int loose, int *eod)
{
	nct_err err = NCT_OK;

	for (size_t i = 0; i < n && err == NCT_OK; i++)
		err = *eod && !loose ? NCT_EDATA : show_string(u, k[i], eod);
	return err;
}

/* Windows k[0..n), in runs of short ones. */
static nct_err
decode_group(struct nct_book_block *u, const uint32_t *k, size_t n, int loose, int *eod)
{
	nct_err err;
	size_t length;

	for (size_t i = 0; i < n;) {
		if (*eod && !loose)
			return NCT_EDATA;
		if ((err = reserve(u, (n - i) * NCT_STRING_SHORT)) != NCT_OK)
			return err;
		const size_t copied = nct_text_table_copy(u->strings, k + i, n - i, u->text + u->bytes, &length);
		if (length > u->text_max - u->text_bytes)
			return NCT_EDATA;
		u->bytes += length;
		u->text_bytes += length;
		*eod = *eod && copied == 0;
		i += copied;
		if (i < n && (err = decode_string(u, k[i++], eod)) != NCT_OK)
			return err;
	}
	return NCT_OK;
}

/* `units` windows from bit `from` of `code` on. *eod: the last one ends with EOD. */
static nct_err
decode_part(struct nct_book_block *u, const uint8_t *code, uint64_t from, uint64_t units, int loose, int *eod)
{
	const unsigned b = u->strings->book->bits;
	const uint64_t end = from + units * b;
	uint32_t k[GROUP];
	nct_err err;

	*eod = 0;
	for (uint64_t done = 0; done < units; done += GROUP) {
		const size_t n = units - done < GROUP ? (size_t)(units - done) : GROUP;

		nct_bits_get_all(k, n, code, end, from + done * b, b);
		if ((err = u->show ? show_group(u, k, n, loose, eod) : decode_group(u, k, n, loose, eod)) != NCT_OK)
			return err;
	}
	return NCT_OK;
}

static nct_err
decode_block(struct nct_book_block *u, const struct nct_block *b, const struct nct_header *h, nct_why *why)
{
	const int loose = h->text_unknown;
	struct nct_directory_entry e;
	size_t at = 0;
	uint64_t from = 0, before = 0;
	nct_err err;
	int eod, cuts_hold = 1;

	u->text_bytes = u->documents = 0;
	u->text_max = loose ? NCT_TEXT_MAX : b->text_bytes;
	while (nct_directory_next(b->dir, b->dir_bytes, &at, &e, 0) > 0) {
		err = decode_part(u, b->code, from, e.units, loose, &eod);
		if (err == NCT_EDATA || (err == NCT_OK && !loose && eod != e.ends_document))
			return nct_fail(why, NCT_EDATA, "block %" PRIu32 " holds other text than its directory says", b->sequence);
		if (err != NCT_OK)
			return err;
		from += e.units * u->strings->book->bits;
		cuts_hold &= nct_blocks_hold(h->chunk, before, u->text_bytes - before);
		before = u->text_bytes;
	}
	if (!loose && u->text_bytes != b->text_bytes)
		return nct_fail(why, NCT_EDATA, "block %" PRIu32 " decodes to %" PRIu64 " bytes, not %" PRIu64, b->sequence, u->text_bytes,
		                b->text_bytes);
	if (!loose && !cuts_hold)
		return nct_fail(why, NCT_EDATA, "block %" PRIu32 " is not cut as its stream's header says", b->sequence);
	return NCT_OK;
}

nct_err
nct_book_block_decode(struct nct_book_block *u, const struct nct_block *b, const struct nct_header *h, nct_why *why)
{
	const size_t before = u->bytes;
	const nct_err err = decode_block(u, b, h, why);

	if (err != NCT_OK)
		u->bytes = before;
	return err;
}
