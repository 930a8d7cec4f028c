/* batch.c - reads text into batches of chunks, for encoding by a codebook or by M1. */
#include "encode/batch.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/huge.h"

#define KEEP_CODE 4096u /* bytes of a job's buffer that is always kept for the next batch */

/* ---- chunks ---- */

static struct nct_encode_job *
last_job(struct nct_batch *b)
{
	return &b->jobs[b->count - 1];
}

/* Adds a job to the batch, which is then its open one. 0: the batch has no more. `begins`: so does a chunk. */
static int
open_job(struct nct_batches *r, struct nct_batch *b, int begins)
{
	if (b->count == r->plan.jobs)
		return 0;
	b->count++;
	b->most = b->count > b->most ? b->count : b->most;
	struct nct_encode_job *j = last_job(b);

	j->text = b->text + b->text_n;
	j->mark = b->mark != NULL ? b->mark + b->text_n : NULL;
	j->n = 0;
	j->ends = j->eod = 0;
	j->err = NCT_OK;
	j->open = (struct nct_open){0};
	nct_coded_begin(&j->coded);
	b->open = 1;
	if (begins)
		r->chunk_bytes = 0;
	return 1;
}

static void
close_job(struct nct_batch *b, int eod)
{
	last_job(b)->ends = 1;
	last_job(b)->eod = eod;
	b->open = 0;
}

/* Moves the first n bytes of the piece to the open job. */
static void
take_bytes(struct nct_batches *r, struct nct_batch *b, size_t n)
{
	struct nct_piece *p = &r->piece;

	if (n == 0)
		return;
	memcpy(b->text + b->text_n, p->text, n);
	if (b->mark != NULL) {
		memcpy(b->mark + b->text_n, p->mark, n);
		if (r->chunk_bytes == 0)
			b->mark[b->text_n] = r->plan.first_mark;
		p->mark += n;
	}
	b->text_n += n;
	last_job(b)->n += n;
	r->chunk_bytes += n;
	p->text += n;
	p->n -= n;
}

/* Moves as much of the piece to the batch as fits, cut into chunks. Returns 1 if nothing of it is left. */
static int
take_piece(struct nct_batches *r, struct nct_batch *b)
{
	struct nct_piece *p = &r->piece;
	const uint64_t limit = r->plan.chunk;

	for (;;) {
		const size_t room = r->plan.text_bytes - b->text_n;

		if (b->open && limit != 0 && r->chunk_bytes == limit && p->n > 0)
			close_job(b, 0); /* cut: the document goes on */
		if (p->n == 0 && !p->ends)
			return 1;
		if (!b->open && !open_job(r, b, 1))
			return 0;
		size_t n = p->n < room ? p->n : room;
		if (limit != 0 && n > limit - r->chunk_bytes)
			n = (size_t)(limit - r->chunk_bytes);
		take_bytes(r, b, n);
		if (p->n == 0 && p->ends) {
			close_job(b, p->eod);
			p->ends = 0;
			return 1;
		}
		if (b->text_n == r->plan.text_bytes)
			return p->n == 0;
	}
}

/* ---- from batch to batch ---- */

/* Copies from[0..n) to to[0..n), and the NCT_WINDOW_SYMBOLS bytes before it, which an open window may hold. */
static void
copy_rest(uint8_t *to, const uint8_t *from, size_t n)
{
	memmove(to - NCT_WINDOW_SYMBOLS, from - NCT_WINDOW_SYMBOLS, NCT_WINDOW_SYMBOLS + n);
}

/* Begins batch b: with the text that the one before has left to it, or with a job for the chunk that goes on. */
static void
take_rest(struct nct_batches *r, struct nct_batch *b)
{
	const struct nct_batch *before = r->before;
	const int goes_on = before != NULL && before->open;

	if (before != NULL)
		copy_rest(b->text, before->text + before->text_n, r->rest);
	if (before != NULL && b->mark != NULL)
		copy_rest(b->mark, before->mark + before->text_n, r->rest);
	b->text_n = b->count = 0; /* only now: r->before may be b */
	b->open = 0;
	b->goes_on = goes_on;
	if (goes_on || r->rest > 0)
		(void)open_job(r, b, 0);
	if (r->rest == 0)
		return;
	if (b->mark != NULL)
		b->mark[0] = r->plan.first_mark;
	last_job(b)->n = b->text_n = r->rest;
}

/* Ends batch b. An open chunk moves to the next batch, so that it is encoded in one go. It stays if it is the only
 * one, or longer than half a batch. */
static void
leave_rest(struct nct_batches *r, struct nct_batch *b)
{
	r->before = b;
	r->rest = 0;
	if (b->open && b->count > 1 && last_job(b)->n <= r->plan.text_bytes / 2) {
		r->rest = last_job(b)->n;
		b->text_n -= r->rest;
		b->count--;
		b->open = 0;
	}
	if (b->mark != NULL)
		b->mark[b->text_n] = 1; /* a chunk may end there, and its end counts as a boundary */
}

/* ---- reading ---- */

int
nct_batches_ready(const struct nct_batches *r)
{
	return r->rest > 0 || r->piece.n > 0 || r->piece.ends || nct_bounds_ready(r->bounds);
}

/* True if the batch need not wait for more input: it has text, or a chunk ends in it. */
static int
is_enough(const struct nct_batches *r, const struct nct_batch *b)
{
	return !r->plan.whole && (b->text_n > 0 || (b->count > 0 && b->jobs[0].ends));
}

int
nct_batches_fill(struct nct_batches *r, struct nct_batch *b)
{
	take_rest(r, b);
	while (take_piece(r, b) && b->text_n < r->plan.text_bytes && !r->piece.done) {
		if (is_enough(r, b) && !nct_bounds_ready(r->bounds))
			break;
		if ((r->err = nct_bounds_next(r->bounds, &r->piece, &r->why)) != NCT_OK) {
			r->saved_errno = errno;
			break;
		}
	}
	leave_rest(r, b);
	return r->piece.done || r->err != NCT_OK;
}

nct_err
nct_batches_failed(const struct nct_batches *r, nct_why *why)
{
	if (r->err != NCT_OK) {
		*why = r->why;
		errno = r->saved_errno;
	}
	return r->err;
}

/* ---- writing ---- */

nct_err
nct_batch_write(struct nct_batch *b, struct nct_blocks *blocks, struct nct_encode_job *going, nct_why *why)
{
	size_t kept = 0;
	nct_err err = NCT_OK;

	for (size_t i = 0; i < b->count && err == NCT_OK; i++)
		if ((err = b->jobs[i].err) == NCT_OK)
			err = nct_wrote(nct_coded_write(&b->jobs[i].coded, blocks), why);
	if (err != NCT_OK)
		return err;
	if (b->open) {
		const struct nct_encode_job t = *going;

		*going = *last_job(b);
		*last_job(b) = t;
	}
	for (size_t i = 0; i < b->count; i++) { /* keeps buffers for later batches, up to about the text's size */
		nct_bits *code = &b->jobs[i].coded.code;

		kept += code->cap;
		if (code->cap > KEEP_CODE && kept > b->text_n)
			nct_bits_free(code);
	}
	return NCT_OK;
}

nct_err
nct_encode_job_go_on(struct nct_encode_job *j, const struct nct_encode_job *from)
{
	j->open = from->open;
	j->text -= from->n;
	j->mark = j->mark != NULL ? j->mark - from->n : NULL;
	j->n += from->n;
	return nct_coded_go_on(&j->coded, &from->coded);
}

/* ---- all ---- */

nct_err
nct_batches_new(struct nct_batches *r, nct_bounds *bounds, const struct nct_batch_plan *p)
{
	const size_t kinds = 1 + (size_t)(p->aligned != 0), each = NCT_WINDOW_SYMBOLS + p->text_bytes + 1;

	*r = (struct nct_batches){.plan = *p, .bounds = bounds};
	r->batch = calloc(p->batches, sizeof *r->batch);
	r->buffer = nct_huge_alloc(p->batches * kinds * each);
	if (r->batch == NULL || r->buffer == NULL)
		return NCT_ENOMEM;
	for (unsigned i = 0; i < p->batches; i++) {
		struct nct_batch *b = &r->batch[i];

		b->text = r->buffer + i * kinds * each + NCT_WINDOW_SYMBOLS;
		b->mark = kinds > 1 ? b->text + each : NULL;
		if ((b->jobs = calloc(p->jobs, sizeof *b->jobs)) == NULL)
			return NCT_ENOMEM;
	}
	for (size_t i = 0; i < kinds; i++) /* what lies before the first batch's text is read, too */
		memset(r->buffer + i * each, 0, NCT_WINDOW_SYMBOLS);
	return NCT_OK;
}

void
nct_batches_free(struct nct_batches *r)
{
	for (unsigned i = 0; r->batch != NULL && i < r->plan.batches; i++) {
		for (size_t j = 0; j < r->batch[i].most; j++)
			nct_coded_free(&r->batch[i].jobs[j].coded);
		free(r->batch[i].jobs);
	}
	free(r->batch);
	free(r->buffer);
}
