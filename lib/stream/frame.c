/* frame.c - the frames of a stream (its header, block headers, trailer) as bytes, and the rules that they obey. */
#include "stream/frame.h"

#include <lzma.h>
#include <string.h>

#include "base/le.h"
#include "coder/bits.h"
#include "stream/stream.h"

#define VERSION 1
#define CODE_BITS_MAX (8 * (uint64_t)NCT_CODE_MAX)
#define BEST_BITS_MAX 20 /* bits of windows that can have a codebook, at most */
enum { FLAG_TEXT_UNKNOWN = 1, FLAG_EOD_ALONE = 2 };

static const uint8_t markers[][8] = {
	[NCT_FRAME_HEADER] = {0x89, 'N', 'C', 'T', 0x0d, 0x0a, 0x1a, 0x0a},
	[NCT_FRAME_BLOCK] = {0x8a, 'N', 'C', 'T', 'B', 'L', 'K', 0x0a},
	[NCT_FRAME_TRAILER] = {0x8a, 'N', 'C', 'T', 'E', 'N', 'D', 0x0a},
};

static struct nct_fault
fault(const char *what, unsigned at)
{
	return (struct nct_fault){what, at};
}

enum nct_frame
nct_frame_kind(const uint8_t *p)
{
	for (enum nct_frame k = NCT_FRAME_HEADER; k <= NCT_FRAME_TRAILER; k++)
		if (memcmp(p, markers[k], 8) == 0)
			return k;
	return NCT_FRAME_NONE;
}

int
nct_frame_magic(const uint8_t *p, size_t n)
{
	return memcmp(p, markers[NCT_FRAME_HEADER], n) == 0;
}

uint64_t
nct_crc64(const void *p, size_t n)
{
	return lzma_crc64(p, n, 0);
}

int
nct_crc_holds(const uint8_t *p, size_t n)
{
	return nct_crc64(p, n) == nct_get64(p + n);
}

/* ---- Stream headers ---- */

static int
foreign(const struct nct_header *h)
{
	return h->kind == NCT_TOKENS && h->code == NCT_CODE_NONE;
}

static int
bits_fit(const struct nct_header *h)
{
	switch (h->code) {
	case NCT_CODE_SPLIT:
		return h->window_bits >= NCT_WINDOW_MIN && h->window_bits <= NCT_WINDOW_MAX;
	case NCT_CODE_BEST:
		return h->window_bits >= NCT_WINDOW_MIN && h->window_bits <= BEST_BITS_MAX;
	default:
		return h->window_bits == 0;
	}
}

static int
vocabulary_fits(const struct nct_header *h)
{
	if (h->kind == NCT_WINDOWS)
		return h->token_bits == 0 && h->vocab == 0;
	if (foreign(h))
		return h->token_bits == 0 && h->vocab >= 2 && h->vocab <= 65536;
	return h->token_bits >= 1 && h->token_bits <= 16 && h->vocab == 1u << h->token_bits;
}

/* With chosen strings no window depends on the one before, which is r = 1. An unbroken code has no windows: r = 0. */
static int
resets_fit(const struct nct_header *h)
{
	return h->code == NCT_CODE_BEST ? h->resets == 1 : h->code != NCT_CODE_UNBROKEN || h->resets == 0;
}

struct nct_fault
nct_header_fault(const struct nct_header *h)
{
	if (h->kind != NCT_WINDOWS && h->kind != NCT_TOKENS)
		return fault("kind", 10);
	if (h->code > NCT_CODE_UNBROKEN || (h->kind == NCT_WINDOWS && h->code == NCT_CODE_NONE))
		return fault("code", 19);
	if (!bits_fit(h))
		return fault("window bits", 11);
	if (!vocabulary_fits(h))
		return fault("vocabulary", 12);
	if (h->separator > NCT_SEP_REGEX)
		return fault("separator", 17);
	if (h->eod_alone && h->window_bits == 0)
		return fault("flags", 18);
	if (!resets_fit(h))
		return fault("resets", 20);
	if (h->align > NCT_ALIGN_REGEX || (h->code == NCT_CODE_UNBROKEN && h->align != NCT_ALIGN_NONE))
		return fault("alignment", 32);
	if (foreign(h) && (h->separator != NCT_SEP_OPERAND || h->align != NCT_ALIGN_NONE ||
	                   (h->resets | h->chunk | h->m1 | h->windows | h->m1_parameters) != 0))
		return fault("model of foreign tokens", 17);
	return fault(NULL, 0);
}

void
nct_frame_put_header(uint8_t p[NCT_HEADER_BYTES], const struct nct_header *h)
{
	memset(p, 0, NCT_HEADER_BYTES);
	memcpy(p, markers[NCT_FRAME_HEADER], 8);
	nct_put16(p + 8, VERSION);
	p[10] = (uint8_t)h->kind;
	p[11] = (uint8_t)h->window_bits;
	nct_put32(p + 12, h->vocab);
	p[16] = (uint8_t)h->token_bits;
	p[17] = (uint8_t)h->separator;
	p[18] = (uint8_t)((h->text_unknown ? FLAG_TEXT_UNKNOWN : 0) | (h->eod_alone ? FLAG_EOD_ALONE : 0));
	p[19] = (uint8_t)h->code;
	nct_put32(p + 20, h->resets);
	nct_put64(p + 24, h->chunk);
	p[32] = (uint8_t)h->align;
	nct_put64(p + 40, h->m1);
	nct_put64(p + 48, h->windows);
	nct_put64(p + 56, h->m1_parameters);
	nct_put64(p + 64, nct_crc64(p, 64));
}

struct nct_fault
nct_frame_get_header(struct nct_header *h, const uint8_t *p)
{
	static const uint8_t zero[7];

	*h = (struct nct_header){
		.kind = (enum nct_kind)p[10],
		.window_bits = p[11],
		.vocab = nct_get32(p + 12),
		.token_bits = p[16],
		.separator = (enum nct_separator)p[17],
		.text_unknown = (p[18] & FLAG_TEXT_UNKNOWN) != 0,
		.eod_alone = (p[18] & FLAG_EOD_ALONE) != 0,
		.code = (enum nct_code)p[19],
		.resets = nct_get32(p + 20),
		.chunk = nct_get64(p + 24),
		.align = (enum nct_align)p[32],
		.m1 = nct_get64(p + 40),
		.windows = nct_get64(p + 48),
		.m1_parameters = nct_get64(p + 56),
	};
	if ((p[18] & ~(FLAG_TEXT_UNKNOWN | FLAG_EOD_ALONE)) != 0)
		return fault("flags", 18);
	if (memcmp(p + 33, zero, sizeof zero) != 0)
		return fault("reserved bytes", 33);
	return nct_header_fault(h);
}

unsigned
nct_frame_version(const uint8_t *p)
{
	return nct_get16(p + 8);
}

int
nct_frame_version_known(unsigned version)
{
	return version == VERSION;
}

uint32_t
nct_frame_id(const uint8_t *header)
{
	return nct_get32(header + 64);
}

/* ---- Blocks ---- */

void
nct_frame_put_block(uint8_t p[NCT_BLOCK_HEADER_BYTES], const struct nct_block *b, uint32_t id)
{
	memcpy(p, markers[NCT_FRAME_BLOCK], 8);
	nct_put32(p + 8, b->sequence);
	nct_put32(p + 12, b->flags);
	nct_put64(p + 16, b->text_offset);
	nct_put64(p + 24, b->text_bytes);
	nct_put32(p + 32, b->dir_bytes);
	nct_put32(p + 36, b->code_bytes);
	nct_put32(p + 40, b->units);
	nct_put32(p + 44, b->tokens);
	nct_put32(p + 48, b->documents);
	nct_put32(p + 52, id);
	nct_put64(p + 56, nct_crc64(p, 56));
}

/* Checks counts and lengths, which bound what is read and allocated for a block. */
static struct nct_fault
lengths_fault(const struct nct_header *h, const struct nct_block *b)
{
	uint64_t bits = (uint64_t)b->units * h->window_bits, v = h->token_bits;

	if (b->dir_bytes == 0 || b->dir_bytes > NCT_DIR_MAX)
		return fault("directory length", 32);
	if (bits > CODE_BITS_MAX || b->units >= NCT_BLOCK_WINDOWS + NCT_PART_SYMBOLS || (b->units == 0 && !foreign(h)))
		return fault("units", 40);
	if (h->kind == NCT_WINDOWS) {
		if (b->code_bytes > NCT_CODE_MAX || (h->window_bits > 0 && b->code_bytes != (bits + 7) / 8))
			return fault("code length", 36);
		return b->tokens != 0 ? fault("tokens", 44) : fault(NULL, 0);
	}
	if (foreign(h) ? b->tokens != b->units || b->tokens > NCT_CODE_MAX / 2
	               : b->tokens > (CODE_BITS_MAX + v - 1) / v || (h->window_bits > 0 && b->tokens != (bits + v - 1) / v))
		return fault("tokens", 44);
	if (b->code_bytes != b->tokens * nct_token_bytes(h->vocab))
		return fault("code length", 36);
	return fault(NULL, 0);
}

static struct nct_block
block_fields(const uint8_t *p)
{
	return (struct nct_block){
		.sequence = nct_get32(p + 8),
		.flags = nct_get32(p + 12),
		.text_offset = nct_get64(p + 16),
		.text_bytes = nct_get64(p + 24),
		.dir_bytes = nct_get32(p + 32),
		.code_bytes = nct_get32(p + 36),
		.units = nct_get32(p + 40),
		.tokens = nct_get32(p + 44),
		.documents = nct_get32(p + 48),
	};
}

struct nct_block
nct_frame_block(const uint8_t *p)
{
	struct nct_block b = block_fields(p);

	b.dir = p + NCT_BLOCK_HEADER_BYTES;
	b.code = b.dir + nct_pad8(b.dir_bytes);
	return b;
}

struct nct_fault
nct_frame_get_block(struct nct_block *b, const uint8_t *p, const struct nct_header *h, uint32_t id)
{
	*b = block_fields(p);
	if (!nct_crc_holds(p, 56))
		return fault("header CRC", 0);
	if (nct_get32(p + 52) != id)
		return fault("it belongs to another stream", 52);
	if ((b->flags & ~(uint32_t)(NCT_BLOCK_CONTINUES | NCT_BLOCK_CONTINUED)) != 0)
		return fault("flags", 12);
	if (b->text_offset + b->text_bytes < b->text_offset || (h->text_unknown && (b->text_offset | b->text_bytes) != 0))
		return fault("text bytes", 16);
	if (!foreign(h) && b->text_bytes > NCT_TEXT_MAX)
		return fault("text bytes", 24);
	return lengths_fault(h, b);
}

size_t
nct_block_payload(const struct nct_block *b)
{
	return nct_pad8(b->dir_bytes) + nct_pad8(b->code_bytes);
}

uint64_t
nct_block_bits(const struct nct_header *h, const struct nct_block *b)
{
	struct nct_directory_entry e;
	uint64_t bits = 0;
	size_t pos = 0;

	if (h->code != NCT_CODE_UNBROKEN)
		return (uint64_t)b->units * h->window_bits;
	while (nct_directory_next(b->dir, b->dir_bytes, &pos, &e, 1) == 1)
		bits += e.bits;
	return bits;
}

/* Checks that an encoder would put these parts into one block. `entries` is the number of its entries, `before`
 * the units of all but the last one. If text bytes are unknown, a model may have made the block, and any parts may
 * share it. */
static const char *
sharing_fault(const struct nct_header *h, const struct nct_block *b, uint64_t entries, uint64_t before)
{
	if (h->text_unknown)
		return NULL;
	if (entries > 1 && b->flags != 0)
		return "a part of a chunk beside other chunks";
	if (before >= NCT_BLOCK_WINDOWS || (foreign(h) && entries > NCT_BLOCK_DOCUMENTS))
		return "chunks behind the block's end";
	if (h->chunk != 0 && b->text_bytes / h->chunk + (b->text_bytes % h->chunk != 0) > entries)
		return "text bytes";
	return NULL;
}

/* Checks the directory against the block's header. *bits receives the sum of its entries' bits (unbroken codes). */
static const char *
directory_fault(const struct nct_header *h, const struct nct_block *b, uint64_t *bits)
{
	uint64_t units = 0, documents = 0, entries = 0;
	int got;
	struct nct_directory_entry e = {0};
	size_t pos = 0;

	*bits = 0;
	while ((got = nct_directory_next(b->dir, b->dir_bytes, &pos, &e, h->code == NCT_CODE_UNBROKEN)) == 1) {
		if (e.units > b->units - units || (e.units == 0 && !foreign(h)))
			return "directory's units";
		if (e.units > (h->code == NCT_CODE_UNBROKEN ? NCT_PART_SYMBOLS : NCT_PART_WINDOWS))
			return "directory's units";
		if (e.bits > CODE_BITS_MAX - *bits)
			return "directory's bits";
		entries++;
		units += e.units;
		*bits += e.bits;
		documents += (uint64_t)e.ends_document;
	}
	if (got < 0)
		return "directory";
	if (units != b->units)
		return "directory's units";
	if (documents != b->documents)
		return "directory's documents";
	if ((b->flags & NCT_BLOCK_CONTINUED) && e.ends_document) /* a chunk that goes on does not end a document here */
		return "directory's last chunk";
	return sharing_fault(h, b, entries, units - e.units);
}

/* The largest token id of the block, 0 if it has none. */
static uint32_t
largest_token(const struct nct_header *h, const struct nct_block *b)
{
	uint32_t max = 0;

	if (nct_token_bytes(h->vocab) == 1)
		for (uint32_t i = 0; i < b->tokens; i++)
			max = b->code[i] > max ? b->code[i] : max;
	else
		for (uint32_t i = 0; i < b->tokens; i++) {
			uint16_t x = nct_get16(b->code + 2 * (size_t)i);

			max = x > max ? x : max;
		}
	return max;
}

/* True if the bits that fill up the last byte or token of `code` are 0. */
static int
pad_is_zero(const struct nct_header *h, const struct nct_block *b, uint64_t bits)
{
	uint32_t last, pad;

	if (b->code_bytes == 0)
		return 1;
	if (h->kind == NCT_WINDOWS) {
		last = b->code[b->code_bytes - 1];
		pad = (uint32_t)(-bits & 7);
	} else {
		last = nct_token_bytes(h->vocab) == 1 ? b->code[b->code_bytes - 1] : nct_get16(b->code + b->code_bytes - 2);
		pad = (uint32_t)((uint64_t)b->tokens * h->token_bits - bits);
	}
	return (last & ((1u << pad) - 1)) == 0;
}

int
nct_window_is_end(const struct nct_header *h, const struct nct_block *b, uint64_t window)
{
	const unsigned v = h->token_bits;
	const uint64_t end = (window + 1) * h->window_bits;
	unsigned n;

	if (h->kind == NCT_WINDOWS)
		return nct_bits_get(b->code, (uint64_t)b->code_bytes * 8, end - h->window_bits, h->window_bits) ==
		       ~(nct_u128)0 >> (128 - h->window_bits);
	for (uint64_t at = end - h->window_bits; at < end; at += n) { /* the n bits of it that a token has */
		const uint64_t i = at / v;
		const unsigned token = nct_token_bytes(h->vocab) == 1 ? b->code[i] : nct_get16(b->code + 2 * i);
		const unsigned left = v - (unsigned)(at % v);

		n = end - at < left ? (unsigned)(end - at) : left;
		if ((~token >> (left - n) & ((1u << n) - 1)) != 0)
			return 0;
	}
	return 1;
}

/* With EOD alone: true if each document in the block ends with the window 2^b - 1. */
static int
ends_hold(const struct nct_header *h, const struct nct_block *b)
{
	struct nct_directory_entry e;
	uint64_t windows = 0;
	size_t pos = 0;

	while (nct_directory_next(b->dir, b->dir_bytes, &pos, &e, 0) == 1) {
		windows += e.units;
		if (e.ends_document && !nct_window_is_end(h, b, windows - 1))
			return 0;
	}
	return 1;
}

/* Bits of an id below `vocab`. */
static unsigned
bit_width(uint32_t vocab)
{
	unsigned n = 1;

	while (n < 32 && 1u << n < vocab)
		n++;
	return n;
}

struct nct_fault
nct_block_fault(const struct nct_header *h, const struct nct_block *b, uint64_t *code_bits)
{
	uint64_t bits, v = h->token_bits;
	const char *what = directory_fault(h, b, &bits);

	if (what != NULL)
		return fault(what, 0);
	if (h->code != NCT_CODE_UNBROKEN)
		bits = (uint64_t)b->units * h->window_bits;
	else if (h->kind == NCT_WINDOWS ? b->code_bytes != (bits + 7) / 8 : b->tokens != (bits + v - 1) / v)
		return fault("code length", 36);
	*code_bits = h->kind == NCT_WINDOWS ? bits : b->tokens * (uint64_t)bit_width(h->vocab);
	if (h->kind == NCT_TOKENS && largest_token(h, b) >= h->vocab)
		return fault("a token outside the vocabulary", 0);
	if (!foreign(h) && !pad_is_zero(h, b, bits))
		return fault("pad bits", 0);
	if (h->eod_alone && !ends_hold(h, b))
		return fault("a document's end that is no window of its own", 0);
	return fault(NULL, 0);
}

/* ---- Trailers ---- */

void
nct_frame_put_trailer(uint8_t p[NCT_TRAILER_BYTES], const struct nct_totals *t, uint32_t id)
{
	memcpy(p, markers[NCT_FRAME_TRAILER], 8);
	nct_put64(p + 8, t->blocks);
	nct_put64(p + 16, t->text_bytes);
	nct_put64(p + 24, t->windows);
	nct_put64(p + 32, t->tokens);
	nct_put64(p + 40, t->documents);
	nct_put32(p + 48, id);
	nct_put32(p + 52, 0);
	nct_put64(p + 56, nct_crc64(p, 56));
}

struct nct_fault
nct_frame_get_trailer(struct nct_totals *t, const uint8_t *p, uint32_t id)
{
	*t = (struct nct_totals){
		.blocks = nct_get64(p + 8),
		.text_bytes = nct_get64(p + 16),
		.windows = nct_get64(p + 24),
		.tokens = nct_get64(p + 32),
		.documents = nct_get64(p + 40),
	};
	if (!nct_crc_holds(p, 56))
		return fault("CRC", 0);
	if (nct_get32(p + 48) != id)
		return fault("it belongs to another stream", 48);
	if (nct_get32(p + 52) != 0)
		return fault("reserved bytes", 52);
	return fault(NULL, 0);
}

struct nct_totals
nct_frame_totals(const struct nct_header *h)
{
	return (struct nct_totals){.stream_bytes = NCT_HEADER_BYTES, .text_unknown = h->text_unknown,
	                           .documents_unknown = h->text_unknown && h->code != NCT_CODE_NONE && !h->eod_alone};
}
