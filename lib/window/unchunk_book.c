/* unchunk_book.c - decoding windows by a codebook: what unchunk.c does by asking M1. */
#include <stdlib.h>

#include "window/chunk.h"

#define GROUP 512 /* windows whose room is made at once */

/* Makes room for n more bytes of text. */
static nct_err
reserve(struct nct_unchunk *u, size_t n)
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

nct_err
nct_unchunk_string(struct nct_unchunk *u, uint32_t k, int *eod)
{
	const size_t n = nct_string_bytes(u->strings, k);
	nct_err err;

	if (n > u->text_max - u->text_bytes)
		return NCT_EDATA;
	if ((err = reserve(u, n + 1)) != NCT_OK)
		return err;
	nct_string_copy(u->strings, k, u->text + u->bytes);
	u->bytes += n;
	u->text_bytes += n;
	if ((*eod = (u->strings->entry[k] & NCT_STRING_EOD) != 0) == 0)
		return NCT_OK;
	u->documents++;
	if (u->separator >= 0 && !u->show)
		u->text[u->bytes++] = (uint8_t)u->separator;
	return NCT_OK;
}

nct_err
nct_unchunk_strings(struct nct_unchunk *u, const uint8_t *p, uint64_t from, uint64_t bits, uint64_t units, int loose, int *eod)
{
	const unsigned b = u->plan.window_bits;
	uint32_t k[GROUP];
	nct_err err;

	for (uint64_t done = 0; done < units; done += GROUP) {
		const size_t n = units - done < GROUP ? (size_t)(units - done) : GROUP;
		size_t length;

		nct_bits_get_all(k, n, p, from + bits, from + done * b, b);
		for (size_t i = 0; i < n;) {
			if (*eod && !loose)
				return NCT_EDATA;
			if ((err = reserve(u, (n - i) * NCT_STRING_SHORT)) != NCT_OK)
				return err;
			const size_t copied = nct_strings_copy(u->strings, k + i, n - i, u->text + u->bytes, &length);
			if (length > u->text_max - u->text_bytes)
				return NCT_EDATA;
			u->bytes += length;
			u->text_bytes += length;
			*eod = *eod && copied == 0;
			i += copied;
			if (i < n && (err = nct_unchunk_string(u, k[i++], eod)) != NCT_OK)
				return err;
		}
	}
	return NCT_OK;
}
