/* test_threads.c - each task is done once, no two workers share a number, fewer threads than asked for suffice, and
 * quotas are read. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>
#include <pthread.h>

#include "base/cores.h"
#include "base/threads.h"

#define THREADS 7
#define TASKS 1000

struct run {
	unsigned char done[TASKS];
	atomic_int in[THREADS];      /* calls that run as this worker */
	size_t last[THREADS];        /* the task that it did last, plus one */
	atomic_int faults, begun;
	int meet;                    /* tasks 0 and 1 wait for each other */
	pthread_t caller;
};

static void
do_one(void *ctx, size_t i, unsigned worker)
{
	struct run *r = ctx;
	const time_t start = time(NULL);

	if (worker >= THREADS || (worker == 0) != (pthread_equal(pthread_self(), r->caller) != 0)) {
		r->faults++;
		return;
	}
	r->faults += atomic_fetch_add(&r->in[worker], 1) != 0; /* two calls share a worker */
	r->faults += i < r->last[worker];                      /* out of order */
	r->faults += i == 0 && worker != 0;                    /* the first task is the caller's */
	r->last[worker] = i + 1;
	r->done[i]++;
	r->begun++;
	while (r->meet && i < 2 && r->begun < 2 && time(NULL) < start + 60)
		continue;
	atomic_fetch_sub(&r->in[worker], 1);
}

static void
check(nct_threads *t, size_t n, int meet)
{
	struct run r = {.caller = pthread_self(), .meet = meet};

	nct_parallel(t, n, do_one, &r);
	assert_int_equal(r.faults, 0);
	if (meet)
		assert_true(r.begun >= 2);
	for (size_t i = 0; i < TASKS; i++)
		assert_int_equal(r.done[i], i < n);
}

/* Many short calls, some after a pause in which the pool falls asleep. */
static void
test_each_task_once(void **state)
{
	const struct timespec pause = {.tv_nsec = 100000};

	(void)state;
	for (unsigned threads = 1; threads <= THREADS; threads++) {
		nct_threads *t;

		assert_int_equal(nct_threads_new(&t, threads), NCT_OK);
		for (size_t i = 0; i < 2000; i++) {
			check(t, i % 100 == 0 ? TASKS : i % 9, 0);
			if (i % 50 == 0)
				(void)nanosleep(&pause, NULL);
		}
		nct_threads_free(t);
	}
}

/* In every call, two tasks run at the same time. */
static void
test_tasks_meet(void **state)
{
	nct_threads *t;

	(void)state;
	assert_int_equal(nct_threads_new(&t, 3), NCT_OK);
	for (int i = 0; i < 200; i++)
		check(t, 2, 1);
	nct_threads_free(t);
}

static void
test_pools_come_and_go(void **state)
{
	nct_threads *t;

	(void)state;
	for (unsigned i = 0; i < 300; i++) {
		assert_int_equal(nct_threads_new(&t, 1 + i % THREADS), NCT_OK);
		if (i % 3 != 0)
			check(t, i % 20, 0);
		nct_threads_free(t);
	}
	nct_threads_free(NULL);
	assert_int_equal(nct_threads_new(&t, 0), NCT_EARG);
	assert_null(t);
}

/* A pool that waits takes no processor time. */
static void
test_waiting_threads_sleep(void **state)
{
	const struct timespec pause = {.tv_nsec = 300000000};
	struct timespec before, after;
	nct_threads *t;

	(void)state;
	assert_int_equal(nct_threads_new(&t, THREADS), NCT_OK);
	check(t, TASKS, 0);
	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &before);
	(void)nanosleep(&pause, NULL);
	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &after);
	nct_threads_free(t);
	/* Threads that spun all the time would take up to 300 ms each. These take some microseconds. */
	assert_true((double)(after.tv_sec - before.tv_sec) + 1e-9 * (double)(after.tv_nsec - before.tv_nsec) < 0.05);
}

/* ---- threads that cannot be started ---- */

static int refuse_after = -1; /* the number of threads that can be started; -1: no limit */

int __real_pthread_create(pthread_t *t, const pthread_attr_t *a, void *(*f)(void *), void *ctx);
int __wrap_pthread_create(pthread_t *t, const pthread_attr_t *a, void *(*f)(void *), void *ctx);

int
__wrap_pthread_create(pthread_t *t, const pthread_attr_t *a, void *(*f)(void *), void *ctx)
{
	if (refuse_after == 0)
		return EAGAIN;
	if (refuse_after > 0)
		refuse_after--;
	return __real_pthread_create(t, a, f, ctx);
}

static void
test_some_threads_cannot_be_started(void **state)
{
	(void)state;
	for (int have = 0; have < THREADS; have++) {
		nct_threads *t;

		refuse_after = have;
		assert_int_equal(nct_threads_new(&t, THREADS), NCT_OK);
		check(t, TASKS, 0);
		refuse_after = -1;
		check(t, TASKS, have > 0);
		nct_threads_free(t);
	}
}

/* ---- how many processors there are ---- */

static char folder[64], made[32][256]; /* names of what is in it, folders before their files */
static size_t made_count;

static void
note_made(const char *path)
{
	assert_true(made_count < sizeof made / sizeof made[0]);
	snprintf(made[made_count++], sizeof made[0], "%s", path);
}

/* Writes `text` to the file `name` in the test's folder, and makes the folders that it needs. */
static void
put(const char *name, const char *text)
{
	char path[256];
	FILE *f;

	snprintf(path, sizeof path, "%s/%s", folder, name);
	for (char *p = path + strlen(folder) + 1; (p = strchr(p, '/')) != NULL; *p++ = '/') {
		*p = '\0';
		if (mkdir(path, 0700) == 0) /* else it exists */
			note_made(path);
	}
	if (access(path, F_OK) != 0)
		note_made(path);
	f = fopen(path, "w");
	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
}

static unsigned
quota(const char *groups)
{
	char list[128];

	put("groups", groups);
	snprintf(list, sizeof list, "%s/groups", folder);
	return nct_cores_quota(list, folder);
}

static void
test_quotas(void **state)
{
	(void)state;
	snprintf(folder, sizeof folder, "/tmp/nct-test.XXXXXX");
	assert_non_null(mkdtemp(folder));
	assert_int_equal(nct_cores_quota("/nowhere/groups", folder), 0);
	assert_int_equal(quota("0::/\n"), 0); /* no such files */
	put("cpu.max", "max 100000\n");
	assert_int_equal(quota("0::/\n"), 0);
	put("cpu.max", "200000 100000\n");
	assert_int_equal(quota("0::/\n"), 2);
	put("cpu.max", "150000 100000\n");
	assert_int_equal(quota("0::/\n"), 2); /* one and a half: rounded up */
	put("cpu.max", "1000 100000\n");
	assert_int_equal(quota("0::/\n"), 1);
	put("cpu.max", "800000 100000\n");
	put("a/cpu.max", "max 100000\n");
	put("a/b/cpu.max", "600000 100000\n");
	put("a/b/c/cpu.max", "max 100000\n");
	assert_int_equal(quota("0::/a\n"), 8); /* the smallest bound above it */
	assert_int_equal(quota("0::/a/b\n"), 6);
	assert_int_equal(quota("0::/a/b/c\n"), 6);
	put("a/cpu.max", "300000 100000\n");
	assert_int_equal(quota("0::/a/b/c\n"), 3);
	put("cpu.max", "nonsense\n");
	assert_int_equal(quota("0::/\n"), 0);
	put("cpu,cpuacct/job/cpu.cfs_quota_us", "-1\n");
	put("cpu,cpuacct/job/cpu.cfs_period_us", "100000\n");
	assert_int_equal(quota("5:cpuset:/job\n4:cpu,cpuacct:/job\n"), 0);
	put("cpu,cpuacct/job/cpu.cfs_quota_us", "500000\n");
	assert_int_equal(quota("5:cpuset:/job\n4:cpu,cpuacct:/job\n"), 5);
	assert_int_equal(quota("5:cpuset:/job\n4:cpuacct:/job\n"), 0);
	put("unified/x/cpu.max", "400000 100000\n");
	assert_int_equal(quota("4:cpu,cpuacct:/job\n0::/x\n"), 4);
	assert_int_equal(quota("garbage\n:\n::\n"), 0);
	assert_true(nct_cores() >= 1);
	while (made_count > 0)
		assert_int_equal(remove(made[--made_count]), 0);
	assert_int_equal(rmdir(folder), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_task_once), cmocka_unit_test(test_tasks_meet), cmocka_unit_test(test_pools_come_and_go),
		cmocka_unit_test(test_waiting_threads_sleep), cmocka_unit_test(test_some_threads_cannot_be_started),
		cmocka_unit_test(test_quotas),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
