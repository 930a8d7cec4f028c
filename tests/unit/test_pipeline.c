/* test_pipeline.c - batches are written in the order in which they were read, each worked on once, with any number
 * of threads. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>
#include <pthread.h>

#include "base/pipeline.h"

#define THREADS 5
#define BATCHES 200

struct run {
	unsigned batches;          /* to read */
	int work_fails, write_fails; /* the batch whose work or write fails; -1: none */
	unsigned read, written;
	atomic_int readers, writers, overlaps;
	int meet;                  /* the work on batch 0 waits until that on batch 1 begins */
	atomic_int begun, late;    /* batches whose work has begun; the wait took too long */
	int waits;                 /* no input is ready after batch 0 */
	unsigned batch[THREADS];   /* the batch of each worker */
	int worked[THREADS];
	unsigned out[BATCHES + 1];
	atomic_int elsewhere;      /* some work was done by another thread than `caller` */
	pthread_t caller;
};

static int
is_ready(void *ctx)
{
	const struct run *r = ctx;

	return !r->waits;
}

static int
read_one(void *ctx, unsigned worker)
{
	struct run *r = ctx;

	r->overlaps += atomic_fetch_add(&r->readers, 1) != 0;
	r->batch[worker] = r->read++;
	r->worked[worker] = 0;
	atomic_fetch_sub(&r->readers, 1);
	return r->batch[worker] + 1 == r->batches;
}

static nct_err
work_one(void *ctx, unsigned worker)
{
	struct run *r = ctx;

	const struct timespec moment = {.tv_nsec = 1000000};
	const time_t start = time(NULL);

	for (volatile unsigned i = 0; i < r->batch[worker] * 2654435761u >> 20; i++) /* work takes different times */
		;
	r->begun++;
	while (r->meet && r->batch[worker] == 0 && r->begun < 2 && !r->late) {
		(void)nanosleep(&moment, NULL);
		r->late = time(NULL) > start + 600; /* seconds; enough for any busy machine */
	}
	r->worked[worker]++;
	if (!pthread_equal(pthread_self(), r->caller))
		r->elsewhere = 1;
	if ((int)r->batch[worker] != r->work_fails)
		return NCT_OK;
	errno = EDOM;
	return NCT_EDATA;
}

static nct_err
write_one(void *ctx, unsigned worker)
{
	struct run *r = ctx;

	r->overlaps += atomic_fetch_add(&r->writers, 1) != 0;
	r->out[r->written++] = r->worked[worker] == 1 ? r->batch[worker] : BATCHES + 1;
	atomic_fetch_sub(&r->writers, 1);
	if ((int)r->batch[worker] != r->write_fails)
		return NCT_OK;
	errno = ENOSPC;
	return NCT_EIO;
}

static const struct nct_stages stages = {is_ready, read_one, work_one, write_one};

/* Batches 0 to `written` - 1 were written, in order. */
static void
assert_written(const struct run *r, unsigned written)
{
	assert_int_equal(r->written, written);
	for (unsigned i = 0; i < written; i++)
		assert_int_equal(r->out[i], i);
	assert_int_equal(r->overlaps, 0);
}

/* With many and with few batches, where some threads get none. There are many runs, as timing differs between them. */
static void
test_order(void **state)
{
	(void)state;
	for (unsigned threads = 1; threads <= THREADS; threads++)
		for (unsigned i = 0; i < 300; i++) {
			struct run r = {.batches = i % 50 == 0 ? BATCHES : 1 + i % 7, .work_fails = -1, .write_fails = -1};

			assert_int_equal(nct_pipeline(&stages, &r, threads), NCT_OK);
			assert_written(&r, r.batches);
			assert_int_equal(r.read, r.batches);
		}
}

static void
test_one_batch_is_the_callers(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 100; i++) {
		struct run r = {.batches = 1, .work_fails = -1, .write_fails = -1, .caller = pthread_self()};

		assert_int_equal(nct_pipeline(&stages, &r, THREADS), NCT_OK);
		assert_written(&r, 1);
		assert_false(r.elsewhere);
	}
}

static void
test_work_goes_on_at_once(void **state)
{
	(void)state;
	for (unsigned threads = 2; threads <= THREADS; threads++) {
		struct run r = {.batches = 10, .work_fails = -1, .write_fails = -1, .meet = 1};

		assert_int_equal(nct_pipeline(&stages, &r, threads), NCT_OK);
		assert_written(&r, 10);
		assert_false(r.late);
	}
}

/* No thread waits for input, perhaps for ever, while a batch that will fail is in work. */
static void
test_failure_does_not_wait_for_input(void **state)
{
	(void)state;
	for (unsigned threads = 1; threads <= THREADS; threads++)
		for (int i = 0; i < 50; i++) {
			struct run r = {.batches = 10, .work_fails = i % 2 - 1, .write_fails = -(i % 2), .waits = 1};

			assert_int_equal(nct_pipeline(&stages, &r, threads), i % 2 == 0 ? NCT_EIO : NCT_EDATA);
			assert_int_equal(r.read, 1);
		}
}

/* Batches before a failure are written, later ones are not. Of two failures, the first in the order of batches
 * counts. */
static void
test_failures(void **state)
{
	(void)state;
	for (unsigned threads = 1; threads <= THREADS; threads++)
		for (int at = 0; at < 40; at++) {
			struct run work = {.batches = 40, .work_fails = at, .write_fails = at + 1};
			struct run write = {.batches = 40, .work_fails = at + 1, .write_fails = at};

			errno = 0;
			assert_int_equal(nct_pipeline(&stages, &work, threads), NCT_EDATA);
			assert_int_equal(errno, EDOM);
			assert_written(&work, (unsigned)at);
			assert_true(work.read <= (unsigned)at + 1 + threads);
			assert_int_equal(nct_pipeline(&stages, &write, threads), NCT_EIO);
			assert_int_equal(errno, ENOSPC);
			assert_written(&write, (unsigned)at + 1);
		}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_order),
	    cmocka_unit_test(test_one_batch_is_the_callers),
	    cmocka_unit_test(test_work_goes_on_at_once),
	    cmocka_unit_test(test_failure_does_not_wait_for_input),
	    cmocka_unit_test(test_failures),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
