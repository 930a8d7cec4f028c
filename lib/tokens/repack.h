/* repack.h - the windows' bit string cut into tokens of v bits, and put together again. */
#ifndef NCT_TOKENS_REPACK_H
#define NCT_TOKENS_REPACK_H

#include "stream/stream.h"

/* Cuts the bit string code[0..n) (most significant bit first) into `count` tokens of v bits (1..16) at `out`, as they
 * are stored; bits past the string's end are 0. */
void nct_tokens_cut(uint8_t *out, size_t count, unsigned v, const uint8_t *code, size_t n);
/* Puts `count` stored tokens of v bits together to the bit string out[0..n), n <= ceil(count * v / 8). */
void nct_tokens_join(uint8_t *out, size_t n, unsigned v, const uint8_t *tokens, size_t count);

/* v for windows of b bits where none was asked for: b, or above 16 the larger of 16 and 8 that divides it, else 16. */
static inline unsigned
nct_token_bits_for(unsigned b)
{
	return b >= 1 && b <= 16 ? b : b % 16 != 0 && b % 8 == 0 ? 8 : 16;
}

/* A block's code in its other form: windows as tokens of v bits, or tokens made of windows as windows. `buf`, of `cap`
 * bytes, is kept between calls, grows as needed and holds the new code; start with NULL and 0, free() it at the end.
 * `h` is the header of the block's present form, and its rules hold. NCT_ENOMEM. */
nct_err nct_block_pack(struct nct_block *b, const struct nct_header *h, unsigned v, uint8_t **buf,
                       size_t *cap) NCT_USED;
nct_err nct_block_unpack(struct nct_block *b, const struct nct_header *h, uint8_t **buf, size_t *cap) NCT_USED;

#endif
