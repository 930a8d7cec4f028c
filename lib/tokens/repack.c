/* repack.c - cuts the bits of windows into tokens of v bits, and joins them again. */
#include "tokens/repack.h"

#include <stdlib.h>
#include <string.h>

#include "base/le.h"
#include "stream/frame.h"

static void
swap_pairs(uint8_t *out, const uint8_t *in, size_t pairs)
{
	for (size_t i = 0; i < pairs; i++) {
		out[2 * i] = in[2 * i + 1];
		out[2 * i + 1] = in[2 * i];
	}
}

/* The 32 bits at p, most significant first. */
static inline uint32_t
get_bits(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static inline void
put_bits(uint8_t *p, uint32_t x)
{
	p[0] = (uint8_t)(x >> 24);
	p[1] = (uint8_t)(x >> 16);
	p[2] = (uint8_t)(x >> 8);
	p[3] = (uint8_t)x;
}

/* The 32 bits at p; bytes from `end` on count as 0. */
static inline uint32_t
last_bits(const uint8_t *p, const uint8_t *end)
{
	uint8_t last[4] = {0};

	for (size_t i = 0; i < 4 && p + i < end; i++)
		last[i] = p[i];
	return get_bits(last);
}

static inline void
put_token(uint8_t *out, size_t i, size_t width, uint32_t token)
{
	if (width == 1)
		out[i] = (uint8_t)token;
	else
		nct_put16(out + 2 * i, (uint16_t)token);
}

/* Cuts `group` tokens at a time from 64 bits, and the last ones one by one. A token is stored in `width` bytes. It is
 * inlined in each call, so that `width` and `group` are constants. group * v is a multiple of 4 and at most 60. So a
 * group begins at bit 0 or 4 of a byte, and fits in the 64 bits from that byte on. */
static inline void
cut(uint8_t *out, size_t count, unsigned v, const uint8_t *code, size_t n, size_t width, unsigned group)
{
	size_t i = 0;

	for (uint64_t at = 0; i + group <= count && at / 8 + 8 <= n; at += group * v, i += group) {
		const uint8_t *p = code + at / 8;
		uint64_t bits = ((uint64_t)get_bits(p) << 32 | get_bits(p + 4)) << at % 8;

		for (unsigned k = 0; k < group; k++, bits <<= v)
			put_token(out, i + k, width, (uint32_t)(bits >> (64 - v)));
	}
	for (; i < count; i++) {
		uint64_t at = (uint64_t)i * v;

		put_token(out, i, width, last_bits(code + at / 8, code + n) << at % 8 >> (32 - v));
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
	} else if (v < 8) {
		cut(out, count, v, code, n, 1, 8);
	} else {
		cut(out, count, v, code, n, 2, 4);
	}
}

void
nct_tokens_join(uint8_t *out, size_t n, unsigned v, const uint8_t *tokens, size_t count)
{
	uint64_t bits = 0; /* the low `have` of them are yet to be stored */
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
		if (have >= 32 && n - at >= 4) {
			have -= 32;
			put_bits(out + at, (uint32_t)(bits >> have));
			at += 4;
		}
	}
	for (; at < n; at++) {
		out[at] = (uint8_t)(have >= 8 ? bits >> (have - 8) : bits << (8 - have));
		have -= have >= 8 ? 8 : have;
	}
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
