/* by_book.c - encodes by a codebook, with a thread for each batch. Batches are read in order, and written in order. */
#include "encode/by_book.h"

#include <stdlib.h>

#include "base/err.h"
#include "base/pipeline.h"
#include "encode/batch.h"
#include "encode/book_lanes.h"

#define BATCH_JOBS 8192u        /* chunks in a batch */
#define TEXT ((size_t)64 << 20) /* bytes in all batches together, at most, for long chunks */
#define THREADS 32u             /* one thread reads, and cannot feed more than these */

struct book_encoder {
	const struct nct_encode_options *o;
	struct nct_part_sink sink;
	nct_why *why;
	struct nct_batches batches;
	struct nct_book_lanes *lanes; /* owned; one for each batch */
	struct nct_encode_job going;  /* the last job of the batch written last, if its chunk goes on */
	uint64_t text_bytes;          /* written so far */
};

static int
ready(void *ctx)
{
	return nct_batches_ready(&((const struct book_encoder *)ctx)->batches);
}

static int
fill(void *ctx, unsigned worker)
{
	struct nct_batches *r = &((struct book_encoder *)ctx)->batches;

	return nct_batches_fill(r, &r->batch[worker]);
}

/* Walks the jobs of a batch. A job that goes on from the batch before has to wait until that is written. */
static nct_err
walk(void *ctx, unsigned worker)
{
	struct book_encoder *e = ctx;
	struct nct_batch *b = &e->batches.batch[worker];
	const size_t from = (size_t)b->goes_on;

	nct_book_lanes_walk(&e->lanes[worker], b->jobs + from, b->count - from);
	return NCT_OK;
}

static nct_err
write_batch(void *ctx, unsigned worker)
{
	struct book_encoder *e = ctx;
	struct nct_batch *b = &e->batches.batch[worker];
	nct_err err = b->goes_on ? nct_encode_job_go_on(&b->jobs[0], &e->going) : NCT_OK;

	if (err == NCT_OK && b->goes_on)
		nct_book_lanes_walk(&e->lanes[worker], b->jobs, 1);
	if (err == NCT_OK)
		err = nct_wrote(nct_batch_write(b, e->o->window_bits, &e->sink, &e->going), e->why);
	if (err != NCT_OK)
		return err;
	e->text_bytes += b->text_n - b->eods;
	if (e->o->progress != NULL)
		e->o->progress(e->o->ctx, e->text_bytes);
	return NCT_OK;
}

/* Bytes of text in a batch: one more than whole chunks take. From it we learn that the last chunk ends there. */
static size_t
batch_bytes(uint64_t chunk, unsigned threads)
{
	const size_t most = threads <= TEXT / NCT_BOOK_BATCH_MAX ? NCT_BOOK_BATCH_MAX : TEXT / threads;

	if (chunk == 0 || chunk > most / NCT_LANES)
		return most;
	return (chunk * NCT_LANES < NCT_BOOK_BATCH_MIN ? NCT_BOOK_BATCH_MIN : (size_t)chunk * NCT_LANES) + 1;
}

/* The mark before a chunk's first byte is 1: the chunk before ends there, and its end counts as a boundary. */
static nct_err
encoder_new(struct book_encoder *e, const struct nct_trie *t, nct_bounds *bounds)
{
	const unsigned threads = e->o->threads < THREADS ? e->o->threads : THREADS;
	const struct nct_text_source source = nct_source_of(bounds);
	const int aligned = e->o->align != NCT_ALIGN_NONE;
	const size_t text_bytes = batch_bytes(e->o->chunk, threads);
	const unsigned how = (aligned ? NCT_WALK_ALIGNED : 0) | (e->o->eod == NCT_EOD_ALONE ? 0 : NCT_WALK_JOINED);
	const struct nct_batch_plan plan = {.batches = threads,
	                                    .text_bytes = text_bytes,
	                                    .jobs = BATCH_JOBS,
	                                    .series = text_bytes / NCT_LANES,
	                                    .chunk = e->o->chunk,
	                                    .aligned = aligned,
	                                    .marks = 1,
	                                    .first_mark = NCT_MARK_BOUNDARY};
	nct_err err = nct_batches_new(&e->batches, &source, &plan);

	if (err == NCT_OK && (e->lanes = calloc(threads, sizeof *e->lanes)) == NULL)
		err = NCT_ENOMEM;
	for (unsigned i = 0; i < threads && err == NCT_OK; i++)
		err = nct_book_lanes_new(&e->lanes[i], t, BATCH_JOBS, how);
	return err;
}

static void
encoder_free(struct book_encoder *e)
{
	for (unsigned i = 0; e->lanes != NULL && i < e->batches.plan.batches; i++)
		nct_book_lanes_free(&e->lanes[i]);
	free(e->lanes);
	nct_encode_job_free(&e->going);
	nct_batches_free(&e->batches);
}

nct_err
nct_encode_by_book(const struct nct_trie *t, nct_bounds *bounds, struct nct_blocks *b,
                   const struct nct_encode_options *o, nct_why *why)
{
	static const struct nct_stages stages = {ready, fill, walk, write_batch};
	struct book_encoder e = {.o = o, .sink = nct_sink_of(b), .why = why};
	nct_err err = encoder_new(&e, t, bounds);

	if (err == NCT_OK)
		err = nct_pipeline(&stages, &e, e.batches.plan.batches);
	if (err == NCT_OK)
		err = nct_batches_failed(&e.batches, why);
	encoder_free(&e);
	return err;
}
