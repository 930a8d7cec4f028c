/* token_blocks.h - windows gathered into blocks as encoders do, and written as the blocks of a token stream. */
#ifndef NCT_TOKENS_TOKEN_BLOCKS_H
#define NCT_TOKENS_TOKEN_BLOCKS_H

#include "book/codebook.h"
#include "m1/m1.h"
#include "stream/blocks.h"

struct nct_token_blocks {
	struct nct_header header;  /* of the stream, as tokens */
	struct nct_header windows; /* the same as windows */
	struct nct_blocks blocks;
	nct_writer *writer;        /* owned */
	uint8_t *buf;              /* a block as tokens. Owned */
	size_t cap;
};

/* Makes *b ready for streams on fd `out`. NCT_ENOMEM. */
nct_err nct_token_blocks_new(struct nct_token_blocks *b, int out) NCT_USED;
void nct_token_blocks_free(struct nct_token_blocks *b);
/* Begins a stream of tokens made of windows: *h is its header. NCT_EIO. */
nct_err nct_token_blocks_begin(struct nct_token_blocks *b, const struct nct_header *h) NCT_USED;
/* Adds a part, whose code is bits [from, from + part->bits) at p: see nct_blocks_add(). NCT_EIO, NCT_ENOMEM. */
nct_err nct_token_blocks_add(struct nct_token_blocks *b, const struct nct_part *part, const uint8_t *p,
                             uint64_t from) NCT_USED;
nct_err nct_token_blocks_flush(struct nct_token_blocks *b) NCT_USED; /* writes the block at hand. NCT_EIO, NCT_ENOMEM */
nct_err nct_token_blocks_end(struct nct_token_blocks *b) NCT_USED;   /* the same, and the trailer */
/* Adds what the stream has by now to *sum: blocks, text bytes, windows, tokens, and what is unknown. */
void nct_token_blocks_count(const struct nct_token_blocks *b, struct nct_totals *sum);

/* Finds the codebook of *m1 (NULL: none) by which such a stream's windows were made; *out becomes NULL if it has none.
 * Borrowed. NCT_EMODEL: it is another M1 than the stream's, unless `any` will do. */
nct_err nct_codebook_of(const struct nct_codebook **out, const nct_m1 *m1, int any, const struct nct_header *h,
                        nct_why *why) NCT_USED;

#endif
