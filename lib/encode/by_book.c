/* by_book.c - encoding by a codebook: batches of chunks, read in order, each walked by one thread, and written in order. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/huge.h"
#include "base/err.h"
#include "base/pipeline.h"
#include "encode/book_lanes.h"
#include "encode/by_book.h"
#include "stream/operands.h"

#define BATCH_JOBS 8192u       /* chunks in a batch */
#define TEXT ((size_t)64 << 20) /* in all batches, if they are long ones */
#define THREADS 32u            /* reading has no text for more, and they would take much memory */

struct batch {
	uint8_t *text, *mark; /* (text_cap and one) behind what an open window may hold of the batch before. Borrowed from the encoder */
	size_t text_n;
	struct nct_book_job *jobs; /* owned */
	size_t count, most;   /* now; ever */
	int goes_on;          /* with the last chunk of the batch before */
	int open;             /* its own last chunk goes on in the next batch */
	struct nct_book_lanes lanes;
};

struct encoder {
	const struct nct_encode_options *o;
	const struct nct_trie *trie;
	nct_bounds *bounds;
	struct nct_blocks *blocks;
	nct_why *why;
	unsigned threads;
	struct batch *batch;     /* owned; one for each thread */
	uint8_t *buffer;         /* owned: all text and marks */
	size_t text_cap;
	/* reading: */
	struct nct_piece piece;     /* text read but not yet in a batch */
	const struct batch *before; /* the last one filled; NULL: none */
	size_t rest;                /* text behind its end that is for the next one */
	uint64_t chunk_bytes;       /* of the open chunk, in all batches */
	nct_err read_err;           /* ended it */
	nct_why read_why;
	int read_errno;
	/* writing: */
	struct nct_book_job going;       /* the chunk that goes on in the next batch, as far as it is walked */
	uint64_t text_bytes;
};

/* ---- reading ---- */

static struct nct_book_job *
last_job(struct batch *b)
{
	return &b->jobs[b->count - 1];
}

/* Opens a job at the end of the batch; 0 if there is no room. */
static int
open_job(struct encoder *e, struct batch *b, int begins)
{
	if (b->count == BATCH_JOBS)
		return 0;
	b->count++;
	b->most = b->count > b->most ? b->count : b->most;
	nct_book_job_begin(last_job(b), b->text + b->text_n, b->mark != NULL ? b->mark + b->text_n : NULL);
	b->open = 1;
	if (begins)
		e->chunk_bytes = 0;
	return 1;
}

static void
close_job(struct batch *b, int eod)
{
	last_job(b)->ends = 1;
	last_job(b)->eod = eod;
	b->open = 0;
}

/* Where a chunk begins no mark is needed; but what is before ends there, as at a boundary. */
static uint8_t
first_mark(const struct encoder *e)
{
	return e->trie->book->code == NCT_CODE_BEST;
}

/* Moves the piece at hand into the batch, as far as there is room: 1 if all of it went. */
static int
take_piece(struct encoder *e, struct batch *b)
{
	struct nct_piece *p = &e->piece;
	const uint64_t limit = e->o->chunk;

	for (;;) {
		if (b->open && limit != 0 && e->chunk_bytes == limit && p->n > 0)
			close_job(b, 0); /* cut: the document goes on */
		if (p->n == 0 && !p->ends)
			return 1;
		if (!b->open && !open_job(e, b, 1))
			return 0;
		size_t n = p->n < e->text_cap - b->text_n ? p->n : e->text_cap - b->text_n;
		if (limit != 0 && n > limit - e->chunk_bytes)
			n = (size_t)(limit - e->chunk_bytes);
		if (n > 0)
			memcpy(b->text + b->text_n, p->text, n);
		if (n > 0 && b->mark != NULL) {
			memcpy(b->mark + b->text_n, p->mark, n);
			if (e->chunk_bytes == 0)
				b->mark[b->text_n] = first_mark(e);
			p->mark += n;
		}
		b->text_n += n;
		last_job(b)->n += n;
		e->chunk_bytes += n;
		p->text += n;
		p->n -= n;
		if (p->n == 0 && p->ends) {
			close_job(b, p->eod);
			p->ends = 0;
			return 1;
		}
		if (b->text_n == e->text_cap)
			return p->n == 0;
	}
}

/* Brings n bytes that end at `from` plus n, and what an open window may hold before them, to to[0..n). */
static void
bring(uint8_t *to, const uint8_t *from, size_t n)
{
	memmove(to - NCT_WINDOW_SYMBOLS, from - NCT_WINDOW_SYMBOLS, NCT_WINDOW_SYMBOLS + n);
}

/* Begins batch b with what the one before has left it: the rest of its text, or a chunk to go on with. */
static void
take_rest(struct encoder *e, struct batch *b)
{
	const struct batch *before = e->before;
	const int goes_on = before != NULL && before->open;

	if (before != NULL)
		bring(b->text, before->text + before->text_n, e->rest);
	if (before != NULL && b->mark != NULL)
		bring(b->mark, before->mark + before->text_n, e->rest);
	b->text_n = b->count = 0; /* that may have been b itself */
	b->open = 0;
	b->goes_on = goes_on;
	if (goes_on || e->rest > 0)
		(void)open_job(e, b, 0);
	if (e->rest == 0)
		return;
	if (b->mark != NULL)
		b->mark[0] = first_mark(e);
	last_job(b)->n = b->text_n = e->rest;
}

/* Ends batch b. A chunk that is open is left to the next one, which can walk it whole; but not if it is all there is, or very long. */
static void
leave_rest(struct encoder *e, struct batch *b)
{
	e->before = b;
	e->rest = 0;
	if (b->open && b->count > 1 && last_job(b)->n <= e->text_cap / 2) {
		e->rest = last_job(b)->n;
		b->text_n -= e->rest;
		b->count--;
		b->open = 0;
	}
	if (b->mark != NULL)
		b->mark[b->text_n] = 1; /* behind a chunk that ends there */
}

static int
ready(void *ctx)
{
	const struct encoder *e = ctx;

	return e->rest > 0 || e->piece.n > 0 || e->piece.ends || nct_bounds_ready(e->bounds);
}

/* Fills a batch until it is full or the input ends; if there is some text in it or a chunk ends there, no longer than the input has more
 * to give at once. */
static int
fill(void *ctx, unsigned worker)
{
	struct encoder *e = ctx;
	struct batch *b = &e->batch[worker];

	take_rest(e, b);
	while (take_piece(e, b) && b->text_n < e->text_cap && !e->piece.done) {
		if ((b->text_n > 0 || (b->count > 0 && b->jobs[0].ends)) && !nct_bounds_ready(e->bounds))
			break;
		if ((e->read_err = nct_bounds_next(e->bounds, &e->piece, &e->read_why)) != NCT_OK) {
			e->read_errno = errno;
			break;
		}
	}
	leave_rest(e, b);
	return e->piece.done || e->read_err != NCT_OK;
}

/* ---- walking ---- */

/* A chunk that goes on is walked when the batch before is. */
static nct_err
walk(void *ctx, unsigned worker)
{
	struct encoder *e = ctx;
	struct batch *b = &e->batch[worker];
	const size_t from = (size_t)b->goes_on;

	nct_book_lanes_walk(&b->lanes, b->jobs + from, b->count - from);
	return NCT_OK;
}

static nct_err
go_on(struct encoder *e, struct batch *b)
{
	const nct_err err = nct_book_job_go_on(&b->jobs[0], &e->going);

	if (err == NCT_OK)
		nct_book_lanes_walk(&b->lanes, b->jobs, 1);
	return err;
}

/* ---- writing ---- */

/* Hands a job's finished parts to the blocks. */
static nct_err
deliver_job(struct encoder *e, const struct nct_book_job *j)
{
	uint64_t at = 0;
	nct_err err = j->err;

	for (size_t i = 0; i < j->parts_n && err == NCT_OK; at += j->parts[i++].bits)
		err = nct_wrote(nct_blocks_add(e->blocks, &j->parts[i], j->code.bytes, at), e->why);
	return err;
}

static nct_err
deliver(void *ctx, unsigned worker)
{
	struct encoder *e = ctx;
	struct batch *b = &e->batch[worker];
	size_t kept = 0;
	nct_err err = b->goes_on ? go_on(e, b) : NCT_OK;

	for (size_t i = 0; i < b->count && err == NCT_OK; i++)
		err = deliver_job(e, &b->jobs[i]);
	if (err != NCT_OK)
		return err;
	if (b->open) {
		const struct nct_book_job t = e->going;

		e->going = *last_job(b);
		*last_job(b) = t;
	}
	for (size_t i = 0; i < b->count; i++) {
		kept += b->jobs[i].code.cap;
		if (b->jobs[i].code.cap > 4096 && kept > e->text_cap) /* buffers are kept for the next batches, but not any amount */
			nct_bits_free(&b->jobs[i].code);
	}
	e->text_bytes += b->text_n;
	if (e->o->progress != NULL)
		e->o->progress(e->o->ctx, e->text_bytes);
	return NCT_OK;
}

/* ---- all ---- */

/* A batch's text. A byte more than fills whole chunks shows that the last one is whole. */
static size_t
batch_bytes(uint64_t chunk, unsigned threads)
{
	const size_t most = threads <= TEXT / NCT_BOOK_BATCH_MAX ? NCT_BOOK_BATCH_MAX : TEXT / threads;

	if (chunk == 0 || chunk > most / NCT_LANES)
		return most;
	return (chunk * NCT_LANES < NCT_BOOK_BATCH_MIN ? NCT_BOOK_BATCH_MIN : (size_t)chunk * NCT_LANES) + 1;
}

static nct_err
encoder_new(struct encoder *e)
{
	const size_t kinds = 1 + (size_t)(e->o->align != NCT_ALIGN_NONE);

	e->threads = e->o->threads < THREADS ? e->o->threads : THREADS;
	e->text_cap = batch_bytes(e->o->chunk, e->threads);
	const size_t each = NCT_WINDOW_SYMBOLS + e->text_cap + 1;
	e->batch = calloc(e->threads, sizeof *e->batch);
	e->buffer = nct_huge_alloc(e->threads * kinds * each);
	if (e->batch == NULL || e->buffer == NULL)
		return NCT_ENOMEM;
	for (unsigned i = 0; i < e->threads; i++) {
		struct batch *b = &e->batch[i];

		b->text = e->buffer + i * kinds * each + NCT_WINDOW_SYMBOLS;
		b->mark = kinds > 1 ? b->text + each : NULL;
		if ((b->jobs = calloc(BATCH_JOBS, sizeof *b->jobs)) == NULL || nct_book_lanes_new(&b->lanes, e->trie, BATCH_JOBS) != NCT_OK)
			return NCT_ENOMEM;
	}
	memset(e->batch[0].text - NCT_WINDOW_SYMBOLS, 0, NCT_WINDOW_SYMBOLS); /* before the first batch there is nothing */
	if (kinds > 1)
		memset(e->batch[0].mark - NCT_WINDOW_SYMBOLS, 0, NCT_WINDOW_SYMBOLS);
	return NCT_OK;
}

static void
encoder_free(struct encoder *e)
{
	for (unsigned i = 0; e->batch != NULL && i < e->threads; i++) {
		for (size_t j = 0; j < e->batch[i].most; j++)
			nct_book_job_free(&e->batch[i].jobs[j]);
		free(e->batch[i].jobs);
		nct_book_lanes_free(&e->batch[i].lanes);
	}
	nct_book_job_free(&e->going);
	free(e->batch);
	free(e->buffer);
}

nct_err
nct_encode_book(const struct nct_trie *t, nct_bounds *bounds, struct nct_blocks *b, const struct nct_encode_options *o, nct_why *why)
{
	static const struct nct_stages stages = {ready, fill, walk, deliver};
	struct encoder e = {.o = o, .trie = t, .bounds = bounds, .blocks = b, .why = why};
	nct_err err = encoder_new(&e);

	if (err == NCT_OK)
		err = nct_pipeline(&stages, &e, e.threads);
	if (err == NCT_OK && (err = e.read_err) != NCT_OK) {
		*why = e.read_why;
		errno = e.read_errno;
	}
	encoder_free(&e);
	return err;
}
