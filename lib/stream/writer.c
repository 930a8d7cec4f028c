/* writer.c - writes block streams to a file descriptor. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/io.h"
#include "base/le.h"
#include "stream/frame.h"

struct nct_writer {
	int fd;
	uint32_t id;
	struct nct_header header;
	struct nct_totals totals;
	uint8_t *buf; /* (cap) owned: the bytes of one block */
	size_t cap;
};

nct_err
nct_writer_new(nct_writer **out, int fd)
{
	nct_writer *w = calloc(1, sizeof *w);

	*out = w;
	if (w == NULL)
		return NCT_ENOMEM;
	w->fd = fd;
	return NCT_OK;
}

void
nct_writer_free(nct_writer *w)
{
	if (w == NULL)
		return;
	free(w->buf);
	free(w);
}

nct_err
nct_writer_header(nct_writer *w, const struct nct_header *h)
{
	uint8_t p[NCT_HEADER_BYTES];

	assert(nct_header_fault(h).what == NULL);
	w->header = *h;
	w->totals = nct_frame_totals(h);
	nct_frame_put_header(p, h);
	w->id = nct_frame_id(p);
	return nct_write(w->fd, p, sizeof p);
}

static nct_err
reserve(nct_writer *w, size_t n)
{
	uint8_t *p;

	if (n <= w->cap)
		return NCT_OK;
	if ((p = realloc(w->buf, n)) == NULL)
		return NCT_ENOMEM;
	w->buf = p;
	w->cap = n;
	return NCT_OK;
}

/* Copies p[0..n) to `to` and pads it with zeros to 8 bytes. Returns the end. */
static uint8_t *
put_padded(uint8_t *to, const uint8_t *p, size_t n)
{
	size_t padded = nct_pad8(n);

	if (n > 0)
		memcpy(to, p, n);
	memset(to + n, 0, padded - n);
	return to + padded;
}

static void
count(nct_writer *w, const struct nct_block *b, size_t bytes, uint64_t code_bits)
{
	struct nct_totals *t = &w->totals;

	t->blocks++;
	t->text_bytes += b->text_bytes;
	t->windows += b->units;
	t->tokens += b->tokens;
	t->documents += b->documents;
	t->stream_bytes += bytes;
	t->code_bits += code_bits;
}

nct_err
nct_writer_block(nct_writer *w, const struct nct_block *block)
{
	struct nct_block b = *block, check;
	size_t payload = nct_block_payload(&b), n = NCT_BLOCK_HEADER_BYTES + payload + 8;
	uint64_t code_bits = 0;
	uint8_t *p;
	nct_err err = reserve(w, n);

	if (err != NCT_OK)
		return err;
	b.sequence = (uint32_t)w->totals.blocks;
	b.text_offset = w->totals.text_bytes;
	nct_frame_put_block(w->buf, &b, w->id);
	struct nct_fault head = nct_frame_get_block(&check, w->buf, &w->header, w->id);
	struct nct_fault body = nct_block_fault(&w->header, &b, &code_bits);
	assert(head.what == NULL && body.what == NULL); /* a block that breaks a rule is a fault of the caller */
	(void)head, (void)body;
	p = put_padded(w->buf + NCT_BLOCK_HEADER_BYTES, b.dir, b.dir_bytes);
	p = put_padded(p, b.code, b.code_bytes);
	nct_put64(p, nct_crc64(w->buf + NCT_BLOCK_HEADER_BYTES, payload));
	count(w, &b, n, code_bits);
	return nct_write(w->fd, w->buf, n);
}

nct_err
nct_writer_trailer(nct_writer *w)
{
	uint8_t p[NCT_TRAILER_BYTES];

	nct_frame_put_trailer(p, &w->totals, w->id);
	w->totals.stream_bytes += sizeof p;
	return nct_write(w->fd, p, sizeof p);
}

const struct nct_totals *
nct_writer_totals(const nct_writer *w)
{
	return &w->totals;
}
