/* repack.h - cuts the bits of windows into tokens of v bits, and joins them again. */
#ifndef NCT_TOKENS_REPACK_H
#define NCT_TOKENS_REPACK_H

#include "stream/stream.h"

/* Cuts the bits of code[0..n), most significant first, into `count` tokens of v bits, 1 to 16. out (count) receives
 * them as they are stored: u8 for v <= 8, else u16. Bits behind the end count as 0. */
void nct_tokens_cut(uint8_t *out, size_t count, unsigned v, const uint8_t *code, size_t n);
/* Joins `count` stored tokens of v bits to the bits out[0..n), n <= ceil(count * v / 8). */
void nct_tokens_join(uint8_t *out, size_t n, unsigned v, const uint8_t *tokens, size_t count);

/* The default of v for windows of b bits. Up to 16 it is b. Above that it is 8 if 8 divides b and 16 does not, else
 * 16. */
static inline unsigned
nct_token_bits_for(unsigned b)
{
	return b >= 1 && b <= 16 ? b : b % 16 != 0 && b % 8 == 0 ? 8 : 16;
}

/* Makes the header of a window stream that of its tokens of v bits; 0: of nct_token_bits_for(). */
static inline void
nct_header_pack(struct nct_header *h, unsigned v)
{
	h->kind = NCT_TOKENS;
	h->token_bits = v != 0 ? v : nct_token_bits_for(h->window_bits);
	h->vocab = 1u << h->token_bits;
}

/* Turns the code of *b from windows to tokens of v bits, or from tokens that were made of windows to windows. *h is
 * the header of the stream that the block was read from.
 *
 * *buf (*cap bytes) receives the new code, and b->code points to it. It grows as needed and is kept from call to call:
 * begin with NULL and 0, and free() it at the end. NCT_ENOMEM. */
nct_err nct_block_pack(struct nct_block *b, const struct nct_header *h, unsigned v, uint8_t **buf,
                       size_t *cap) NCT_USED;
nct_err nct_block_unpack(struct nct_block *b, const struct nct_header *h, uint8_t **buf, size_t *cap) NCT_USED;

#endif
