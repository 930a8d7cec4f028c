/* pipeline.c - batches read in order, worked on by many threads at once, and written in order.
 *
 * No thread is for one stage: each takes batches all the way, while they are in its core's cache. */
#include "base/pipeline.h"
#include "base/threads.h"

#include <errno.h>
#include <pthread.h>

struct pipeline {
	const struct nct_stages *stages;
	void *ctx;
	pthread_mutex_t lock;   /* of all below */
	pthread_cond_t changed;
	uint64_t read, written; /* batches */
	int reading, last;      /* a thread is; the last batch is read */
	nct_err err;            /* nothing more is done */
	int saved_errno;
};

static void
wait_for_change(struct pipeline *p)
{
	(void)pthread_cond_wait(&p->changed, &p->lock);
}

/* Reads a batch and gives its number, which is below p->read unless something failed meanwhile. Does not block while
 * others are on their way: theirs may be the failure that ends it all. The lock is held on entry and on return. */
static uint64_t
read_batch(struct pipeline *p, unsigned worker)
{
	const uint64_t number = p->read;

	p->reading = 1;
	while (p->written < number && p->err == NCT_OK) {
		(void)pthread_mutex_unlock(&p->lock);
		const int ready = p->stages->ready(p->ctx);
		(void)pthread_mutex_lock(&p->lock);
		if (ready)
			break;
		if (p->written < number && p->err == NCT_OK)
			wait_for_change(p);
	}
	if (p->err == NCT_OK) {
		(void)pthread_mutex_unlock(&p->lock);
		const int last = p->stages->read(p->ctx, worker);
		(void)pthread_mutex_lock(&p->lock);
		p->last = last;
		p->read++;
	}
	p->reading = 0;
	(void)pthread_cond_broadcast(&p->changed);
	return number;
}

/* Works on batch `number`, which `worker` has read, and writes it when all before it are written. The lock is held
 * on entry and on return. */
static void
finish_batch(struct pipeline *p, uint64_t number, unsigned worker)
{
	(void)pthread_mutex_unlock(&p->lock);
	nct_err err = p->stages->work(p->ctx, worker);
	int saved = errno;
	(void)pthread_mutex_lock(&p->lock);
	while (p->written < number && p->err == NCT_OK)
		wait_for_change(p);
	if (p->err != NCT_OK)
		return;
	if (err == NCT_OK) {
		(void)pthread_mutex_unlock(&p->lock);
		err = p->stages->write(p->ctx, worker);
		saved = errno;
		(void)pthread_mutex_lock(&p->lock);
	}
	p->written++;
	p->err = err;
	p->saved_errno = saved;
	(void)pthread_cond_broadcast(&p->changed);
}

/* A thread's work. Task 0 is that of the calling thread, which has read the first batch. */
static void
run(void *ctx, size_t i, unsigned worker)
{
	struct pipeline *p = ctx;

	(void)pthread_mutex_lock(&p->lock);
	if (i == 0)
		finish_batch(p, 0, worker);
	for (;;) {
		while (p->reading)
			wait_for_change(p);
		if (p->last || p->err != NCT_OK)
			break;
		const uint64_t number = read_batch(p, worker);
		if (number < p->read)
			finish_batch(p, number, worker);
	}
	(void)pthread_mutex_unlock(&p->lock);
}

nct_err
nct_pipeline(const struct nct_stages *s, void *ctx, unsigned threads)
{
	struct pipeline p = {.stages = s, .ctx = ctx, .lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};
	nct_threads *pool;
	nct_err err = nct_threads_new(&pool, threads);

	if (err != NCT_OK)
		return err;
	(void)pthread_mutex_lock(&p.lock);
	(void)read_batch(&p, 0); /* by the calling thread, which is worker 0: there may be nothing for others */
	(void)pthread_mutex_unlock(&p.lock);
	nct_parallel(pool, p.last ? 1 : threads, run, &p);
	nct_threads_free(pool);
	(void)pthread_cond_destroy(&p.changed);
	(void)pthread_mutex_destroy(&p.lock);
	errno = p.saved_errno;
	return p.err;
}
