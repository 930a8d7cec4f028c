/* test_safetensors.c - safetensors files and M1's model files: round trips, and refusal of every damaged file. */
#include "random_m1.h"

#include "m1/m1.h"
#include "m1/safetensors.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

/* ---- Files in memory ---- */

/* A file of *n bytes in memory: the header, padded, and data. The caller frees it. */
static char *
file_of(const char *header, const void *data, size_t bytes, size_t *n)
{
	const size_t text = strlen(header), padded = (text + 7) & ~(size_t)7;
	char *p = malloc(8 + padded + bytes + 8);

	assert_non_null(p);
	memset(p, 0, 8);
	p[0] = (char)(padded & 255);
	p[1] = (char)(padded >> 8);
	memset(p + 8, ' ', padded);
	memcpy(p + 8, header, text);
	if (bytes > 0)
		memcpy(p + 8 + padded, data, bytes);
	*n = 8 + padded + bytes;
	return p;
}

static nct_err
parse_text(const char *header, size_t bytes, nct_why *why)
{
	static const uint8_t zeros[64];
	nct_st *st;
	size_t n;
	char *p = file_of(header, zeros, bytes, &n);
	nct_err err = nct_st_parse(&st, p, n, why);

	assert_true((err == NCT_OK) == (st != NULL));
	nct_st_free(st);
	free(p);
	return err;
}

/* All bytes that `write` writes to a file. */
static char *
written(nct_err (*write)(int fd, const void *ctx), const void *ctx, size_t *n)
{
	char path[] = "/tmp/nct-test-XXXXXX";
	const int fd = mkstemp(path);
	char *p;

	assert_true(fd >= 0);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(write(fd, ctx), NCT_OK);
	*n = (size_t)lseek(fd, 0, SEEK_END);
	assert_non_null(p = malloc(*n));
	assert_int_equal(pread(fd, p, *n, 0), *n);
	close(fd);
	return p;
}

/* ---- round trips ---- */

static const struct nct_st_pair pairs[] = {{"b", "second \"letter\"\n"}, {"a", "\xc3\xa9"}, {"empty", ""}};
static const int8_t small[3] = {-127, 0, 127};
static const double wide[2] = {0.5, -3};
static const uint16_t middle[6] = {0, 1, 2, 3, 4, 65535};
static const struct nct_st_tensor list[] = {
	{"small", NCT_I8, 1, {3}, small, 3},
	{"middle", NCT_U16, 3, {1, 2, 3}, middle, 12},
	{"wide", NCT_F64, 2, {2, 1}, wide, 16},
	{"none", NCT_I32, 2, {5, 0}, NULL, 0},
	{"number", NCT_F32, 0, {0}, "\0\0\200\77", 4},
};

static nct_err
write_list(int fd, const void *ctx)
{
	(void)ctx;
	return nct_st_write(fd, pairs, 3, list, 5);
}

static void
test_round_trip(void **state)
{
	size_t n;
	char *p = written(write_list, NULL, &n);
	const void *data;
	nct_st *st;

	(void)state;
	assert_int_equal(nct_st_parse(&st, p, n, NULL), NCT_OK);
	assert_int_equal(nct_st_count(st), 5);
	for (size_t i = 0; i < 3; i++) {
		assert_string_equal(nct_st_meta_key(st, i), pairs[i].key);
		assert_string_equal(nct_st_meta(st, pairs[i].key), pairs[i].value);
	}
	assert_null(nct_st_meta_key(st, 3));
	assert_null(nct_st_meta(st, "c"));
	for (size_t i = 0; i < 5; i++) {
		const struct nct_st_tensor *t = &list[i];

		assert_int_equal(nct_st_get(st, t->name, t->type, t->rank, t->shape, &data, NULL), NCT_OK);
		assert_int_equal((uintptr_t)data % (t->type == NCT_F64 ? 8 : t->type == NCT_I8 ? 1 : 2), 0);
		if (t->bytes > 0)
			assert_memory_equal(data, t->data, t->bytes);
	}
	assert_int_equal(nct_st_get(st, "wide", NCT_I64, 2, list[2].shape, &data, NULL), NCT_EDATA);
	assert_int_equal(nct_st_get(st, "wide", NCT_F64, 1, list[2].shape, &data, NULL), NCT_EDATA);
	assert_int_equal(nct_st_get(st, "wide", NCT_F64, 2, list[1].shape, &data, NULL), NCT_EDATA);
	assert_int_equal(nct_st_get(st, "width", NCT_F64, 2, list[2].shape, &data, NULL), NCT_EDATA);
	nct_st_free(st);
	free(p);
}

/* A file is mapped, and a pipe is read, with the same result. */
static void
test_open(void **state)
{
	char path[] = "/tmp/nct-test-XXXXXX", dev[64];
	const int fd = mkstemp(path);
	int ends[2];
	nct_st *st;
	nct_why why = {0};

	(void)state;
	assert_int_equal(write_list(fd, NULL), NCT_OK);
	close(fd);
	assert_int_equal(nct_st_open(&st, path, NULL), NCT_OK);
	assert_string_equal(nct_st_meta(st, "a"), "\xc3\xa9");
	nct_st_free(st);
	unlink(path);
	assert_int_equal(nct_st_open(&st, path, &why), NCT_EIO);
	assert_int_equal(errno, ENOENT);
	assert_null(st);
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(write_list(ends[1], NULL), NCT_OK);
	close(ends[1]);
	snprintf(dev, sizeof dev, "/dev/fd/%d", ends[0]);
	assert_int_equal(nct_st_open(&st, dev, &why), NCT_OK);
	assert_int_equal(nct_st_count(st), 5);
	nct_st_free(st);
	close(ends[0]);
	assert_int_equal(nct_st_open(&st, "/dev/null", &why), NCT_ECUT);
	assert_int_equal(nct_st_open(&st, "/", &why), NCT_EIO);
}

static void
test_writer_refuses(void **state)
{
	static const struct nct_st_pair latin1 = {"k", "\xe9"}, twice[2] = {{"k", "1"}, {"k", "2"}};
	static const struct nct_st_tensor same[2] = {{"x", NCT_I8, 1, {3}, small, 3}, {"x", NCT_I8, 1, {3}, small, 3}};
	static const struct nct_st_tensor wrong = {"x", NCT_I16, 1, {3}, small, 3};
	const int fd = open("/dev/null", O_WRONLY), full = open("/dev/full", O_WRONLY);

	(void)state;
	assert_true(fd >= 0 && full >= 0);
	assert_int_equal(nct_st_write(fd, &latin1, 1, NULL, 0), NCT_EARG);
	assert_int_equal(nct_st_write(fd, twice, 2, NULL, 0), NCT_EARG);
	assert_int_equal(nct_st_write(fd, NULL, 0, same, 2), NCT_EARG);
	assert_int_equal(nct_st_write(fd, NULL, 0, &wrong, 1), NCT_EARG);
	assert_int_equal(nct_st_write(full, NULL, 0, same, 1), NCT_EIO);
	close(fd);
	close(full);
}

/* ---- Strictness ---- */

static void
test_headers(void **state)
{
	static const struct {
		nct_err want;
		size_t bytes;
		const char *header;
	} cases[] = {
		{NCT_OK, 0, "{}"},
		{NCT_OK, 0, "{\"__metadata__\":{}}"},
		{NCT_OK, 4, "{\"x\":{\"dtype\":\"I8\",\"shape\":[4],\"data_offsets\":[0,4]}}"},
		{NCT_OK, 4, "{\"x\":{\"data_offsets\":[0,4],\"shape\":[],\"dtype\":\"F32\"}}"},
		{NCT_OK, 6, "{\"x\":{\"dtype\":\"I8\",\"shape\":[4],\"data_offsets\":[0,4]},"
		 "\"y\":{\"dtype\":\"U16\",\"shape\":[1],\"data_offsets\":[4,6]}}"},
		/* kind and JSON */
		{NCT_EKIND, 0, "[]"},
		{NCT_EDATA, 0, "{"},
		{NCT_EDATA, 0, "{} {}"},
		{NCT_EDATA, 0, "{\"__metadata__\":{\"a\":\"1\",\"a\":\"1\"}}"},
		{NCT_EDATA, 0, "{\"__metadata__\":{\"a\":1}}"},
		{NCT_EDATA, 0, "{\"__metadata__\":[]}"},
		{NCT_EDATA, 0, "{\"a\":\"\\u0000\"}"},
		/* entries */
		{NCT_EDATA, 4, "{\"x\":4}"},
		{NCT_EDATA, 4, "{\"x\":{\"dtype\":\"I8\",\"shape\":[4]}}"},
		{NCT_EDATA, 4, "{\"x\":{\"dtype\":\"I8\",\"shape\":[4],\"data_offsets\":[0,4],\"more\":1}}"},
		{NCT_EDATA, 4, "{\"x\":{\"dtype\":\"I7\",\"shape\":[4],\"data_offsets\":[0,4]}}"},
		{NCT_EDATA, 4, "{\"x\":{\"dtype\":8,\"shape\":[4],\"data_offsets\":[0,4]}}"},
		{NCT_EDATA, 4, "{\"x\":{\"dtype\":\"I8\",\"shape\":4,\"data_offsets\":[0,4]}}"},
		{NCT_EDATA, 4, "{\"x\":{\"dtype\":\"I8\",\"shape\":[4.0],\"data_offsets\":[0,4]}}"},
		{NCT_EDATA, 4, "{\"x\":{\"dtype\":\"I8\",\"shape\":[-4],\"data_offsets\":[0,4]}}"},
		{NCT_EDATA, 1, "{\"x\":{\"dtype\":\"I8\",\"shape\":[1,1,1,1,1],\"data_offsets\":[0,1]}}"},
		{NCT_EDATA, 4, "{\"x\":{\"dtype\":\"I8\",\"shape\":[4],\"data_offsets\":[0]}}"},
		{NCT_EDATA, 4, "{\"x\":{\"dtype\":\"I8\",\"shape\":[4],\"data_offsets\":[4,0]}}"},
		{NCT_EDATA, 4, "{\"x\":{\"dtype\":\"I8\",\"shape\":[4],\"data_offsets\":[-4,0]}}"},
		{NCT_EDATA, 0, "{\"x\":{\"dtype\":\"I16\",\"shape\":[9223372036854775807,2],\"data_offsets\":[0,0]}}"},
		{NCT_EDATA, 4, "{\"x\":{\"dtype\":\"I8\",\"shape\":[3],\"data_offsets\":[0,4]}}"},
		/* places */
		{NCT_ECUT, 3, "{\"x\":{\"dtype\":\"I8\",\"shape\":[4],\"data_offsets\":[0,4]}}"},
		{NCT_EDATA, 5, "{\"x\":{\"dtype\":\"I8\",\"shape\":[4],\"data_offsets\":[0,4]}}"},
		{NCT_EDATA, 5, "{\"x\":{\"dtype\":\"I8\",\"shape\":[4],\"data_offsets\":[1,5]}}"},
		{NCT_EDATA, 8, "{\"x\":{\"dtype\":\"I8\",\"shape\":[4],\"data_offsets\":[0,4]},"
		 "\"y\":{\"dtype\":\"I8\",\"shape\":[4],\"data_offsets\":[3,7]}}"},
		{NCT_EDATA, 5, "{\"x\":{\"dtype\":\"I8\",\"shape\":[3],\"data_offsets\":[0,3]},"
		 "\"y\":{\"dtype\":\"I16\",\"shape\":[1],\"data_offsets\":[3,5]}}"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		nct_why why = {0};
		const nct_err got = parse_text(cases[i].header, cases[i].bytes, &why);

		if (got != cases[i].want || (got != NCT_OK && why.text[0] == '\0'))
			fail_msg("%s with %zu bytes: want %d, got %d (%s)", cases[i].header, cases[i].bytes, cases[i].want, got, why.text);
	}
}

static void
test_lengths(void **state)
{
	_Alignas(8) uint8_t p[16] = {2, 0, 0, 0, 0, 0, 0, 0, '{', '}', ' ', ' ', ' ', ' ', ' ', ' '};
	nct_st *st;

	(void)state;
	assert_int_equal(nct_st_parse(&st, p, 0, NULL), NCT_ECUT);
	assert_int_equal(nct_st_parse(&st, p, 7, NULL), NCT_EKIND);
	assert_int_equal(nct_st_parse(&st, p, 16, NULL), NCT_EDATA); /* not a multiple of 8 */
	p[0] = 8;
	assert_int_equal(nct_st_parse(&st, p, 15, NULL), NCT_ECUT);
	assert_int_equal(nct_st_parse(&st, p, 16, NULL), NCT_OK);
	nct_st_free(st);
	p[2] = 16; /* 1 MiB and 8 bytes */
	assert_int_equal(nct_st_parse(&st, p, 16, NULL), NCT_EKIND);
	p[0] = 0; /* 1 MiB, which is allowed, but the file is shorter */
	assert_int_equal(nct_st_parse(&st, p, 16, NULL), NCT_ECUT);
}

/* ---- Model files ---- */

static const struct nct_st_pair notes[] = {{"note.origin", "a test"}};

static nct_err
write_m1(int fd, const void *ctx)
{
	return nct_m1_save(ctx, fd, notes, 1);
}

static nct_m1 *
sample(void)
{
	const struct nct_m1_config config = {.width = 2, .heads = 2, .layers = 2, .inner = 3, .reach = 17};
	nct_m1 *m = random_m1(&config, NULL, 11);

	assert_non_null(m);
	return m;
}

static void
test_model_round_trip(void **state)
{
	nct_m1 *m = sample(), *back;
	struct nct_st_tensor t;
	size_t n;
	char *p = written(write_m1, m, &n), *shifted = malloc(n + 1);

	(void)state;
	assert_int_equal(nct_m1_parse(&back, p, n, NULL, NULL), NCT_OK);
	assert_int_equal(nct_m1_fingerprint(back), nct_m1_fingerprint(m));
	assert_string_equal(nct_m1_describe(back), nct_m1_describe(m));
	for (int i = 0; i < NCT_M1_TENSORS; i++)
		if (nct_m1_tensor_shape(&t, &m->c, (enum nct_m1_tensor)i))
			assert_memory_equal(m->tensor[i], back->tensor[i], t.bytes);
	nct_m1_free(back);
	memcpy(shifted + 1, p, n); /* not aligned */
	assert_int_equal(nct_m1_parse(&back, shifted + 1, n, NULL, NULL), NCT_OK);
	nct_m1_free(back);
	nct_m1_free(m);
	free(shifted);
	free(p);
}

/* A file that is cut, or has a changed byte, is refused, or gives the model that was saved. */
static void
test_model_damage(void **state)
{
	nct_m1 *m = sample(), *back;
	size_t n, equal = 0;
	char *p = written(write_m1, m, &n);

	(void)state;
	for (size_t cut = 0; cut < n; cut++) {
		nct_why why = {0};
		char *exact = malloc(cut + 1);

		memcpy(exact, p, cut); /* memory of its exact size, so that sanitizers notice reads past the end */
		assert_int_not_equal(nct_m1_parse(&back, exact, cut, NULL, &why), NCT_OK);
		assert_true(back == NULL && why.text[0] != '\0');
		free(exact);
	}
	for (size_t i = 0; i < n; i++)
		for (int x = i < 2048 ? 1 : 1 << i % 8; x < 256; x *= i < 2048 ? 2 : 256) { /* every bit of the header */
			nct_why why = {0};
			const nct_err err = (p[i] = (char)(p[i] ^ x), nct_m1_parse(&back, p, n, NULL, &why));

			if (err == NCT_OK) { /* only in a note, or in the case of a \u escape */
				assert_int_equal(nct_m1_fingerprint(back), nct_m1_fingerprint(m));
				equal++;
			} else if (back != NULL || nct_err_status(err) != 3 || why.text[0] == '\0')
				fail_msg("byte %zu ^ %d: error %d, '%s'", i, x, err, why.text);
			nct_m1_free(back);
			p[i] = (char)(p[i] ^ x);
		}
	assert_true(equal > 0 && equal < 40 * 8);
	nct_m1_free(m);
	free(p);
}

/* The metadata is checked as strictly as the tensors. */
static void
test_model_metadata(void **state)
{
	static const struct {
		nct_err want;
		const char *from, *to;
	} cases[] = {
		{NCT_OK, "note.origin", "note.purpos"}, {NCT_EDATA, "note.origin", "nota.origin"},
		    {NCT_EKIND, "nct-m1-1", "nct-mi-1"},
		{NCT_EVERSION, "nct-m1-1", "nct-m1-2"}, {NCT_EVERSION, "transformer\"", "transformed\""},
		    {NCT_EDATA, "\"17\"", "\"18\""},
		{NCT_EDATA, "\"17\"", "\"-7\""}, {NCT_EDATA, "\"17\"", "\"07\""}, {NCT_EDATA, "\"17\"", "\"1 \""},
		    {NCT_EDATA, "\"17\"", "\"0\" "},
		{NCT_EDATA, "\"reach\"", "\"reich\""}, {NCT_EDATA, "\"down\"", "\"dawn\""}, {NCT_EDATA, "fingerprint", "fingerprine"},
	};
	nct_m1 *m = sample(), *back;
	size_t n;

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		char *p = written(write_m1, m, &n), *at = p + 8;
		nct_why why = {0};

		while (memcmp(at, cases[i].from, strlen(cases[i].from)) != 0)
			at++;
		memcpy(at, cases[i].to, strlen(cases[i].to));
		const nct_err got = nct_m1_parse(&back, p, n, NULL, &why);
		if (got != cases[i].want)
			fail_msg("%s to %s: want %d, got %d (%s)", cases[i].from, cases[i].to, cases[i].want, got, why.text);
		nct_m1_free(back);
		free(p);
	}
	nct_m1_free(m);
}

/* A file of the model with these windows, in which the metadata's text `from` is replaced by `to`, of the same
 * length. The caller frees it. */
static char *
with_windows(nct_m1 *m, const struct nct_m1_windows *w, const char *from, const char *to, size_t *n)
{
	assert_int_equal(nct_m1_set_windows(m, w), NCT_OK);
	char *p = written(write_m1, m, n), *at = p + 8;

	while (memcmp(at, from, strlen(from)) != 0)
		at++;
	memcpy(at, to, strlen(to));
	return p;
}

/* The windows that a model was trained for are kept in its file, are checked, and are not part of its fingerprint. */
static void
test_model_windows(void **state)
{
	static const struct nct_m1_windows all[] = {{0, NCT_ALIGN_NONE, NULL},
	                                            {10, NCT_ALIGN_NONE, NULL},
	                                            {128, NCT_ALIGN_WORDS, NULL},
	                                            {16, NCT_ALIGN_REGEX, "\\b\"\xc3\xa9"}};
	static const struct {
		const char *from, *to;
	} bad[] = {
		{"\"16\"", "\"06\""}, {"\"16\"", "\"09\""}, {"\"16\"", "\"9\" "}, {"\"window_bits\"", "\"window_bats\""},
		    {"\"align\"", "\"alien\""},
		{"\"regex\"", "\"words\""}, {"\"regex\"", "\"rages\""}, {"\"align_pattern\"", "\"align_patterm\""},
		{"\"align_pattern\"", "\"note.pattern1\""},
	};
	nct_m1 *m = sample(), *back;
	const uint64_t print = nct_m1_fingerprint(m);
	char *p;
	size_t n;

	(void)state;
	for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
		p = with_windows(m, &all[i], "note", "note", &n);
		assert_int_equal(nct_m1_parse(&back, p, n, NULL, NULL), NCT_OK);
		const struct nct_m1_windows w = nct_m1_trained_for(back);
		assert_true(w.bits == all[i].bits && w.align == all[i].align &&
		            (w.align_pattern != NULL) == (all[i].align_pattern != NULL));
		if (w.align_pattern != NULL)
			assert_string_equal(w.align_pattern, all[i].align_pattern);
		assert_int_equal(nct_m1_fingerprint(back), print);
		nct_m1_free(back);
		free(p);
	}
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		nct_why why = {0};

		p = with_windows(m, &all[3], bad[i].from, bad[i].to, &n);
		if (nct_m1_parse(&back, p, n, NULL, &why) != NCT_EDATA || strncmp(why.text, "metadata: ", 10) != 0)
			fail_msg("%s to %s: '%s'", bad[i].from, bad[i].to, why.text);
		free(p);
	}
	nct_m1_free(m);
}

static void
test_save_refuses(void **state)
{
	static const struct nct_st_pair foreign = {"origin", "no note"};
	const int fd = open("/dev/null", O_WRONLY);
	nct_m1 *m = sample();

	(void)state;
	assert_int_equal(nct_m1_save(m, fd, &foreign, 1), NCT_EARG);
	assert_int_equal(nct_m1_save(m, fd, NULL, 0), NCT_OK);
	nct_m1_free(m);
	close(fd);
}

static void
test_builtin(void **state)
{
	nct_m1 *m;
	nct_why why = {0};

	(void)state;
	for (size_t i = 0; nct_cpu_name(i) != NULL; i++) {
		if (nct_m1_builtin(&m, nct_cpu_name(i), &why) != NCT_OK)
			fail_msg("%s", why.text);
		nct_m1_free(m);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip), cmocka_unit_test(test_open), cmocka_unit_test(test_writer_refuses),
		cmocka_unit_test(test_headers), cmocka_unit_test(test_lengths), cmocka_unit_test(test_model_round_trip),
		cmocka_unit_test(test_model_damage), cmocka_unit_test(test_model_metadata), cmocka_unit_test(test_save_refuses),
		cmocka_unit_test(test_builtin), cmocka_unit_test(test_model_windows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
