/* le.h - little-endian (and one big-endian) integers in byte buffers, and size arithmetic that notices overflow. */
#ifndef NCT_BASE_LE_H
#define NCT_BASE_LE_H

#include <stddef.h>
#include <stdint.h>

static inline void
nct_put16(uint8_t *p, uint16_t x)
{
	p[0] = (uint8_t)x;
	p[1] = (uint8_t)(x >> 8);
}

static inline void
nct_put32(uint8_t *p, uint32_t x)
{
	nct_put16(p, (uint16_t)x);
	nct_put16(p + 2, (uint16_t)(x >> 16));
}

static inline void
nct_put64(uint8_t *p, uint64_t x)
{
	nct_put32(p, (uint32_t)x);
	nct_put32(p + 4, (uint32_t)(x >> 32));
}

static inline uint16_t
nct_get16(const uint8_t *p)
{
	return (uint16_t)(p[0] | p[1] << 8);
}

static inline uint32_t
nct_get32(const uint8_t *p)
{
	return nct_get16(p) | (uint32_t)nct_get16(p + 2) << 16;
}

static inline uint64_t
nct_get64(const uint8_t *p)
{
	return nct_get32(p) | (uint64_t)nct_get32(p + 4) << 32;
}

/* The same, big-endian. */
static inline uint64_t
nct_get64_big(const uint8_t *p)
{
	uint64_t x = 0;

	for (unsigned i = 0; i < 8; i++)
		x = x << 8 | p[i];
	return x;
}

/* *out = a * b; 0 on success, -1 on overflow (then *out is unchanged). */
static inline int
nct_size_mul(size_t *out, size_t a, size_t b)
{
	size_t r;

	if (__builtin_mul_overflow(a, b, &r))
		return -1;
	*out = r;
	return 0;
}

/* *out = a + b; 0 on success, -1 on overflow (then *out is unchanged). */
static inline int
nct_size_add(size_t *out, size_t a, size_t b)
{
	size_t r;

	if (__builtin_add_overflow(a, b, &r))
		return -1;
	*out = r;
	return 0;
}

#endif
