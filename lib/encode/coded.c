/* coded.c - the code of a chunk, so far, and the parts that it is cut into. */
#include "encode/coded.h"

#include <stdlib.h>

static nct_err
add_to_blocks(void *ctx, const struct nct_part *part, const uint8_t *p, uint64_t from)
{
	return nct_blocks_add(ctx, part, p, from);
}

struct nct_part_sink
nct_sink_of(struct nct_blocks *b)
{
	return (struct nct_part_sink){add_to_blocks, b};
}

void
nct_coded_begin(struct nct_coded *c)
{
	nct_bits_clear(&c->code);
	c->count = 0;
	c->part = (struct nct_part){0};
}

void
nct_coded_free(struct nct_coded *c)
{
	nct_bits_free(&c->code);
	free(c->parts);
}

nct_err
nct_coded_end_part(struct nct_coded *c)
{
	if (c->count == c->cap) {
		const size_t cap = c->cap * 2 + 1;
		struct nct_part *p = realloc(c->parts, cap * sizeof *p);

		if (p == NULL)
			return NCT_ENOMEM;
		c->parts = p;
		c->cap = cap;
	}
	c->parts[c->count++] = c->part;
	c->part = (struct nct_part){0};
	return NCT_OK;
}

nct_err
nct_coded_go_on(struct nct_coded *c, const struct nct_coded *from)
{
	uint64_t done = 0;

	for (size_t i = 0; i < from->count; i++)
		done += from->parts[i].bits;
	c->part = from->part;
	return nct_bits_append(&c->code, from->code.bytes, done, from->code.bits - done);
}

nct_err
nct_coded_write(const struct nct_coded *c, const struct nct_part_sink *to)
{
	uint64_t at = 0;
	nct_err err = NCT_OK;

	for (size_t i = 0; i < c->count && err == NCT_OK; at += c->parts[i++].bits)
		err = to->add(to->ctx, &c->parts[i], c->code.bytes, at);
	return err;
}
