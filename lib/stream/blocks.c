/* blocks.c - gathers parts of chunks into blocks, cut by a fixed rule (nct-formats(5), "Blocks"). */
#include "stream/blocks.h"

#include <stdlib.h>

nct_err
nct_blocks_flush(struct nct_blocks *b)
{
	nct_err err;

	if (b->block.dir_bytes == 0)
		return NCT_OK;
	b->block.dir = b->dir;
	b->block.code = b->code.bytes;
	b->block.code_bytes = (uint32_t)nct_bits_bytes(b->code.bits);
	err = b->write != NULL ? b->write(b->ctx, &b->block) : nct_writer_block(b->writer, &b->block);
	b->block = (struct nct_block){0};
	nct_bits_clear(&b->code);
	return err;
}

/* Appends a part to the block. */
static nct_err
append(struct nct_blocks *b, const struct nct_part *part, const uint8_t *p, uint64_t from)
{
	const struct nct_directory_entry e = {part->units, part->ends_document, part->bits};

	if (b->dir_cap - b->block.dir_bytes < NCT_DIR_ENTRY_MAX) {
		size_t cap = b->dir_cap * 2 + 1024;
		uint8_t *dir = realloc(b->dir, cap);

		if (dir == NULL)
			return NCT_ENOMEM;
		b->dir = dir;
		b->dir_cap = cap;
	}
	b->block.dir_bytes += (uint32_t)nct_directory_put(b->dir + b->block.dir_bytes, &e, b->unbroken);
	b->block.units += (uint32_t)part->units;
	b->block.text_bytes += part->text_bytes;
	b->block.documents += (uint32_t)part->ends_document;
	return nct_bits_append(&b->code, p, from, part->bits);
}

nct_err
nct_blocks_add(struct nct_blocks *b, const struct nct_part *part, const uint8_t *p, uint64_t from)
{
	int alone = b->in_chunk || !part->ends_chunk; /* parts of a chunk that has several share no block */
	nct_err err;

	if (alone && (err = nct_blocks_flush(b)) != NCT_OK)
		return err;
	if ((err = append(b, part, p, from)) != NCT_OK)
		return err;
	b->block.flags = (b->in_chunk ? NCT_BLOCK_CONTINUES : 0u) | (part->ends_chunk ? 0u : NCT_BLOCK_CONTINUED);
	b->in_chunk = !part->ends_chunk;
	if (alone || b->block.text_bytes >= NCT_BLOCK_TEXT || b->block.units >= NCT_BLOCK_WINDOWS)
		return nct_blocks_flush(b);
	return NCT_OK;
}

void
nct_blocks_free(struct nct_blocks *b)
{
	nct_bits_free(&b->code);
	free(b->dir);
}
