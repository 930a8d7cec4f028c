/* test_codec.c - the codec in memory: the ids of streams, whatever the options and documents; text back; what is
 * refused. */
#include <pthread.h>

#include "convert_stream.h"
#include "encode_text.h"
#include "long_tests.h"
#include "m1/m1.h"
#include "some_m1.h"

#define DOCUMENTS 60
#define THREADS 8

struct documents {
	struct bytes text;
	uint64_t offsets[DOCUMENTS + 1];
	size_t count;
};

/* Draws documents from real text, with odd bytes in some, but no NULs. The caller frees text.p. */
static struct documents
draw(nct_rng *r, struct bytes real)
{
	struct documents d = {.text = {malloc(DOCUMENTS * 5000), 0}, .count = nct_rng_below(r, DOCUMENTS + 1)};

	assert_non_null(d.text.p);
	for (size_t i = 0; i < d.count; i++) {
		const uint64_t most = nct_rng_below(r, 3) == 0 ? 6 : nct_rng_below(r, 3) == 0 ? 5000 : 300;
		const size_t n = nct_rng_below(r, most), from = nct_rng_below(r, real.n - n);

		memcpy(d.text.p + d.text.n, real.p + from, n);
		for (size_t k = 0; n > 0 && k < nct_rng_below(r, 4); k++)
			d.text.p[d.text.n + nct_rng_below(r, n)] = (uint8_t)(1 + nct_rng_below(r, 255));
		d.text.n += n;
		d.offsets[i + 1] = d.text.n;
	}
	return d;
}

/* The stream's ids, as the tools make them: documents end with NUL. v <= 8 makes bytes. */
static struct bytes
ids_of_stream(const nct_m1 *m, const struct documents *d, struct nct_encode_options *o, unsigned v)
{
	struct bytes text = {malloc(d->text.n + d->count + 1), 0};

	assert_non_null(text.p);
	for (size_t i = 0; i < d->count; i++) {
		const size_t n = d->offsets[i + 1] - d->offsets[i];

		memcpy(text.p + text.n, d->text.p + d->offsets[i], n);
		text.n += n;
		text.p[text.n++] = 0;
	}
	o->separator = NCT_SEP_NUL;
	const int fd = bytes_fd("", 0);
	assert_int_equal(nct_encode(m, open_text, &text, fd, o, NULL, NULL), NCT_OK);
	const struct bytes stream = fd_bytes(fd), ids = converted(RAW, stream, v);
	free(stream.p);
	free(text.p);
	return ids;
}

/* Checks that ids[0..n) are those of *want. */
static void
same_ids(const uint16_t *ids, size_t n, struct bytes want, unsigned v)
{
	const size_t each = v <= 8 ? 1 : 2;

	assert_int_equal(want.n, n * each);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(ids[i], each == 1 ? want.p[i] : nct_get16(want.p + 2 * i));
}

/* Encodes and decodes *d, and compares with a stream. */
static void
one_round(const nct_m1 *m, const struct documents *d, struct nct_encode_options *e, nct_codec_scratch *s,
          const nct_codec *c)
{
	const unsigned v = nct_codec_token_bits(c);
	const size_t most = nct_codec_ids_max(c, d->text.n, d->count);
	uint16_t *ids = malloc((most + 1) * sizeof *ids);
	uint64_t id_offsets[DOCUMENTS + 1], offsets[DOCUMENTS + 1];
	uint8_t *text = malloc(d->text.n + 1);


	assert_true(ids != NULL && text != NULL);
	assert_int_equal(nct_codec_encode(c, s, d->text.p, d->offsets, d->count, 0, ids, most, id_offsets, NULL), NCT_OK);
	assert_true(id_offsets[d->count] <= most);
	const struct bytes want = ids_of_stream(m, d, e, v);
	same_ids(ids, id_offsets[d->count], want, v);
	for (size_t i = 0; i < d->count; i++) /* each document ends with an EOD of its own */
		for (unsigned k = 1; k <= nct_codec_eod_ids(c); k++)
			assert_int_equal(ids[id_offsets[i + 1] - k], (1u << v) - 1);
	text[d->text.n] = 'x';
	assert_int_equal(nct_codec_decode(c, ids, id_offsets, d->count, text, d->text.n, offsets, NULL), NCT_OK);
	assert_memory_equal(offsets, d->offsets, (d->count + 1) * sizeof *offsets);
	assert_memory_equal(text, d->text.p, d->text.n);
	assert_int_equal(text[d->text.n], 'x');
	free(want.p);
	free(ids);
	free(text);
}

static const struct {
	struct nct_codec_options o;
	int builtin; /* M1 is the built-in one; else one of some_m1.h, with a split codebook of 10 bits */
} cases[] = {
    {{.struct_size = sizeof(struct nct_codec_options)}, 1},
    {{sizeof(struct nct_codec_options), .token_bits = 8}, 1},
    {{sizeof(struct nct_codec_options), .token_bits = 4, .chunk = 100}, 1},
    {{sizeof(struct nct_codec_options), .window_bits = 16, .eod = NCT_EOD_JOINED}, 1},
    {{sizeof(struct nct_codec_options), .window_bits = 16, .align = NCT_ALIGN_WORDS, .code = NCT_CODE_SPLIT}, 1},
    {{sizeof(struct nct_codec_options),
      .window_bits = 16,
      .align = NCT_ALIGN_REGEX,
      .align_pattern = "(?<=[aeiou])|\\n",
      .chunk = UINT64_MAX},
     1},
    {{sizeof(struct nct_codec_options), .window_bits = 10, .chunk = 7}, 0},
    {{sizeof(struct nct_codec_options),
      .window_bits = 10,
      .token_bits = 5,
      .align = NCT_ALIGN_WORDS,
      .eod = NCT_EOD_ALONE},
     0},
};
#define CASES (sizeof cases / sizeof cases[0])

/* The options of a stream like the codec's. */
static struct nct_encode_options
stream_options(const nct_codec *c, const struct nct_codec_options *o)
{
	return (struct nct_encode_options){sizeof(struct nct_encode_options),
	                                   .window_bits = nct_codec_window_bits(c),
	                                   .resets = 1,
	                                   .chunk = o->chunk == 0 ? 131072 : o->chunk == UINT64_MAX ? 0 : o->chunk,
	                                   .align = o->window_bits == 0 ? NCT_ALIGN_WORDS : o->align,
	                                   .align_pattern = o->align_pattern,
	                                   .threads = 1,
	                                   .code = o->code,
	                                   .eod = o->eod};
}

/* What a thread does with a codec that others use, too. */
struct user {
	const nct_m1 *m;
	const nct_codec *c;
	const struct nct_codec_options *o;
	struct bytes real;
	unsigned rounds;
	uint64_t seed;
};

static void *
use(void *ctx)
{
	const struct user *u = ctx;
	struct nct_encode_options e = stream_options(u->c, u->o);
	nct_codec_scratch *s;
	nct_rng r = {u->seed};

	assert_int_equal(nct_codec_scratch_new(&s, u->c), NCT_OK);
	for (unsigned i = 0; i < u->rounds; i++) {
		const struct documents d = draw(&r, u->real);

		one_round(u->m, &d, &e, s, u->c);
		free(d.text.p);
	}
	nct_codec_scratch_free(s);
	return NULL;
}

/* Ids are those of streams, for random documents and options; and eight threads share a codec. */
static void
test_streams(void **state)
{
	const struct bytes real = sample_text(400000);
	nct_m1 *builtin, *small = some_m1(0);

	(void)state;
	assert_int_equal(nct_m1_builtin(&builtin, NULL, NULL), NCT_OK);
	assert_int_equal(nct_m1_compile(small, 10, 1, NULL), NCT_OK);
	for (size_t i = 0; i < CASES; i++) {
		const int shared = i == 0 || i == CASES - 1;
		struct user u = {cases[i].builtin ? builtin : small, NULL, &cases[i].o, real, long_tests() ? 100 : 10, i};
		struct user users[THREADS];
		pthread_t t[THREADS];
		nct_codec *c;
		nct_why why;

		if (nct_codec_new(&c, u.m, u.o, &why) != NCT_OK)
			fail_msg("case %zu: %s", i, why.text);
		u.c = c;
		(void)use(&u);
		for (unsigned k = 0; shared && k < THREADS; k++) {
			users[k] = u;
			users[k].rounds /= 3;
			users[k].seed = 100 + k;
			assert_int_equal(pthread_create(&t[k], NULL, use, &users[k]), 0);
		}
		for (unsigned k = 0; shared && k < THREADS; k++)
			assert_int_equal(pthread_join(t[k], NULL), 0);
		nct_codec_free(c);
	}
	nct_m1_free(builtin);
	nct_m1_free(small);
	free(real.p);
}

/* Documents that span batches and chunks; NULs in text; open documents; output arrays that are too small. */
static void
test_rooms(void **state)
{
	const struct bytes real = sample_text(1178860), text = {malloc(6 * real.n), 6 * real.n};
	const uint64_t offsets[] = {0, 0, 1, 3, 3 * real.n, 3 * real.n + 2000, 6 * real.n, 6 * real.n};
	const size_t documents = sizeof offsets / sizeof offsets[0] - 1;
	struct nct_codec_options o = {.struct_size = sizeof o};
	uint64_t ends[8], text_ends[8];
	nct_m1 *m;

	(void)state;
	assert_non_null(text.p);
	for (size_t i = 0; i < 6; i++)
		memcpy(text.p + i * real.n, real.p, real.n);
	text.p[0] = text.p[2] = text.p[5000] = 0;
	assert_int_equal(nct_m1_builtin(&m, NULL, NULL), NCT_OK);
	for (int open = 0; open < 2; open++)
		for (int cut = 0; cut < 2; cut++) {
			nct_codec *c;
			nct_codec_scratch *s;

			o.chunk = cut ? 0 : UINT64_MAX;
			assert_int_equal(nct_codec_new(&c, m, &o, NULL), NCT_OK);
			assert_int_equal(nct_codec_scratch_new(&s, c), NCT_OK);
			const size_t most = nct_codec_ids_max(c, text.n, documents);
			uint16_t *ids = malloc(most * sizeof *ids), few[100];
			uint8_t *back = malloc(text.n + 1);
			assert_true(ids != NULL && back != NULL);
			assert_int_equal(nct_codec_encode(c, s, text.p, offsets, documents, open, ids, most, ends, NULL), NCT_OK);
			assert_int_equal(ends[1], open ? 0 : 1); /* an empty document */
			const uint64_t n = ends[documents];
			assert_int_equal(nct_codec_encode(c, s, text.p, offsets, documents, open, few, 100, ends, NULL), NCT_OK);
			assert_true(ends[documents] == n && memcmp(few, ids, sizeof few) == 0);
			assert_int_equal(nct_codec_decode(c, ids, ends, documents, back, text.n, text_ends, NULL), NCT_OK);
			assert_memory_equal(text_ends, offsets, sizeof offsets);
			assert_memory_equal(back, text.p, text.n);
			memset(back, 'x', 100);
			assert_int_equal(nct_codec_decode(c, ids, ends, documents, back, 60, text_ends, NULL), NCT_OK);
			assert_memory_equal(text_ends, offsets, sizeof offsets);
			assert_true(memcmp(back, text.p, 60) == 0 && back[60] == 'x');
			assert_int_equal(nct_codec_encode(c, s, "", offsets, 0, 0, few, 100, ends, NULL), NCT_OK);
			assert_int_equal(ends[0], 0);
			free(back);
			free(ids);
			nct_codec_scratch_free(s);
			nct_codec_free(c);
		}
	nct_m1_free(m);
	free(text.p);
	free(real.p);
}

static void
refused(const nct_m1 *m, struct nct_codec_options o, const char *what)
{
	nct_codec *c;
	nct_why why = {{0}, 0};

	o.struct_size = sizeof o;
	assert_int_equal(nct_codec_new(&c, m, &o, &why), NCT_EARG);
	assert_null(c);
	if (strstr(why.text, what) == NULL)
		fail_msg("'%s', not '%s'", why.text, what);
}

static void
test_faults(void **state)
{
	const struct nct_codec_options o = {sizeof o, .token_bits = 8};
	const uint64_t down[] = {0, 2, 1}, two[] = {0, 2};
	const uint16_t large[] = {1, 256}, odd[] = {1, 2, 3};
	uint64_t ends[3];
	uint8_t text[100];
	uint16_t ids[100];
	nct_codec_scratch *s;
	nct_codec *c;
	nct_why why;
	nct_m1 *m, *plain = some_m1(0);

	(void)state;
	assert_int_equal(nct_m1_builtin(&m, NULL, NULL), NCT_OK);
	refused(m, (struct nct_codec_options){.token_bits = 5}, "ids of 5 bits do not divide windows of 16");
	refused(m, (struct nct_codec_options){.token_bits = 17, .window_bits = 16}, "ids of 17 bits");
	refused(m, (struct nct_codec_options){.window_bits = 15}, "M1 has no codebook for windows of 15 bits");
	refused(m, (struct nct_codec_options){.codebook = "other"}, "no such codebook");
	refused(m, (struct nct_codec_options){.align = NCT_ALIGN_WORDS}, "without the windows' bits");
	refused(m, (struct nct_codec_options){.window_bits = 16, .align = NCT_ALIGN_REGEX}, "impossible options");
	refused(m, (struct nct_codec_options){.window_bits = 16, .eod = 3}, "impossible options");
	refused(m, (struct nct_codec_options){.window_bits = 16, .align = NCT_ALIGN_REGEX, .align_pattern = "("},
	        "alignment: ");
	refused(plain, (struct nct_codec_options){0}, "M1 has no codebook");
	assert_int_equal(nct_codec_new(&c, m, &o, NULL), NCT_OK);
	assert_int_equal(nct_codec_scratch_new(&s, c), NCT_OK);
	assert_int_equal(nct_codec_encode(c, s, "ab", down, 2, 0, ids, 100, ends, &why), NCT_EARG);
	assert_string_equal(why.text, "offset 1 is above the next");
	assert_int_equal(nct_codec_decode(c, odd, down, 2, text, 100, ends, NULL), NCT_EARG);
	assert_int_equal(nct_codec_decode(c, large, two, 1, text, 100, ends, &why), NCT_EDATA);
	assert_string_equal(why.text, "id 256 is not below 256");
	assert_int_equal(nct_codec_decode(c, odd, (uint64_t[]){0, 3}, 1, text, 100, ends, &why), NCT_ECUT);
	nct_codec_scratch_free(s);
	nct_codec_free(c);
	nct_codec_free(NULL);
	nct_codec_scratch_free(NULL);
	nct_m1_free(m);
	nct_m1_free(plain);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_streams), cmocka_unit_test(test_rooms),
	                                   cmocka_unit_test(test_faults)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
