/* pipeline.c - batches that are read in order, worked on by many threads at once, and written in order.
 *
 * No thread serves one stage alone. Each takes its batch through all stages, so the batch stays in its core's cache. */
#include "base/pipeline.h"
#include "base/threads.h"

#include <errno.h>
#include <pthread.h>

struct pipeline {
	const struct nct_stages *stages;
	void *ctx;
	pthread_mutex_t lock;   /* guards all fields below */
	pthread_cond_t changed;
	uint64_t read, written; /* batches so far */
	int reading;            /* a thread is in read_batch() */
	int last;               /* the last batch has been read */
	nct_err err;            /* the first error; once set, nothing more is done */
	int saved_errno;
};

static void
wait_for_change(struct pipeline *p)
{
	(void)pthread_cond_wait(&p->changed, &p->lock);
}

/* Reads a batch and returns its number. If another batch failed meanwhile, nothing is read, and the number is
 * p->read. Waits for input only when no other batch is in work, as one of these might fail. The lock is held on
 * entry and on return. */
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

/* Works on batch `number`, which `worker` has read, and writes it once all earlier batches are written. The lock is
 * held on entry and on return. */
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

/* The loop of one thread. Task 0 runs in the calling thread, which has read batch 0 already. */
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
	(void)read_batch(&p, 0); /* as worker 0: if this is the only batch, no thread is started */
	(void)pthread_mutex_unlock(&p.lock);
	nct_parallel(pool, p.last ? 1 : threads, run, &p);
	nct_threads_free(pool);
	(void)pthread_cond_destroy(&p.changed);
	(void)pthread_mutex_destroy(&p.lock);
	errno = p.saved_errno;
	return p.err;
}
