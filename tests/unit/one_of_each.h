/* one_of_each.h - for tests of all public functions: a small model, stream, text and so on for each of them. */
#ifndef ONE_OF_EACH_H
#define ONE_OF_EACH_H

#include "token_streams.h"

#include "encode_text.h"
#include "some_m1.h"
#include "train/m2_file.h"

#define TINY "d=16,layers=1,heads=2,ff=16"

static nct_m1 *m1;             /* with a codebook of 10 bits */
static nct_text *text, *empty;
static nct_corpus *corpus, *other;
static nct_m2 *m2;
static struct bytes windows, damaged, tokens;
static struct bytes junk = {(uint8_t *)"junk, and more of it", 20};
static int full, null; /* descriptors: writes to `full` fail, writes to `null` succeed */

static inline struct nct_train_options
tiny(const char *size, const char *checkpoint)
{
	struct nct_train_options o;

	nct_train_defaults(&o, sizeof o);
	o.size = size;
	o.checkpoint = checkpoint;
	o.steps = 1;
	o.rows = 2;
	o.length = 16;
	o.codebook = 0;
	return o;
}

static inline nct_m2 *
some_m2(void)
{
	const struct nct_train_options o = tiny(TINY, NULL);
	struct nct_m2_train_result r;
	char path[256];
	const int fd = open(in_folder(path, "m2"), O_RDWR | O_CREAT | O_TRUNC, 0600);
	nct_m2 *m;

	assert_int_equal(nct_m2_train(corpus, NULL, &o, fd, &r, NULL), NCT_OK);
	assert_int_equal(close(fd), 0);
	assert_int_equal(nct_m2_open(&m, path, NULL), NCT_OK);
	assert_int_equal(unlink(path), 0);
	return m;
}

static inline struct bytes
packed(void)
{
	const struct nct_pack_options o = {sizeof o, .token_bits = 5};
	const int fd = bytes_fd("", 0);

	assert_int_equal(nct_pack(open_text, &windows, fd, &o, NULL, NULL), NCT_OK);
	return fd_bytes(fd);
}

static inline int
make_all(void **state)
{
	static char zeros[3 * NCT_BLOCK_TEXT];
	const struct nct_encode_options o = {sizeof o, .window_bits = 10, .resets = 1, .threads = 1};
	struct nct_header strange = plain;

	if (make_folder(state) != 0)
		return 1;
	strange.m1 = 70;
	full = open("/dev/null", O_RDONLY);
	null = open("/dev/null", O_WRONLY);
	m1 = some_m1(3);
	assert_int_equal(nct_m1_compile(m1, 10, 1, NULL), NCT_OK);
	text = text_of((struct piece[]){{zeros, sizeof zeros}, {NULL, 0}}, NCT_SEP_OPERAND);
	empty = text_of((struct piece[]){{NULL, 0}}, NCT_SEP_OPERAND);
	corpus = read_corpus((struct source){.header = {&plain, NULL}});
	other = read_corpus((struct source){.header = {&strange, NULL}});
	m2 = some_m2();
	windows = encode(m1, (struct bytes){(uint8_t *)zeros, 1000}, &o);
	damaged = encode(m1, (struct bytes){(uint8_t *)zeros, sizeof zeros}, &o);
	damaged.p[damaged.n / 2] ^= 1;
	tokens = packed();
	return 0;
}

static inline int
drop_all(void **state)
{
	nct_m1_free(m1);
	nct_text_free(text);
	nct_text_free(empty);
	nct_corpus_free(corpus);
	nct_corpus_free(other);
	nct_m2_free(m2);
	free(windows.p);
	free(damaged.p);
	free(tokens.p);
	return close(full) != 0 || close(null) != 0 || drop_folder(state) != 0;
}

#endif
