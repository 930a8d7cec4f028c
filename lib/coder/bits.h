/* bits.h - strings of bits, most significant bit first, in byte buffers that grow. */
#ifndef NCT_CODER_BITS_H
#define NCT_CODER_BITS_H

#include "base/u128.h"
#include "nct.h"

/* A bit string. Zero-initialised, it is empty. Unused bits of the last byte are 0. */
typedef struct nct_bits {
	uint8_t *bytes; /* owned */
	size_t cap;     /* bytes allocated */
	uint64_t bits;  /* length */
} nct_bits;

/* Appends the low `n` bits of x (n <= 128), the most significant first. NCT_ENOMEM leaves the string as it was. */
nct_err nct_bits_put(nct_bits *b, nct_u128 x, unsigned n) NCT_USED;
/* Appends bits [from, from + n) of the string at p. NCT_ENOMEM leaves the string as it was. */
nct_err nct_bits_append(nct_bits *b, const uint8_t *p, uint64_t from, uint64_t n) NCT_USED;
/* Appends the low n bits of each of x[0..count), 1 <= n <= 32. Faster than calling nct_bits_put() for each.
 * NCT_ENOMEM leaves the string as it was. */
nct_err nct_bits_put_all(nct_bits *b, const uint32_t *x, size_t count, unsigned n) NCT_USED;
/* Makes room for `bytes` in all, so that the string can grow to them without another allocation. NCT_ENOMEM leaves
 * the string as it was. */
nct_err nct_bits_reserve(nct_bits *b, size_t bytes) NCT_USED;
void nct_bits_clear(nct_bits *b); /* length 0; keeps the buffer */
void nct_bits_free(nct_bits *b);  /* frees the buffer and clears */

static inline size_t
nct_bits_bytes(uint64_t bits)
{
	return (size_t)((bits + 7) / 8);
}

/* Bits [at, at + n) of the string at p, n <= 128; bits at or past `end` read as 0. */
nct_u128 nct_bits_get(const uint8_t *p, uint64_t end, uint64_t at, unsigned n);
/* Reads x[0..count), numbers of n bits each, 1 <= n <= 32, from bit `at` on. All of them lie before bit `end`. */
void nct_bits_get_all(uint32_t *x, size_t count, const uint8_t *p, uint64_t end, uint64_t at, unsigned n);

#endif
