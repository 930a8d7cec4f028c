/* book_block.h - a block of windows to text by a codebook's strings: what unchunk.h does by asking M1. */
#ifndef NCT_DECODE_BOOK_BLOCK_H
#define NCT_DECODE_BOOK_BLOCK_H

#include "book/text_table.h"
#include "stream/stream.h"

/* Where the text of blocks goes, one behind the other. */
struct nct_book_block {
	const struct nct_text_table *strings; /* borrowed */
	uint8_t *text;       /* owned: `bytes` of it are decoded, separators included */
	size_t bytes, cap;
	/* of the last block: */
	uint64_t text_bytes; /* as headers count: without separators */
	uint64_t text_max;   /* more than this is damage */
	uint64_t documents;
	/* set by the caller: */
	int separator;       /* a byte to write for each EOD; -1: none */
	int show;            /* write a line per window instead */
};

void nct_book_block_begin(struct nct_book_block *u, size_t expected); /* holds nothing from now on; if it has no buffer, gets one for so many bytes */
/* Decodes the block, of a stream with header *h, behind what *u holds. NCT_EDATA, with `why`, if it holds other text
 * than its own header, *h and its directory say, none of which stays in *u then; NCT_ENOMEM. */
nct_err nct_book_block_decode(struct nct_book_block *u, const struct nct_block *b, const struct nct_header *h,
                         nct_why *why) NCT_USED;
void nct_book_block_free(struct nct_book_block *u);

#endif
