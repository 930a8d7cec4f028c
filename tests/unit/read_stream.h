/* read_stream.h - for tests: reads a stream and records what the reader finds. */
#ifndef NCT_TEST_READ_STREAM_H
#define NCT_TEST_READ_STREAM_H

#include "sample_stream.h"

#define BLOCKS_MAX 16

/* CRC64 (ECMA-182, reflected), bit by bit from its definition. liblzma computes the same. */
static inline uint64_t
crc64(const uint8_t *p, size_t n)
{
	uint64_t crc = ~(uint64_t)0;

	for (size_t i = 0; i < n; i++) {
		crc ^= p[i];
		for (int k = 0; k < 8; k++)
			crc = crc >> 1 ^ (crc & 1 ? 0xc96c5795d7870f42 : 0);
	}
	return ~crc;
}

/* Where the frames of a whole stream begin: header, blocks, trailer, end. */
struct frames {
	size_t n, at[BLOCKS_MAX + 3];
};

static inline struct frames
frames_of(struct bytes s)
{
	struct frames f = {.n = 2, .at = {0, NCT_HEADER_BYTES}};
	size_t at = NCT_HEADER_BYTES;

	while (memcmp(s.p + at, "\x8aNCTBLK\n", 8) == 0) {
		at += NCT_BLOCK_HEADER_BYTES + ((nct_get32(s.p + at + 32) + 7u) & ~7u) + ((nct_get32(s.p + at + 36) + 7u) & ~7u) + 8;
		f.at[f.n++] = at;
	}
	f.at[f.n++] = at + NCT_TRAILER_BYTES;
	assert_int_equal(f.at[f.n - 1], s.n);
	return f;
}

/* What a reader found. */
struct seen {
	size_t headers, blocks, trailers, losses;
	uint32_t sequence[4 * BLOCKS_MAX];
	uint64_t crc[4 * BLOCKS_MAX]; /* of each block's directory and code */
	nct_err err;
	nct_why why; /* of the last loss, or of the error */
};

static inline struct seen
read_all(const uint8_t *p, size_t n, int keep_going)
{
	struct seen s = {0};
	enum nct_event event = NCT_AT_HEADER;
	nct_why why;
	struct nct_block b;
	nct_reader *r;
	int fd = bytes_fd(p, n);

	assert_int_equal(nct_reader_new(&r, fd, keep_going), NCT_OK);
	while ((s.err = nct_reader_next(r, &event, &b, &why)) == NCT_OK && event != NCT_AT_END) {
		s.headers += event == NCT_AT_HEADER;
		s.trailers += event == NCT_AT_TRAILER;
		if (event == NCT_AT_BLOCK && s.blocks < 4 * BLOCKS_MAX) {
			assert_int_equal((uintptr_t)b.code % 8, 0);
			s.sequence[s.blocks] = b.sequence;
			s.crc[s.blocks++] = crc64(b.dir, b.dir_bytes) ^ crc64(b.code, b.code_bytes) * 3;
		}
		if (event == NCT_AT_LOSS) {
			s.losses++;
			s.why = why;
		}
	}
	if (s.err != NCT_OK) {
		nct_why again;

		s.why = why;
		assert_int_equal(nct_reader_next(r, &event, &b, &again), s.err); /* the error stays */
		assert_string_equal(again.text, why.text);
	} else {
		assert_int_equal(nct_reader_offset(r), n);
	}
	nct_reader_free(r);
	close(fd);
	return s;
}

static inline void
assert_says(const struct seen *s, const char *what)
{
	if (strstr(s->why.text, what) == NULL)
		fail_msg("'%s' does not say '%s'", s->why.text, what);
}

#endif
