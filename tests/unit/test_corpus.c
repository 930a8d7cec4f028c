/* test_corpus.c - token streams as a corpus: tokens, places in blocks, text bytes, samples, refusals. */
#include "token_streams.h"

#include <math.h>

static void
test_corpus(void **state)
{
	const struct source sources[] = {
		{.header = {&plain, &plain}}, {.header = {&plain, &plain}, .pipe = 1}, {.header = {&plain, &plain}, .joined = 1},
		{.header = {&plain, &plain}, .joined = 1, .pipe = 1}};
	uint64_t crc = 0;

	(void)state;
	for (size_t i = 0; i < sizeof sources / sizeof sources[0]; i++) {
		nct_corpus *c = read_corpus(sources[i]);
		uint32_t got[2500];
		uint64_t place[2500];

		assert_int_equal(nct_corpus_tokens(c), 8000);
		assert_int_equal(nct_corpus_text_bytes(c), 8 * 900);
		assert_true(i == 0 || nct_corpus_crc(c) == crc); /* the same for files and pipes */
		crc = nct_corpus_crc(c);
		for (uint64_t from = 0; from + 2500 <= 8000; from += 499) {
			nct_corpus_get(c, from, 2500, got, place);
			for (size_t j = 0; j < 2500; j++) {
				assert_int_equal(got[j], token(from + j));
				assert_int_equal(place[j], (from + j) % 1000);
			}
		}
		nct_corpus_free(c);
	}
}

static void
test_corpus_refuses(void **state)
{
	struct nct_header other = plain, windows = plain;
	nct_corpus *c;
	nct_why why = {0};
	size_t at;

	(void)state;
	other.m1 = 77;
	assert_int_equal(nct_corpus_read(&c, operand, &(struct source){.header = {&plain, &other}}, folder, &at, &why),
	                 NCT_EMODEL);
	assert_null(c);
	assert_int_equal(at, 1);
	assert_string_equal(why.text, "other tokens than before: M1 000000000000004d, not 0000000000000007");
	windows.kind = NCT_WINDOWS;
	windows.token_bits = 0;
	windows.vocab = 0;
	{
		int fd = open(in_folder((char[256]){0}, "piece"), O_RDWR | O_CREAT | O_TRUNC, 0600);
		const struct nct_directory_entry e = {.units = 4, .ends_document = 1};
		uint8_t dir[NCT_DIR_ENTRY_MAX], code[5] = {0};
		struct nct_block b = {.units = 4, .documents = 1, .dir = dir, .code = code, .code_bytes = 5};
		nct_writer *w;
		uint8_t buf[1024];
		ssize_t n;

		b.dir_bytes = (uint32_t)nct_directory_put(dir, &e, 0);
		assert_int_equal(nct_writer_new(&w, fd), NCT_OK);
		assert_int_equal(nct_writer_header(w, &windows), NCT_OK);
		assert_int_equal(nct_writer_block(w, &b), NCT_OK);
		assert_int_equal(nct_writer_trailer(w), NCT_OK);
		nct_writer_free(w);
		n = pread(fd, buf, sizeof buf, 0);
		assert_int_equal(close(fd), 0);
		assert_int_equal(nct_corpus_read(&c, from_pieces, (struct piece[]){{(char *)buf, (size_t)n}, {NULL, 0}},
		                                 folder, &at, &why),
		                 NCT_EKIND);
	}
}

/* If the text bytes of one stream are unknown, so are those of all, and losses are per token. */
static void
test_unknown_text(void **state)
{
	struct nct_header unknown = plain;
	nct_corpus *c = read_corpus((struct source){.header = {&plain, &plain}});
	struct nct_examples e;

	(void)state;
	nct_corpus_examples(&e, c, 10);
	assert_string_equal(e.per, "byte");
	nct_corpus_free(c);
	unknown.text_unknown = 1;
	c = read_corpus((struct source){.header = {&plain, &unknown}});
	assert_true(nct_corpus_header(c)->text_unknown);
	nct_corpus_examples(&e, c, 10);
	assert_string_equal(e.per, "token");
	assert_true(e.per_unit == 1);
	assert_true(fabs(nct_examples_bits(&e, 5 * log(2), 10) - 0.5) < 1e-12);
	nct_corpus_free(c);
}

static void
test_samples_are_whole_blocks(void **state)
{
	nct_corpus *c = read_corpus((struct source){.header = {&plain, &plain}}), *s;
	struct nct_examples e;
	uint32_t in[64], target[64];

	(void)state;
	assert_int_equal(nct_corpus_sample(&s, c, 3000), NCT_OK);
	assert_int_equal(nct_corpus_tokens(s), 3000);
	assert_int_equal(nct_corpus_text_bytes(s), 3 * 900);
	nct_corpus_free(s);
	assert_int_equal(nct_corpus_sample(&s, c, 10), NCT_OK); /* at least one block */
	assert_int_equal(nct_corpus_tokens(s), 1000);
	nct_corpus_free(s);
	assert_int_equal(nct_corpus_sample(&s, c, 1u << 30), NCT_OK);
	assert_int_equal(nct_corpus_tokens(s), 8000);
	nct_corpus_examples(&e, s, 64);
	assert_int_equal(e.count, 125);
	assert_int_equal(e.sample, 125);
	assert_true(e.per_unit == 900.0 / 1000);
	assert_int_equal(e.get(&e, 1, in, target), 64);
	assert_int_equal(in[0], V); /* BOS */
	for (size_t i = 0; i < 64; i++) {
		assert_int_equal(target[i], token(64 + i));
		assert_true(i == 0 || in[i] == target[i - 1]);
	}
	nct_corpus_free(s);
	nct_corpus_free(c);
}

/* A line of ids in several blocks: only the last has text bytes, those of the whole line. */
static nct_err
cut_line(void *ctx, size_t i, int *fd)
{
	const struct nct_header ids = {.kind = NCT_TOKENS, .code = NCT_CODE_NONE, .vocab = V};
	uint8_t dir[NCT_DIR_ENTRY_MAX], code[1000] = {0};
	char path[256];
	nct_writer *w;

	(void)ctx;
	*fd = -1;
	if (i > 0)
		return NCT_OK;
	*fd = open(in_folder(path, "piece"), O_RDWR | O_CREAT | O_TRUNC, 0600);
	assert_int_equal(nct_writer_new(&w, *fd), NCT_OK);
	assert_int_equal(nct_writer_header(w, &ids), NCT_OK);
	for (unsigned part = 0; part < 2; part++) {
		const struct nct_directory_entry e = {.units = 1000, .ends_document = (int)part};
		struct nct_block b = {.units = 1000,
		                      .tokens = 1000,
		                      .documents = part,
		                      .text_bytes = 5000 * part,
		                      .dir = dir,
		                      .code = code,
		                      .code_bytes = 1000,
		                      .flags = part == 0 ? NCT_BLOCK_CONTINUED : NCT_BLOCK_CONTINUES};

		b.dir_bytes = (uint32_t)nct_directory_put(dir, &e, 0);
		assert_int_equal(nct_writer_block(w, &b), NCT_OK);
	}
	assert_int_equal(nct_writer_trailer(w), NCT_OK);
	nct_writer_free(w);
	assert_int_equal(lseek(*fd, 0, SEEK_SET), 0);
	return NCT_OK;
}

static void
test_part_of_a_line(void **state)
{
	const struct {
		uint64_t sample;
		const char *per;
	} cases[] = {{1000, "token"}, {2000, "byte"}};
	nct_corpus *c, *s;
	struct nct_examples e;
	size_t at;

	(void)state;
	assert_int_equal(nct_corpus_read(&c, cut_line, NULL, folder, &at, NULL), NCT_OK);
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(nct_corpus_sample(&s, c, cases[i].sample), NCT_OK);
		assert_int_equal(nct_corpus_tokens(s), cases[i].sample);
		nct_corpus_examples(&e, s, 100);
		assert_string_equal(e.per, cases[i].per);
		nct_corpus_free(s);
	}
	nct_corpus_free(c);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_corpus),
		cmocka_unit_test(test_corpus_refuses),
		cmocka_unit_test(test_unknown_text),
		cmocka_unit_test(test_samples_are_whole_blocks),
		cmocka_unit_test(test_part_of_a_line),
	};

	return cmocka_run_group_tests(tests, make_folder, drop_folder);
}
