/* test_ids.c - tokens to bare ids, and ids to tokens. */
#include "convert_stream.h"

#include "tokens/repack.h"

/* ---- Exports ---- */

/* What exports must write for a stream: all ids in `raw`, and lines in `text`. */
static void
expected(struct bytes tokens, struct bytes *raw, struct bytes *text)
{
	int fd = bytes_fd(tokens.p, tokens.n), raw_fd = bytes_fd("", 0), text_fd = bytes_fd("", 0), begun = 0;
	enum nct_event event = NCT_AT_HEADER;
	FILE *f = fdopen(dup(text_fd), "w");
	struct nct_block b;
	nct_reader *r;

	assert_non_null(f);
	assert_int_equal(nct_reader_new(&r, fd, 0), NCT_OK);
	while (event != NCT_AT_END) {
		assert_int_equal(nct_reader_next(r, &event, &b, NULL), NCT_OK);
		if (event == NCT_AT_BLOCK) {
			const struct nct_header *h = nct_reader_header(r);
			struct nct_directory_entry e;
			uint64_t bits = 0;
			uint32_t i = 0;
			size_t pos = 0;

			assert_int_equal(nct_write(raw_fd, b.code, b.code_bytes), NCT_OK);
			while (nct_directory_next(b.dir, b.dir_bytes, &pos, &e, h->window_bits == 0) == 1) {
				bits += h->window_bits == 0 ? e.bits : e.units * h->window_bits;
				for (; (uint64_t)i * h->token_bits < bits; i++, begun = 1)
					fprintf(f, begun ? " %u" : "%u", h->vocab <= 256 ? b.code[i] : nct_get16(b.code + 2 * i));
				if (e.ends_document) {
					fputc('\n', f);
					begun = 0;
				}
			}
		}
		if (event == NCT_AT_TRAILER && begun) {
			fputc('\n', f);
			begun = 0;
		}
	}
	assert_int_equal(fclose(f), 0);
	nct_reader_free(r);
	close(fd);
	*raw = fd_bytes(raw_fd);
	*text = fd_bytes(text_fd);
}

static void
assert_npy(struct bytes npy, struct bytes raw, size_t width)
{
	char dict[128];
	int n = snprintf(dict, sizeof dict, "{'descr': '%s', 'fortran_order': False, 'shape': (%zu,), }",
	                 width == 1 ? "|u1" : "<u2", raw.n / width);

	assert_int_equal(npy.n, 128 + raw.n);
	assert_memory_equal(npy.p, "\x93NUMPY\x01\x00\x76\x00", 10);
	assert_memory_equal(npy.p + 10, dict, (size_t)n);
	for (size_t i = 10 + (size_t)n; i < 127; i++)
		assert_int_equal(npy.p[i], ' ');
	assert_int_equal(npy.p[127], '\n');
	assert_memory_equal(npy.p + 128, raw.p, raw.n);
}

static void
test_exports(void **state)
{
	static const unsigned bits[] = {0, 10, 16, 17, 24, 128};
	nct_rng rng = {14};

	(void)state;
	for (size_t i = 0; i < sizeof bits / sizeof bits[0]; i++)
		for (unsigned v = 1; v <= 16; v += 3) {
			struct nct_header h = sample_header(bits[i]);
			struct bytes windows = sample_stream(&rng, &h, i == 3 ? 0 : 1 + i), tokens = converted(PACK, windows, v);
			struct bytes raw, text;

			expected(tokens, &raw, &text);
			for (int from_windows = 0; from_windows < 2; from_windows++)
				for (unsigned given = 0; given < 2; given++) {
					struct bytes in = from_windows ? windows : tokens, out;

					if (from_windows && !given && v != nct_token_bits_for(bits[i]))
						continue;
					out = converted(TEXT, in, given ? v : 0);
					assert_bytes_equal(out, text);
					free(out.p);
					out = converted(RAW, in, given ? v : 0);
					assert_bytes_equal(out, raw);
					free(out.p);
					out = converted(NPY, in, given ? v : 0);
					assert_npy(out, raw, v <= 8 ? 1 : 2);
					free(out.p);
				}
			free(raw.p);
			free(text.p);
			free(tokens.p);
			free(windows.p);
		}
}

/* Streams whose ids mean different things are not exported together, as nothing in the output would tell them apart. */
static void
test_export_of_two_kinds(void **state)
{
	nct_rng rng = {15};
	struct nct_header h = sample_header(16);
	struct bytes windows = sample_stream(&rng, &h, 1), in[2] = {converted(PACK, windows, 16), converted(PACK, windows, 8)};
	struct inputs two = {in, 2};
	const struct nct_pack_options o = {.struct_size = sizeof o};
	nct_why why;

	(void)state;
	for (unsigned to = NCT_EXPORT_TEXT; to <= NCT_EXPORT_NPY; to++) {
		int fd = bytes_fd("", 0);
		nct_err err = nct_tokens_export(next_input, &two, fd, (enum nct_export)to, &o, NULL, &why);

		assert_int_equal(err, NCT_EKIND);
		assert_string_equal(why.text, "vocabulary 256, not 65536 as before, byte 12");
		close(fd);
	}
	free(windows.p);
	free(in[0].p);
	free(in[1].p);
}

/* ---- Imports ---- */

static nct_err
import_ids(const char *ids, uint32_t vocab, const char *text, struct bytes *out, nct_why *why)
{
	struct bytes in = {(uint8_t *)(uintptr_t)ids, strlen(ids)};
	struct inputs inputs = {&in, 1};
	struct nct_import_options o = {sizeof o, .vocab = vocab, .text = text != NULL ? bytes_fd(text, strlen(text)) : -1};
	int fd = bytes_fd("", 0);
	nct_err err = nct_import_ids(next_input, &inputs, fd, &o, NULL, why);

	if (text != NULL)
		close(o.text);
	*out = fd_bytes(fd);
	return err;
}

static void
test_import_ids(void **state)
{
	static const struct {
		const char *ids, *again;
		uint64_t tokens, documents;
	} good[] = {
		{"", "", 0, 0},
		{"\n", "\n", 0, 1},
		{"\n\n1\n", "\n\n1\n", 1, 3},
		{"1 2 3\n4 5\n", "1 2 3\n4 5\n", 5, 2},
		{" 01\t2 \r\n  7", "1 2\n7\n", 3, 2},
		{"299 0", "299 0\n", 2, 1},
	};
	nct_why why;

	(void)state;
	for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
		struct bytes s;
		const uint8_t *trailer;

		assert_int_equal(import_ids(good[i].ids, 300, NULL, &s, &why), NCT_OK);
		trailer = s.p + s.n - NCT_TRAILER_BYTES;
		assert_int_equal(nct_get64(trailer + 32), good[i].tokens);
		assert_int_equal(nct_get64(trailer + 40), good[i].documents);
		assert_int_equal(s.p[18], 1); /* text bytes unknown */
		assert_text(converted(TEXT, s, 0), good[i].again);
		free(s.p);
	}
}

static void
test_import_errors(void **state)
{
	static const struct {
		const char *ids, *text, *why;
	} bad[] = {
		{"1 2\n3 x\n", NULL, "not an id, line 2, column 3"},
		{"-1\n", NULL, "not an id, line 1, column 1"},
		{"1 2 3a\n", NULL, "not an id, line 1, column 5"},
		{"\n\n 12 300\n", NULL, "an id outside the vocabulary of 300, line 3, column 5"},
		{"99999999999999999999999", NULL, "an id outside the vocabulary of 300, line 1, column 1"},
		{"1\n2\n", "a\n", "the text has no line 2, line 2"},
		{"1\n2\n", "a\nb\nc", "the text goes on with line 3, line 3"},
	};
	struct bytes out;
	nct_why why;

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		assert_int_equal(import_ids(bad[i].ids, 300, bad[i].text, &out, &why), NCT_EDATA);
		assert_string_equal(why.text, bad[i].why);
		free(out.p);
	}
	assert_int_equal(import_ids("1\n", 1, NULL, &out, &why), NCT_EARG);
	free(out.p);
	assert_int_equal(import_ids("1\n", 65537, NULL, &out, &why), NCT_EARG);
	free(out.p);
}

/* Units and text bytes of each block. */
static size_t
blocks_of(struct bytes s, struct nct_block *blocks, size_t cap)
{
	int fd = bytes_fd(s.p, s.n);
	enum nct_event event = NCT_AT_HEADER;
	struct nct_block b;
	nct_reader *r;
	size_t n = 0;

	assert_int_equal(nct_reader_new(&r, fd, 0), NCT_OK);
	while (event != NCT_AT_END) {
		assert_int_equal(nct_reader_next(r, &event, &b, NULL), NCT_OK);
		if (event == NCT_AT_BLOCK) {
			assert_true(n < cap);
			blocks[n++] = b;
		}
	}
	nct_reader_free(r);
	close(fd);
	return n;
}

static void
assert_block(const struct nct_block *b, uint32_t units, uint32_t documents, uint64_t text_bytes, uint32_t flags)
{
	assert_int_equal(b->units, units);
	assert_int_equal(b->documents, documents);
	assert_int_equal(b->text_bytes, text_bytes);
	assert_int_equal(b->flags, flags);
}

/* Blocks end at the ends of lines, or within lines that are too long. */
static void
test_import_blocks(void **state)
{
	const size_t length = 2 * NCT_PART_WINDOWS + 5, short_lines = 3 * NCT_BLOCK_WINDOWS / 2;
	char *ids = malloc(4 * (length + short_lines) + 100), *text = malloc(4 * short_lines + 200), *p = ids, *t = text;
	struct nct_block b[8] = {{0}};
	struct bytes s;
	nct_why why;

	(void)state;
	assert_non_null(ids);
	assert_non_null(text);
	for (size_t i = 0; i < short_lines; i++) { /* 65,536 lines of one token, then 32,768 */
		p += sprintf(p, "%zu\n", i % 10);
		t += sprintf(t, "\n");
	}
	for (size_t i = 0; i < length; i++)
		p += sprintf(p, "%zu ", i % 7);
	strcpy(p, "\n1\n");
	strcpy(t, "long\nshort");
	assert_int_equal(import_ids(ids, 10, text, &s, &why), NCT_OK);
	assert_int_equal(blocks_of(s, b, 8), 6);
	assert_block(&b[0], NCT_BLOCK_WINDOWS, NCT_BLOCK_WINDOWS, NCT_BLOCK_WINDOWS, 0);
	assert_block(&b[1], NCT_BLOCK_WINDOWS / 2, NCT_BLOCK_WINDOWS / 2, NCT_BLOCK_WINDOWS / 2, 0);
	assert_block(&b[2], NCT_PART_WINDOWS, 0, 0, NCT_BLOCK_CONTINUED);
	assert_block(&b[3], NCT_PART_WINDOWS, 0, 0, NCT_BLOCK_CONTINUES | NCT_BLOCK_CONTINUED);
	assert_block(&b[4], 5, 1, 5, NCT_BLOCK_CONTINUES);
	assert_block(&b[5], 1, 1, 5, 0);
	p[-1] = '\n'; /* instead of the last blank */
	strcpy(p, "1\n");
	assert_text(converted(TEXT, s, 0), ids);
	free(s.p);
	free(ids);
	free(text);
}

static void
test_import_raw(void **state)
{
	static uint8_t bytes[NCT_PART_WINDOWS + 70000];
	const struct bytes in[3] = {{bytes, 256}, {bytes, 0}, {bytes, sizeof bytes}};
	const struct nct_import_options o = {sizeof o, .vocab = 256, .text = -1}, bad = {sizeof bad, .vocab = 257, .text = -1};
	struct inputs inputs = {in, 3};
	int fd = bytes_fd("", 0);
	struct nct_totals totals;
	struct nct_block b[4];
	struct bytes s, raw;

	(void)state;
	for (size_t i = 0; i < sizeof bytes; i++)
		bytes[i] = (uint8_t)(i ^ i >> 8);
	assert_int_equal(nct_import_raw(next_input, &inputs, fd, &bad, &totals, NULL), NCT_EARG);
	assert_int_equal(nct_import_raw(next_input, &inputs, fd, &o, &totals, NULL), NCT_OK);
	assert_int_equal(totals.text_bytes, 256 + sizeof bytes);
	assert_int_equal(totals.tokens, 256 + sizeof bytes);
	assert_int_equal(totals.documents, 3);
	s = fd_bytes(fd);
	assert_int_equal(s.p[18], 0); /* text bytes are known */
	assert_int_equal(blocks_of(s, b, 4), 3);
	assert_block(&b[0], 256, 2, 256, 0);
	assert_block(&b[1], NCT_PART_WINDOWS, 0, NCT_PART_WINDOWS, NCT_BLOCK_CONTINUED);
	assert_block(&b[2], 70000, 1, 70000, NCT_BLOCK_CONTINUES);
	raw = converted(RAW, s, 0);
	assert_int_equal(raw.n, 256 + sizeof bytes);
	assert_memory_equal(raw.p, bytes, 256);
	assert_memory_equal(raw.p + 256, bytes, sizeof bytes);
	free(raw.p);
	assert_int_equal(run(UNPACK, s, 0, 0, &raw, NULL), NCT_EKIND);
	free(raw.p);
	free(s.p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_exports),
		cmocka_unit_test(test_export_of_two_kinds),
		cmocka_unit_test(test_import_ids),
		cmocka_unit_test(test_import_errors),
		cmocka_unit_test(test_import_blocks),
		cmocka_unit_test(test_import_raw),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
