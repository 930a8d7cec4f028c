/* build.c - cuts foreign tokens into the blocks of a token stream. */
#include "format/build.h"

#include <stdlib.h>

#include "base/le.h"
#include "format/tokens.h"

/* A block is full before it holds one token more than this, or one directory entry more. */
#define TOKENS_MAX (NCT_BLOCK_WINDOWS + NCT_PART_WINDOWS)
#define ENTRIES_MAX NCT_BLOCK_WINDOWS

struct nct_build {
	nct_writer *out;
	size_t width;        /* bytes of a stored token */
	struct nct_block b;  /* what waits to be written */
	uint32_t entries;    /* of its directory */
	uint32_t line;       /* tokens of the document that goes on, in this block */
	uint8_t *code;       /* TOKENS_MAX tokens */
	uint8_t dir[ENTRIES_MAX * NCT_DIR_ENTRY_MAX];
};

nct_err
nct_build_new(nct_build **out, int fd, uint32_t vocab, int text_unknown)
{
	const struct nct_header h = {.kind = NCT_TOKENS, .code = NCT_CODE_NONE, .vocab = vocab, .text_unknown = text_unknown};
	nct_build *t = calloc(1, sizeof *t);
	nct_err err = NCT_ENOMEM;

	*out = NULL;
	if (t == NULL)
		return err;
	t->width = nct_token_bytes(vocab);
	t->code = malloc(TOKENS_MAX * t->width);
	if (t->code == NULL)
		goto fail;
	if ((err = nct_writer_new(&t->out, fd)) != NCT_OK)
		goto fail;
	if ((err = nct_writer_header(t->out, &h)) != NCT_OK)
		goto fail;
	*out = t;
	return NCT_OK;
fail:
	nct_build_free(t);
	return err;
}

void
nct_build_free(nct_build *t)
{
	if (t == NULL)
		return;
	nct_writer_free(t->out);
	free(t->code);
	free(t);
}

static void
put_entry(nct_build *t, int ends_document)
{
	const struct nct_dir_entry e = {.units = t->line, .ends_document = ends_document};

	t->b.dir_bytes += (uint32_t)nct_dir_put(t->dir + t->b.dir_bytes, &e, 0);
	t->b.documents += ends_document != 0;
	t->entries++;
	t->line = 0;
}

/* Writes the block; `continued`: the document goes on in the next one. */
static nct_err
put_block(nct_build *t, int continued)
{
	nct_err err;

	if (t->entries == 0)
		return NCT_OK;
	t->b.tokens = t->b.units;
	t->b.dir = t->dir;
	t->b.code = t->code;
	t->b.code_bytes = (uint32_t)(t->b.units * t->width);
	if (continued)
		t->b.flags |= NCT_BLOCK_CONTINUED;
	err = nct_writer_block(t->out, &t->b);
	t->b = (struct nct_block){.flags = continued ? NCT_BLOCK_CONTINUES : 0};
	t->entries = 0;
	return err;
}

nct_err
nct_build_token(nct_build *t, uint32_t id, uint64_t text_bytes)
{
	nct_err err;

	if (t->line == NCT_PART_WINDOWS) {
		put_entry(t, 0);
		if ((err = put_block(t, 1)) != NCT_OK)
			return err;
	}
	if (t->width == 1)
		t->code[t->b.units] = (uint8_t)id;
	else
		nct_put16(t->code + 2 * (size_t)t->b.units, (uint16_t)id);
	t->b.units++;
	t->b.text_bytes += text_bytes;
	t->line++;
	return NCT_OK;
}

nct_err
nct_build_document(nct_build *t, uint64_t text_bytes)
{
	put_entry(t, 1);
	t->b.text_bytes += text_bytes;
	if (t->b.units < NCT_BLOCK_WINDOWS && t->b.text_bytes < NCT_BLOCK_TEXT && t->entries < ENTRIES_MAX)
		return NCT_OK;
	return put_block(t, 0);
}

nct_err
nct_build_end(nct_build *t)
{
	nct_err err = put_block(t, 0);

	return err != NCT_OK ? err : nct_writer_trailer(t->out);
}

const struct nct_totals *
nct_build_totals(const nct_build *t)
{
	return nct_writer_totals(t->out);
}
