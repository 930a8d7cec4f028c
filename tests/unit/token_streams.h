/* token_streams.h - streams of patterned tokens, for the tests of corpora and of models. */
#ifndef TOKEN_STREAMS_H
#define TOKEN_STREAMS_H

#include "train_text.h"

#include "data/corpus.h"
#include "stream/stream.h"

#define V 16

static const struct nct_header plain = {.kind = NCT_TOKENS,
                                        .code = NCT_CODE_SPLIT,
                                        .window_bits = 10,
                                        .token_bits = 4,
                                        .vocab = V,
                                        .resets = 1,
                                        .m1 = 7,
                                        .windows = 8,
                                        .m1_parameters = 9};

/* Token i of the streams of all tests: a pattern of period 3 with some noise. */
static inline uint32_t
token(uint64_t i)
{
	return i % 11 == 10 ? (uint32_t)(i / 11 % 7) : (uint32_t)(i % 3) * 5 + 1;
}

/* Writes a stream of `blocks` blocks. Each has `windows` windows of 10 bits, an even number, as 4-bit tokens, and
 * stands for `bytes` bytes of text. */
static inline void
write_stream(int fd, const struct nct_header *h, size_t blocks, uint32_t windows, uint64_t bytes, uint64_t first)
{
	const uint32_t n = windows * 10 / 4;
	uint8_t dir[NCT_DIR_ENTRY_MAX], *code = malloc(n);
	const struct nct_directory_entry e = {.units = windows, .ends_document = 1};
	nct_writer *w;

	assert_non_null(code);
	assert_int_equal(nct_writer_new(&w, fd), NCT_OK);
	assert_int_equal(nct_writer_header(w, h), NCT_OK);
	for (size_t i = 0; i < blocks; i++) {
		struct nct_block b = {.units = windows,
		                      .tokens = n,
		                      .documents = 1,
		                      .text_bytes = bytes,
		                      .dir = dir,
		                      .code = code,
		                      .code_bytes = n};

		for (uint32_t j = 0; j < n; j++)
			code[j] = (uint8_t)token(first + i * n + j);
		b.dir_bytes = (uint32_t)nct_directory_put(dir, &e, 0);
		assert_int_equal(nct_writer_block(w, &b), NCT_OK);
	}
	assert_int_equal(nct_writer_trailer(w), NCT_OK);
	nct_writer_free(w);
	free(code);
}

/* One or two streams in files. `pipe`: in pipes, which need a temporary file. `joined`: both in one operand. */
struct source {
	const struct nct_header *header[2]; /* NULL: no more */
	int pipe, joined;
	int left;
};

static inline nct_err
operand(void *ctx, size_t i, int *fd)
{
	struct source *s = ctx;
	char path[256];

	*fd = -1;
	if (i >= 2 || s->header[i] == NULL || (s->joined && i > 0))
		return NCT_OK;
	*fd = open(in_folder(path, "piece"), O_RDWR | O_CREAT | O_TRUNC, 0600);
	assert_true(*fd >= 0);
	write_stream(*fd, s->header[i], 4, 400, s->header[i]->text_unknown ? 0 : 900, i * 4000);
	if (s->joined)
		write_stream(*fd, s->header[1], 4, 400, 900, 4000);
	assert_int_equal(lseek(*fd, 0, SEEK_SET), 0);
	if (s->pipe) {
		char buf[16384];
		int ends[2];
		ssize_t n = read(*fd, buf, sizeof buf);

		assert_true(n > 0 && (size_t)n < sizeof buf);
		assert_int_equal(pipe(ends), 0);
		assert_int_equal(write(ends[1], buf, (size_t)n), n);
		assert_int_equal(close(ends[1]), 0);
		assert_int_equal(close(*fd), 0);
		*fd = ends[0];
	}
	assert_int_equal(unlink(path), 0);
	return NCT_OK;
}

static inline nct_corpus *
read_corpus(struct source s)
{
	nct_corpus *c;
	nct_why why = {0};
	size_t at;

	if (nct_corpus_read(&c, operand, &s, folder, &at, &why) != NCT_OK)
		fail_msg("operand %zu: %s", at, why.text);
	return c;
}

#endif
