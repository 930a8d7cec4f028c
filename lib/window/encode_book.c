/* encode_book.c - encoding by a codebook: batches of chunks, walked by all threads while one of them reads and writes.
 *
 * Three batches are on their way: the one that is walked, the one before it, whose windows are being written, and the next one, whose
 * text is being read. The calling thread does the reading and writing, in order, and then joins the others. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/huge.h"
#include "base/parallel.h"
#include "format/walk.h"
#include "window/encode_book.h"
#include "window/share.h"

#define BATCH_THREADS 4         /* have a batch each: more share that */
#define BATCH_JOBS 8192u        /* chunks in a batch, per thread as well */
#define WORTH (64u << 10)       /* a batch of less text is walked sooner than other threads are awake */

struct batch {
	uint8_t *text, *mark; /* owned by the encoder: two for three batches */
	size_t text_n;
	struct nct_job *jobs; /* owned */
	size_t count, most; /* now; ever */
	int open;        /* its last chunk goes on in the next batch */
	uint64_t text_bytes;
};

struct encoder {
	const struct nct_encode_options *o;
	const struct nct_trie *trie;
	nct_bounds *bounds;
	struct nct_blocks *blocks;
	nct_why *why;
	struct nct_piece piece; /* text read but not yet in a batch */
	int done;               /* the input is at its end */
	uint64_t chunk_bytes;   /* of the open chunk, in all batches */
	uint8_t *buffer[2][2];  /* text and, aligned, its marks, behind what an open window may hold of the batch before; in one block, the first's */
	size_t text_cap, cap;
	struct batch batch[3];
	size_t round;           /* batch[round % 3] is walked */
	struct nct_share share;
	int served;             /* reading and writing is done, this round */
	nct_err err;            /* of reading and writing */
	int saved_errno;
	uint64_t text_bytes;
};

/* ---- reading ---- */

static struct nct_job *
last_job(struct batch *b)
{
	return &b->jobs[b->count - 1];
}

/* Opens a job at the end of the batch; 0 if there is no room. */
static int
open_job(struct encoder *e, struct batch *b, int begins)
{
	if (b->count == e->cap)
		return 0;
	b->count++;
	b->most = b->count > b->most ? b->count : b->most;
	nct_job_begin(last_job(b), b->text + b->text_n, b->mark != NULL ? b->mark + b->text_n : NULL);
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
			/* Where a chunk begins none is needed; but what is before ends there, as at a boundary. */
			if (e->chunk_bytes == 0)
				b->mark[b->text_n] = e->trie->book->code == NCT_CODE_BEST;
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

/* What an open window may hold of p[0..n) and of what is before it moves before to[0]. */
static void
keep_window(uint8_t *to, const uint8_t *p, size_t n)
{
	if (to != NULL && p != NULL)
		memcpy(to - NCT_WINDOW_SYMBOLS, p - NCT_WINDOW_SYMBOLS + n, NCT_WINDOW_SYMBOLS);
}

/* Fills batch b until it is full or the input ends; if there is something to walk or to write meanwhile (`busy`) or some text in
 * it, no longer than the input has more to give at once. A chunk open in the batch `before` goes on in it. */
static nct_err
fill(struct encoder *e, struct batch *b, const struct batch *before, int busy)
{
	nct_err err;

	b->text_n = b->count = 0;
	b->open = 0;
	keep_window(b->text, before->text, before->text_n);
	keep_window(b->mark, before->mark, before->text_n);
	if (before->open)
		(void)open_job(e, b, 0);
	while (b->text_n < e->text_cap && take_piece(e, b) && b->text_n < e->text_cap && !e->done) {
		if ((busy || b->text_n > 0) && !nct_bounds_ready(e->bounds))
			break;
		if ((err = nct_bounds_next(e->bounds, &e->piece, e->why)) != NCT_OK)
			return err;
		e->done = e->piece.done;
	}
	if (b->mark != NULL)
		b->mark[b->text_n] = 1; /* behind a chunk that ends there */
	b->text_bytes = b->text_n;
	return NCT_OK;
}

/* ---- writing ---- */

/* Hands a batch's finished parts to the blocks. */
static nct_err
deliver(struct encoder *e, struct batch *b)
{
	size_t kept = 0;
	nct_err err;

	for (size_t i = 0; i < b->count; i++) {
		struct nct_job *j = &b->jobs[i];
		uint64_t at = 0;

		for (size_t p = 0; p < j->parts_n; p++) {
			if ((err = nct_blocks_add(e->blocks, &j->parts[p], j->code.bytes, at)) != NCT_OK)
				return nct_walk_wrote(err, e->why);
			at += j->parts[p].bits;
		}
		j->parts_n = 0;
		kept += j->code.cap;
		if (j->code.cap > 4096 && kept > e->text_cap) /* buffers are kept for the next batches, but not any amount */
			nct_bits_free(&j->code);
	}
	b->count = 0;
	return NCT_OK;
}

/* ---- both, and walking meanwhile ---- */

static void
serve(struct encoder *e)
{
	struct batch *now = &e->batch[e->round % 3], *next = &e->batch[(e->round + 1) % 3], *before = &e->batch[(e->round + 2) % 3];

	e->served = 1;
	e->err = deliver(e, before);
	if (e->err == NCT_OK) {
		next->text = e->buffer[(e->round + 1) % 2][0] + NCT_WINDOW_SYMBOLS;
		next->mark = e->o->align != NCT_ALIGN_NONE ? e->buffer[(e->round + 1) % 2][1] + NCT_WINDOW_SYMBOLS : NULL;
		e->err = fill(e, next, now, now->text_n > 0 || now->count > 1 || (now->count > 0 && now->jobs[0].ends));
	}
	e->saved_errno = errno;
}

static void
run(void *ctx, size_t i, unsigned worker)
{
	struct encoder *e = ctx;

	(void)i;
	if (worker == 0 && !e->served) /* the calling thread's number */
		serve(e);
	nct_share_work(&e->share, worker);
}

/* A round: walks a batch, writes the one before, reads the next. */
static nct_err
turn(struct encoder *e)
{
	struct batch *now = &e->batch[e->round % 3], *next = &e->batch[(e->round + 1) % 3];
	nct_err err;

	e->served = 0;
	nct_share_begin(&e->share, now->jobs, now->count);
	nct_parallel(now->text_n >= WORTH ? e->o->threads : 1, e->o->threads, run, e);
	if (!e->served)
		serve(e);
	errno = e->saved_errno;
	if (e->err != NCT_OK)
		return e->err;
	for (size_t i = 0; i < now->count; i++)
		if (now->jobs[i].err != NCT_OK)
			return now->jobs[i].err;
	if (now->open && (err = nct_job_go_on(&next->jobs[0], last_job(now))) != NCT_OK)
		return err;
	e->text_bytes += now->text_bytes;
	now->text_bytes = 0;
	if (e->o->progress != NULL)
		e->o->progress(e->o->ctx, e->text_bytes);
	e->round++;
	return NCT_OK;
}

/* A batch's text, per thread. */
static size_t
batch_bytes(uint64_t chunk)
{
	if (chunk == 0 || chunk > NCT_BOOK_BATCH_MAX / NCT_LANES)
		return NCT_BOOK_BATCH_MAX;
	return chunk * NCT_LANES < NCT_BOOK_BATCH_MIN ? NCT_BOOK_BATCH_MIN : (size_t)chunk * NCT_LANES;
}

static nct_err
encoder_new(struct encoder *e)
{
	const unsigned share = e->o->threads < BATCH_THREADS ? e->o->threads : BATCH_THREADS;
	const size_t kinds = 1 + (size_t)(e->o->align != NCT_ALIGN_NONE);

	e->text_cap = batch_bytes(e->o->chunk) * share;
	const size_t each = NCT_WINDOW_SYMBOLS + e->text_cap + 1;
	e->cap = (size_t)BATCH_JOBS * share;
	if ((e->buffer[0][0] = nct_huge_alloc(2 * kinds * each)) == NULL)
		return NCT_ENOMEM;
	for (size_t i = 0; i < 2 * kinds; i++) {
		e->buffer[i / kinds][i % kinds] = e->buffer[0][0] + i * each;
		memset(e->buffer[i / kinds][i % kinds], 0, NCT_WINDOW_SYMBOLS); /* before the first batch there is nothing */
	}
	for (size_t i = 0; i < 3; i++)
		if ((e->batch[i].jobs = calloc(e->cap, sizeof *e->batch[i].jobs)) == NULL)
			return NCT_ENOMEM;
	return nct_share_new(&e->share, e->trie, e->o->threads, e->cap, e->o->work);
}

static void
encoder_free(struct encoder *e)
{
	for (size_t i = 0; i < 3; i++) {
		for (size_t j = 0; j < e->batch[i].most; j++)
			nct_job_free(&e->batch[i].jobs[j]);
		free(e->batch[i].jobs);
	}
	free(e->buffer[0][0]);
	nct_share_free(&e->share);
}

nct_err
nct_encode_book(const struct nct_trie *t, nct_bounds *bounds, struct nct_blocks *b, const struct nct_encode_options *o, nct_why *why)
{
	struct encoder e = {.o = o, .trie = t, .bounds = bounds, .blocks = b, .why = why};
	nct_err err = encoder_new(&e);

	while (err == NCT_OK && !(e.done && e.batch[0].count + e.batch[1].count + e.batch[2].count == 0))
		err = turn(&e);
	encoder_free(&e);
	return err;
}
