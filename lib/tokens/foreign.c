/* foreign.c - writes a stream of foreign tokens, and cuts it into blocks. */
#include "tokens/foreign.h"

#include <stdlib.h>
#include <string.h>

#include "base/le.h"
#include "tokens/repack.h"

#define TOKENS_MAX (NCT_BLOCK_WINDOWS + NCT_PART_WINDOWS) /* tokens that are held back, at most */

struct nct_foreign {
	nct_writer *out;     /* owned */
	size_t width;        /* bytes of a stored token */
	struct nct_block b;  /* the next block: its documents have ended */
	uint32_t entries;    /* of its directory */
	uint32_t units;      /* tokens of the open document so far */
	uint64_t text_bytes; /* of the open document so far */
	uint8_t *code;       /* (TOKENS_MAX) owned: tokens of the block, then of the open document */
	uint8_t dir[NCT_BLOCK_DOCUMENTS * NCT_DIR_ENTRY_MAX];
};

nct_err
nct_foreign_new(nct_foreign **out, int fd, uint32_t vocab, int text_unknown)
{
	const struct nct_header h = {.kind = NCT_TOKENS, .code = NCT_CODE_NONE, .vocab = vocab, .text_unknown = text_unknown};
	nct_foreign *t = calloc(1, sizeof *t);
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
	nct_foreign_free(t);
	return err;
}

void
nct_foreign_free(nct_foreign *t)
{
	if (t == NULL)
		return;
	nct_writer_free(t->out);
	free(t->code);
	free(t);
}

/* Adds the open document, or what there is of it, to the block. */
static void
put_entry(nct_foreign *t, int ends_document)
{
	const struct nct_directory_entry e = {.units = t->units, .ends_document = ends_document};

	t->b.dir_bytes += (uint32_t)nct_directory_put(t->dir + t->b.dir_bytes, &e, 0);
	t->b.documents += ends_document != 0;
	t->b.units += t->units;
	t->b.text_bytes += t->text_bytes;
	t->entries++;
	t->units = 0;
	t->text_bytes = 0;
}

/* Writes the block, if it has entries, and begins another. */
static nct_err
put_block(nct_foreign *t)
{
	size_t bytes = t->b.units * t->width;
	nct_err err;

	if (t->entries == 0)
		return NCT_OK;
	t->b.tokens = t->b.units;
	t->b.dir = t->dir;
	t->b.code = t->code;
	t->b.code_bytes = (uint32_t)bytes;
	err = nct_writer_block(t->out, &t->b);
	memmove(t->code, t->code + bytes, t->units * t->width);
	t->b = (struct nct_block){0};
	t->entries = 0;
	return err;
}

/* Writes a part of a long document, in a block of its own. */
static nct_err
put_part(nct_foreign *t)
{
	nct_err err = put_block(t);

	if (err != NCT_OK)
		return err;
	put_entry(t, 0);
	t->b.flags |= NCT_BLOCK_CONTINUED;
	err = put_block(t);
	t->b.flags = NCT_BLOCK_CONTINUES;
	return err;
}

nct_err
nct_foreign_token(nct_foreign *t, uint32_t id, uint64_t text_bytes)
{
	nct_err err;

	if (t->units == NCT_PART_WINDOWS && (err = put_part(t)) != NCT_OK)
		return err;
	size_t at = t->b.units + t->units++;
	if (t->width == 1)
		t->code[at] = (uint8_t)id;
	else
		nct_put16(t->code + 2 * at, (uint16_t)id);
	t->text_bytes += text_bytes;
	return NCT_OK;
}

nct_err
nct_foreign_document(nct_foreign *t, uint64_t text_bytes)
{
	t->text_bytes += text_bytes;
	put_entry(t, 1);
	if ((t->b.flags & NCT_BLOCK_CONTINUES) || t->b.units >= NCT_BLOCK_WINDOWS || t->b.text_bytes >= NCT_BLOCK_TEXT ||
	    t->entries == NCT_BLOCK_DOCUMENTS)
		return put_block(t);
	return NCT_OK;
}

nct_err
nct_foreign_end(nct_foreign *t)
{
	nct_err err = put_block(t);

	return err != NCT_OK ? err : nct_writer_trailer(t->out);
}

const struct nct_totals *
nct_foreign_totals(const nct_foreign *t)
{
	return nct_writer_totals(t->out);
}
