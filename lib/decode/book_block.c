/* book_block.c - decodes a block's windows by a codebook, as m1_parts.c and m1_windows.c do by M1. */
#include "decode/book_block.h"

#include "coder/bits.h"
#include "decode/show.h"

#define GROUP 512 /* windows that are decoded at a time */

/* Decodes window k, of any length. *eod: it ends with EOD. */
static nct_err
decode_string(const struct nct_text_table *t, struct nct_decoded *d, uint32_t k, int *eod)
{
	const size_t n = nct_codebook_bytes(t->book, k);
	nct_err err;

	if (n > d->text_max - d->text_bytes)
		return NCT_EDATA;
	if ((err = nct_decoded_reserve(d, n + 1)) != NCT_OK)
		return err;
	nct_text_copy(t, k, d->text + d->bytes);
	d->bytes += n;
	d->text_bytes += n;
	if ((*eod = (t->entry[k] & NCT_STRING_EOD) != 0) == 0)
		return NCT_OK;
	d->documents++;
	if (d->separator >= 0)
		d->text[d->bytes++] = (uint8_t)d->separator;
	return NCT_OK;
}

/* Writes a line that shows window k, in place of its text. */
static nct_err
show_string(const struct nct_text_table *t, struct nct_decoded *d, uint32_t k, int *eod)
{
	const size_t n = nct_codebook_bytes(t->book, k);
	uint8_t text[NCT_WINDOW_SYMBOLS + NCT_STRING_SHORT];
	nct_err err;

	if (n > d->text_max - d->text_bytes)
		return NCT_EDATA;
	if ((err = nct_decoded_reserve(d, NCT_SHOW_ROOM(n))) != NCT_OK)
		return err;
	nct_text_copy(t, k, text);
	*eod = (t->entry[k] & NCT_STRING_EOD) != 0;
	d->bytes += nct_show_window(d->text + d->bytes, t->book->bits, k, text, n, *eod);
	d->text_bytes += n;
	d->documents += (uint64_t)*eod;
	return NCT_OK;
}

/* Shows windows k[0..n). *eod tells before whether the last window had EOD, and so it does after. */
static nct_err
show_group(const struct nct_text_table *t, struct nct_decoded *d, const uint32_t *k, size_t n, int loose, int *eod)
{
	nct_err err = NCT_OK;

	for (size_t i = 0; i < n && err == NCT_OK; i++)
		err = *eod && !loose ? NCT_EDATA : show_string(t, d, k[i], eod);
	return err;
}

/* Decodes windows k[0..n): short ones many at a time, others one by one. *eod as in show_group(). */
static nct_err
decode_group(const struct nct_text_table *t, struct nct_decoded *d, const uint32_t *k, size_t n, int loose, int *eod)
{
	nct_err err;
	size_t length;

	for (size_t i = 0; i < n;) {
		if (*eod && !loose)
			return NCT_EDATA;
		if ((err = nct_decoded_reserve(d, (n - i) * NCT_STRING_SHORT)) != NCT_OK)
			return err;
		const size_t copied = nct_text_table_copy(t, k + i, n - i, d->text + d->bytes, &length);
		if (length > d->text_max - d->text_bytes)
			return NCT_EDATA;
		d->bytes += length;
		d->text_bytes += length;
		*eod = *eod && copied == 0;
		i += copied;
		if (i < n && (err = decode_string(t, d, k[i++], eod)) != NCT_OK)
			return err;
	}
	return NCT_OK;
}

nct_err
nct_book_part(const struct nct_text_table *t, struct nct_decoded *d, struct nct_part_job *r, int loose)
{
	const unsigned b = t->book->bits;
	const uint64_t end = r->from + r->units * b, before = d->text_bytes;
	uint32_t k[GROUP];
	nct_err err;

	r->eod = 0;
	for (uint64_t done = 0; done < r->units; done += GROUP) {
		const size_t n = r->units - done < GROUP ? (size_t)(r->units - done) : GROUP;

		nct_bits_get_all(k, n, r->p, end, r->from + done * b, b);
		err = d->show ? show_group(t, d, k, n, loose, &r->eod) : decode_group(t, d, k, n, loose, &r->eod);
		if (err != NCT_OK)
			return err;
	}
	r->text_bytes = d->text_bytes - before;
	return NCT_OK;
}
