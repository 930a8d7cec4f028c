/* test_stream.c - the block stream: its bytes, its rules, what is said of damage, and going on after it. */
#include "sample_stream.h"

#include <signal.h>
#include <stddef.h>

#define BLOCKS_MAX 16

/* CRC64 (ECMA-182, reflected), bit by bit: what liblzma computes, from the definition. */
static uint64_t
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

static struct frames
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
	nct_why why; /* the last loss, or the error */
};

static struct seen
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
		assert_int_equal(nct_reader_next(r, &event, &b, &again), s.err); /* an error stays */
		assert_string_equal(again.text, why.text);
	} else {
		assert_int_equal(nct_reader_offset(r), n);
	}
	nct_reader_free(r);
	close(fd);
	return s;
}

static void
assert_says(const struct seen *s, const char *what)
{
	if (strstr(s->why.text, what) == NULL)
		fail_msg("'%s' does not say '%s'", s->why.text, what);
}

/* ---- Directories ---- */

static void
test_directory(void **state)
{
	static const uint64_t numbers[] = {0, 1, 63, 64, 127, 8191, 8192, 65535, 1u << 20, UINT64_MAX >> 1};
	uint8_t dir[NCT_DIR_ENTRY_MAX];

	(void)state;
	for (size_t i = 0; i < 10; i++)
		for (size_t k = 0; k < 10; k++)
			for (int unbroken = 0; unbroken < 2; unbroken++) {
				const struct nct_dir_entry e = {numbers[i], k % 2, unbroken ? numbers[k] : 0};
				struct nct_dir_entry got;
				size_t pos = 0, n = nct_dir_put(dir, &e, unbroken);

				assert_int_equal(nct_dir_next(dir, n, &pos, &got, unbroken), 1);
				assert_int_equal(pos, n);
				assert_int_equal(got.units, e.units);
				assert_int_equal(got.ends_document, e.ends_document);
				assert_int_equal(got.bits, e.bits);
				assert_int_equal(nct_dir_next(dir, n, &pos, &got, unbroken), 0);
				for (size_t cut = 1; cut < n; cut++) {
					pos = 0;
					int first = nct_dir_next(dir, cut, &pos, &got, 0);
					assert_true(first == -1 || unbroken);
				}
			}
}

static void
test_directory_malformed(void **state)
{
	static const struct {
		size_t n;
		uint8_t dir[12];
	} bad[] = {
		{1, {0x80}},                                                                   /* cut */
		{2, {0x81, 0x00}},                                                             /* not the shortest form */
		{10, {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02}},             /* past 64 bits */
		{11, {0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01}},       /* too long */
	};
	struct nct_dir_entry e;

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		size_t pos = 0;

		assert_int_equal(nct_dir_next(bad[i].dir, bad[i].n, &pos, &e, 0), -1);
	}
}

/* ---- Bytes ---- */

/* The smallest stream with all of its parts, byte for byte as nct-formats(5) tells. */
static void
test_bytes(void **state)
{
	static const uint8_t code[5] = {0xab, 0xcd, 0xef, 0x12, 0x34};
	struct nct_header h = {.kind = NCT_TOKENS, .code = NCT_CODE_SPLIT, .align = NCT_ALIGN_WORDS, .separator = NCT_SEP_REGEX,
	                       .window_bits = 40, .token_bits = 8, .vocab = 256, .resets = 0x01020304, .chunk = 0x1122334455667788,
	                       .m1 = 0xa1a2a3a4a5a6a7a8, .windows = 0xb1b2b3b4b5b6b7b8, .m1_parameters = 0xc1c2c3c4c5c6c7c8};
	struct nct_block b = {.units = 1, .tokens = 5, .documents = 1, .text_bytes = 0x0102, .dir = (const uint8_t *)"\x03",
	                      .dir_bytes = 1, .code = code, .code_bytes = 5};
	static const uint8_t header[64] = {
		0x89, 'N', 'C', 'T', 0x0d, 0x0a, 0x1a, 0x0a, 1, 0, 2, 40, 0, 1, 0, 0,
		8, 2, 0, 1, 4, 3, 2, 1, 0x88, 0x77, 0x66, 0x55, 0x44, 0x33, 0x22, 0x11,
		1, 0, 0, 0, 0, 0, 0, 0, 0xa8, 0xa7, 0xa6, 0xa5, 0xa4, 0xa3, 0xa2, 0xa1,
		0xb8, 0xb7, 0xb6, 0xb5, 0xb4, 0xb3, 0xb2, 0xb1, 0xc8, 0xc7, 0xc6, 0xc5, 0xc4, 0xc3, 0xc2, 0xc1};
	static const uint8_t block[52] = {
		0x8a, 'N', 'C', 'T', 'B', 'L', 'K', 0x0a, 0, 0, 0, 0, 0, 0, 0, 0,
		0, 0, 0, 0, 0, 0, 0, 0, 2, 1, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 5, 0, 0, 0, 1, 0, 0, 0, 5, 0, 0, 0, 1, 0, 0, 0};
	static const uint8_t payload[16] = {3, 0, 0, 0, 0, 0, 0, 0, 0xab, 0xcd, 0xef, 0x12, 0x34, 0, 0, 0};
	static const uint8_t trailer[48] = {
		0x8a, 'N', 'C', 'T', 'E', 'N', 'D', 0x0a, 1, 0, 0, 0, 0, 0, 0, 0,
		2, 1, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 5, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0};
	int fd = bytes_fd("", 0);
	struct bytes s;
	nct_writer *w;

	(void)state;
	assert_int_equal(nct_writer_new(&w, fd), NCT_OK);
	assert_int_equal(nct_writer_header(w, &h), NCT_OK);
	assert_int_equal(nct_writer_block(w, &b), NCT_OK);
	assert_int_equal(nct_writer_trailer(w), NCT_OK);
	assert_int_equal(nct_writer_totals(w)->stream_bytes, 72 + 64 + 16 + 8 + 64);
	nct_writer_free(w);
	s = fd_bytes(fd);
	assert_int_equal(s.n, 72 + 64 + 16 + 8 + 64);
	assert_memory_equal(s.p, header, 64);
	assert_int_equal(nct_get64(s.p + 64), crc64(header, 64));
	assert_memory_equal(s.p + 72, block, 52);
	assert_memory_equal(s.p + 72 + 52, s.p + 64, 4); /* the stream's id */
	assert_int_equal(nct_get64(s.p + 72 + 56), crc64(s.p + 72, 56));
	assert_memory_equal(s.p + 136, payload, 16);
	assert_int_equal(nct_get64(s.p + 152), crc64(payload, 16));
	assert_memory_equal(s.p + 160, trailer, 48);
	assert_memory_equal(s.p + 160 + 48, s.p + 64, 4);
	assert_int_equal(nct_get32(s.p + 160 + 52), 0);
	assert_int_equal(nct_get64(s.p + 160 + 56), crc64(s.p + 160, 56));
	free(s.p);
}

static void
assert_header_equal(const struct nct_header *a, const struct nct_header *b)
{
	assert_int_equal(a->kind, b->kind);
	assert_int_equal(a->code, b->code);
	assert_int_equal(a->align, b->align);
	assert_int_equal(a->separator, b->separator);
	assert_int_equal(a->window_bits, b->window_bits);
	assert_int_equal(a->token_bits, b->token_bits);
	assert_int_equal(a->vocab, b->vocab);
	assert_int_equal(a->resets, b->resets);
	assert_int_equal(a->chunk, b->chunk);
	assert_int_equal(a->text_unknown, b->text_unknown);
	assert_int_equal(a->m1, b->m1);
	assert_int_equal(a->windows, b->windows);
	assert_int_equal(a->m1_parameters, b->m1_parameters);
}

/* What a writer was given comes back, through a pipe that holds no more than the next event needs, to an owner that keeps it. */
static void
test_live_round_trip(void **state)
{
	nct_rng rng = {1};
	int p[2];

	(void)state;
	alarm(60); /* a reader that reads ahead waits for ever */
	assert_int_equal(pipe(p), 0);
	for (unsigned i = 0; i < 60; i++) {
		struct nct_header h = sample_header(i % 10 == 0 ? 0 : 10 + 2 * i);
		enum nct_event event;
		struct nct_block b;
		struct sample s;
		nct_writer *w;
		nct_reader *r;

		h.text_unknown = i % 3 == 0;
		assert_int_equal(nct_writer_new(&w, p[1]), NCT_OK);
		assert_int_equal(nct_reader_new(&r, p[0], (int)i % 2), NCT_OK);
		assert_int_equal(nct_writer_header(w, &h), NCT_OK);
		assert_int_equal(nct_reader_next(r, &event, &b, NULL), NCT_OK);
		assert_int_equal(event, NCT_AT_HEADER);
		assert_header_equal(nct_reader_header(r), &h);
		for (uint32_t k = 0; k < i % 5; k++) {
			uint8_t *owned;

			sample_block(&s, &rng, &h, k > 0 && (s.b.flags & NCT_BLOCK_CONTINUED));
			assert_int_equal(nct_writer_block(w, &s.b), NCT_OK);
			assert_int_equal(nct_reader_next(r, &event, &b, NULL), NCT_OK);
			assert_int_equal(event, NCT_AT_BLOCK);
			owned = k % 2 == 0 ? nct_reader_take(r) : NULL;
			assert_int_equal(b.sequence, k);
			assert_int_equal(b.flags, s.b.flags);
			assert_int_equal(b.text_offset, nct_writer_totals(w)->text_bytes - b.text_bytes);
			assert_int_equal(b.text_bytes, s.b.text_bytes);
			assert_int_equal(b.units, s.b.units);
			assert_int_equal(b.documents, s.b.documents);
			assert_int_equal(b.dir_bytes, s.b.dir_bytes);
			assert_memory_equal(b.dir, s.dir, s.b.dir_bytes);
			assert_int_equal(b.code_bytes, s.b.code_bytes);
			assert_memory_equal(b.code, s.code, s.b.code_bytes);
			free(owned);
		}
		assert_int_equal(nct_writer_trailer(w), NCT_OK);
		assert_int_equal(nct_reader_next(r, &event, &b, NULL), NCT_OK);
		assert_int_equal(event, NCT_AT_TRAILER);
		assert_memory_equal(nct_reader_totals(r), nct_writer_totals(w), sizeof(struct nct_totals));
		nct_writer_free(w);
		nct_reader_free(r);
	}
	close(p[0]);
	close(p[1]);
	alarm(0);
}

static void
test_streams_in_a_row(void **state)
{
	nct_rng rng = {2};
	struct nct_header h = sample_header(16);
	struct bytes s = sample_stream(&rng, &h, 3);
	uint8_t *twice = malloc(2 * s.n);
	struct seen seen;

	(void)state;
	assert_non_null(twice);
	memcpy(twice, s.p, s.n);
	memcpy(twice + s.n, s.p, s.n);
	seen = read_all(twice, 2 * s.n, 0);
	assert_int_equal(seen.err, NCT_OK);
	assert_int_equal(seen.headers, 2);
	assert_int_equal(seen.blocks, 6);
	assert_int_equal(seen.trailers, 2);
	free(twice);
	free(s.p);
}

/* ---- Damage ---- */

static void
test_cut_anywhere(void **state)
{
	nct_rng rng = {3};
	struct nct_header h = sample_header(16);
	struct bytes s = sample_stream(&rng, &h, 4);
	struct frames f = frames_of(s);
	struct seen whole = read_all(s.p, s.n, 0);

	(void)state;
	assert_int_equal(whole.err, NCT_OK);
	for (size_t n = 0; n < s.n; n++) {
		struct seen cut = read_all(s.p, n, 0), kept = read_all(s.p, n, 1);
		size_t blocks = 0;
		char where[64];

		while (blocks < whole.blocks && f.at[blocks + 2] <= n)
			blocks++;
		assert_int_equal(cut.err, NCT_ECUT);
		assert_int_equal(cut.blocks, blocks);
		assert_memory_equal(cut.crc, whole.crc, blocks * sizeof cut.crc[0]);
		if (n < NCT_HEADER_BYTES)
			snprintf(where, sizeof where, "byte %zu", n);
		else
			snprintf(where, sizeof where, "block %zu, byte %zu", blocks, n);
		assert_says(&cut, "stream ends early");
		assert_says(&cut, where);
		assert_int_equal(kept.err, n == 0 ? NCT_ECUT : NCT_OK);
		assert_int_equal(kept.losses, n > 0);
		assert_int_equal(kept.blocks, blocks);
	}
	free(s.p);
}

static void
test_flip_any_byte(void **state)
{
	nct_rng rng = {4};
	struct nct_header h = sample_header(13);
	struct bytes s = sample_stream(&rng, &h, 3);
	struct frames f = frames_of(s);
	struct seen whole = read_all(s.p, s.n, 0);

	(void)state;
	assert_int_equal(whole.err, NCT_OK);
	for (size_t i = 0; i < s.n; i++) {
		const uint8_t was = s.p[i];
		struct seen bad, kept;
		size_t frame = 0; /* 0: header; 1...: blocks; then the trailer */

		while (f.at[frame + 1] <= i)
			frame++;
		s.p[i] ^= (uint8_t)(1 + nct_rng_below(&rng, 255));
		bad = read_all(s.p, s.n, 0);
		kept = read_all(s.p, s.n, 1);
		s.p[i] = was;
		assert_int_equal(bad.err, i < 8 ? NCT_EKIND : NCT_EDATA);
		assert_says(&bad, "byte ");
		assert_int_equal(bad.blocks, frame > 0 ? frame - 1 : 0);
		assert_memory_equal(bad.crc, whole.crc, bad.blocks * sizeof bad.crc[0]);
		assert_int_equal(kept.err, NCT_OK);
		assert_int_equal(kept.losses, 1);
		assert_int_equal(kept.blocks, frame == 0 ? 0 : frame <= whole.blocks ? whole.blocks - 1 : whole.blocks);
		assert_int_equal(kept.trailers, frame > 0 && frame <= whole.blocks);
	}
	free(s.p);
}

/* ---- Going on ---- */

/* A stream of six blocks, and a way to put pieces of it together anew. */
struct puzzle {
	struct bytes s;
	struct frames f;
	struct seen whole;
	uint8_t out[1 << 16];
	size_t n;
};

static struct puzzle *
puzzle_new(uint64_t seed)
{
	struct puzzle *p = calloc(1, sizeof *p);
	struct nct_header h = sample_header(16);
	nct_rng rng = {seed};

	assert_non_null(p);
	p->s = sample_stream(&rng, &h, 6);
	p->f = frames_of(p->s);
	p->whole = read_all(p->s.p, p->s.n, 0);
	assert_int_equal(p->whole.err, NCT_OK);
	return p;
}

static void
puzzle_free(struct puzzle *p)
{
	free(p->s.p);
	free(p);
}

static void
add(struct puzzle *p, const void *bytes, size_t n)
{
	assert_true(p->n + n <= sizeof p->out);
	memcpy(p->out + p->n, bytes, n);
	p->n += n;
}

/* Adds frames [from, to): 0 is the header, 1 to 6 are the blocks, 7 is the trailer. Gives the place in `out`. */
static size_t
add_frames(struct puzzle *p, size_t from, size_t to)
{
	size_t at = p->n;

	add(p, p->s.p + p->f.at[from], p->f.at[to] - p->f.at[from]);
	return at;
}

/* Reads the puzzle: without keep_going it must fail as told; with it, the blocks in `sequence` must come, no others. */
static void
assert_recovers(struct puzzle *p, const char *says, size_t losses, size_t blocks, const uint32_t *sequence)
{
	struct seen strict = read_all(p->out, p->n, 0), kept = read_all(p->out, p->n, 1);

	assert_true(strict.err == NCT_EDATA || strict.err == NCT_ECUT || strict.err == NCT_EKIND || strict.err == NCT_EVERSION);
	assert_int_equal(kept.err, NCT_OK);
	assert_says(&kept, says);
	assert_int_equal(kept.losses, losses);
	assert_int_equal(kept.blocks, blocks);
	for (size_t i = 0; i < blocks; i++) {
		assert_int_equal(kept.sequence[i], sequence[i]);
		assert_int_equal(kept.crc[i], p->whole.crc[sequence[i]]);
	}
	p->n = 0;
}

static void
test_recovery(void **state)
{
	struct puzzle *p = puzzle_new(5);
	const size_t *at = p->f.at;
	char says[200];
	uint64_t text = 0;

	(void)state;
	for (size_t i = 1; i <= 2; i++)
		text += nct_get64(p->s.p + at[i] + 24);
	/* A payload that fails its CRC: that block is lost, with its text. */
	add_frames(p, 0, 8);
	p->out[at[3] + 66] ^= 1;
	snprintf(says, sizeof says, "block 2 is damaged (payload CRC), byte %zu, bytes %zu to %zu skipped, text bytes %llu to %llu missing",
	         at[3], at[3], at[4] - 1, (unsigned long long)text, (unsigned long long)(text + nct_get64(p->s.p + at[3] + 24) - 1));
	assert_recovers(p, says, 1, 5, (const uint32_t[]){0, 1, 3, 4, 5});
	/* Two bad blocks that touch are two losses, since the second one's header is good. */
	add_frames(p, 0, 8);
	p->out[at[3] + 66] ^= 1;
	p->out[at[4] + 66] ^= 1;
	assert_recovers(p, "block 3 is damaged (payload CRC)", 2, 4, (const uint32_t[]){0, 1, 4, 5});
	/* A block that is not there. */
	add_frames(p, 0, 3);
	add_frames(p, 4, 8);
	assert_recovers(p, "block 2 is missing", 1, 5, (const uint32_t[]){0, 1, 3, 4, 5});
	/* Several, the last ones. */
	add_frames(p, 0, 5);
	add_frames(p, 7, 8);
	assert_recovers(p, "blocks 4 to 5 are missing", 1, 4, (const uint32_t[]){0, 1, 2, 3});
	/* One that comes twice is delivered once. */
	add_frames(p, 0, 4);
	add_frames(p, 3, 8);
	assert_recovers(p, "block 3 is damaged (an earlier one comes again)", 1, 6, (const uint32_t[]){0, 1, 2, 3, 4, 5});
	/* Foreign bytes between blocks, and so the rest on odd addresses. */
	add_frames(p, 0, 4);
	add(p, "\x8aNCTBLK\n?", 9);
	add_frames(p, 4, 8);
	assert_recovers(p, "block 3 is damaged (header CRC)", 1, 6, (const uint32_t[]){0, 1, 2, 3, 4, 5});
	/* Bytes missing from a payload. */
	add_frames(p, 0, 3);
	add(p, p->s.p + at[3], at[4] - at[3] - 13);
	add_frames(p, 4, 8);
	assert_recovers(p, "block 2 is damaged (payload CRC)", 1, 5, (const uint32_t[]){0, 1, 3, 4, 5});
	puzzle_free(p);
}

static void
test_recovery_of_lengths(void **state)
{
	struct puzzle *p = puzzle_new(6);
	size_t at;

	(void)state;
	/* A header whose length covers all the good blocks behind it, and its CRC holds. */
	add_frames(p, 0, 3);
	at = add_frames(p, 3, 8);
	nct_put32(p->out + at + 40, 500000);
	nct_put32(p->out + at + 36, 1000000);
	nct_put64(p->out + at + 56, crc64(p->out + at, 56));
	assert_recovers(p, "stream ends early, block 2", 1, 5, (const uint32_t[]){0, 1, 3, 4, 5});
	/* The same within the input's length. */
	add_frames(p, 0, 3);
	at = add_frames(p, 3, 8);
	nct_put32(p->out + at + 40, 100 + nct_get32(p->out + at + 40));
	nct_put32(p->out + at + 36, 2 * nct_get32(p->out + at + 40));
	nct_put64(p->out + at + 56, crc64(p->out + at, 56));
	assert_recovers(p, "block 2 is damaged (payload CRC)", 1, 5, (const uint32_t[]){0, 1, 3, 4, 5});
	puzzle_free(p);
}

static void
test_recovery_of_streams(void **state)
{
	struct puzzle *p = puzzle_new(7), *other = puzzle_new(8);
	const struct seen *w = &other->whole;
	struct seen kept;
	size_t at;

	(void)state;
	/* The first header is lost: its blocks cannot be read, the next stream can. */
	add_frames(p, 0, 8);
	p->out[20] ^= 1;
	add(p, other->s.p, other->s.n);
	kept = read_all(p->out, p->n, 1);
	assert_int_equal(kept.err, NCT_OK);
	assert_says(&kept, "stream header is damaged (CRC), byte 0");
	assert_int_equal(kept.losses, 1);
	assert_int_equal(kept.blocks, 6);
	assert_memory_equal(kept.crc, w->crc, 6 * sizeof w->crc[0]);
	/* A stream without trailer, then one of another kind: no block of the second counts as the first's. */
	p->n = 0;
	add_frames(p, 0, 5);
	at = p->n;
	add(p, other->s.p, other->s.n);
	p->out[at + 24] ^= 1; /* another chunk rule: another stream id */
	nct_put64(p->out + at + 64, crc64(p->out + at, 64));
	kept = read_all(p->out, p->n, 1);
	assert_int_equal(kept.err, NCT_OK);
	assert_int_equal(kept.headers, 2);
	assert_int_equal(kept.blocks, 4);
	/* A stream without trailer, then a good one. */
	p->n = at;
	add(p, other->s.p, other->s.n);
	kept = read_all(p->out, p->n, 1);
	assert_int_equal(kept.err, NCT_OK);
	assert_says(&kept, "trailer is missing, block 4");
	assert_int_equal(kept.losses, 1);
	assert_int_equal(kept.blocks, 10);
	assert_int_equal(kept.trailers, 1);
	/* No stream at all. */
	kept = read_all((const uint8_t *)"\x89NCT or what?", 14, 1);
	assert_int_equal(kept.err, NCT_OK);
	assert_int_equal(kept.losses, 1);
	assert_says(&kept, "not an nct stream, byte 0");
	puzzle_free(p);
	puzzle_free(other);
}

/* ---- Rules ---- */

/* One field of one frame set to a wrong value, with its CRCs made right. */
struct wrong {
	size_t frame, at; /* 0: header; 1, 2: blocks; 3: trailer. at -1: the payload's first byte, -2: its last */
	unsigned bytes;
	uint64_t value;
	nct_err err;
	const char *says;
};

static void
assert_refused(struct bytes s, const struct frames *f, const struct wrong *w)
{
	uint8_t *p = s.p + f->at[w->frame];
	size_t payload = f->at[w->frame + 1] - f->at[w->frame] - NCT_BLOCK_HEADER_BYTES - 8;
	size_t at = w->at == (size_t)-1 ? 64 : w->at == (size_t)-2 ? 64 + payload - 1 : w->at, crc_at = w->frame == 0 ? 64 : 56;
	struct seen seen;

	for (unsigned i = 0; i < w->bytes; i++)
		p[at + i] = (uint8_t)(w->value >> 8 * i);
	nct_put64(p + crc_at, crc64(p, crc_at));
	if (w->frame == 1 || w->frame == 2)
		nct_put64(p + 64 + payload, crc64(p + 64, payload));
	if (w->frame == 0) /* the others' link to their header */
		for (size_t i = 1; i < 4; i++) {
			memcpy(s.p + f->at[i] + (i == 3 ? 48 : 52), p + 64, 4);
			nct_put64(s.p + f->at[i] + 56, crc64(s.p + f->at[i], 56));
		}
	seen = read_all(s.p, s.n, 0);
	if (seen.err != w->err || strstr(seen.why.text, w->says) == NULL)
		fail_msg("frame %zu, byte %zu = %llu: %d, '%s' instead of '%s'", w->frame, w->at, (unsigned long long)w->value, seen.err,
		         seen.why.text, w->says);
}

/* Two blocks: 7 windows of 13 bits in chunks of 3 and 4, one document each; then 2 windows of one chunk. */
static struct bytes
small_stream(enum nct_kind kind)
{
	static const uint8_t windows[2][12] = {{0x12, 0x34, 0x56, 0x78, 0x9a, 0xbc, 0xde, 0xf0, 0x12, 0x34, 0x56, 0x60}, {1, 2, 3, 0xc0}};
	/* The same bits in tokens of 3: 31 of them, and 9. */
	static const uint8_t tokens[2][31] = {{0, 4, 4, 3, 2, 1, 2, 6, 3, 6, 1, 1, 5, 2, 7, 4, 6, 7, 5, 7, 0, 0, 2, 2, 1, 5, 0, 5, 3, 1, 4},
	                                      {0, 0, 2, 0, 1, 0, 0, 3, 6}};
	struct nct_header h = sample_header(13);
	struct nct_block b = {.text_bytes = 10, .units = 7, .documents = 2, .dir = (const uint8_t *)"\x07\x09", .dir_bytes = 2};
	int fd = bytes_fd("", 0);
	nct_writer *w;

	h.kind = kind;
	h.token_bits = kind == NCT_TOKENS ? 3 : 0;
	h.vocab = kind == NCT_TOKENS ? 8 : 0;
	assert_int_equal(nct_writer_new(&w, fd), NCT_OK);
	assert_int_equal(nct_writer_header(w, &h), NCT_OK);
	b.code = kind == NCT_TOKENS ? tokens[0] : windows[0];
	b.tokens = kind == NCT_TOKENS ? 31 : 0;
	b.code_bytes = kind == NCT_TOKENS ? 31 : 12;
	assert_int_equal(nct_writer_block(w, &b), NCT_OK);
	b = (struct nct_block){.text_bytes = 5, .units = 2, .dir = (const uint8_t *)"\x04", .dir_bytes = 1};
	b.code = kind == NCT_TOKENS ? tokens[1] : windows[1];
	b.tokens = kind == NCT_TOKENS ? 9 : 0;
	b.code_bytes = kind == NCT_TOKENS ? 9 : 4;
	assert_int_equal(nct_writer_block(w, &b), NCT_OK);
	assert_int_equal(nct_writer_trailer(w), NCT_OK);
	nct_writer_free(w);
	return fd_bytes(fd);
}

static void
refuse_all(enum nct_kind kind, const struct wrong *wrong, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct bytes s = small_stream(kind);
		struct frames f = frames_of(s);

		assert_int_equal(read_all(s.p, s.n, 0).err, NCT_OK);
		assert_refused(s, &f, &wrong[i]);
		free(s.p);
	}
}

#define FIRST ((size_t)-1)
#define LAST ((size_t)-2)

static void
test_rules_of_windows(void **state)
{
	static const struct wrong wrong[] = {
		{0, 8, 2, 7, NCT_EVERSION, "version 7 is not known here, byte 8"},
		{0, 10, 1, 0, NCT_EDATA, "stream header is damaged (kind), byte 10"},
		{0, 10, 1, 3, NCT_EDATA, "(kind), byte 10"},
		{0, 11, 1, 9, NCT_EDATA, "(window bits), byte 11"},
		{0, 11, 1, 129, NCT_EDATA, "(window bits), byte 11"},
		{0, 11, 1, 0, NCT_EDATA, "(window bits), byte 11"},
		{0, 12, 4, 8192, NCT_EDATA, "(vocabulary), byte 12"},
		{0, 16, 1, 13, NCT_EDATA, "(vocabulary), byte 12"},
		{0, 17, 1, 3, NCT_EDATA, "(separator), byte 17"},
		{0, 18, 1, 2, NCT_EDATA, "(flags), byte 18"},
		{0, 19, 1, 0, NCT_EDATA, "(code), byte 19"},
		{0, 19, 1, 4, NCT_EDATA, "(code), byte 19"},
		{0, 19, 1, NCT_CODE_UNBROKEN, NCT_EDATA, "(window bits), byte 11"},
		{0, 32, 1, 3, NCT_EDATA, "(alignment), byte 32"},
		{0, 39, 1, 1, NCT_EDATA, "(reserved bytes), byte 33"},
		{1, 12, 4, 4, NCT_EDATA, "block 0 is damaged (flags), byte 84"},
		{1, 12, 4, 1, NCT_EDATA, "block 0 is damaged (flags), byte 84"},
		{2, 12, 4, 1, NCT_EDATA, "block 1 is damaged (flags)"},
		{1, 12, 4, 2, NCT_EDATA, "block 0 is damaged (directory's last chunk)"},
		{1, 16, 8, 1, NCT_EDATA, "block 0 is damaged (text offset), byte 88"},
		{2, 16, 8, 0, NCT_EDATA, "block 1 is damaged (text offset)"},
		{2, 24, 8, UINT64_MAX, NCT_EDATA, "block 1 is damaged (text bytes)"},
		{1, 32, 4, 0, NCT_EDATA, "block 0 is damaged (directory length), byte 104"},
		{1, 32, 4, NCT_DIR_MAX + 1, NCT_EDATA, "block 0 is damaged (directory length), byte 104"},
		{1, 32, 4, 1, NCT_EDATA, "block 0 is damaged (padding)"},
		{1, 32, 4, 3, NCT_EDATA, "block 0 is damaged (directory's units)"},
		{1, 36, 4, 13, NCT_EDATA, "block 0 is damaged (code length), byte 108"},
		{1, 36, 4, 11, NCT_EDATA, "block 0 is damaged (code length), byte 108"},
		{1, 40, 4, 0, NCT_EDATA, "block 0 is damaged (units), byte 112"},
		{1, 40, 4, UINT32_MAX, NCT_EDATA, "block 0 is damaged (units), byte 112"},
		{1, 40, 4, 6, NCT_EDATA, "block 0 is damaged (code length), byte 108"},
		{1, 44, 4, 1, NCT_EDATA, "block 0 is damaged (tokens), byte 116"},
		{1, 48, 4, 1, NCT_EDATA, "block 0 is damaged (directory's documents)"},
		{1, 52, 4, 0, NCT_EDATA, "block 0 is damaged (it belongs to another stream), byte 124"},
		{1, FIRST, 1, 0x05, NCT_EDATA, "block 0 is damaged (directory's units)"},
		{1, FIRST, 1, 0x87, NCT_EDATA, "block 0 is damaged (directory's units)"},
		{1, FIRST, 2, 0x0107, NCT_EDATA, "block 0 is damaged (directory's units)"},
		{1, FIRST, 2, 0x8907, NCT_EDATA, "block 0 is damaged (directory)"},
		{1, LAST, 1, 1, NCT_EDATA, "block 0 is damaged (padding)"},
		{2, 67, 1, 1, NCT_EDATA, "block 1 is damaged (padding)"},
		{2, 75, 1, 0xc1, NCT_EDATA, "block 1 is damaged (pad bits)"},
		{3, 8, 8, 1, NCT_EDATA, "trailer is damaged (totals)"},
		{3, 8, 8, 4, NCT_EDATA, "blocks 2 to 3 are missing"},
		{3, 16, 8, 16, NCT_EDATA, "trailer is damaged (totals)"},
		{3, 24, 8, 10, NCT_EDATA, "trailer is damaged (totals)"},
		{3, 32, 8, 1, NCT_EDATA, "trailer is damaged (totals)"},
		{3, 40, 8, 3, NCT_EDATA, "trailer is damaged (totals)"},
		{3, 48, 4, 0, NCT_EDATA, "trailer is damaged (it belongs to another stream)"},
		{3, 52, 4, 1, NCT_EDATA, "trailer is damaged (reserved bytes)"},
	};

	(void)state;
	refuse_all(NCT_WINDOWS, wrong, sizeof wrong / sizeof wrong[0]);
}

static void
test_rules_of_tokens(void **state)
{
	static const struct wrong wrong[] = {
		{0, 12, 4, 9, NCT_EDATA, "stream header is damaged (vocabulary), byte 12"},
		{0, 16, 1, 0, NCT_EDATA, "(vocabulary), byte 12"},
		{0, 16, 1, 17, NCT_EDATA, "(vocabulary), byte 12"},
		{0, 19, 1, 0, NCT_EDATA, "(window bits), byte 11"},
		{1, 44, 4, 30, NCT_EDATA, "block 0 is damaged (tokens), byte 116"},
		{1, 36, 4, 62, NCT_EDATA, "block 0 is damaged (code length), byte 108"},
		{1, 72, 1, 8, NCT_EDATA, "block 0 is damaged (a token outside the vocabulary)"},
		{1, 72 + 30, 1, 1, NCT_EDATA, "block 0 is damaged (pad bits)"},
	};

	(void)state;
	refuse_all(NCT_TOKENS, wrong, sizeof wrong / sizeof wrong[0]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_directory),
		cmocka_unit_test(test_directory_malformed),
		cmocka_unit_test(test_bytes),
		cmocka_unit_test(test_live_round_trip),
		cmocka_unit_test(test_streams_in_a_row),
		cmocka_unit_test(test_cut_anywhere),
		cmocka_unit_test(test_flip_any_byte),
		cmocka_unit_test(test_recovery),
		cmocka_unit_test(test_recovery_of_lengths),
		cmocka_unit_test(test_recovery_of_streams),
		cmocka_unit_test(test_rules_of_windows),
		cmocka_unit_test(test_rules_of_tokens),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
