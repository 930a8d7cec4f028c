/* test_io.c - all functions that read or write wait until a non-blocking descriptor is ready. */
#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cmocka.h>
#include <pthread.h>

#include "base/io.h"
#include "convert_stream.h"
#include "text/documents.h"

/* A pipe with a non-blocking end in the test's thread, and another thread that delays it at the other end. */
struct slow {
	int ours, theirs;
	struct bytes b;
	size_t piece; /* bytes that the other thread writes at a time */
	pthread_t thread;
};

static size_t
held(int fd)
{
	int n = 0;

	assert_int_equal(ioctl(fd, FIONREAD, &n), 0);
	return (size_t)n;
}

/* Writes a piece whenever all earlier ones were read. */
static void *
feed(void *ctx)
{
	struct slow *s = ctx;

	for (size_t at = 0; at < s->b.n;) {
		const size_t n = s->b.n - at < s->piece ? s->b.n - at : s->piece;

		while (held(s->theirs) > 0)
			(void)sched_yield();
		if (write(s->theirs, s->b.p + at, n) != (ssize_t)n)
			break;
		at += n;
	}
	(void)close(s->theirs);
	return NULL;
}

/* Reads a little whenever the pipe is full, or when it has all that is left. */
static void *
drain(void *ctx)
{
	struct slow *s = ctx;

	for (size_t at = 0; at < s->b.n;) {
		const size_t full = s->b.n - at < 65536 ? s->b.n - at : 65536;
		ssize_t n;

		while (held(s->theirs) < full)
			(void)sched_yield();
		if ((n = read(s->theirs, s->b.p + at, 4096)) <= 0)
			break;
		at += (size_t)n;
	}
	return NULL;
}

static void
begin(struct slow *s, int reads)
{
	int ends[2];

	assert_int_equal(pipe(ends), 0);
	s->ours = ends[reads ? 0 : 1];
	s->theirs = ends[reads ? 1 : 0];
	assert_int_equal(fcntl(s->ours, F_SETFL, O_NONBLOCK), 0);
	assert_int_equal(pthread_create(&s->thread, NULL, reads ? feed : drain, s), 0);
}

static void
test_whole_reads(void **state)
{
	uint8_t got[16];
	struct slow s = {.b = {(uint8_t *)"many pieces", 11}, .piece = 2};
	size_t n;

	(void)state;
	begin(&s, 1);
	assert_int_equal(nct_read(s.ours, got, sizeof got, &n), NCT_OK);
	assert_int_equal(n, 11);
	assert_memory_equal(got, "many pieces", 11);
	assert_int_equal(pthread_join(s.thread, NULL), 0);
	(void)close(s.ours);
}

static void
test_whole_writes(void **state)
{
	const size_t n = 1 << 20;
	uint8_t *want = malloc(n);
	struct slow s = {.b = {malloc(n), n}};

	(void)state;
	assert_non_null(want);
	assert_non_null(s.b.p);
	for (size_t i = 0; i < n; i++)
		want[i] = (uint8_t)(i * 7 >> 3);
	begin(&s, 0);
	assert_int_equal(nct_write(s.ours, want, n), NCT_OK);
	assert_int_equal(pthread_join(s.thread, NULL), 0);
	assert_memory_equal(s.b.p, want, n);
	(void)close(s.ours);
	(void)close(s.theirs);
	free(s.b.p);
	free(want);
}

static nct_err
slow_operand(void *ctx, size_t i, int *fd)
{
	const struct slow *s = ctx;

	*fd = i == 0 ? s->ours : -1;
	return NCT_OK;
}

static void
test_text(void **state)
{
	struct slow s = {.b = {(uint8_t *)"one\0two\0three", 13}, .piece = 3};
	struct nct_piece p = {.done = 0};
	size_t bytes = 0, documents = 0;
	nct_docs *d;

	(void)state;
	begin(&s, 1);
	assert_int_equal(nct_docs_new(&d, slow_operand, &s, NCT_SEP_NUL, NULL, 0, NULL), NCT_OK);
	while (!p.done) {
		assert_int_equal(nct_docs_next(d, &p, NULL), NCT_OK);
		bytes += p.n;
		documents += p.ends != 0;
	}
	assert_int_equal(bytes, 11);
	assert_int_equal(documents, 3);
	nct_docs_free(d);
	assert_int_equal(pthread_join(s.thread, NULL), 0);
}

static void
test_ids_and_streams(void **state)
{
	const struct nct_import_options in = {sizeof in, .vocab = 300, .text = -1};
	const struct nct_pack_options to = {sizeof to, .token_bits = 0};
	struct slow s = {.b = {(uint8_t *)"1 23 299\n4\n", 11}, .piece = 3};
	struct bytes stream, text;
	nct_why why;
	int out = bytes_fd("", 0);

	(void)state;
	begin(&s, 1);
	assert_int_equal(nct_import_ids(slow_operand, &s, out, &in, NULL, &why), NCT_OK);
	assert_int_equal(pthread_join(s.thread, NULL), 0);
	stream = fd_bytes(out);

	s = (struct slow){.b = stream, .piece = 50};
	out = bytes_fd("", 0);
	begin(&s, 1);
	assert_int_equal(nct_tokens_export(slow_operand, &s, out, NCT_EXPORT_TEXT, &to, NULL, &why), NCT_OK);
	assert_int_equal(pthread_join(s.thread, NULL), 0);
	text = fd_bytes(out);
	assert_text(text, "1 23 299\n4\n");
	free(stream.p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_whole_reads),
	    cmocka_unit_test(test_whole_writes),
	    cmocka_unit_test(test_text),
	    cmocka_unit_test(test_ids_and_streams),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
