/* tokens.c - the windows' bit string cut into tokens of v bits, and put together again. */
#include "format/tokens.h"

#include <stdlib.h>
#include <string.h>

#include "base/le.h"
#include "format/frame.h"

static void
swap_pairs(uint8_t *out, const uint8_t *in, size_t pairs)
{
	for (size_t i = 0; i < pairs; i++) {
		out[2 * i] = in[2 * i + 1];
		out[2 * i + 1] = in[2 * i];
	}
}

/* The 32 bits at p, big-endian; bytes from `end` on count as 0. */
static inline uint32_t
next_bits(const uint8_t *p, const uint8_t *end)
{
	uint32_t x = 0;

	if (end - p >= 4)
		return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
	for (unsigned shift = 24; p < end; shift -= 8)
		x |= (uint32_t)*p++ << shift;
	return x;
}

/* v is a constant at each call that matters, and so is the store's width. */
static inline void
cut(uint8_t *out, size_t count, unsigned v, const uint8_t *code, size_t n)
{
	const uint8_t *end = code + n;
	uint64_t bits = 0; /* the low `have` of them are yet to be cut */
	unsigned have = 0;

	for (size_t i = 0; i < count; i++) {
		if (have < v) {
			bits = bits << 32 | next_bits(code, end);
			have += 32;
			code += end - code < 4 ? end - code : 4;
		}
		have -= v;
		uint16_t token = (uint16_t)(bits >> have & ((1u << v) - 1));
		if (v <= 8)
			out[i] = (uint8_t)token;
		else
			nct_put16(out + 2 * i, token);
	}
}

void
nct_tokens_cut(uint8_t *out, size_t count, unsigned v, const uint8_t *code, size_t n)
{
	if (v == 8 && n > 0) {
		memcpy(out, code, n);
	} else if (v == 16) {
		swap_pairs(out, code, n / 2);
		if (n % 2 != 0)
			nct_put16(out + n - 1, (uint16_t)(code[n - 1] << 8));
	} else {
		cut(out, count, v, code, n);
	}
}

void
nct_tokens_join(uint8_t *out, size_t n, unsigned v, const uint8_t *tokens, size_t count)
{
	uint64_t bits = 0;
	unsigned have = 0;
	size_t at = 0;

	if (v == 8 && n > 0) {
		memcpy(out, tokens, n);
		return;
	}
	if (v == 16) {
		swap_pairs(out, tokens, n / 2);
		if (n % 2 != 0)
			out[n - 1] = tokens[n]; /* the high byte of the last token */
		return;
	}
	for (size_t i = 0; i < count; i++) {
		bits = bits << v | (v <= 8 ? tokens[i] : nct_get16(tokens + 2 * i));
		have += v;
		for (; have >= 8 && at < n; have -= 8)
			out[at++] = (uint8_t)(bits >> (have - 8));
	}
	if (at < n)
		out[at] = (uint8_t)(bits << (8 - have));
}

static nct_err
reserve(uint8_t **buf, size_t *cap, size_t n)
{
	uint8_t *p;

	if (n <= *cap)
		return NCT_OK;
	if ((p = realloc(*buf, n)) == NULL)
		return NCT_ENOMEM;
	*buf = p;
	*cap = n;
	return NCT_OK;
}

nct_err
nct_block_pack(struct nct_block *b, const struct nct_header *h, unsigned v, uint8_t **buf, size_t *cap)
{
	size_t count = (size_t)((nct_block_bits(h, b) + v - 1) / v), n = count * nct_token_bytes(1u << v);
	nct_err err = reserve(buf, cap, n);

	if (err != NCT_OK)
		return err;
	nct_tokens_cut(*buf, count, v, b->code, b->code_bytes);
	b->tokens = (uint32_t)count;
	b->code = *buf;
	b->code_bytes = (uint32_t)n;
	return NCT_OK;
}

nct_err
nct_block_unpack(struct nct_block *b, const struct nct_header *h, uint8_t **buf, size_t *cap)
{
	size_t n = (size_t)((nct_block_bits(h, b) + 7) / 8);
	nct_err err = reserve(buf, cap, n);

	if (err != NCT_OK)
		return err;
	nct_tokens_join(*buf, n, h->token_bits, b->code, b->tokens);
	b->tokens = 0;
	b->code = *buf;
	b->code_bytes = (uint32_t)n;
	return NCT_OK;
}
