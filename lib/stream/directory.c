/* directory.c - a block's directory: an entry for each part in it, of numbers in LEB128. */
#include "stream/stream.h"

static size_t
leb_put(uint8_t *p, uint64_t x)
{
	size_t n = 0;

	for (; x >= 128; x >>= 7)
		p[n++] = (uint8_t)(x | 128);
	p[n++] = (uint8_t)x;
	return n;
}

/* Reads a number at p[*pos..n) and moves *pos. -1: malformed, which includes forms longer than need be. */
static int
leb_get(const uint8_t *p, size_t n, size_t *pos, uint64_t *x)
{
	*x = 0;
	for (unsigned shift = 0; shift < 64 && *pos < n; shift += 7) {
		uint8_t c = p[(*pos)++];

		if (shift == 63 && c > 1)
			return -1; /* past 64 bits */
		*x |= (uint64_t)(c & 127) << shift;
		if (c < 128)
			return c == 0 && shift > 0 ? -1 : 0;
	}
	return -1;
}

size_t
nct_directory_put(uint8_t *p, const struct nct_directory_entry *e, int unbroken)
{
	size_t n = leb_put(p, e->units << 1 | (e->ends_document != 0));

	return unbroken ? n + leb_put(p + n, e->bits) : n;
}

int
nct_directory_next(const uint8_t *dir, size_t n, size_t *pos, struct nct_directory_entry *e, int unbroken)
{
	uint64_t x;

	e->bits = 0;
	if (*pos >= n)
		return 0;
	if (leb_get(dir, n, pos, &x) != 0)
		return -1;
	e->units = x >> 1;
	e->ends_document = (int)(x & 1);
	if (unbroken && leb_get(dir, n, pos, &e->bits) != 0)
		return -1;
	return 1;
}
