/* blocks.h - gathering parts of chunks into blocks, by content alone (nct-formats(5), "Blocks"). */
#ifndef NCT_STREAM_BLOCKS_H
#define NCT_STREAM_BLOCKS_H

#include "coder/bits.h"
#include "stream/part.h"
#include "stream/stream.h"

/* A block in the making: zero, but for `writer` or `write`, and `unbroken`. */
struct nct_blocks {
	nct_writer *writer; /* borrowed */
	nct_err (*write)(void *ctx, const struct nct_block *b); /* in its place; NULL: none */
	void *ctx;          /* of write() */
	int unbroken;
	struct nct_block block;
	nct_bits code;      /* owned */
	uint8_t *dir;       /* owned */
	size_t dir_cap;
	int in_chunk;       /* the last part did not end its chunk */
};

/* Adds a part whose code is bits [from, from + part->bits) at p; writes a block when it is full. NCT_EIO,
 * NCT_ENOMEM. */
nct_err nct_blocks_add(struct nct_blocks *b, const struct nct_part *part, const uint8_t *p, uint64_t from) NCT_USED;
nct_err nct_blocks_flush(struct nct_blocks *b) NCT_USED; /* writes what there is, if anything */
void nct_blocks_free(struct nct_blocks *b);

/* True if a block that was gathered so can hold a chunk, or a part of one, of so much text behind `before` bytes of it.
 * `chunk`: as in the header. */
static inline int
nct_blocks_hold(uint64_t chunk, uint64_t before, uint64_t text_bytes)
{
	return before < NCT_BLOCK_TEXT && (chunk == 0 || text_bytes <= chunk);
}

#endif
