/* test_why.c - every public function that takes `why` fails in the same way without it, and never leaves an older
 * text in it. */
#include "one_of_each.h"

#include <errno.h>

/* Evaluates `call`, an expression with `why`, three times: with NULL, with an empty struct and with a used one. It
 * must return `want` each time, with the same text in both structs, which is empty unless `tells`. */
#define FAILS(want, tells, call) \
	do { \
		nct_why fresh = {0}, used = {.text = "an earlier text"}, *why = NULL; \
		const nct_err without = (call); \
		why = &fresh; \
		const nct_err first = (call); \
		why = &used; \
		const nct_err second = (call); \
		judge(#call, want, tells, (const nct_err[]){without, first, second}, fresh.text, used.text); \
	} while (0)

static void
judge(const char *call, nct_err want, int tells, const nct_err got[3], const char *fresh, const char *used)
{
	if (got[0] != want || got[1] != want || got[2] != want)
		fail_msg("%s: %d without `why`, %d and %d with one; not %d", call, (int)got[0], (int)got[1], (int)got[2], (int)want);
	if (strcmp(fresh, used) != 0 || (fresh[0] != '\0') != tells)
		fail_msg("%s: '%s' in an empty `why`, '%s' in a used one", call, fresh, used);
}

static struct bytes nothing = {(uint8_t *)"", 0};
static struct bytes cut_gz = {(uint8_t *)"\x1f\x8b\x08\0\0\0\0\0\0\3", 10};

/* Operands: a folder, which cannot be read; one that does not exist; and an empty one before a folder. */
static nct_err
folders(void *ctx, size_t i, int *fd)
{
	(void)ctx;
	*fd = i == 0 ? open("/", O_RDONLY) : -1;
	return NCT_OK;
}

static nct_err
missing(void *ctx, size_t i, int *fd)
{
	(void)ctx;
	(void)i;
	*fd = -1;
	errno = ENOENT;
	return NCT_EIO;
}

static nct_err
empty_and_missing(void *ctx, size_t i, int *fd)
{
	return i == 0 ? open_text(&nothing, i, fd) : missing(ctx, i, fd);
}

/* ---- libnct ---- */

static void
test_m1(void **state)
{
	const struct nct_strings_options strings = {sizeof strings, .window_bits = 10, .code = NCT_CODE_BEST};
	const struct nct_strings_options split = {sizeof split, .window_bits = 10, .code = NCT_CODE_SPLIT};
	nct_m1 *m;

	(void)state;
	FAILS(NCT_EIO, 1, nct_m1_open(&m, "/nowhere/m1", NULL, why));
	FAILS(NCT_EKIND, 1, nct_m1_parse(&m, junk.p, junk.n, NULL, why));
	FAILS(NCT_EARG, 1, nct_m1_builtin(&m, "abacus", why));
	FAILS(NCT_EARG, 1, nct_m1_compile(m1, 9, 1, why));
	FAILS(NCT_EARG, 1, nct_m1_list_strings(m1, &strings, null, why));
	FAILS(NCT_EWRITE, 1, nct_m1_list_strings(m1, &split, full, why));
}

static void
test_codec(void **state)
{
	const struct nct_codec_options o = {.struct_size = sizeof o, .window_bits = 10};
	const struct nct_codec_options bad = {.struct_size = sizeof bad, .window_bits = 11};
	const uint64_t down[2] = {1, 0}, one[2] = {0, 1};
	const uint16_t large = 1024;
	nct_codec_scratch *s;
	uint64_t ends[2];
	uint16_t ids[1];
	nct_codec *c;

	(void)state;
	FAILS(NCT_EARG, 1, nct_codec_new(&c, m1, &bad, why));
	assert_int_equal(nct_codec_new(&c, m1, &o, NULL), NCT_OK);
	assert_int_equal(nct_codec_scratch_new(&s, c), NCT_OK);
	FAILS(NCT_EARG, 1, nct_codec_encode(c, s, "a", down, 1, 0, ids, 1, ends, why));
	FAILS(NCT_EDATA, 1, nct_codec_decode(c, &large, one, 1, ids, 1, ends, why));
	nct_codec_scratch_free(s);
	nct_codec_free(c);
}

static void
test_tokens(void **state)
{
	const struct nct_pack_options o = {sizeof o, .token_bits = 5}, bad = {sizeof bad, .token_bits = 17};
	const struct nct_pack_options on = {sizeof on, .token_bits = 5, .keep_going = 1};

	(void)state;
	FAILS(NCT_EARG, 1, nct_pack(open_text, &windows, null, &bad, NULL, why));
	FAILS(NCT_EIO, 0, nct_pack(folders, NULL, null, &o, NULL, why));
	FAILS(NCT_EIO, 0, nct_pack(missing, NULL, null, &o, NULL, why));
	FAILS(NCT_EIO, 0, nct_pack(empty_and_missing, NULL, null, &on, NULL, why));
	FAILS(NCT_EWRITE, 1, nct_pack(open_text, &windows, full, &o, NULL, why));
	FAILS(NCT_EKIND, 1, nct_pack(open_text, &junk, null, &o, NULL, why));
	FAILS(NCT_EDATA, 1, nct_pack(open_text, &damaged, null, &o, NULL, why));
	FAILS(NCT_EDATA, 1, nct_pack(open_text, &damaged, null, &on, NULL, why));
	FAILS(NCT_EKIND, 1, nct_unpack(open_text, &windows, null, &o, NULL, why));
	FAILS(NCT_EIO, 0, nct_unpack(folders, NULL, null, &o, NULL, why));
	FAILS(NCT_EWRITE, 1, nct_unpack(open_text, &tokens, full, &o, NULL, why));
	FAILS(NCT_EARG, 1, nct_tokens_export(open_text, &windows, null, NCT_EXPORT_TEXT, &bad, NULL, why));
	FAILS(NCT_EIO, 0, nct_tokens_export(folders, NULL, null, NCT_EXPORT_RAW, &o, NULL, why));
	FAILS(NCT_EWRITE, 1, nct_tokens_export(open_text, &windows, full, NCT_EXPORT_TEXT, &o, NULL, why));
	FAILS(NCT_EWRITE, 1, nct_tokens_export(open_text, &windows, full, NCT_EXPORT_NPY, &o, NULL, why));
	FAILS(NCT_EKIND, 1, nct_tokens_export(open_text, &junk, null, NCT_EXPORT_NPY, &o, NULL, why));
}

static void
test_imports(void **state)
{
	const struct nct_import_options ids = {sizeof ids, .vocab = 9, .text = -1},
					raw = {sizeof raw, .vocab = 256, .text = -1};
	const struct nct_import_options bad = {sizeof bad, .vocab = 1, .text = -1};

	(void)state;
	FAILS(NCT_EARG, 1, nct_import_ids(open_text, &junk, null, &bad, NULL, why));
	FAILS(NCT_EDATA, 1, nct_import_ids(open_text, &junk, null, &ids, NULL, why));
	FAILS(NCT_EWRITE, 1, nct_import_ids(open_text, &junk, full, &ids, NULL, why));
	FAILS(NCT_EIO, 0, nct_import_ids(folders, NULL, null, &ids, NULL, why));
	FAILS(NCT_EARG, 1, nct_import_raw(open_text, &junk, null, &ids, NULL, why));
	FAILS(NCT_EWRITE, 1, nct_import_raw(open_text, &junk, full, &raw, NULL, why));
	FAILS(NCT_EIO, 0, nct_import_raw(folders, NULL, null, &raw, NULL, why));
}

/* Ids back, like the stream in *like. */
static nct_err
import_like(struct bytes *like, nct_operand from, void *ctx, int out, nct_why *why)
{
	struct nct_like_options o = {.struct_size = sizeof o, .form = NCT_IMPORT_IDS, .like_name = "like"};

	assert_int_equal(open_text(like, 0, &o.like), NCT_OK);
	const nct_err err = nct_import_like(from, ctx, out, &o, NULL, why);
	assert_int_equal(close(o.like), 0);
	return err;
}

static void
test_ids_back(void **state)
{
	const struct nct_like_options bad = {.struct_size = sizeof bad};
	const struct nct_select_options all = {.struct_size = sizeof all, .share = 1};
	const struct nct_select_options wrong = {.struct_size = sizeof wrong, .share = 2};

	(void)state;
	FAILS(NCT_EARG, 1, nct_import_like(open_text, &nothing, null, &bad, NULL, why));
	FAILS(NCT_EKIND, 1, import_like(&junk, open_text, &nothing, null, why));
	FAILS(NCT_EDATA, 1, import_like(&windows, open_text, &junk, null, why));
	FAILS(NCT_EIO, 0, import_like(&windows, folders, NULL, null, why));
	FAILS(NCT_EWRITE, 1, import_like(&windows, open_text, &nothing, full, why));
	FAILS(NCT_EARG, 1, nct_tokens_select(open_text, &windows, null, &wrong, NULL, why));
	FAILS(NCT_EKIND, 1, nct_tokens_select(open_text, &junk, null, &all, NULL, why));
	FAILS(NCT_EDATA, 1, nct_tokens_select(open_text, &damaged, null, &all, NULL, why));
	FAILS(NCT_EIO, 0, nct_tokens_select(folders, NULL, null, &all, NULL, why));
	FAILS(NCT_EWRITE, 1, nct_tokens_select(open_text, &windows, full, &all, NULL, why));
}

static void
never(void *ctx, const struct nct_measured *m)
{
	(void)ctx;
	(void)m;
	fail();
}

static nct_err
measure(nct_operand from, struct bytes *in, nct_why *why)
{
	int fd;

	assert_int_equal(from(in, 0, &fd), NCT_OK);
	const nct_err err = nct_measure(fd, never, NULL, NULL, why);
	assert_int_equal(close(fd), 0);
	return err;
}

static void
test_measuring(void **state)
{
	(void)state;
	FAILS(NCT_ECUT, 1, measure(open_text, &nothing, why));
	FAILS(NCT_EKIND, 1, measure(open_text, &windows, why));
	FAILS(NCT_ECUT, 1, measure(open_text, &junk, why));
	FAILS(NCT_EIO, 0, measure(folders, NULL, why));
	FAILS(NCT_EMODEL, 1, nct_same_tokens(nct_corpus_header(corpus), nct_corpus_header(other), why) ? NCT_OK : NCT_EMODEL);
}

static void
test_encoding(void **state)
{
	const struct nct_encode_options book = {sizeof book, .window_bits = 10, .resets = 1, .threads = 1};
	struct nct_encode_options o = book, pattern = book, align = book, bad = book;

	(void)state;
	o.no_codebook = 1;
	pattern.separator = NCT_SEP_REGEX;
	align.align = NCT_ALIGN_REGEX;
	pattern.pattern = align.align_pattern = "(";
	bad.window_bits = 9;
	FAILS(NCT_EARG, 1, nct_encode(m1, open_text, &junk, null, &bad, NULL, why));
	FAILS(NCT_EARG, 1, nct_encode(m1, open_text, &junk, null, &pattern, NULL, why));
	FAILS(NCT_EARG, 1, nct_encode(m1, open_text, &junk, null, &align, NULL, why));
	FAILS(NCT_EIO, 0, nct_encode(m1, folders, NULL, null, &book, NULL, why));
	FAILS(NCT_EIO, 0, nct_encode(m1, folders, NULL, null, &o, NULL, why));
	FAILS(NCT_EIO, 0, nct_encode(m1, missing, NULL, null, &book, NULL, why));
	FAILS(NCT_EWRITE, 1, nct_encode(m1, open_text, &junk, full, &book, NULL, why));
	FAILS(NCT_EWRITE, 1, nct_encode(m1, open_text, &junk, full, &o, NULL, why));
	assert_int_equal(nct_encode(m1, open_text, &junk, null, &book, NULL, NULL), NCT_OK);
}

static nct_err
decode(nct_operand from, struct bytes *in, int out, const struct nct_decode_options *o, nct_why *why)
{
	int fd;

	assert_int_equal(from(in, 0, &fd), NCT_OK);
	const nct_err err = nct_decode(m1, fd, out, o, NULL, why);
	assert_int_equal(close(fd), 0);
	return err;
}

static void
test_decoding(void **state)
{
	const struct nct_decode_options book = {sizeof book, .threads = 1}, o = {sizeof o, .threads = 1, .no_codebook = 1};
	const struct nct_decode_options bad = {sizeof bad, .threads = 0}, on = {sizeof on, .threads = 1, .keep_going = 1};

	(void)state;
	FAILS(NCT_EARG, 1, decode(open_text, &windows, null, &bad, why));
	FAILS(NCT_EKIND, 1, decode(open_text, &junk, null, &book, why));
	FAILS(NCT_EKIND, 1, decode(open_text, &tokens, null, &book, why));
	FAILS(NCT_EIO, 0, decode(folders, NULL, null, &book, why));
	FAILS(NCT_EDATA, 1, decode(open_text, &damaged, null, &book, why));
	FAILS(NCT_EDATA, 1, decode(open_text, &damaged, null, &o, why));
	FAILS(NCT_EDATA, 1, decode(open_text, &damaged, null, &on, why));
	FAILS(NCT_EWRITE, 1, decode(open_text, &windows, full, &book, why));
	FAILS(NCT_EWRITE, 1, decode(open_text, &windows, full, &o, why));
	assert_int_equal(decode(open_text, &windows, null, &book, NULL), NCT_OK);
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
lost(void *ctx, const nct_why *why)
{
	(void)ctx;
	assert_true(why->text[0] != '\0');
}

static nct_err
list(nct_operand from, struct bytes *in, int keep_going, nct_why *why)
{
	const struct nct_list_options o = {sizeof o, .keep_going = keep_going, .each = ignore, .lost = lost};
	int fd;

	assert_int_equal(from(in, 0, &fd), NCT_OK);
	const nct_err err = nct_list(fd, &o, why);
	assert_int_equal(close(fd), 0);
	return err;
}

static void
test_listing(void **state)
{
	(void)state;
	FAILS(NCT_EKIND, 1, list(open_text, &junk, 0, why));
	FAILS(NCT_EDATA, 1, list(open_text, &damaged, 0, why));
	FAILS(NCT_EDATA, 1, list(open_text, &damaged, 1, why));
	FAILS(NCT_EIO, 0, list(folders, NULL, 0, why));
}

/* ---- libnct-train ---- */

static void
test_texts(void **state)
{
	const struct nct_text_options o = {sizeof o, .separator = NCT_SEP_OPERAND},
				      plain_text = {sizeof plain_text, .plain = 1};
	const struct nct_text_options elsewhere = {sizeof elsewhere, .tmpdir = "/nowhere"},
				      pattern = {sizeof pattern, .separator = NCT_SEP_REGEX, .pattern = "("};
	nct_text *t;

	(void)state;
	FAILS(NCT_EARG, 1, nct_text_read(&t, open_text, &junk, &pattern, NULL, why));
	FAILS(NCT_EIO, 1, nct_text_read(&t, folders, NULL, &plain_text, NULL, why));
	FAILS(NCT_EIO, 1, nct_text_read(&t, missing, NULL, &o, NULL, why));
	FAILS(NCT_ECUT, 1, nct_text_read(&t, open_text, &cut_gz, &o, NULL, why));
	FAILS(NCT_EIO, 1, nct_text_read(&t, open_text, &junk, &elsewhere, NULL, why));
}

static void
test_corpora(void **state)
{
	nct_corpus *c;

	(void)state;
	FAILS(NCT_EIO, 1, nct_corpus_read(&c, missing, NULL, NULL, NULL, why));
	FAILS(NCT_EIO, 1, nct_corpus_read(&c, folders, NULL, "/nowhere", NULL, why));
	FAILS(NCT_EKIND, 1, nct_corpus_read(&c, open_text, &junk, NULL, NULL, why));
	FAILS(NCT_EKIND, 1, nct_corpus_read(&c, open_text, &windows, NULL, NULL, why));
	FAILS(NCT_ECUT, 1, nct_corpus_read(&c, open_text, &nothing, NULL, NULL, why));
}

static void
test_m1_training(void **state)
{
	struct nct_train_options o = tiny(TINY, NULL), bad = tiny("huge", NULL), elsewhere = tiny(TINY, "/nowhere/checkpoint");
	struct nct_train_options bits = o, regex = o, cost;
	struct nct_m1_choose_result c;
	struct nct_m1_train_result r;

	(void)state;
	bits.window_bits = regex.window_bits = 10;
	regex.align = NCT_ALIGN_REGEX;
	regex.align_pattern = "(";
	cost = bits;
	cost.by_bits = 1;
	cost.token_cost = -1;
	FAILS(NCT_ECUT, 1, nct_m1_train(empty, NULL, NCT_TRAIN_UNIGRAM, &o, null, &r, why));
	FAILS(NCT_EWRITE, 1, nct_m1_train(text, NULL, NCT_TRAIN_UNIGRAM, &o, full, &r, why));
	FAILS(NCT_EARG, 1, nct_m1_train(text, NULL, NCT_TRAIN_TRANSFORMER, &bad, null, &r, why));
	FAILS(NCT_EIO, 1, nct_m1_train(text, NULL, NCT_TRAIN_TRANSFORMER, &elsewhere, null, &r, why));
	FAILS(NCT_EARG, 1, nct_m1_choose(m1, text, NULL, &o, &c, why)); /* windows of 0 bits */
	FAILS(NCT_EARG, 1, nct_m1_choose(m1, text, NULL, &regex, &c, why));
	FAILS(NCT_EARG, 1, nct_m1_choose(m1, text, NULL, &cost, &c, why));
	FAILS(NCT_ECUT, 1, nct_m1_choose(m1, empty, NULL, &bits, &c, why));
}

static void
test_m2(void **state)
{
	const struct nct_train_options o = tiny(TINY, NULL), bad = tiny("huge", NULL),
				       elsewhere = tiny(TINY, "/nowhere/checkpoint");
	const struct nct_m2_evaluate_options e = {sizeof e, .rows = 1, .threads = 1}, none = {sizeof none, .rows = 0};
	const struct nct_m2_evaluate_options strange = {sizeof strange, .rows = 1, .threads = 1, .cpu = "abacus"};
	const struct nct_m2_generate_options g = {sizeof g, .tokens = 5, .temperature = 1, .top_p = 1, .threads = 1};
	const struct nct_m2_generate_options bad_g = {sizeof bad_g, .tokens = 5};
	static struct nct_m2_evaluation all;
	struct nct_m2_train_result r;
	struct nct_encode_options like;
	nct_texts *texts;
	nct_m1 *builtin;
	nct_m2 *m;
	int stopped;

	(void)state;
	assert_int_equal(nct_m1_builtin(&builtin, NULL, NULL), NCT_OK);
	FAILS(NCT_EMODEL, 1, nct_m2_encode_options(m2, builtin, &like, sizeof like, why));
	FAILS(NCT_EKIND, 1, nct_texts_of(&texts, builtin, nct_corpus_header(corpus), why));
	FAILS(NCT_EIO, 0, nct_texts_read(&texts, -1, why));
	nct_m1_free(builtin);
	FAILS(NCT_EIO, 1, nct_m2_open(&m, "/nowhere/m2", why));
	FAILS(NCT_EARG, 1, nct_m2_train(corpus, NULL, &bad, null, &r, why));
	FAILS(NCT_EMODEL, 1, nct_m2_train(corpus, other, &o, null, &r, why));
	FAILS(NCT_EIO, 1, nct_m2_train(corpus, NULL, &elsewhere, null, &r, why));
	FAILS(NCT_EWRITE, 1, nct_m2_train(corpus, NULL, &o, full, &r, why));
	FAILS(NCT_EARG, 1, nct_m2_evaluate(m2, corpus, &none, &all, &stopped, why));
	FAILS(NCT_EARG, 1, nct_m2_evaluate(m2, corpus, &strange, &all, &stopped, why));
	FAILS(NCT_EMODEL, 1, nct_m2_evaluate(m2, other, &e, &all, &stopped, why));
	FAILS(NCT_EARG, 1, nct_m2_generate(m2, NULL, null, &bad_g, why));
	FAILS(NCT_EMODEL, 1, nct_m2_generate(m2, other, null, &g, why));
	FAILS(NCT_EWRITE, 1, nct_m2_generate(m2, NULL, full, &g, why));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_m1),          cmocka_unit_test(test_codec),    cmocka_unit_test(test_tokens),
	    cmocka_unit_test(test_imports),
	    cmocka_unit_test(test_ids_back),
	    cmocka_unit_test(test_measuring),   cmocka_unit_test(test_encoding), cmocka_unit_test(test_decoding),
	    cmocka_unit_test(test_listing),     cmocka_unit_test(test_texts),    cmocka_unit_test(test_corpora),
	    cmocka_unit_test(test_m1_training), cmocka_unit_test(test_m2),
	};

	return cmocka_run_group_tests(tests, make_all, drop_all);
}
