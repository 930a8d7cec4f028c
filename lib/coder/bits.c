/* bits.c - strings of bits, most significant bit first, in byte buffers that grow. */
#include "coder/bits.h"

#include <stdlib.h>
#include <string.h>

#include "base/le.h"

static nct_err
grow(nct_bits *b, size_t cap)
{
	uint8_t *p = realloc(b->bytes, cap);

	if (p == NULL)
		return NCT_ENOMEM;
	b->bytes = p;
	b->cap = cap;
	return NCT_OK;
}

/* Makes room for n more bits. */
static nct_err
reserve(nct_bits *b, uint64_t n)
{
	if (n > UINT64_MAX / 2 - b->bits)
		return NCT_ENOMEM;
	const size_t need = nct_bits_bytes(b->bits + n);
	return need <= b->cap ? NCT_OK : grow(b, need + need / 2 + 64);
}

nct_err
nct_bits_reserve(nct_bits *b, size_t bytes)
{
	return bytes <= b->cap ? NCT_OK : grow(b, bytes);
}

nct_err
nct_bits_put(nct_bits *b, nct_u128 x, unsigned n)
{
	nct_err err = reserve(b, n);

	if (err != NCT_OK)
		return err;
	while (n > 0) {
		unsigned used = (unsigned)(b->bits % 8), take = 8 - used < n ? 8 - used : n;
		uint8_t part = (uint8_t)(x >> (n - take) & ((1u << take) - 1));

		b->bytes[b->bits / 8] = (uint8_t)((used > 0 ? b->bytes[b->bits / 8] : 0) | part << (8 - used - take));
		b->bits += take;
		n -= take;
	}
	return NCT_OK;
}

nct_err
nct_bits_put_all(nct_bits *b, const uint32_t *x, size_t count, unsigned n)
{
	const uint64_t mask = ~(uint64_t)0 >> (64 - n);
	nct_err err = reserve(b, (uint64_t)count * n);

	if (err != NCT_OK || count == 0)
		return err;
	uint8_t *p = b->bytes + b->bits / 8;
	unsigned have = (unsigned)(b->bits % 8); /* bits in `word` that are not yet a byte */
	uint64_t word = have > 0 ? (uint64_t)*p >> (8 - have) : 0;

	b->bits += (uint64_t)count * n;
	if (n == 16 && have == 0) {
		for (size_t i = 0; i < count; i++) {
			p[2 * i] = (uint8_t)(x[i] >> 8);
			p[2 * i + 1] = (uint8_t)x[i];
		}
		return NCT_OK;
	}
	for (size_t i = 0; i < count; i++) {
		word = word << n | (x[i] & mask);
		for (have += n; have >= 8; have -= 8)
			*p++ = (uint8_t)(word >> (have - 8));
	}
	if (have > 0)
		*p = (uint8_t)(word << (8 - have));
	return NCT_OK;
}

nct_err
nct_bits_append(nct_bits *b, const uint8_t *p, uint64_t from, uint64_t n)
{
	nct_err err = reserve(b, n);

	if (err != NCT_OK || n == 0)
		return err;
	if (b->bits % 8 == 0 && from % 8 == 0) {
		uint64_t whole = n / 8;

		memcpy(b->bytes + b->bits / 8, p + from / 8, (size_t)whole);
		b->bits += whole * 8;
		from += whole * 8;
		n -= whole * 8;
	}
	while (n > 0) {
		unsigned take = n < 56 ? (unsigned)n : 56;

		if ((err = nct_bits_put(b, nct_bits_get(p, from + n, from, take), take)) != NCT_OK)
			return err; /* not reached: the room is reserved */
		from += take;
		n -= take;
	}
	return NCT_OK;
}

void
nct_bits_clear(nct_bits *b)
{
	b->bits = 0;
}

void
nct_bits_free(nct_bits *b)
{
	free(b->bytes);
	*b = (nct_bits){0};
}

nct_u128
nct_bits_get(const uint8_t *p, uint64_t end, uint64_t at, unsigned n)
{
	nct_u128 x = 0;

	if (n > 0 && n <= 56 && at / 8 + 8 <= end / 8) /* 8 bytes hold 7 bits to skip and 56 to take */
		return nct_get64_big(p + at / 8) << at % 8 >> (64 - n);
	while (n > 0 && at < end) {
		unsigned skip = (unsigned)(at % 8), take = 8 - skip < n ? 8 - skip : n;
		unsigned byte = p[at / 8];

		if (take > end - at) /* bits past `end` read as 0 */
			byte &= 0xff00u >> (end % 8);
		x = x << take | (byte >> (8 - skip - take) & ((1u << take) - 1));
		at += take;
		n -= take;
	}
	return n > 0 && n < 128 ? x << n : x;
}

void
nct_bits_get_all(uint32_t *x, size_t count, const uint8_t *p, uint64_t end, uint64_t at, unsigned n)
{
	size_t i = 0;

	if (n == 16 && at % 8 == 0) {
		for (p += at / 8; i < count; i++)
			x[i] = (uint32_t)p[2 * i] << 8 | p[2 * i + 1];
		return;
	}
	for (; i < count && at / 8 + 8 <= end / 8; i++, at += n) { /* 8 bytes hold 7 bits to skip and 32 to take */
		x[i] = (uint32_t)(nct_get64_big(p + at / 8) << at % 8 >> (64 - n));
	}
	for (; i < count; i++, at += n)
		x[i] = (uint32_t)nct_bits_get(p, end, at, n);
}
