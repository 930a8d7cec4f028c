/* frame.h - the frames of a stream (its header, block headers, trailer) as bytes, and the rules that they obey. */
#ifndef NCT_STREAM_FRAME_H
#define NCT_STREAM_FRAME_H

#include "stream/stream.h"

enum nct_frame { NCT_FRAME_NONE, NCT_FRAME_HEADER, NCT_FRAME_BLOCK, NCT_FRAME_TRAILER };

/* The first rule of the format that a frame breaks. */
struct nct_fault {
	const char *what; /* what the rule is about, for messages; NULL: no rule is broken */
	unsigned at;      /* offset of the field in the frame */
};

/* The kind of frame that has the marker p[0..8). */
enum nct_frame nct_frame_kind(const uint8_t *p);
int nct_frame_magic(const uint8_t *p, size_t n); /* true if p[0..n), n <= 8, begins a stream header's marker */
uint64_t nct_crc64(const void *p, size_t n);
int nct_crc_holds(const uint8_t *p, size_t n); /* true if the 8 bytes after p[0..n) are its CRC64 */

/* ---- Stream headers ---- */
void nct_frame_put_header(uint8_t p[NCT_HEADER_BYTES], const struct nct_header *h);
/* Reads p (NCT_HEADER_BYTES), whose CRC and version were checked, and checks all other rules. */
struct nct_fault nct_frame_get_header(struct nct_header *h, const uint8_t *p);
struct nct_fault nct_header_fault(const struct nct_header *h); /* checks the rules of the fields */
unsigned nct_frame_version(const uint8_t *p);
int nct_frame_version_known(unsigned version);
uint32_t nct_frame_id(const uint8_t *header); /* the stream's id, which its blocks and its trailer repeat */

/* ---- Blocks ---- */
void nct_frame_put_block(uint8_t p[NCT_BLOCK_HEADER_BYTES], const struct nct_block *b, uint32_t id);
/* Reads a block header p (NCT_BLOCK_HEADER_BYTES) of a stream with header *h, and checks its rules. After that the
 * lengths in *b are below the limits of stream.h. b->dir and b->code become NULL. */
struct nct_fault nct_frame_get_block(struct nct_block *b, const uint8_t *p, const struct nct_header *h, uint32_t id);
/* Reads a whole block at p whose rules were checked before. b.dir and b.code point behind its header. */
struct nct_block nct_frame_block(const uint8_t *p);
size_t nct_block_payload(const struct nct_block *b); /* bytes of the padded payload, without its CRC */
/* Bits of the windows, or of the unbroken code, in a block that was checked. In a token stream, those that the tokens
 * were made of. */
uint64_t nct_block_bits(const struct nct_header *h, const struct nct_block *b);
/* True if all bits of that window of the block, be it stored as windows or as tokens, are 1: where EOD is alone, it is
 * EOD. */
int nct_window_is_end(const struct nct_header *h, const struct nct_block *b, uint64_t window);
/* Checks the rules of a block's directory and code; its header was checked. *code_bits receives the bits of its
 * windows, or of its tokens. */
struct nct_fault nct_block_fault(const struct nct_header *h, const struct nct_block *b, uint64_t *code_bits);

/* ---- Trailers ---- */
void nct_frame_put_trailer(uint8_t p[NCT_TRAILER_BYTES], const struct nct_totals *t, uint32_t id);
struct nct_fault nct_frame_get_trailer(struct nct_totals *t, const uint8_t *p, uint32_t id);

/* n, rounded up to a multiple of 8. */
static inline size_t
nct_pad8(size_t n)
{
	return (n + 7) & ~(size_t)7;
}

/* The totals of a stream after its header, before its first block. */
struct nct_totals nct_frame_totals(const struct nct_header *h);

#endif
