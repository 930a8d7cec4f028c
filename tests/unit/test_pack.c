/* test_pack.c - windows to tokens and back, for every b and v, and what is kept of damaged streams. */
#include "convert_stream.h"

/* ---- Every b and every v ---- */

static uint32_t
bits_at(const uint8_t *p, uint64_t end, uint64_t at, unsigned n)
{
	uint32_t x = 0;

	for (unsigned i = 0; i < n; i++, at++)
		x = x << 1 | (at < end ? (uint32_t)p[at / 8] >> (7 - at % 8) & 1 : 0);
	return x;
}

static uint64_t
block_bits(const struct nct_header *h, const struct nct_block *b)
{
	struct nct_directory_entry e;
	uint64_t bits = 0;
	size_t pos = 0;

	while (nct_directory_next(b->dir, b->dir_bytes, &pos, &e, h->window_bits == 0) == 1)
		bits += h->window_bits == 0 ? e.bits : e.units * h->window_bits;
	return bits;
}

/* Compares a stream of tokens with that of windows, block by block. Only kind, vocabulary and code differ, and the
 * code has the same bits, v in each token. */
static void
assert_packed(struct bytes windows, struct bytes tokens, unsigned v)
{
	enum nct_event wevent = NCT_AT_HEADER, tevent;
	int wfd = bytes_fd(windows.p, windows.n), tfd = bytes_fd(tokens.p, tokens.n);
	struct nct_block w, t;
	nct_reader *wr, *tr;

	assert_int_equal(nct_reader_new(&wr, wfd, 0), NCT_OK);
	assert_int_equal(nct_reader_new(&tr, tfd, 0), NCT_OK);
	while (wevent != NCT_AT_END) {
		assert_int_equal(nct_reader_next(wr, &wevent, &w, NULL), NCT_OK);
		assert_int_equal(nct_reader_next(tr, &tevent, &t, NULL), NCT_OK);
		assert_int_equal(wevent, tevent);
		if (wevent != NCT_AT_BLOCK)
			continue;
		uint64_t bits = block_bits(nct_reader_header(wr), &w);
		assert_int_equal(t.flags, w.flags);
		assert_int_equal(t.units, w.units);
		assert_int_equal(t.documents, w.documents);
		assert_int_equal(t.text_bytes, w.text_bytes);
		assert_int_equal(t.dir_bytes, w.dir_bytes);
		assert_memory_equal(t.dir, w.dir, w.dir_bytes);
		assert_int_equal(t.tokens, (bits + v - 1) / v);
		for (uint32_t i = 0; i < t.tokens; i++) {
			uint32_t got = v <= 8 ? t.code[i] : nct_get16(t.code + 2 * i);

			if (got != bits_at(w.code, bits, (uint64_t)i * v, v))
				fail_msg("v=%u, token %u", v, i);
		}
	}
	assert_int_equal(nct_reader_header(tr)->vocab, 1u << v);
	assert_int_equal(nct_reader_header(tr)->token_bits, v);
	nct_reader_free(wr);
	nct_reader_free(tr);
	close(wfd);
	close(tfd);
}

static void
test_all_widths(void **state)
{
	nct_rng rng = {11};

	(void)state;
	for (unsigned b = NCT_WINDOW_MIN - 1; b <= NCT_WINDOW_MAX; b++)
		for (unsigned v = 1; v <= 16; v++) {
			struct nct_header h = sample_header(b < NCT_WINDOW_MIN ? 0 : b);
			h.text_unknown = (b + v) % 7 == 0;
			struct bytes windows = sample_stream(&rng, &h, nct_rng_below(&rng, 4));
			struct bytes tokens = converted(PACK, windows, v), back = converted(UNPACK, tokens, 0);

			assert_packed(windows, tokens, v);
			assert_bytes_equal(back, windows);
			free(windows.p);
			free(tokens.p);
			free(back.p);
		}
}

/* Several operands, and several streams in one operand, give as many streams. */
static void
test_operands(void **state)
{
	nct_rng rng = {12};
	struct nct_header h = sample_header(24);
	struct bytes a = sample_stream(&rng, &h, 3), b = sample_stream(&rng, &h, 2), both = {malloc(a.n + b.n), a.n + b.n};
	struct bytes want = {0}, got;
	struct inputs two = {(const struct bytes[]){a, b}, 2};
	const struct nct_pack_options o = {sizeof o, .token_bits = 7};
	struct nct_totals totals;
	int fd = bytes_fd("", 0);

	(void)state;
	assert_non_null(both.p);
	memcpy(both.p, a.p, a.n);
	memcpy(both.p + a.n, b.p, b.n);
	want = converted(PACK, both, 7);
	assert_int_equal(nct_pack(next_input, &two, fd, &o, &totals, NULL), NCT_OK);
	got = fd_bytes(fd);
	assert_bytes_equal(got, want);
	assert_int_equal(totals.blocks, 5);
	assert_int_equal(totals.stream_bytes, both.n);
	assert_true(totals.tokens >= totals.windows * 24 / 7 && totals.tokens <= totals.windows * 24 / 7 + 5);
	free(got.p);
	got = converted(UNPACK, want, 0);
	assert_bytes_equal(got, both);
	free(got.p);
	free(want.p);
	free(both.p);
	free(a.p);
	free(b.p);
}

static void
test_wrong_kinds(void **state)
{
	nct_rng rng = {13};
	struct nct_header h = sample_header(16);
	struct bytes windows = sample_stream(&rng, &h, 2), tokens = converted(PACK, windows, 12), out;
	nct_why why;

	(void)state;
	assert_int_equal(run(PACK, tokens, 12, 0, &out, &why), NCT_EKIND);
	assert_string_equal(why.text, "a token stream, not windows, byte 10");
	assert_int_equal(out.n, 0);
	free(out.p);
	assert_int_equal(run(UNPACK, windows, 0, 0, &out, &why), NCT_EKIND);
	assert_string_equal(why.text, "a window stream, not tokens, byte 10");
	assert_int_equal(out.n, 0);
	free(out.p);
	assert_int_equal(run(TEXT, tokens, 11, 0, &out, &why), NCT_EKIND);
	assert_string_equal(why.text, "tokens of 12 bits, not 11, byte 16");
	free(out.p);
	assert_int_equal(run(PACK, windows, 17, 0, &out, &why), NCT_EARG);
	free(out.p);
	free(windows.p);
	free(tokens.p);
}

/* ---- Damage ---- */

/* The offset of block `i` in a stream. */
static size_t
block_at(struct bytes s, size_t i)
{
	size_t at = NCT_HEADER_BYTES;

	for (; i > 0; i--)
		at += NCT_BLOCK_HEADER_BYTES + ((nct_get32(s.p + at + 32) + 7u) & ~7u) + ((nct_get32(s.p + at + 36) + 7u) & ~7u) + 8;
	return at;
}

/* A stream with one chunk in four blocks. */
static struct bytes
long_chunk(uint32_t resets)
{
	struct nct_header h = sample_header(16);
	const struct nct_directory_entry open = {.units = 2}, last = {.units = 2, .ends_document = 1};
	int fd = bytes_fd("", 0);
	nct_writer *w;

	h.resets = resets;
	assert_int_equal(nct_writer_new(&w, fd), NCT_OK);
	assert_int_equal(nct_writer_header(w, &h), NCT_OK);
	for (uint8_t i = 0; i < 4; i++) {
		uint8_t dir[NCT_DIR_ENTRY_MAX], code[4] = {0, i, 1, i};
		struct nct_block b = {.text_bytes = 5, .units = 2, .documents = i == 3, .dir = dir, .code = code, .code_bytes = 4};

		b.dir_bytes = (uint32_t)nct_directory_put(dir, i == 3 ? &last : &open, 0);
		b.flags = (i > 0 ? NCT_BLOCK_CONTINUES : 0) | (i < 3 ? NCT_BLOCK_CONTINUED : 0);
		assert_int_equal(nct_writer_block(w, &b), NCT_OK);
	}
	assert_int_equal(nct_writer_trailer(w), NCT_OK);
	nct_writer_free(w);
	return fd_bytes(fd);
}

/* Blocks that continue a lost one are kept if their windows decode without it, and dropped otherwise. */
static void
test_orphans(void **state)
{
	struct bytes each = long_chunk(1), chunk = long_chunk(0), out, again;
	nct_why why;

	(void)state;
	each.p[block_at(each, 1) + 64] ^= 1;
	chunk.p[block_at(chunk, 1) + 64] ^= 1;
	losses = 0;
	assert_int_equal(run(TEXT, each, 16, 1, &out, &why), NCT_EDATA);
	assert_text(out, "0 256\n2 258 3 259\n");
	assert_int_equal(losses, 1);
	assert_int_equal(run(TEXT, chunk, 16, 1, &out, &why), NCT_EDATA);
	assert_text(out, "0 256\n");
	assert_int_equal(losses, 1 + 3);
	/* what was kept is a good stream */
	assert_int_equal(run(PACK, each, 16, 1, &out, &why), NCT_EDATA);
	again = converted(UNPACK, out, 0);
	free(out.p);
	assert_text(converted(TEXT, again, 16), "0 256 2 258 3 259\n");
	free(again.p);
	/* without keep_going, all before the damage is written, and no trailer */
	assert_int_equal(run(TEXT, each, 16, 0, &out, &why), NCT_EDATA);
	assert_text(out, "0 256");
	free(each.p);
	free(chunk.p);
}

/* With any byte changed, or cut anywhere, there is an error, and a prefix of the good output. */
static void
test_damage_gives_a_prefix(void **state)
{
	static const enum what all[] = {PACK, TEXT, RAW, NPY};
	nct_rng rng = {16};
	struct nct_header h = sample_header(20);
	struct bytes s = sample_stream(&rng, &h, 2), out;
	nct_why why;

	(void)state;
	for (size_t k = 0; k < sizeof all / sizeof all[0]; k++) {
		struct bytes good = converted(all[k], s, 12);
		size_t skip = all[k] == NPY ? 128 : 0; /* the header has the number of ids */

		for (size_t i = 0; i < s.n; i += 1 + nct_rng_below(&rng, 5)) {
			const uint8_t was = s.p[i];

			for (int cut = 0; cut < 2; cut++) {
				s.p[i] ^= (uint8_t)(cut ? 0 : 1u << nct_rng_below(&rng, 8));
				nct_err err = run(all[k], (struct bytes){s.p, cut ? i : s.n}, 12, 0, &out, &why);
				s.p[i] = was;
				assert_true(err == NCT_EDATA || err == NCT_ECUT || err == NCT_EKIND);
				assert_non_null(strstr(why.text, "byte "));
				if (all[k] == NPY && i < NCT_HEADER_BYTES)
					assert_int_equal(out.n, 0);
				else
					assert_true(out.n >= skip && out.n <= good.n);
				if (out.n > skip)
					assert_memory_equal(out.p + skip, good.p + skip, out.n - skip);
				free(out.p);
			}
		}
		free(good.p);
	}
	free(s.p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_widths),
		cmocka_unit_test(test_operands),
		cmocka_unit_test(test_wrong_kinds),
		cmocka_unit_test(test_orphans),
		cmocka_unit_test(test_damage_gives_a_prefix),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
