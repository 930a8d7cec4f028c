/* sample_stream.h - random but valid window streams for tests, and bytes in and out of file descriptors. */
#ifndef NCT_TEST_SAMPLE_STREAM_H
#define NCT_TEST_SAMPLE_STREAM_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/io.h"
#include "base/le.h"
#include "base/rng.h"
#include "stream/stream.h"

struct bytes {
	uint8_t *p;
	size_t n;
};

/* A descriptor to read p[0..n) from. */
static inline int
bytes_fd(const void *p, size_t n)
{
	FILE *f = tmpfile();
	int fd;

	assert_non_null(f);
	fd = dup(fileno(f));
	assert_true(fd >= 0);
	assert_int_equal(fclose(f), 0);
	assert_int_equal(nct_write(fd, p, n), NCT_OK);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	return fd;
}

/* All bytes that were written to `fd`. Closes it. */
static inline struct bytes
fd_bytes(int fd)
{
	off_t n = lseek(fd, 0, SEEK_END);
	struct bytes b = {malloc((size_t)n + 1), (size_t)n};
	size_t got;

	assert_non_null(b.p);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	assert_int_equal(nct_read(fd, b.p, b.n, &got), NCT_OK);
	assert_int_equal(got, b.n);
	assert_int_equal(close(fd), 0);
	return b;
}

static inline void
assert_bytes_equal(struct bytes a, struct bytes b)
{
	assert_int_equal(a.n, b.n);
	assert_memory_equal(a.p, b.p, a.n);
}

/* A block's memory, with room for the largest that sample_block() makes. */
struct sample {
	struct nct_block b;
	uint8_t dir[256];
	uint8_t code[8192];
};

#define SAMPLE_CHUNKS 5
#define SAMPLE_UNITS 40

/* Makes a block of random windows: up to SAMPLE_CHUNKS chunks of up to SAMPLE_UNITS windows (or symbols), or a part
 * of one chunk. `continues`: the previous block has left a chunk open. */
static inline void
sample_block(struct sample *s, nct_rng *r, const struct nct_header *h, int continues)
{
	int unbroken = h->code == NCT_CODE_UNBROKEN;
	const int part = continues || nct_rng_below(r, 3) == 0;
	const size_t chunks = part ? 1 : 1 + nct_rng_below(r, SAMPLE_CHUNKS);
	uint64_t bits = 0;

	memset(s, 0, sizeof *s);
	s->b.flags = continues ? NCT_BLOCK_CONTINUES : 0;
	for (size_t i = 0; i < chunks; i++) {
		struct nct_directory_entry e = {.units = 1 + nct_rng_below(r, SAMPLE_UNITS),
		                                .ends_document = (int)nct_rng_below(r, 2)};

		if (unbroken)
			e.bits = nct_rng_below(r, 8 * SAMPLE_UNITS);
		s->b.dir_bytes += (uint32_t)nct_directory_put(s->dir + s->b.dir_bytes, &e, unbroken);
		s->b.units += (uint32_t)e.units;
		s->b.documents += (uint32_t)e.ends_document;
		bits += unbroken ? e.bits : e.units * h->window_bits;
		if (part && !e.ends_document && nct_rng_below(r, 2) == 0)
			s->b.flags |= NCT_BLOCK_CONTINUED;
	}
	s->b.text_bytes = h->text_unknown ? 0 : nct_rng_below(r, part ? 10000 : 100000);
	s->b.code_bytes = (uint32_t)((bits + 7) / 8);
	assert_true(s->b.code_bytes <= sizeof s->code);
	for (size_t i = 0; i < s->b.code_bytes; i++)
		s->code[i] = (uint8_t)nct_rng_next(r);
	if (bits % 8 != 0)
		s->code[s->b.code_bytes - 1] &= (uint8_t)(0xff00u >> bits % 8);
	s->b.dir = s->dir;
	s->b.code = s->code;
}

static inline struct nct_header
sample_header(unsigned window_bits)
{
	return (struct nct_header){.kind = NCT_WINDOWS,
	                           .code = window_bits == 0 ? NCT_CODE_UNBROKEN : NCT_CODE_SPLIT,
	                           .separator = NCT_SEP_NUL,
	                           .window_bits = window_bits,
	                           .resets = window_bits == 0 ? 0 : 1,
	                           .chunk = 1048576,
	                           .m1 = 0x0123456789abcdef,
	                           .windows = 0xfedcba9876543210,
	                           .m1_parameters = 65536};
}

/* A whole stream of `blocks` random blocks; the last one leaves no chunk open. */
static inline struct bytes
sample_stream(nct_rng *r, const struct nct_header *h, size_t blocks)
{
	int fd = bytes_fd("", 0), continues = 0;
	struct sample s;
	nct_writer *w;

	assert_int_equal(nct_writer_new(&w, fd), NCT_OK);
	assert_int_equal(nct_writer_header(w, h), NCT_OK);
	for (size_t i = 0; i < blocks; i++) {
		sample_block(&s, r, h, continues);
		assert_int_equal(nct_writer_block(w, &s.b), NCT_OK);
		continues = (s.b.flags & NCT_BLOCK_CONTINUED) != 0;
	}
	assert_int_equal(nct_writer_trailer(w), NCT_OK);
	nct_writer_free(w);
	return fd_bytes(fd);
}

#endif
