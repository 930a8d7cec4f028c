/* part.h - a part of a chunk: what an encoder adds to a block. */
#ifndef NCT_STREAM_PART_H
#define NCT_STREAM_PART_H

#include <stdint.h>

/* Successive windows of one chunk, or symbols of its unbroken code. Most chunks have one part, long ones several. */
struct nct_part {
	uint64_t units;      /* windows, or symbols */
	uint64_t text_bytes;
	uint64_t bits;       /* of code; a chunk's code is that of its parts, one behind the other */
	int ends_document;   /* the last symbol is EOD */
	int ends_chunk;      /* it is the chunk's last part */
};

#endif
