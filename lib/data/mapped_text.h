/* mapped_text.h - a text as a sequence of symbols: bytes, and NCT_EOD at each document's end. */
#ifndef NCT_DATA_MAPPED_TEXT_H
#define NCT_DATA_MAPPED_TEXT_H

#include "nct-train.h"

uint64_t nct_text_symbols(const nct_text *t); /* bytes and EODs */
uint64_t nct_text_crc(const nct_text *t);     /* CRC64 over the bytes and the documents' ends */

/* Copies symbols [from, from + n), which must exist, to out. Returns how many of them are bytes. */
size_t nct_text_get(const nct_text *t, uint64_t from, size_t n, uint32_t *out);

/* Document i: its n bytes, borrowed, and whether an EOD follows, as it does except perhaps after the last one.
 * Returns 0 if there is no such document. */
int nct_text_document(const nct_text *t, uint64_t i, const uint8_t **bytes, size_t *n, int *eod);

/* Adds to count[] how often each symbol occurs. */
void nct_text_count(const nct_text *t, uint64_t count[NCT_SYMBOLS]);

#endif
