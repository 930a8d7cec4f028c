/* mapped_text.h - the symbols of a text: bytes, and NCT_EOD at each document's end. */
#ifndef NCT_DATA_MAPPED_TEXT_H
#define NCT_DATA_MAPPED_TEXT_H

#include "nct-train.h"

uint64_t nct_text_symbols(const nct_text *t); /* bytes and EODs */
uint64_t nct_text_crc(const nct_text *t);     /* CRC64 over the bytes and the documents' ends */

/* Writes symbols [from, from + n), which must exist, to out. Gives the number of bytes among them. */
size_t nct_text_get(const nct_text *t, uint64_t from, size_t n, uint32_t *out);

/* Document i: its n bytes, borrowed, and whether it ends with EOD, as all do but perhaps the last. 0: there is none. */
int nct_text_document(const nct_text *t, uint64_t i, const uint8_t **bytes, size_t *n, int *eod);

/* Adds up how often each symbol occurs. */
void nct_text_count(const nct_text *t, uint64_t count[NCT_SYMBOLS]);

#endif
