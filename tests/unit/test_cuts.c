/* test_cuts.c - streams whose chunks end where no encoder ends them: damaged if their text bytes are known, good if
 * these are unknown. */
#include "encode_text.h"

#include "coder/bits.h"
#include "m1/m1.h"
#include "random_m1.h"
#include "stream/frame.h"

/* Joins the blocks of a stream into one. The header says that chunks have `chunk` bytes. `unknown`: text bytes are
 * unknown, and all is one chunk. */
static struct bytes
joined_blocks(struct bytes stream, uint64_t chunk, int unknown)
{
	const int in = bytes_fd(stream.p, stream.n), out = bytes_fd("", 0);
	enum nct_event event;
	struct nct_block b = {0}, all = {0};
	static uint8_t dir[65536];
	nct_bits code = {0};
	nct_reader *r;
	nct_writer *w;

	assert_int_equal(nct_reader_new(&r, in, 0), NCT_OK);
	assert_int_equal(nct_writer_new(&w, out), NCT_OK);
	while (nct_reader_next(r, &event, &b, NULL) == NCT_OK && event != NCT_AT_END) {
		struct nct_header h = *nct_reader_header(r);

		h.chunk = chunk;
		h.text_unknown = unknown;
		if (event == NCT_AT_HEADER)
			assert_int_equal(nct_writer_header(w, &h), NCT_OK);
		if (event != NCT_AT_BLOCK)
			continue;
		assert_true(all.dir_bytes + b.dir_bytes <= sizeof dir);
		memcpy(dir + all.dir_bytes, b.dir, b.dir_bytes);
		all.dir_bytes += b.dir_bytes;
		all.units += b.units;
		all.documents += b.documents;
		all.text_bytes += b.text_bytes;
		assert_int_equal(nct_bits_append(&code, b.code, 0, nct_block_bits(&h, &b)), NCT_OK);
	}
	if (unknown) {
		all.dir_bytes = (uint32_t)nct_directory_put(dir, &(struct nct_directory_entry){.units = all.units}, 0);
		all.documents = 0;
		all.text_bytes = 0;
	}
	all.dir = dir;
	all.code = code.bytes;
	all.code_bytes = (uint32_t)nct_bits_bytes(code.bits);
	assert_int_equal(nct_writer_block(w, &all), NCT_OK);
	assert_int_equal(nct_writer_trailer(w), NCT_OK);
	nct_writer_free(w);
	nct_reader_free(r);
	nct_bits_free(&code);
	close(in);
	return fd_bytes(out);
}

static struct bytes
encode_documents(const nct_m1 *m, struct bytes text, const struct nct_encode_options *o)
{
	const int fd = bytes_fd("", 0);
	struct nct_totals t;

	assert_int_equal(nct_encode(m, open_text, &text, fd, o, &t, NULL), NCT_OK);
	return fd_bytes(fd);
}

/* Encodes, joins all blocks into one, changes the header's size of chunks, and decodes. `good`: this must succeed. */
static void
assert_cut(const nct_m1 *m, struct bytes text, struct nct_encode_options o, uint64_t chunk, int good)
{
	struct nct_decode_options d = {sizeof d, .threads = 1};
	struct nct_totals t;
	nct_why why = {0};
	struct bytes stream = encode_documents(m, text, &o), joined = joined_blocks(stream, chunk, 0);

	for (d.no_codebook = 0; d.no_codebook < 2; d.no_codebook++) {
		const int in = bytes_fd(joined.p, joined.n);

		assert_int_equal(nct_decode(m, in, -1, &d, &t, &why), good ? NCT_OK : NCT_EDATA);
		if (!good)
			assert_string_equal(why.text, "block 0 is not cut as its stream's header says");
		close(in);
	}
	free(stream.p);
	free(joined.p);
}

/* A chunk longer than the header says is damage to every decoder. So is one that begins after 65,536 bytes of its
 * block's text. */
static void
test_cuts(void **state)
{
	static uint8_t two[] = "abcdefghij\0kl";
	static const unsigned plans[][2] = {{10, 1}, {12, 1}, {40, 0}, {40, 2}, {0, 0}}; /* b, r */
	uint32_t freq[NCT_SYMBOLS];
	uint8_t text[65536 + 6];
	nct_m1 *m;

	(void)state;
	for (unsigned s = 0; s < NCT_SYMBOLS; s++)
		freq[s] = s == 'a' ? NCT_FREQ_TOTAL - (NCT_SYMBOLS - 1) : 1;
	assert_int_equal(nct_m1_new_unigram(&m, freq, NULL, NULL), NCT_OK);
	assert_int_equal(nct_m1_compile(m, 10, 1, NULL), NCT_OK);
	memset(text, 'a', sizeof text);
	text[65535] = text[65537] = 0;
	for (size_t i = 0; i < sizeof plans / sizeof plans[0]; i++) {
		struct nct_encode_options o = {sizeof o, .window_bits = plans[i][0], .resets = plans[i][1],
		                               .separator = NCT_SEP_NUL, .threads = 1};

		for (uint64_t chunk = 6; chunk < 12; chunk++)
			assert_cut(m, (struct bytes){two, sizeof two - 1}, o, chunk, chunk >= 10);
		if (o.window_bits == 0)
			continue; /* the reader refuses as many symbols as bytes */
		assert_cut(m, (struct bytes){text, sizeof text}, o, 0, 0);
		assert_cut(m, (struct bytes){text, 65537}, o, 0, 1);
	}
	nct_m1_free(m);
}

/* If text bytes are unknown, EOD may be anywhere. M1 is reset after it, and the count of r windows begins anew. */
static void
test_resets_of_unknown_text(void **state)
{
	static const struct nct_m1_config config = {
	    .kind = NCT_M1_TRANSFORMER, .width = 16, .heads = 2, .layers = 2, .inner = 24, .reach = 9};
	static uint8_t docs[] = "abcabcaabbca\0bcaabbaccbabcabc\0cab\0\0aabbccaabbccaabbcc\0";
	const struct bytes text = {docs, sizeof docs - 1};
	const struct nct_decode_options d = {sizeof d, .threads = 2};
	struct nct_totals t;
	nct_m1 *m = random_m1(&config, NULL, 42);

	(void)state;
	assert_non_null(m);
	for (unsigned b = 10; b <= 40; b += 6)
		for (uint32_t r = 0; r < 5; r++) {
			const struct nct_encode_options o = {sizeof o, .window_bits = b, .resets = r,
			                                     .separator = NCT_SEP_NUL, .threads = 1};
			struct bytes stream = encode_documents(m, text, &o), joined = joined_blocks(stream, 0, 1);
			const int in = bytes_fd(joined.p, joined.n), out = bytes_fd("", 0);

			assert_int_equal(nct_decode(m, in, out, &d, &t, NULL), NCT_OK);
			struct bytes back = fd_bytes(out);
			assert_bytes_equal(back, text);
			free(stream.p);
			free(joined.p);
			free(back.p);
			close(in);
		}
	nct_m1_free(m);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_cuts), cmocka_unit_test(test_resets_of_unknown_text)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
