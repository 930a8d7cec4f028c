/* text_table.h - a codebook for decoding: looks up the text of a window. */
#ifndef NCT_BOOK_TEXT_TABLE_H
#define NCT_BOOK_TEXT_TABLE_H

#include "book/codebook.h"

#define NCT_STRING_SHORT 16 /* bytes that are always copied, as that is faster than a copy of n <= 16 bytes */

/* The table has an entry for each string k < 2^b, and behind these one for each inner node, in the order of nodes.
 *
 * A text of up to 16 bytes lies in `pool`. A longer one is stored in two: `pool` holds its tail, the last 1 to 16
 * bytes, which begin at a multiple of 16; entry before[k] has all that is before the tail. Where one text begins
 * another, both may share bytes of `pool`. An entry's fields, from the lowest bit: length of the tail (5 bits),
 * NCT_STRING_EOD, NCT_STRING_MORE, 0, offset of the tail in `pool` (24 bits). */
struct nct_text_table {
	uint32_t *entry;  /* (nodes) owned */
	uint32_t *before; /* (nodes) owned; NULL if no text is longer than 16 bytes */
	uint8_t *pool;    /* has 16 bytes behind its last text, for copies of 16; in the memory of `entry` */
	const struct nct_codebook *book; /* borrowed */
};

#define NCT_STRING_LENGTH 0x1fu
#define NCT_STRING_EOD 0x20u  /* EOD follows the text */
#define NCT_STRING_MORE 0x40u /* there is text before the tail */

/* Makes the table, of at most 24 bytes for each node. *c is borrowed until nct_text_table_free(). NCT_ENOMEM; NCT_EARG
 * if the pool needs more than 2^24 bytes, which happens only with strings that no trainer chooses. */
nct_err nct_text_table_new(struct nct_text_table *s, const struct nct_codebook *c) NCT_USED;
void nct_text_table_free(struct nct_text_table *s); /* zero is a no-op */

/* Copies the texts of windows k[0..n) to `to`, up to the first window with EOD or with more than 16 bytes. Returns the
 * number of windows copied; *length receives the bytes of their texts. `to` has room for 16 * n bytes, and those
 * behind *length may be overwritten. */
size_t nct_text_table_copy(const struct nct_text_table *s, const uint32_t *k, size_t n, uint8_t *to, size_t *length);
/* Copies the text of string k, of any length and without EOD. `to` has room for nct_codebook_bytes(s->book, k). */
void nct_text_copy(const struct nct_text_table *s, uint32_t k, uint8_t *to);

#endif
