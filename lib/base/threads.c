/* threads.c - a pool of threads that work through independent tasks and sleep in between.
 *
 * Other processes use this machine's cores, too. So a thread that waits spins for a few microseconds only, enough
 * for the gap between two calls, and then sleeps. The caller works through the tasks like any other thread. At the
 * end it waits only for threads that are in the middle of a task. A helper that wakes too late for a call finds no
 * task left, and nobody waits for it. */
#include "base/clock.h"
#include "base/threads.h"

#include <assert.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>

#define SPIN_SECONDS 5e-6
#define SPINS 16 /* iterations between two reads of the clock */

struct helper {
	struct nct_threads *pool;
	pthread_t thread;
	unsigned worker;
};

struct nct_threads {
	unsigned count;         /* the caller included */
	unsigned started;       /* helpers that exist */
	struct helper *helpers; /* (count - 1) */

	pthread_mutex_t lock;   /* guards the fields below; spin() reads `call` and `inside` without it */
	pthread_cond_t wake;    /* signalled when a call begins or the pool ends */
	pthread_cond_t done;    /* signalled when the last helper has left a call */
	_Atomic unsigned call;  /* calls of nct_parallel() so far; nct_threads_free() adds one, too */
	_Atomic unsigned inside; /* helpers that take tasks of the present call */
	unsigned asleep;        /* helpers that wait for `wake` */
	int open;               /* helpers may still join the present call */
	int ends;               /* the pool is being freed */

	void (*task)(void *ctx, size_t i, unsigned worker);
	void *ctx;
	size_t n;
	_Atomic size_t next;    /* the next task to hand out */
};

static inline void
pause_core(void)
{
#if defined __x86_64__
	__builtin_ia32_pause();
#elif defined __aarch64__
	__asm__ volatile("yield");
#endif
}

/* Spins until *x == value, or with `differs` until *x != value, but no longer than SPIN_SECONDS. */
static void
spin(const _Atomic unsigned *x, unsigned value, int differs)
{
	const double end = nct_seconds() + SPIN_SECONDS;

	do
		for (int i = 0; i < SPINS; i++) {
			if ((atomic_load_explicit(x, memory_order_acquire) == value) != differs)
				return;
			pause_core();
		}
	while (nct_seconds() < end);
}

static void
take_tasks(struct nct_threads *t, unsigned worker)
{
	size_t i;

	while ((i = atomic_fetch_add(&t->next, 1)) < t->n)
		t->task(t->ctx, i, worker);
}

static void *
help(void *ctx)
{
	const struct helper *h = ctx;
	struct nct_threads *t = h->pool;
	unsigned seen = 0;

	(void)pthread_mutex_lock(&t->lock);
	while (!t->ends) {
		if (t->open && t->call != seen) {
			seen = t->call;
			t->inside++;
			(void)pthread_mutex_unlock(&t->lock);
			take_tasks(t, h->worker);
			(void)pthread_mutex_lock(&t->lock);
			if (--t->inside == 0)
				(void)pthread_cond_signal(&t->done);
			continue;
		}
		const unsigned now = t->call;

		(void)pthread_mutex_unlock(&t->lock);
		spin(&t->call, now, 1);
		(void)pthread_mutex_lock(&t->lock);
		t->asleep++;
		while (t->call == now)
			(void)pthread_cond_wait(&t->wake, &t->lock);
		t->asleep--;
	}
	(void)pthread_mutex_unlock(&t->lock);
	return NULL;
}

/* Starts the helpers, or as many of them as the system allows. They block all signals but those that a thread's own
 * fault raises; the program's other threads get the rest. */
static void
start(struct nct_threads *t)
{
	static const int faults[] = {SIGBUS, SIGSEGV, SIGFPE, SIGILL};
	sigset_t all, before;

	(void)sigfillset(&all);
	for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++)
		(void)sigdelset(&all, faults[i]);
	if (pthread_sigmask(SIG_BLOCK, &all, &before) != 0)
		return;
	for (; t->started + 1 < t->count; t->started++) {
		struct helper *h = &t->helpers[t->started];

		*h = (struct helper){.pool = t, .worker = t->started + 1};
		if (pthread_create(&h->thread, NULL, help, h) != 0)
			break;
	}
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (t->started + 1 < t->count) /* do not try again at each call */
		t->count = t->started + 1;
}

nct_err
nct_threads_new(nct_threads **out, unsigned count)
{
	struct nct_threads *t;

	*out = NULL;
	if (count < 1)
		return NCT_EARG;
	if ((t = calloc(1, sizeof *t)) == NULL)
		return NCT_ENOMEM;
	t->count = count;
	if (count > 1 && (t->helpers = calloc(count - 1, sizeof *t->helpers)) == NULL) {
		free(t);
		return NCT_ENOMEM;
	}
	(void)pthread_mutex_init(&t->lock, NULL); /* these do not fail without attributes */
	(void)pthread_cond_init(&t->wake, NULL);
	(void)pthread_cond_init(&t->done, NULL);
	*out = t;
	return NCT_OK;
}

void
nct_threads_free(nct_threads *t)
{
	if (t == NULL)
		return;
	(void)pthread_mutex_lock(&t->lock);
	t->ends = 1;
	t->call++;
	(void)pthread_cond_broadcast(&t->wake);
	(void)pthread_mutex_unlock(&t->lock);
	for (unsigned i = 0; i < t->started; i++)
		(void)pthread_join(t->helpers[i].thread, NULL);
	(void)pthread_cond_destroy(&t->done);
	(void)pthread_cond_destroy(&t->wake);
	(void)pthread_mutex_destroy(&t->lock);
	free(t->helpers);
	free(t);
}

void
nct_parallel(nct_threads *t, size_t n, void (*task)(void *ctx, size_t i, unsigned worker), void *ctx)
{
	if (t->started == 0 && t->count > 1 && n > 1)
		start(t);
	if (t->started == 0 || n <= 1) {
		for (size_t i = 0; i < n; i++)
			task(ctx, i, 0);
		return;
	}
	(void)pthread_mutex_lock(&t->lock);
	assert(!t->open); /* a task must not call this for its own pool */
	t->task = task;
	t->ctx = ctx;
	t->n = n;
	atomic_store(&t->next, 1);
	t->open = 1;
	t->call++;
	for (size_t i = 1; i < n && i <= t->asleep; i++)
		(void)pthread_cond_signal(&t->wake);
	(void)pthread_mutex_unlock(&t->lock);
	task(ctx, 0, 0);
	take_tasks(t, 0);
	(void)pthread_mutex_lock(&t->lock);
	t->open = 0;
	(void)pthread_mutex_unlock(&t->lock);
	spin(&t->inside, 0, 0);
	(void)pthread_mutex_lock(&t->lock);
	while (t->inside > 0)
		(void)pthread_cond_wait(&t->done, &t->lock);
	(void)pthread_mutex_unlock(&t->lock);
}
