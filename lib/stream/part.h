/* part.h - a part of a chunk, as encoders hand it to nct_blocks (blocks.h). */
#ifndef NCT_STREAM_PART_H
#define NCT_STREAM_PART_H

#include <stdint.h>

/* A run of whole windows (or of unbroken symbols) of one chunk. */
struct nct_part {
	uint64_t units;      /* windows, or symbols */
	uint64_t text_bytes;
	uint64_t bits;       /* of code, taken from the chunk's bit string one part after the other */
	int ends_document;   /* the last symbol is EOD */
	int ends_chunk;
};

#endif
