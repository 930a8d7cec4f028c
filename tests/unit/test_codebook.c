/* test_codebook.c - codebooks of code `split`: the same strings as M1 gives, and refusal of impossible trees. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/io.h"
#include "book/codebook.h"
#include "coder/bits.h"
#include "encode/book_lanes.h"
#include "encode/by_book.h"
#include "decode/m1_block.h"
#include "encode/m1_chunk.h"
#include "long_tests.h"
#include "some_m1.h"

/* The text of window k: its path from the root of the codebook's tree. Returns its length without EOD. */
static size_t
path(const struct nct_codebook *c, size_t k, uint8_t *text, int *eod)
{
	unsigned want = c->depth[k];
	const size_t n = want - (c->symbol[k] == NCT_EOD);

	*eod = c->symbol[k] == NCT_EOD;
	for (size_t i = k + 1; i-- > 0 && want > 0;)
		if (c->depth[i] == want) {
			want--;
			if (want < n)
				text[want] = (uint8_t)c->symbol[i];
		}
	return n;
}

/* Every number of b bits decodes to the same text as by M1, whatever the number of threads that made the codebook. */
static void
test_strings(void **state)
{
	(void)state;
	for (unsigned which = 0; which < SOME_M1; which++)
		for (unsigned b = NCT_WINDOW_MIN; b <= 14; b++) {
			nct_m1 *m = some_m1(which);
			struct nct_m1_block u = {.plan = {.window_bits = b, .resets = 1}, .to = {.separator = -1}};
			nct_worker *worker;
			uint8_t text[NCT_WINDOW_SYMBOLS];

			assert_int_equal(nct_m1_compile(m, b, 1, NULL), NCT_OK);
			const struct nct_codebook *c = nct_m1_codebook(m, NCT_CODE_SPLIT, b);
			assert_int_equal(
			    nct_worker_new(&worker, m,
			                   &(struct nct_worker_plan){.window_bits = b, .remember = 1, .lanes = 1}),
			    NCT_OK);
			for (size_t k = 0; k < (size_t)1 << b; k++) {
				nct_bits bits = {0};
				int eod;
				const size_t n = path(c, k, text, &eod);

				u.to.bytes = u.to.text_bytes = 0;
				u.to.text_max = UINT64_MAX;
				assert_int_equal(nct_bits_put(&bits, k, b), NCT_OK);
				struct nct_part_job part = {.p = bits.bytes, .bits = b, .units = 1};
				assert_int_equal(nct_m1_block_windows(&u, worker, &part, 1), NCT_OK);
				if (u.to.bytes != n || (n > 0 && memcmp(u.to.text, text, n) != 0) || eod != part.eod)
					fail_msg("model %u, b=%u: window %zu", which, b, k);
				nct_bits_free(&bits);
			}
			const uint64_t print = c->fingerprint;
			assert_int_equal(nct_m1_compile(m, b, 3, NULL), NCT_OK);
			assert_true(nct_m1_codebook(m, NCT_CODE_SPLIT, b)->fingerprint == print);
			nct_decoded_free(&u.to);
			nct_worker_free(worker);
			nct_m1_free(m);
		}
}

static void
test_arguments(void **state)
{
	nct_m1 *m = some_m1(0);
	nct_why why;

	(void)state;
	for (unsigned b = 0; b <= NCT_WINDOW_MAX; b++) {
		assert_int_equal(nct_m1_compiled(m, b), 0);
		if (b < NCT_WINDOW_MIN || b > NCT_CODEBOOK_MAX)
			assert_int_equal(nct_m1_compile(m, b, 1, &why), NCT_EARG);
	}
	assert_int_equal(nct_m1_compile(m, 10, 1, NULL), NCT_OK);
	assert_int_equal(nct_m1_compiled(m, 10), 1);
	nct_m1_free(m);
}

/* ---- what is refused ---- */

static struct nct_codebook *
copy(const struct nct_codebook *from)
{
	struct nct_codebook *c;

	assert_int_equal(nct_codebook_new(&c, NCT_CODE_SPLIT, from->bits, (size_t)1 << from->bits), NCT_OK);
	memcpy(c->depth, from->depth, ((size_t)4 << from->bits));
	return c;
}

static void
refuse(const struct nct_codebook *good, size_t k, unsigned depth, unsigned symbol, const char *what)
{
	struct nct_codebook *c = copy(good);
	nct_why why = {0};
	char line[200];

	c->depth[k] = (uint16_t)depth;
	c->symbol[k] = (uint16_t)symbol;
	assert_int_equal(nct_codebook_seal(c, 1, &why), NCT_EDATA);
	snprintf(line, sizeof line, "codebook of %u bits: %s", c->bits, what);
	assert_string_equal(why.text, line);
	nct_codebook_free(c);
}

static void
test_faults(void **state)
{
	nct_m1 *m = some_m1(3);
	const size_t n = 1024;
	char line[100];

	(void)state;
	assert_int_equal(nct_m1_compile(m, 10, 1, NULL), NCT_OK);
	const struct nct_codebook *good = nct_m1_codebook(m, NCT_CODE_SPLIT, 10);
	struct nct_codebook *c = copy(good);
	assert_int_equal(nct_codebook_seal(c, 1, NULL), NCT_OK);
	const uint64_t print = c->fingerprint;
	assert_int_equal(nct_codebook_seal(c, 2, NULL), NCT_OK);
	assert_true(c->fingerprint != print); /* it depends on M1 */
	nct_codebook_free(c);

	refuse(good, 0, 2, 0, "a string without the one that it goes on from, number 0");
	refuse(good, 0, 0, 0, "a string of impossible length, number 0");
	refuse(good, n - 1, 1025, 0, "a string of impossible length, number 1023");
	refuse(good, n - 1, 1, 257, "a string with an unknown symbol, number 1023");
	refuse(good, n - 1, 1, 65535, "a string with an unknown symbol, number 1023");
	refuse(good, n - 1, 1, 255, "a string out of order, number 1023");
	refuse(good, n - 1, 3, 0, "a string without the one that it goes on from, number 1023");
	refuse(good, n - 1, 2, 0, "256 strings of one symbol, not 257");
	refuse(good, 1, 1, 0, "a string out of order, number 1");
	assert_int_equal(good->depth[n - 1], 1); /* EOD alone */
	assert_int_equal(good->depth[n - 2], 1); /* 255, which is improbable in that model */
	size_t k = 0;
	while (good->symbol[k] != NCT_EOD)
		k++;
	assert_true(k < n - 1);
	snprintf(line, sizeof line, "a string that goes on after EOD, number %zu", k + 1);
	refuse(good, k + 1, good->depth[k] + 1u, 0, line);
	nct_m1_free(m);
}

/* ---- streams ---- */

struct text {
	const uint8_t *bytes;
	size_t n;
};

static nct_err
open_text(void *ctx, size_t i, int *fd)
{
	const struct text *t = ctx;
	FILE *f;

	*fd = -1;
	if (i > 0)
		return NCT_OK;
	if ((f = tmpfile()) == NULL)
		return NCT_EIO;
	*fd = dup(fileno(f));
	fclose(f);
	if (nct_write(*fd, t->bytes, t->n) != NCT_OK || lseek(*fd, 0, SEEK_SET) != 0)
		return NCT_EIO;
	return NCT_OK;
}

/* All bytes of a file; the caller frees them. */
static uint8_t *
contents(FILE *f, size_t *n)
{
	const off_t size = lseek(fileno(f), 0, SEEK_END);
	uint8_t *p = malloc((size_t)size + 1);

	assert_non_null(p);
	assert_int_equal(lseek(fileno(f), 0, SEEK_SET), 0);
	assert_int_equal(nct_read(fileno(f), p, (size_t)size + 1, n), NCT_OK);
	assert_int_equal(lseek(fileno(f), 0, SEEK_SET), 0);
	return p;
}

static uint8_t *
encode(const nct_m1 *m, struct text text, const struct nct_encode_options *o, size_t *n)
{
	FILE *f = tmpfile();
	struct nct_totals t;

	assert_non_null(f);
	assert_int_equal(nct_encode(m, open_text, &text, fileno(f), o, &t, NULL), NCT_OK);
	uint8_t *p = contents(f, n);
	fclose(f);
	return p;
}

static void
decode(const nct_m1 *m, const uint8_t *stream, size_t n, struct text want, const struct nct_decode_options *o)
{
	FILE *in = tmpfile(), *out = tmpfile();
	struct nct_totals t;
	size_t got;

	assert_true(in != NULL && out != NULL);
	assert_int_equal(nct_write(fileno(in), stream, n), NCT_OK);
	assert_int_equal(lseek(fileno(in), 0, SEEK_SET), 0);
	assert_int_equal(nct_decode(m, fileno(in), fileno(out), o, &t, NULL), NCT_OK);
	uint8_t *text = contents(out, &got);
	assert_int_equal(got, want.n);
	assert_memory_equal(text, want.bytes, want.n);
	free(text);
	fclose(in);
	fclose(out);
}

/* The codebook and M1 write the same stream, with one thread and with two, and both read it. */
static void
same_streams(const nct_m1 *m, struct text text, struct nct_encode_options o)
{
	size_t n, again;

	o.resets = 1;
	o.threads = 2;
	o.no_codebook = 1;
	uint8_t *general = encode(m, text, &o, &n);
	o.no_codebook = 0;
	for (o.threads = 1; o.threads <= 2; o.threads++) {
		uint8_t *book = encode(m, text, &o, &again);

		if (again != n || memcmp(general, book, n) != 0)
			fail_msg("b=%u, chunk=%u, %zu bytes, %u threads: streams differ", o.window_bits,
			         (unsigned)o.chunk, text.n, o.threads);
		free(book);
		decode(m, general, n, text, &(struct nct_decode_options){sizeof(struct nct_decode_options), .threads = o.threads});
	}
	decode(m, general, n, text,
	       &(struct nct_decode_options){sizeof(struct nct_decode_options), .threads = 1, .no_codebook = 1});
	free(general);
}

/* Makes text of a kind: few letters, one letter for longer than a window, any bytes, or NULs. */
static void
make_text(uint8_t *text, size_t n, unsigned kind)
{
	nct_rng r = {kind + 1};

	for (size_t i = 0; i < n; i++) {
		const unsigned any = (unsigned)nct_rng_below(&r, 256), few = (unsigned char)"aaab c\n\0"[any % 8];

		text[i] = (uint8_t)(kind == 0 ? few : kind == 1 ? (i % 3000 < 2500 ? 'a' : few) : kind == 2 ? any : any % 3);
	}
}

static void
test_streams(void **state)
{
	static const uint64_t chunks[] = {0, 1 << 20, 1, 97, 4096, 5000};
	static uint8_t text[40000];

	(void)state;
	for (unsigned which = 0; which < SOME_M1; which++)
		for (unsigned b = NCT_WINDOW_MIN; b <= NCT_CODEBOOK_MAX; b++) {
			if (b > 16 && (b + which) % 2 != 0) /* not all, as large codebooks take long */
				continue;
			nct_m1 *m = some_m1(which);

			assert_int_equal(nct_m1_compile(m, b, 2, NULL), NCT_OK);
			for (unsigned i = 0; i < 8; i += b > 16 ? 5 : 1) {
				struct nct_encode_options o = {sizeof o, .window_bits = b, .chunk = chunks[(i + b) % 6]};
				const size_t n = o.chunk == 1 ? 50 : i < 4 ? 700 * i : which < 2 ? 3000 : sizeof text / (long_tests() ? 1 : 2);

				make_text(text, n, (i + b) % 4);
				o.separator = i % 2 != 0 ? NCT_SEP_NUL : NCT_SEP_OPERAND;
				o.open = i % 4 == 0;
				same_streams(m, (struct text){text, n}, o);
			}
			nct_m1_free(m);
		}
}

/* Documents that begin at a pattern, and chunks that go on in the next batch, with parts of more windows than a
 * block holds. */
static void
test_long_streams(void **state)
{
	const size_t n = 8500000; /* more than a batch of one thread */
	struct nct_encode_options o = {sizeof o, .window_bits = 10};
	uint8_t *text = malloc(n);
	nct_m1 *m = some_m1(3);

	(void)state;
	assert_non_null(text);
	assert_int_equal(nct_m1_compile(m, 10, 2, NULL), NCT_OK);
	make_text(text, n, 2);
	same_streams(m, (struct text){text, n}, o);
	o.separator = NCT_SEP_REGEX;
	o.pattern = "\\na";
	same_streams(m, (struct text){text, 100000}, o);
	nct_m1_free(m);
	free(text);
}

/* A part ends after 2^26 bytes of text. The text takes hardly any windows. */
static void
test_long_text(void **state)
{
	const size_t n = (long_tests() ? (size_t)1 << 26 : 2 * NCT_BOOK_BATCH_MAX) + 100000;
	uint8_t *text = malloc(n);
	nct_m1 *m = some_m1(SOME_M1_LONG);
	size_t book_n, general_n;
	struct nct_encode_options o = {sizeof o, .window_bits = 12, .resets = 1, .threads = 2};

	(void)state;
	assert_non_null(text);
	assert_int_equal(nct_m1_compile(m, 12, 2, NULL), NCT_OK);
	memset(text, 'a', n);
	text[12345] = 'b'; /* so that windows do not end at round numbers */
	uint8_t *book = encode(m, (struct text){text, n}, &o, &book_n);
	o.no_codebook = 1;
	uint8_t *general = encode(m, (struct text){text, n}, &o, &general_n);
	assert_int_equal(book_n, general_n);
	assert_memory_equal(book, general, book_n);
	decode(m, book, book_n, (struct text){text, n},
	       &(struct nct_decode_options){sizeof(struct nct_decode_options), .threads = 2});
	free(book);
	free(general);
	nct_m1_free(m);
	free(text);
}

/* Counts the text that each of two threads walks. The linker wraps the library's function with one here (see the
 * Makefile). */
static struct {
	_Atomic(struct nct_book_lanes *) first; /* lanes of the first thread; NULL: none has walked yet */
	size_t bytes[2];
} walked;

void __real_nct_book_lanes_walk(struct nct_book_lanes *l, struct nct_encode_job *jobs, size_t n);
void __wrap_nct_book_lanes_walk(struct nct_book_lanes *l, struct nct_encode_job *jobs, size_t n);

void
__wrap_nct_book_lanes_walk(struct nct_book_lanes *l, struct nct_encode_job *jobs, size_t n)
{
	struct nct_book_lanes *first = NULL;
	const int second = !atomic_compare_exchange_strong(&walked.first, &first, l) && first != l;

	for (size_t i = 0; i < n; i++)
		walked.bytes[second] += jobs[i].n;
	__real_nct_book_lanes_walk(l, jobs, n);
}

/* If there are chunks for two threads, each walks at least a fifth of the text. One of many runs must show that,
 * since other programs may keep a thread waiting. */
static void
test_work(void **state)
{
	const size_t n = 40000000;
	uint8_t *text = malloc(n);
	nct_m1 *m = some_m1(3);
	struct nct_encode_options o = {sizeof o, .window_bits = 16, .resets = 1, .chunk = 1 << 20, .threads = 2};
	size_t size;

	(void)state;
	assert_non_null(text);
	assert_int_equal(nct_m1_compile(m, 16, 2, NULL), NCT_OK);
	make_text(text, n, 0);
	for (int runs = 0; runs == 0 || walked.bytes[0] < n / 5 || walked.bytes[1] < n / 5; runs++) {
		if (runs == 30)
			fail_msg("the threads encoded %zu and %zu bytes", walked.bytes[0], walked.bytes[1]);
		walked.first = NULL;
		walked.bytes[0] = walked.bytes[1] = 0;
		free(encode(m, (struct text){text, n}, &o, &size));
		assert_int_equal(walked.bytes[0] + walked.bytes[1], n + 1); /* the last chunk is a series: with its EOD */
	}
	nct_m1_free(m);
	free(text);
}

/* A codebook that does not belong to its M1, as no file can have. Strings shown come from the codebook, not from M1. */
static void
test_show_asks_the_codebook(void **state)
{
	nct_m1 *m = some_m1(3);
	struct nct_encode_options o = {
	    sizeof o, .window_bits = NCT_WINDOW_MIN, .resets = 1, .threads = 1, .no_codebook = 1, .open = 1};
	struct nct_decode_options show = {sizeof show, .threads = 1, .show = 1};
	struct nct_codebook *c;
	uint8_t text[NCT_WINDOW_SYMBOLS];
	char line[2][32];
	size_t n, k = 0;
	int eod;

	(void)state;
	assert_int_equal(nct_m1_compile(m, o.window_bits, 1, NULL), NCT_OK);
	assert_int_equal(nct_codebook_new(&c, NCT_CODE_SPLIT, o.window_bits, (size_t)1 << o.window_bits), NCT_OK);
	memcpy(c->depth, nct_m1_codebook(m, NCT_CODE_SPLIT, o.window_bits)->depth, sizeof *c->depth * 2 << c->bits);
	do
		assert_true(++k + 1 < (size_t)1 << c->bits);
	while (c->depth[k] != 2 || c->symbol[k] != 'a' || c->depth[k + 1] != 1 || path(c, k, text, &eod) != 2 ||
	       text[0] < ' ' || text[0] > '[');
	uint8_t *stream = encode(m, (struct text){text, 2}, &o, &n);
	for (int other = 0; other < 2; other++)
		snprintf(line[other], sizeof line[other], "%zu\t%c%c\n", k, text[0], "ab"[other]);
	decode(m, stream, n, (struct text){(uint8_t *)line[0], strlen(line[0])}, &show);
	c->symbol[k] = 'b';
	assert_int_equal(nct_codebook_seal(c, nct_m1_fingerprint(m), NULL), NCT_OK);
	nct_m1_take_codebook(m, c);
	decode(m, stream, n, (struct text){(uint8_t *)line[1], strlen(line[1])}, &show);
	show.no_codebook = 1;
	decode(m, stream, n, (struct text){(uint8_t *)line[0], strlen(line[0])}, &show);
	nct_m1_free(m);
	free(stream);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_strings), cmocka_unit_test(test_arguments), cmocka_unit_test(test_faults),
	    cmocka_unit_test(test_streams), cmocka_unit_test(test_long_streams), cmocka_unit_test(test_long_text),
	    cmocka_unit_test(test_work), cmocka_unit_test(test_show_asks_the_codebook),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
