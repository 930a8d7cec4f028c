/* decoded.c - a growing buffer of decoded text, with counts of bytes and documents. */
#include "decode/decoded.h"

#include <stdlib.h>
#include <string.h>

#include "decode/show.h"

void
nct_decoded_free(struct nct_decoded *d)
{
	free(d->text);
	d->text = NULL;
	d->bytes = d->cap = 0;
}

nct_err
nct_decoded_reserve(struct nct_decoded *d, size_t n)
{
	if (d->cap - d->bytes >= n)
		return NCT_OK;
	const size_t cap = d->cap * 2 + n + 65536;
	uint8_t *p = realloc(d->text, cap);

	if (p == NULL)
		return NCT_ENOMEM;
	d->text = p;
	d->cap = cap;
	return NCT_OK;
}

nct_err
nct_decoded_append(struct nct_decoded *d, const uint8_t *p, size_t n)
{
	const nct_err err = nct_decoded_reserve(d, n);

	if (err != NCT_OK || n == 0)
		return err;
	memcpy(d->text + d->bytes, p, n);
	d->bytes += n;
	return NCT_OK;
}

static nct_err
append_byte(struct nct_decoded *d, unsigned byte)
{
	nct_err err;

	if (d->bytes == d->cap && (err = nct_decoded_reserve(d, 1)) != NCT_OK)
		return err;
	d->text[d->bytes++] = (uint8_t)byte;
	return NCT_OK;
}

nct_err
nct_decoded_symbol(struct nct_decoded *d, unsigned symbol)
{
	if (symbol != NCT_EOD)
		return d->text_bytes++ < d->text_max ? append_byte(d, symbol) : NCT_EDATA;
	d->documents++;
	return d->separator >= 0 && !d->show ? append_byte(d, (unsigned)d->separator) : NCT_OK;
}

nct_err
nct_decoded_show(struct nct_decoded *d, unsigned window_bits, nct_u128 k, size_t from, int eod)
{
	uint8_t line[NCT_SHOW_ROOM(NCT_WINDOW_SYMBOLS)];
	/* If the first window is EOD alone, there is no buffer yet. */
	const uint8_t *text = d->bytes > from ? d->text + from : NULL;
	const size_t n = nct_show_window(line, window_bits, k, text, d->bytes - from, eod);

	d->bytes = from;
	return nct_decoded_append(d, line, n);
}
