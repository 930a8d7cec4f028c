/* decoded.h - decoded text in a growing buffer, and what was counted on the way. */
#ifndef NCT_DECODE_DECODED_H
#define NCT_DECODE_DECODED_H

#include "base/u128.h"
#include "nct.h"

struct nct_decoded {
	uint8_t *text;       /* owned: `bytes` of it are decoded, separators included */
	size_t bytes, cap;
	/* of the block at hand: */
	uint64_t text_bytes; /* as headers count: without separators */
	uint64_t text_max;   /* more than this is damage */
	uint64_t documents;
	/* set by the caller: */
	int separator;       /* a byte to write for each EOD; -1: none */
	int show;            /* write a line for each window instead: its value, and its text in escapes */
};

nct_err nct_decoded_reserve(struct nct_decoded *d, size_t n) NCT_USED; /* makes room for n more bytes: NCT_ENOMEM */
/* Takes a symbol. NCT_EDATA: there is more text than text_max; NCT_ENOMEM. */
nct_err nct_decoded_symbol(struct nct_decoded *d, unsigned symbol) NCT_USED;
/* Takes n bytes that were counted before. NCT_ENOMEM. */
nct_err nct_decoded_append(struct nct_decoded *d, const uint8_t *p, size_t n) NCT_USED;
/* Turns the text of window k, which stands at d->text + from, into a line that shows it. NCT_ENOMEM. */
nct_err nct_decoded_show(struct nct_decoded *d, unsigned window_bits, nct_u128 k, size_t from, int eod) NCT_USED;
void nct_decoded_free(struct nct_decoded *d); /* the buffer; *d can be used on */

#endif
