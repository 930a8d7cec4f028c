/* mend.h - corrects a mutated stream's checksums, so that a fuzzer reaches the code behind them. */
#ifndef NCT_FUZZ_MEND_H
#define NCT_FUZZ_MEND_H

#include "base/le.h"
#include "stream/frame.h"

#include <string.h>

/* Corrects stream ids and checksums, frame by frame, up to the trailer's end or as far as lengths are plausible.
 * Returns where that is. A payload's checksum that begins with a byte 0 is not corrected, so that blocks can be
 * damaged, too. */
static inline size_t
mend_stream(uint8_t *p, size_t n)
{
	size_t at = NCT_HEADER_BYTES;

	if (n < at)
		return n;
	memcpy(p, "\x89NCT\r\n\x1a\n", 8);
	nct_put64(p + 64, nct_crc64(p, 64));
	while (n - at >= NCT_BLOCK_HEADER_BYTES) {
		int last = p[at + 4] == 'E';
		uint64_t payload = last ? 0
		                        : (((uint64_t)nct_get32(p + at + 32) + 7) & ~7u) +
		                              (((uint64_t)nct_get32(p + at + 36) + 7) & ~7u);
		uint8_t *h = p + at;

		memcpy(h, last ? "\x8aNCTEND\n" : "\x8aNCTBLK\n", 8);
		memcpy(h + (last ? 48 : 52), p + 64, 4);
		nct_put64(h + 56, nct_crc64(h, 56));
		at += NCT_BLOCK_HEADER_BYTES;
		if (last)
			return at;
		if (n - at < 8 || payload > n - at - 8)
			return n;
		if (p[at + payload] != 0)
			nct_put64(p + at + payload, nct_crc64(p + at, (size_t)payload));
		at += (size_t)payload + 8;
	}
	return n;
}

#endif
