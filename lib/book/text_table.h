/* text_table.h - a codebook as an array of texts: a window decodes by two loads and a short copy. */
#ifndef NCT_BOOK_TEXT_TABLE_H
#define NCT_BOOK_TEXT_TABLE_H

#include "book/codebook.h"

#define NCT_STRING_SHORT 16 /* a copy of so many bytes, whatever the length */

/* entry[k], for string k < 2^b and then for other nodes in their order: from the lowest bit the length of its tail
 * (5), "EOD follows" (1), "there is more before it" (1), a 0, the tail's place in `pool` (24). The tail is the text
 * of string k from the last multiple of 16 bytes below its length on; what is before it is the text of string
 * before[k]. A text that begins another shares its bytes. */
struct nct_text_table {
	uint32_t *entry;  /* (nodes) owned */
	uint32_t *before; /* (nodes) owned; NULL if no text is longer than 16 */
	uint8_t *pool;    /* 16 bytes more than are used. In the block of `entry` */
	const struct nct_codebook *book; /* borrowed */
};

#define NCT_STRING_LENGTH 0x1fu
#define NCT_STRING_EOD 0x20u
#define NCT_STRING_MORE 0x40u

/* Lays out the texts; *c is borrowed until nct_text_table_free(). At most 24 bytes a node. NCT_ENOMEM; NCT_EARG if
 * the pool would be larger than its places can tell, which no trainer's strings make it. */
nct_err nct_text_table_new(struct nct_text_table *s, const struct nct_codebook *c) NCT_USED;
void nct_text_table_free(struct nct_text_table *s); /* zero is a no-op */

/* Copies the texts of windows k[0..n) to `to`, as long as these are short and without EOD, and gives how many were
 * copied. *length: of their texts. There is room for 16 bytes a window. */
size_t nct_text_table_copy(const struct nct_text_table *s, const uint32_t *k, size_t n, uint8_t *to, size_t *length);
/* The text of string k, without EOD: nct_codebook_bytes(), for which there is room. */
void nct_text_copy(const struct nct_text_table *s, uint32_t k, uint8_t *to);

#endif
