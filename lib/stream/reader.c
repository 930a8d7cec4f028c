/* reader.c - reads block streams from a file descriptor: checks every rule, and goes on after damage if asked to. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "stream/frame.h"
#include "stream/input.h"

struct nct_reader {
	struct nct_input input;
	int keep_going;
	int inside;             /* between a stream's header and its trailer */
	int lossy;              /* something of this stream was skipped */
	int follows;            /* the block before the next one was read; last_flags and chunk_text are valid */
	uint32_t last_flags;    /* of that block */
	uint32_t id;            /* of the stream */
	uint64_t sequence;      /* of the next block */
	uint64_t text_offset;   /* of the next block */
	uint64_t chunk_text;    /* of the last chunk of the block before: text bytes so far */
	size_t skip;            /* after a fault: bytes of the frame to skip before the scan begins */
	struct nct_header header;
	struct nct_totals totals;
	uint8_t *copy;          /* owned: a copy of the last block, if it could not stay in the input's buffer */
	size_t copy_bytes;
	nct_err err;            /* the error that ended reading */
	nct_why why;            /* of that error, or of the last loss */
};

nct_err
nct_reader_new(nct_reader **out, int fd, int keep_going)
{
	nct_reader *r = calloc(1, sizeof *r);

	*out = r;
	if (r == NULL)
		return NCT_ENOMEM;
	r->input.fd = fd;
	r->keep_going = keep_going;
	return NCT_OK;
}

nct_err
nct_reader_continue(nct_reader **out, struct nct_input *input, int keep_going)
{
	nct_err err = nct_reader_new(out, input->fd, keep_going);

	if (err != NCT_OK)
		return err;
	(*out)->input = *input;
	*input = (struct nct_input){.fd = -1, .ended = 1};
	return NCT_OK;
}

void
nct_reader_free(nct_reader *r)
{
	if (r == NULL)
		return;
	free(r->copy);
	nct_input_free(&r->input);
	free(r);
}

const struct nct_header *
nct_reader_header(const nct_reader *r)
{
	return &r->header;
}

const struct nct_totals *
nct_reader_totals(const nct_reader *r)
{
	return &r->totals;
}

uint64_t
nct_reader_offset(const nct_reader *r)
{
	return r->input.offset;
}

void *
nct_reader_take(nct_reader *r, size_t *cap)
{
	uint8_t *p = r->copy;

	if (p == NULL)
		return nct_input_take(&r->input, cap);
	*cap = r->copy_bytes;
	r->copy = NULL;
	return p;
}

void
nct_reader_give(nct_reader *r, void *p, size_t cap)
{
	if (p != NULL)
		nct_input_give(&r->input, p, cap);
}

/* ---- One frame after another ---- */

static nct_err
ends_early(const nct_reader *r, nct_why *why)
{
	uint64_t end = r->input.offset + nct_input_have(&r->input);

	if (!r->inside)
		return nct_fail(why, NCT_ECUT, "stream ends early, byte %" PRIu64, end);
	return nct_fail(why, NCT_ECUT, "stream ends early, block %" PRIu64 ", byte %" PRIu64, r->sequence, end);
}

static nct_err
bad_block(const nct_reader *r, struct nct_fault f, nct_why *why)
{
	return nct_fail(why, NCT_EDATA, "block %" PRIu64 " is damaged (%s), byte %" PRIu64, r->sequence, f.what,
	                r->input.offset + f.at);
}

static nct_err
blocks_missing(const nct_reader *r, uint64_t next, nct_why *why)
{
	if (next == r->sequence + 1)
		return nct_fail(why, NCT_EDATA, "block %" PRIu64 " is missing, byte %" PRIu64, r->sequence, r->input.offset);
	return nct_fail(why, NCT_EDATA, "blocks %" PRIu64 " to %" PRIu64 " are missing, byte %" PRIu64, r->sequence,
	                next - 1, r->input.offset);
}

static nct_err
take_header(nct_reader *r, enum nct_event *event, nct_why *why)
{
	struct nct_input *f = &r->input;
	struct nct_fault fault;
	struct nct_header h;
	nct_err err;

	if ((err = nct_input_need(f, 1)) != NCT_OK)
		return err;
	*event = NCT_AT_END;
	if (nct_input_have(f) == 0)
		return f->offset == 0 ? ends_early(r, why) : NCT_OK;
	if ((err = nct_input_need(f, 8)) != NCT_OK)
		return err;
	if (!nct_frame_magic(nct_input_bytes(f), nct_input_have(f) < 8 ? nct_input_have(f) : 8))
		return nct_fail(why, NCT_EKIND, "not an nct stream, byte %" PRIu64, f->offset);
	if ((err = nct_input_need(f, NCT_HEADER_BYTES)) != NCT_OK)
		return err;
	if (nct_input_have(f) < NCT_HEADER_BYTES)
		return ends_early(r, why);
	if (!nct_crc_holds(nct_input_bytes(f), NCT_HEADER_BYTES - 8))
		return nct_fail(why, NCT_EDATA, "stream header is damaged (CRC), byte %" PRIu64, f->offset);
	if (!nct_frame_version_known(nct_frame_version(nct_input_bytes(f))))
		return nct_fail(why, NCT_EVERSION, "version %u is not known here, byte %" PRIu64,
		                nct_frame_version(nct_input_bytes(f)), f->offset + 8);
	fault = nct_frame_get_header(&h, nct_input_bytes(f));
	if (fault.what != NULL)
		return nct_fail(why, NCT_EDATA, "stream header is damaged (%s), byte %" PRIu64, fault.what, f->offset + fault.at);
	r->header = h;
	r->totals = nct_frame_totals(&h);
	r->id = nct_frame_id(nct_input_bytes(f));
	r->inside = 1;
	r->lossy = r->follows = 0;
	r->sequence = r->text_offset = 0;
	nct_input_consume(f, NCT_HEADER_BYTES);
	*event = NCT_AT_HEADER;
	return NCT_OK;
}

/* Text bytes of the block's first chunk in blocks before, 0 if they are not known. */
static uint64_t
chunk_before(const nct_reader *r, const struct nct_block *b)
{
	return r->follows && (b->flags & NCT_BLOCK_CONTINUES) ? r->chunk_text : 0;
}

/* Checks that the block is the next one of its stream. */
static nct_err
check_order(nct_reader *r, const struct nct_block *b, nct_why *why)
{
	const struct nct_header *h = &r->header;

	if (b->sequence > r->sequence) {
		r->skip = 0; /* this block is good: the scan has to find it */
		return blocks_missing(r, b->sequence, why);
	}
	if (b->sequence < r->sequence)
		return bad_block(r, (struct nct_fault){"an earlier one comes again", 8}, why);
	if (b->text_offset != r->text_offset)
		return bad_block(r, (struct nct_fault){"text offset", 16}, why);
	if ((b->flags & NCT_BLOCK_CONTINUES) && (b->sequence == 0 || (r->follows && !(r->last_flags & NCT_BLOCK_CONTINUED))))
		return bad_block(r, (struct nct_fault){"flags", 12}, why);
	if ((b->flags & NCT_BLOCK_CONTINUES) && h->chunk != 0 && b->text_bytes > h->chunk - chunk_before(r, b))
		return bad_block(r, (struct nct_fault){"text bytes", 24}, why);
	return NCT_OK;
}

static int
all_zero(const uint8_t *p, const uint8_t *end)
{
	while (p < end && *p == 0)
		p++;
	return p == end;
}

/* Checks the payload: its CRC, its padding and its rules. Sets b->dir and b->code. */
static nct_err
check_payload(nct_reader *r, struct nct_block *b, uint64_t *code_bits, nct_why *why)
{
	const uint8_t *p = nct_input_bytes(&r->input) + NCT_BLOCK_HEADER_BYTES;
	const uint8_t *code = p + nct_pad8(b->dir_bytes), *end = p + nct_block_payload(b);
	struct nct_fault fault = {NULL, 0};

	b->dir = p;
	b->code = code;
	if (!nct_crc_holds(p, nct_block_payload(b)))
		fault.what = "payload CRC";
	else if (!all_zero(p + b->dir_bytes, code) || !all_zero(code + b->code_bytes, end))
		fault.what = "padding";
	else
		fault = nct_block_fault(&r->header, b, code_bits);
	return fault.what == NULL ? NCT_OK : bad_block(r, fault, why);
}

/* Consumes the block of `bytes` bytes. Copies it first if other bytes wait behind it, or if it is not aligned to 8
 * bytes. */
static nct_err
finish_block(nct_reader *r, struct nct_block *b, size_t bytes)
{
	struct nct_input *f = &r->input;

	if (nct_input_have(f) > bytes || f->at % 8 != 0) {
		if ((r->copy = malloc(bytes)) == NULL)
			return NCT_ENOMEM;
		r->copy_bytes = bytes;
		memcpy(r->copy, nct_input_bytes(f), bytes);
		b->dir = r->copy + NCT_BLOCK_HEADER_BYTES;
		b->code = b->dir + nct_pad8(b->dir_bytes);
	}
	nct_input_consume(f, bytes);
	return NCT_OK;
}

static nct_err
take_block(nct_reader *r, enum nct_event *event, struct nct_block *b, nct_why *why)
{
	struct nct_input *f = &r->input;
	struct nct_fault fault = nct_frame_get_block(b, nct_input_bytes(f), &r->header, r->id);
	struct nct_totals *t = &r->totals;
	size_t bytes = NCT_BLOCK_HEADER_BYTES + nct_block_payload(b) + 8;
	uint64_t code_bits = 0;
	nct_err err;

	if (fault.what != NULL)
		return bad_block(r, fault, why);
	if ((err = check_order(r, b, why)) != NCT_OK)
		return err;
	r->skip = NCT_BLOCK_HEADER_BYTES; /* the lengths may be wrong, and good blocks lie within them */
	if ((err = nct_input_need(f, bytes)) != NCT_OK)
		return err;
	if (nct_input_have(f) < bytes)
		return ends_early(r, why);
	if ((err = check_payload(r, b, &code_bits, why)) != NCT_OK)
		return err;
	if ((err = finish_block(r, b, bytes)) != NCT_OK)
		return err;
	r->chunk_text = chunk_before(r, b) + b->text_bytes;
	r->follows = 1;
	r->last_flags = b->flags;
	r->sequence++;
	r->text_offset += b->text_bytes;
	t->blocks++;
	t->text_bytes += b->text_bytes;
	t->windows += b->units;
	t->tokens += b->tokens;
	t->documents += b->documents;
	t->stream_bytes += bytes;
	t->code_bits += code_bits;
	*event = NCT_AT_BLOCK;
	return NCT_OK;
}

/* True if the totals *t equal what was read; with `lossy`, if they are no less than that. */
static int
totals_hold(const nct_reader *r, const struct nct_totals *t, int lossy)
{
	const struct nct_totals *own = &r->totals;

	if (!lossy)
		return t->blocks == own->blocks && t->text_bytes == own->text_bytes && t->windows == own->windows &&
		       t->tokens == own->tokens && t->documents == own->documents;
	return t->blocks >= r->sequence && t->text_bytes >= r->text_offset && t->windows >= own->windows &&
	       t->tokens >= own->tokens && t->documents >= own->documents;
}

static nct_err
take_trailer(nct_reader *r, enum nct_event *event, nct_why *why)
{
	struct nct_input *f = &r->input;
	struct nct_totals t;
	struct nct_fault fault = nct_frame_get_trailer(&t, nct_input_bytes(f), r->id);

	if (fault.what == NULL && !totals_hold(r, &t, r->lossy)) {
		if (totals_hold(r, &t, 1) && t.blocks > r->sequence) {
			r->skip = 0; /* the trailer is good: the scan has to find it */
			return blocks_missing(r, t.blocks, why);
		}
		fault = (struct nct_fault){"totals", 8};
	}
	if (fault.what != NULL)
		return nct_fail(why, NCT_EDATA, "trailer is damaged (%s), byte %" PRIu64, fault.what, f->offset + fault.at);
	nct_input_consume(f, NCT_TRAILER_BYTES);
	r->totals.stream_bytes += NCT_TRAILER_BYTES;
	r->inside = 0;
	*event = NCT_AT_TRAILER;
	return NCT_OK;
}

static nct_err
take_frame(nct_reader *r, enum nct_event *event, struct nct_block *b, nct_why *why)
{
	struct nct_input *f = &r->input;
	enum nct_frame kind;
	nct_err err;

	r->skip = 1;
	if (!r->inside)
		return take_header(r, event, why);
	if ((err = nct_input_need(f, NCT_BLOCK_HEADER_BYTES)) != NCT_OK)
		return err;
	kind = nct_input_have(f) >= 8 ? nct_frame_kind(nct_input_bytes(f)) : NCT_FRAME_NONE;
	if (kind == NCT_FRAME_HEADER) {
		r->skip = 0; /* the header may be good: the scan has to find it */
		return nct_fail(why, NCT_EDATA, "trailer is missing, block %" PRIu64 ", byte %" PRIu64, r->sequence, f->offset);
	}
	if (nct_input_have(f) < NCT_BLOCK_HEADER_BYTES)
		return ends_early(r, why);
	if (kind == NCT_FRAME_BLOCK)
		return take_block(r, event, b, why);
	if (kind == NCT_FRAME_TRAILER)
		return take_trailer(r, event, why);
	return bad_block(r, (struct nct_fault){"marker", 0}, why);
}

/* ---- Going on after damage ---- */

/* The frame that a scan has found. */
struct found {
	enum nct_frame kind;
	uint64_t sequence, text_offset; /* of a block; of a trailer, its totals of blocks and text bytes */
};

/* True if the frame that waits, of kind found->kind, has a good CRC and can come next. Sets the rest of *found. */
static int
can_follow(const nct_reader *r, struct found *found)
{
	const uint8_t *p = nct_input_bytes(&r->input);
	struct nct_block b;
	struct nct_totals t;

	if (found->kind == NCT_FRAME_HEADER)
		return nct_crc_holds(p, NCT_HEADER_BYTES - 8);
	if (!r->inside)
		return 0;
	if (found->kind == NCT_FRAME_BLOCK) {
		if (nct_frame_get_block(&b, p, &r->header, r->id).what != NULL)
			return 0;
		found->sequence = b.sequence;
		found->text_offset = b.text_offset;
		return b.sequence == r->sequence ? b.text_offset == r->text_offset
		                                 : b.sequence > r->sequence && b.text_offset >= r->text_offset;
	}
	if (nct_frame_get_trailer(&t, p, r->id).what != NULL)
		return 0;
	found->sequence = t.blocks;
	found->text_offset = t.text_bytes;
	return totals_hold(r, &t, 1);
}

/* Consumes bytes up to the next frame that can follow. If there is none, consumes all and sets found->kind to
 * NCT_FRAME_NONE. */
static nct_err
scan(nct_reader *r, struct found *found)
{
	struct nct_input *f = &r->input;
	nct_err err = NCT_OK;

	for (;;) {
		while (nct_input_have(f) >= 8) {
			const uint8_t *p = nct_input_bytes(f);
			size_t size, i = 0, n = nct_input_have(f) - 7;

			while (i < n && p[i] != 0x89 && p[i] != 0x8a) /* first bytes of the markers */
				i++;
			nct_input_consume(f, i);
			if (i == n)
				break;
			found->kind = nct_frame_kind(nct_input_bytes(f));
			size = found->kind == NCT_FRAME_HEADER ? NCT_HEADER_BYTES : NCT_BLOCK_HEADER_BYTES;
			if (found->kind != NCT_FRAME_NONE) {
				if ((err = nct_input_need(f, size)) != NCT_OK)
					return err;
				if (nct_input_have(f) >= size && can_follow(r, found))
					return NCT_OK;
			}
			nct_input_consume(f, 1);
		}
		if (f->ended)
			break;
		if ((err = nct_input_more(f)) != NCT_OK)
			return err;
	}
	nct_input_consume(f, nct_input_have(f));
	found->kind = NCT_FRAME_NONE;
	return NCT_OK;
}

/* Adds to `why` which bytes, from `first` on, were skipped and which text is missing. */
static void
describe_loss(const nct_reader *r, uint64_t first, const struct found *found, nct_why *why)
{
	size_t n = strlen(why->text);
	uint64_t at = r->input.offset;

	if (at > first)
		n += (size_t)snprintf(why->text + n, sizeof why->text - n, ", bytes %" PRIu64 " to %" PRIu64 " skipped",
		                      first, at - 1);
	if (r->inside && (found->kind == NCT_FRAME_BLOCK || found->kind == NCT_FRAME_TRAILER) &&
	    found->text_offset > r->text_offset && n < sizeof why->text)
		snprintf(why->text + n, sizeof why->text - n, ", text bytes %" PRIu64 " to %" PRIu64 " missing",
		         r->text_offset, found->text_offset - 1);
}

/* After the fault `err`: skips to the next good frame. The event is NCT_AT_LOSS. */
static nct_err
recover(nct_reader *r, enum nct_event *event, nct_err err, nct_why *why)
{
	uint64_t first = r->input.offset;
	struct found found = {NCT_FRAME_NONE, 0, 0};

	if (first == 0 && nct_input_have(&r->input) == 0)
		return err; /* an empty input */
	nct_input_consume(&r->input, r->skip < nct_input_have(&r->input) ? r->skip : nct_input_have(&r->input));
	if ((err = scan(r, &found)) != NCT_OK)
		return err;
	describe_loss(r, first, &found, why);
	if (found.kind == NCT_FRAME_BLOCK || found.kind == NCT_FRAME_TRAILER) {
		r->lossy = 1;
		r->follows = 0;
		r->sequence = found.sequence;
		r->text_offset = found.text_offset;
	} else {
		r->inside = 0;
	}
	*event = NCT_AT_LOSS;
	return NCT_OK;
}

static int
is_damage(nct_err err)
{
	return err == NCT_EDATA || err == NCT_ECUT || err == NCT_EKIND || err == NCT_EVERSION;
}

nct_err
nct_reader_next(nct_reader *r, enum nct_event *event, struct nct_block *b, nct_why *why)
{
	free(r->copy);
	r->copy = NULL;
	if (r->err == NCT_OK) {
		r->why.text[0] = '\0';
		r->err = take_frame(r, event, b, &r->why);
		if (r->keep_going && is_damage(r->err) && (r->err = recover(r, event, r->err, &r->why)) == NCT_EIO)
			r->why.text[0] = '\0'; /* errno tells why; the damage is not the reason */
	}
	if (why != NULL)
		*why = r->why;
	return r->err;
}
