/* by_m1.c - encodes by evaluating M1. Threads share the chunks of a batch; each encodes several in turn. */
#include "encode/by_m1.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "base/err.h"
#include "base/threads.h"
#include "encode/batch.h"
#include "m1/workers.h"

#define BATCH_JOBS 4096u      /* chunks in a batch, for each thread */
#define BATCH_TEXT (1u << 20) /* bytes in a batch, for each thread: 8 default chunks for b <= 20, 64 for larger b */
#define LANES 64              /* chunks that a thread encodes in turn */

struct m1_encoder {
	const struct nct_encode_options *o;
	struct nct_plan plan;
	struct nct_workers workers;
	nct_threads *threads;
	struct nct_batches batches;
	struct nct_chunk *chunks;     /* owned: one for each job of a batch, and one for `going` */
	size_t used;                  /* how many of `chunks` are in use */
	struct nct_encode_job going;  /* the last job of the batch before, if its chunk goes on */
	nct_context *kept;            /* owned: the context of that chunk; NULL: none goes on */
	atomic_size_t next;           /* the first job that no thread has taken */
};

/* What one thread encodes of a batch. */
struct share {
	struct m1_encoder *e;
	struct nct_batch *batch;
	nct_worker *worker;
	struct lane {
		struct nct_encode_job *job; /* NULL: none */
		/* Bytes of its text that are encoded. Below 0 after an aligned window closed at a boundary in the batch before. */
		ptrdiff_t done;
	} lane[LANES];
};

/* Gives lane i the next job; 0 if none is left. */
static int
begin(struct share *s, size_t i)
{
	const size_t next = atomic_fetch_add(&s->e->next, 1);
	struct nct_batch *b = s->batch;

	if (next >= b->count)
		return 0;
	struct nct_encode_job *j = s->lane[i].job = &b->jobs[next];
	s->lane[i].done = 0;
	if (next == 0 && b->goes_on)
		nct_worker_adopt(s->worker, j->chunk->context);
	else
		nct_chunk_begin(j->chunk, &s->e->plan, nct_worker_context(s->worker, i), &j->coded);
	return 1;
}

/* Encodes as much as can be without evaluating M1. Returns 1 if the job is done. */
static int
advance(struct nct_encode_job *j, ptrdiff_t *at)
{
	size_t done;

	j->err = nct_chunk_text(j->chunk, j->text, j->mark, (ptrdiff_t)j->n, at);
	if (j->err != NCT_OK || *at < (ptrdiff_t)j->n)
		return j->err != NCT_OK;
	if (!j->ends) { /* its chunk goes on, and all text is encoded */
		j->n = 0;
		return 1;
	}
	j->err = nct_chunk_end(j->chunk, j->eod, &done);
	return j->err != NCT_OK || done > 0;
}

/* Gives the context of lane i that waits for M1; NULL if there are no more jobs. For nct_worker_run(). */
static nct_context *
turn(void *self, size_t i)
{
	struct share *s = self;
	struct lane *l = &s->lane[i];

	while ((l->job != NULL || begin(s, i)) && advance(l->job, &l->done))
		l->job = NULL;
	if (l->job == NULL)
		return NULL;
	nct_context_lookahead(l->job->chunk->context, l->job->text + l->done, (size_t)((ptrdiff_t)l->job->n - l->done));
	return l->job->chunk->context;
}

/* A thread's task: jobs of the batch, until none is left. */
static void
encode_share(void *ctx, size_t i, unsigned worker)
{
	struct m1_encoder *e = ctx;
	struct share s = {.e = e, .batch = e->batches.batch, .worker = e->workers.of[worker]};
	const size_t fair = (s.batch->count - 1) / e->o->threads + 1; /* jobs for each thread, if all get the same number */
	const size_t lanes = nct_worker_lanes(s.worker);

	(void)i;
	nct_worker_run(s.worker, lanes < fair ? lanes : fair, turn, &s);
}

/* Makes the batch's first job go on with the chunk that the batch before left open. */
static nct_err
go_on(struct m1_encoder *e, struct nct_encode_job *j)
{
	struct nct_chunk *const free_one = j->chunk;

	j->chunk = e->going.chunk;
	j->chunk->coded = &j->coded;
	e->going.chunk = free_one;
	return nct_encode_job_go_on(j, &e->going);
}

/* Keeps the context of a chunk that goes on in the next batch, so that the worker does not use it for others. */
static nct_err
keep_context(struct m1_encoder *e, const struct nct_batch *b)
{
	nct_err err = NCT_OK;

	if (e->kept != NULL && !(b->goes_on && b->open && b->count == 1)) { /* the chunk that had it has ended */
		nct_context_free(e->kept);
		e->kept = NULL;
	}
	if (b->open && e->kept == NULL && (err = nct_workers_keep(&e->workers, e->going.chunk->context)) == NCT_OK)
		e->kept = e->going.chunk->context;
	return err;
}

static nct_err
encode_batch(struct m1_encoder *e, const struct nct_part_sink *to, nct_why *why)
{
	struct nct_batch *b = e->batches.batch;
	nct_err err;

	for (size_t i = 0; i < b->count; i++)
		if (b->jobs[i].chunk == NULL)
			b->jobs[i].chunk = &e->chunks[e->used++];
	err = b->goes_on ? go_on(e, &b->jobs[0]) : NCT_OK;
	if (err == NCT_OK && b->count > 0) {
		atomic_store(&e->next, 0);
		/* a task for each thread: they share out the jobs */
		nct_parallel(e->threads, b->count < e->o->threads ? b->count : e->o->threads, encode_share, e);
	}
	if (err == NCT_OK)
		err = nct_wrote(nct_batch_write(b, e->o->window_bits, to, &e->going), why);
	return err == NCT_OK ? keep_context(e, b) : err;
}

static nct_err
encoder_new(struct m1_encoder *e, const nct_m1 *m1, nct_bounds *bounds, const struct nct_encode_options *o)
{
	const struct nct_text_source source = nct_source_of(bounds);
	/* One byte more than whole chunks take: from it we learn that the last chunk ends there. */
	const struct nct_batch_plan plan = {.batches = 1,
	                                    .text_bytes = (size_t)BATCH_TEXT * o->threads + 1,
	                                    .jobs = (size_t)BATCH_JOBS * o->threads,
	                                    .chunk = o->chunk,
	                                    .aligned = o->align != NCT_ALIGN_NONE,
	                                    .marks = o->align != NCT_ALIGN_NONE,
	                                    .whole = 1};
	nct_err err = nct_threads_new(&e->threads, o->threads);

	e->o = o;
	e->plan = (struct nct_plan){.window_bits = o->window_bits,
	                            .resets = o->resets,
	                            .eod_alone = o->eod == NCT_EOD_ALONE,
	                            .aligned = o->align != NCT_ALIGN_NONE};
	if (err != NCT_OK || (err = nct_batches_new(&e->batches, &source, &plan)) != NCT_OK)
		return err;
	if ((e->chunks = calloc(1 + plan.jobs, sizeof *e->chunks)) == NULL)
		return NCT_ENOMEM;
	e->going.chunk = &e->chunks[e->used++];
	return nct_workers_new(&e->workers, m1, o->threads, &e->plan, o->resets == 0 ? 1 : LANES, o->cache_bytes);
}

static void
encoder_free(struct m1_encoder *e)
{
	for (size_t i = 0; i < e->used; i++)
		nct_chunk_free(&e->chunks[i]);
	free(e->chunks);
	nct_encode_job_free(&e->going);
	nct_batches_free(&e->batches);
	nct_context_free(e->kept);
	nct_threads_free(e->threads);
	nct_workers_free(&e->workers);
}

nct_err
nct_encode_by_m1(const nct_m1 *m1, nct_bounds *bounds, struct nct_blocks *b, const struct nct_encode_options *o,
                 nct_why *why)
{
	const struct nct_part_sink sink = nct_sink_of(b);
	struct m1_encoder e = {0};
	uint64_t text_bytes = 0;
	nct_err err = encoder_new(&e, m1, bounds, o);

	for (int last = 0; err == NCT_OK && !last;) {
		last = nct_batches_fill(&e.batches, e.batches.batch);
		if ((err = encode_batch(&e, &sink, why)) != NCT_OK)
			break;
		text_bytes += e.batches.batch->text_n - e.batches.batch->eods;
		if (o->progress != NULL)
			o->progress(o->ctx, text_bytes);
	}
	if (err == NCT_OK)
		err = nct_batches_failed(&e.batches, why);
	encoder_free(&e);
	return err;
}
