/* decoded.h - a growing buffer of decoded text, with counts of bytes and documents. */
#ifndef NCT_DECODE_DECODED_H
#define NCT_DECODE_DECODED_H

#include "base/u128.h"
#include "nct.h"

struct nct_decoded {
	uint8_t *text;       /* (cap) owned */
	size_t bytes, cap;   /* text[0..bytes) is filled, separators included */
	/* Counts of the current block: */
	uint64_t text_bytes; /* without separators, as headers count */
	uint64_t text_max;   /* the most that text_bytes may be */
	uint64_t documents;
	/* Set by the caller: */
	int separator;       /* a byte to write for each EOD; -1: none */
	int show;            /* write, for each window, a line with its value and its text in escapes */
};

nct_err nct_decoded_reserve(struct nct_decoded *d, size_t n) NCT_USED; /* makes room for n more bytes: NCT_ENOMEM */
/* Appends and counts a symbol. NCT_EDATA: that would be more than text_max bytes; NCT_ENOMEM. */
nct_err nct_decoded_symbol(struct nct_decoded *d, unsigned symbol) NCT_USED;
/* Appends n bytes without counting them. NCT_ENOMEM. */
nct_err nct_decoded_append(struct nct_decoded *d, const uint8_t *p, size_t n) NCT_USED;
/* Replaces d->text[from..bytes), the text of window k, by a line that shows it. NCT_ENOMEM. */
nct_err nct_decoded_show(struct nct_decoded *d, unsigned window_bits, nct_u128 k, size_t from, int eod) NCT_USED;
void nct_decoded_free(struct nct_decoded *d); /* frees the buffer; *d can be used again */

#endif
