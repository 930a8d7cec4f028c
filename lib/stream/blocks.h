/* blocks.h - gathers parts of chunks into blocks, cut by a fixed rule (nct-formats(5), "Blocks"). */
#ifndef NCT_STREAM_BLOCKS_H
#define NCT_STREAM_BLOCKS_H

#include "coder/bits.h"
#include "stream/part.h"
#include "stream/stream.h"

/* The block that parts are added to. The caller sets `writer` or `write`, and `unbroken`; all else begins as zero. */
struct nct_blocks {
	nct_writer *writer; /* borrowed: receives full blocks, unless `write` is set */
	nct_err (*write)(void *ctx, const struct nct_block *b); /* NULL: blocks go to `writer` */
	void *ctx;          /* of write() */
	int unbroken;       /* the code is NCT_CODE_UNBROKEN */
	struct nct_block block;
	nct_bits code;      /* owned */
	uint8_t *dir;       /* owned */
	size_t dir_cap;
	int in_chunk;       /* the last part did not end its chunk */
};

/* Adds a part whose code is bits [from, from + part->bits) of p. Writes the block when it is full. A chunk's parts
 * come in order. NCT_EIO, NCT_ENOMEM, or an error of write(). */
nct_err nct_blocks_add(struct nct_blocks *b, const struct nct_part *part, const uint8_t *p, uint64_t from) NCT_USED;
nct_err nct_blocks_flush(struct nct_blocks *b) NCT_USED; /* writes the block, unless it is empty; errors as above */
void nct_blocks_free(struct nct_blocks *b);              /* its memory, but not `writer` */

/* True if nct_blocks_add() may add a part of `text_bytes` bytes to a block that has `before` bytes of text. `chunk` is
 * that of the stream's header. */
static inline int
nct_blocks_hold(uint64_t chunk, uint64_t before, uint64_t text_bytes)
{
	return before < NCT_BLOCK_TEXT && (chunk == 0 || text_bytes <= chunk);
}

#endif
