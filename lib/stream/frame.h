/* frame.h - stream headers, block headers and trailers as bytes, and the rules that they obey. */
#ifndef NCT_STREAM_FRAME_H
#define NCT_STREAM_FRAME_H

#include "stream/stream.h"

enum nct_frame { NCT_FRAME_NONE, NCT_FRAME_HEADER, NCT_FRAME_BLOCK, NCT_FRAME_TRAILER };

/* A rule that does not hold: what it is about, and its field's place within the frame. */
struct nct_fault {
	const char *what; /* NULL: all rules hold */
	unsigned at;
};

/* The frame whose marker stands at p[0..8). */
enum nct_frame nct_frame_kind(const uint8_t *p);
int nct_frame_magic(const uint8_t *p, size_t n); /* true if p[0..n), n <= 8, begins a stream header's magic */
uint64_t nct_crc64(const void *p, size_t n);
int nct_crc_holds(const uint8_t *p, size_t n); /* true if the 8 bytes after p[0..n) are its CRC64 */

/* ---- Stream headers ---- */
void nct_frame_put_header(uint8_t p[NCT_HEADER_BYTES], const struct nct_header *h);
/* Reads a header of version 1 whose CRC holds. */
struct nct_fault nct_frame_get_header(struct nct_header *h, const uint8_t *p);
struct nct_fault nct_header_fault(const struct nct_header *h);
unsigned nct_frame_version(const uint8_t *p);
int nct_frame_version_known(unsigned version);
uint32_t nct_frame_id(const uint8_t *header); /* what ties blocks and the trailer to their stream */

/* ---- Blocks ---- */
void nct_frame_put_block(uint8_t p[NCT_BLOCK_HEADER_BYTES], const struct nct_block *b, uint32_t id);
/* Reads a block's header and checks its rules, limits before all; dir and code stay NULL. */
struct nct_fault nct_frame_get_block(struct nct_block *b, const uint8_t *p, const struct nct_header *h, uint32_t id);
/* The block whose header stands at p, its directory and code behind it; all rules hold. */
struct nct_block nct_frame_block(const uint8_t *p);
size_t nct_block_payload(const struct nct_block *b); /* bytes of the padded payload, without its CRC */
/* Bits of the windows in a block whose rules hold, be they stored as windows or as tokens. */
uint64_t nct_block_bits(const struct nct_header *h, const struct nct_block *b);
/* The rules of a block's directory and code, once its header's rules hold. *code_bits: bits of its windows or
 * tokens. */
struct nct_fault nct_block_fault(const struct nct_header *h, const struct nct_block *b, uint64_t *code_bits);

/* ---- Trailers ---- */
void nct_frame_put_trailer(uint8_t p[NCT_TRAILER_BYTES], const struct nct_totals *t, uint32_t id);
struct nct_fault nct_frame_get_trailer(struct nct_totals *t, const uint8_t *p, uint32_t id);

static inline size_t
nct_pad8(size_t n)
{
	return (n + 7) & ~(size_t)7;
}

/* The totals of a stream of which only the header was read or written. */
struct nct_totals nct_frame_totals(const struct nct_header *h);

#endif
