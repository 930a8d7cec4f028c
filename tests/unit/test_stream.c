/* test_stream.c - the block stream: its bytes, reading it while it is written, and reports of damage. */
#include "read_stream.h"

#include <signal.h>

/* ---- directories ---- */

static void
test_directory(void **state)
{
	static const uint64_t numbers[] = {0, 1, 63, 64, 127, 8191, 8192, 65535, 1u << 20, UINT64_MAX >> 1};
	uint8_t dir[NCT_DIR_ENTRY_MAX];

	(void)state;
	for (size_t i = 0; i < 10; i++)
		for (size_t k = 0; k < 10; k++)
			for (int unbroken = 0; unbroken < 2; unbroken++) {
				const struct nct_directory_entry e = {numbers[i], k % 2, unbroken ? numbers[k] : 0};
				struct nct_directory_entry got;
				size_t pos = 0, n = nct_directory_put(dir, &e, unbroken);

				assert_int_equal(nct_directory_next(dir, n, &pos, &got, unbroken), 1);
				assert_int_equal(pos, n);
				assert_int_equal(got.units, e.units);
				assert_int_equal(got.ends_document, e.ends_document);
				assert_int_equal(got.bits, e.bits);
				assert_int_equal(nct_directory_next(dir, n, &pos, &got, unbroken), 0);
				for (size_t cut = 1; cut < n; cut++) {
					pos = 0;
					int first = nct_directory_next(dir, cut, &pos, &got, 0);
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
	struct nct_directory_entry e;

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		size_t pos = 0;

		assert_int_equal(nct_directory_next(bad[i].dir, bad[i].n, &pos, &e, 0), -1);
	}
}

/* ---- bytes ---- */

/* The smallest stream with all parts has the bytes that nct-formats(5) says. */
static void
test_bytes(void **state)
{
	static const uint8_t code[5] = {0xab, 0xcd, 0xef, 0x12, 0x34};
	struct nct_header h = {.kind = NCT_TOKENS,
	                       .code = NCT_CODE_SPLIT,
	                       .align = NCT_ALIGN_WORDS,
	                       .separator = NCT_SEP_REGEX,
	                       .window_bits = 40,
	                       .token_bits = 8,
	                       .vocab = 256,
	                       .resets = 0x01020304,
	                       .chunk = 0x1122334455667788,
	                       .m1 = 0xa1a2a3a4a5a6a7a8,
	                       .windows = 0xb1b2b3b4b5b6b7b8,
	                       .m1_parameters = 0xc1c2c3c4c5c6c7c8};
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

/* What a writer was given comes back through a pipe that never has more than the next event needs. The caller keeps
 * the blocks' memory. */
static void
test_live_round_trip(void **state)
{
	nct_rng rng = {1};
	int p[2];

	(void)state;
	alarm(600); /* a reader that reads ahead would wait for ever */
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
			size_t cap = 0;

			sample_block(&s, &rng, &h, k > 0 && (s.b.flags & NCT_BLOCK_CONTINUED));
			assert_int_equal(nct_writer_block(w, &s.b), NCT_OK);
			assert_int_equal(nct_reader_next(r, &event, &b, NULL), NCT_OK);
			assert_int_equal(event, NCT_AT_BLOCK);
			owned = k % 2 == 0 ? nct_reader_take(r, &cap) : NULL;
			assert_true(owned == NULL || (b.dir > owned && b.code + b.code_bytes <= owned + cap));
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
			if (k % 4 == 0)
				nct_reader_give(r, owned, cap); /* memory for the next blocks */
			else
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

/* ---- damage ---- */

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
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
