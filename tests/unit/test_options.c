/* test_options.c - programs that were compiled with an older or a newer nct.h, whose option structs have fewer or
 * more fields than the library's. */
#include "one_of_each.h"

/* Evaluates `call`, an expression with the options o and with `why`, with options as a newer and as an older program
 * gives them. The older program does not know the fields from `since` on. */
#define SIZES(type, since, call, ...) \
	do { \
		struct { \
			struct type o; \
			unsigned char more[16]; \
		} x; \
		const struct type *const o = &x.o; \
		nct_why told, *const why = &told; \
 \
		memset(&x, 0, sizeof x); \
		x.o = (struct type){sizeof x, __VA_ARGS__}; \
		works(#call ", newer", call, why); \
		x.more[sizeof x.more - 1] = 1; \
		refused(#call ", newer, with more", call, why, "does not know"); \
		memset((char *)&x + offsetof(struct type, since), 0xff, sizeof x - offsetof(struct type, since)); \
		x.o.struct_size = offsetof(struct type, since); \
		works(#call ", older", call, why); \
		x.o.struct_size = 0; \
		refused(#call ", no size", call, why, "without their size"); \
		x.o.struct_size = SIZE_MAX; \
		refused(#call ", any size", call, why, "without their size"); \
	} while (0)

static void
works(const char *call, nct_err err, const nct_why *why)
{
	if (err != NCT_OK)
		fail_msg("%s: %s: %s", call, nct_strerror(err), why->text);
}

static void
refused(const char *call, nct_err err, const nct_why *why, const char *says)
{
	if (err != NCT_EARG || strstr(why->text, says) == NULL)
		fail_msg("%s: %s: %s", call, nct_strerror(err), why->text);
}

/* Seeks the input to its beginning. */
static int
again(int fd)
{
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	return fd;
}

static void
ignore(void *ctx, const struct nct_header *h, const struct nct_totals *t, enum nct_end end)
{
	(void)ctx;
	(void)h;
	(void)t;
	(void)end;
}

static void
test_codec(void **state)
{
	struct bytes lines = {(uint8_t *)"1 2\n3\n", 6}, none = {(uint8_t *)"", 0};
	const int in = bytes_fd(windows.p, windows.n);
	nct_codec *c = NULL;

	(void)state;
	SIZES(nct_pack_options, progress, nct_pack(open_text, &windows, null, o, NULL, why), .token_bits = 5);
	SIZES(nct_pack_options, keep_going, nct_unpack(open_text, &tokens, null, o, NULL, why), .token_bits = 0);
	SIZES(nct_pack_options, progress, nct_tokens_export(open_text, &windows, null, NCT_EXPORT_RAW, o, NULL, why),
	      .token_bits = 5);
	SIZES(nct_import_options, progress, nct_import_ids(open_text, &lines, null, o, NULL, why), .vocab = 5, .text = -1);
	SIZES(nct_import_options, progress, nct_import_raw(open_text, &lines, null, o, NULL, why), .vocab = 256, .text = -1);
	SIZES(nct_like_options, token_bits,
	      ((void)again(in), nct_import_like(open_text, &none, null, o, NULL, why)), .like = in, .like_name = "in");
	SIZES(nct_select_options, seed, nct_tokens_select(open_text, &windows, null, o, NULL, why), .share = 1);
	SIZES(nct_strings_options, codebook, nct_m1_list_strings(m1, o, null, why), .window_bits = 10);
	SIZES(nct_encode_options, cache_bytes, nct_encode(m1, open_text, &lines, null, o, NULL, why), .window_bits = 10,
	      .resets = 1, .threads = 1);
	SIZES(nct_decode_options, keep_going, nct_decode(m1, again(in), null, o, NULL, why), .threads = 1);
	SIZES(nct_list_options, lost, nct_list(again(in), o, why), .each = ignore);
	SIZES(nct_codec_options, eod, (nct_codec_free(c), nct_codec_new(&c, m1, o, why)), .window_bits = 10);
	nct_codec_free(c);
	assert_int_equal(close(in), 0);
}

#define TRAIN .size = TINY, .steps = 1, .rows = 2, .length = 16, .accumulate = 1, .lr = 1, .threads = 1, \
	.window_bits = 10, .rounds = 1

static void
test_training(void **state)
{
	static struct nct_m2_evaluation all;
	struct nct_m1_choose_result c;
	struct nct_m1_train_result r1;
	struct nct_m2_train_result r2;
	nct_text *t;
	int stopped;

	(void)state;
	SIZES(nct_text_options, tmpdir,
	      (nct_text_free(nct_text_read(&t, open_text, &junk, o, NULL, why) == NCT_OK ? t : NULL),
	       t != NULL ? NCT_OK : NCT_EARG),
	      .plain = 1);
	SIZES(nct_train_options, world, nct_m1_train(text, NULL, NCT_TRAIN_UNIGRAM, o, null, &r1, why), TRAIN);
	SIZES(nct_train_options, world, nct_m1_choose(m1, text, NULL, o, &c, why), TRAIN);
	SIZES(nct_train_options, world, nct_m2_train(corpus, NULL, o, null, &r2, why), TRAIN);
	SIZES(nct_m2_evaluate_options, cpu, nct_m2_evaluate(m2, corpus, o, &all, &stopped, why), .rows = 2, .threads = 1);
	SIZES(nct_m2_generate_options, cpu, nct_m2_generate(m2, NULL, null, o, why), .tokens = 5, .temperature = 1,
	      .top_p = 1, .threads = 1);
}

/* An older program's struct is filled to its end and no further. In a newer one's, unknown fields become 0. */
static void
test_defaults(void **state)
{
	struct {
		struct nct_train_options o;
		unsigned char more[16];
	} x;
	const size_t known = offsetof(struct nct_train_options, seed);
	const unsigned char *p = (const unsigned char *)&x;

	(void)state;
	memset(&x, 0xff, sizeof x);
	nct_train_defaults(&x.o, known);
	assert_int_equal(x.o.struct_size, known);
	assert_int_equal(x.o.rows, 8);
	for (size_t i = known; i < sizeof x; i++)
		assert_int_equal(p[i], 0xff);
	nct_train_defaults(&x.o, sizeof x);
	assert_int_equal(x.o.struct_size, sizeof x);
	assert_int_equal(x.o.seed, 1);
	for (size_t i = 0; i < sizeof x.more; i++)
		assert_int_equal(x.more[i], 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_codec), cmocka_unit_test(test_training),
	                                   cmocka_unit_test(test_defaults)};

	return cmocka_run_group_tests(tests, make_all, drop_all);
}
