/* batch.c - reads text into batches of chunks, for encoding by a codebook or by M1. */
#include "encode/batch.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/huge.h"

#define KEEP_CODE 4096u              /* bytes of a job's buffer that is always kept for the next batch */
#define BEHIND (NCT_WORDS_AHEAD + 2) /* bytes behind a batch's text: an EOD, a mark, text that marks depend on */

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
	j->n = j->short_count = j->done = 0;
	j->ends = j->eod = 0;
	j->err = NCT_OK;
	j->open = (struct nct_open){0};
	nct_coded_begin(&j->coded);
	b->open = 1;
	if (begins)
		r->chunk_bytes = 0;
	return 1;
}

/* Adds a chunk of n bytes and its EOD to a series. NCT_ENOMEM. */
static nct_err
add_short(struct nct_encode_job *s, size_t n)
{
	if (s->short_count == s->shorts_cap) {
		const size_t cap = s->shorts_cap * 2 + 16;
		struct nct_short_chunk *p = realloc(s->shorts, cap * sizeof *p);

		if (p == NULL)
			return NCT_ENOMEM;
		s->shorts = p;
		s->shorts_cap = cap;
	}
	s->shorts[s->short_count++] = (struct nct_short_chunk){.text_bytes = (uint32_t)n};
	return NCT_OK;
}

/* Makes the last job, a short chunk with EOD, part of a series: of the job before if that is one and has room, else
 * of its own. */
static nct_err
join_series(const struct nct_batches *r, struct nct_batch *b)
{
	struct nct_encode_job *j = last_job(b), *s = b->count > 1 ? &j[-1] : j;
	nct_err err;

	if (s->short_count == 0 || s->n + j->n >= r->plan.series)
		s = j;
	if ((err = add_short(s, j->n)) != NCT_OK)
		return err;
	if (s == j) {
		j->n++;
	} else {
		s->n += j->n + 1;
		b->count--;
	}
	return NCT_OK;
}

/* The open chunk ends here, with an EOD or without. */
static void
close_job(struct nct_batches *r, struct nct_batch *b, int eod)
{
	struct nct_encode_job *j = last_job(b);

	j->ends = 1;
	j->eod = eod;
	b->open = 0;
	if (!eod)
		return;
	b->text[b->text_n++] = 0;
	b->eods++;
	if (j->n < r->plan.series && !(b->goes_on && b->count == 1))
		r->err = join_series(r, b);
}

/* Moves the first n bytes of the piece to the open job. */
static void
take_bytes(struct nct_batches *r, struct nct_batch *b, size_t n)
{
	struct nct_piece *p = &r->piece;

	if (n == 0)
		return;
	memcpy(b->text + b->text_n, p->text, n);
	if (p->mark != NULL) {
		memcpy(b->mark + b->text_n, p->mark, n);
		p->mark += n;
	}
	b->text_n += n;
	last_job(b)->n += n;
	r->chunk_bytes += n;
	r->in_document = 1;
	p->text += n;
	p->n -= n;
}

/* Moves as much of the piece to the batch as fits, cut into chunks. Returns 1 if nothing of it is left. */
static int
take_piece(struct nct_batches *r, struct nct_batch *b)
{
	struct nct_piece *p = &r->piece;
	const uint64_t limit = r->plan.chunk;

	while (r->err == NCT_OK) {
		const size_t room = b->text_n < r->plan.text_bytes ? r->plan.text_bytes - b->text_n : 0;

		if (b->open && limit != 0 && r->chunk_bytes == limit && p->n > 0)
			close_job(r, b, 0); /* cut: the document goes on */
		if (p->n == 0 && !p->ends)
			return 1;
		if (!b->open && (room == 0 || !open_job(r, b, 1)))
			return 0;
		size_t n = p->n < room ? p->n : room;
		if (limit != 0 && n > limit - r->chunk_bytes)
			n = (size_t)(limit - r->chunk_bytes);
		take_bytes(r, b, n);
		if (p->n == 0 && p->ends) {
			close_job(r, b, p->eod);
			r->in_document = p->ends = 0;
			return 1;
		}
		if (n == room)
			return p->n == 0;
	}
	return 0;
}

/* ---- marks ---- */

/* Marks where a chunk begins, and its EOD, if it has one. */
static void
mark_chunk(const struct nct_batches *r, uint8_t *mark, size_t n, int begins, int eod)
{
	if (begins && n > 0)
		mark[0] = r->plan.first_mark;
	if (eod)
		mark[n] = NCT_MARK_BOUNDARY | NCT_MARK_EOD;
}

/* Marks all text of the batch. Words need a look at the text behind it. An EOD's byte separates them as it should: it
 * is none of a word, and what is before a document's first character matters only to the mark before that. */
static void
mark_text(const struct nct_batches *r, struct nct_batch *b)
{
	const struct nct_piece *p = &r->piece;
	const int goes_on = r->in_document && r->err == NCT_OK; /* text of the document follows, which can be read */
	const size_t more = goes_on ? p->n + p->ahead : 0, ahead = more < NCT_WORDS_AHEAD ? more : NCT_WORDS_AHEAD;

	if (r->source.words != NULL) {
		if (ahead > 0)
			memcpy(b->text + b->text_n, p->text, ahead);
		nct_words_mark(r->source.words, b->text, NCT_WINDOW_SYMBOLS, b->text_n, ahead, b->mark);
	} else if (!r->plan.aligned)
		memset(b->mark, 0, b->text_n);
	for (size_t i = 0; i < b->count; i++) {
		const struct nct_encode_job *j = &b->jobs[i];
		uint8_t *mark = b->mark + (j->mark - b->mark);

		if (j->short_count == 0)
			mark_chunk(r, mark, j->n, i > 0 || !b->goes_on, j->eod);
		for (size_t k = 0; k < j->short_count; mark += j->shorts[k++].text_bytes + 1)
			mark_chunk(r, mark, j->shorts[k].text_bytes, 1, 1);
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
	b->text_n = b->count = b->eods = 0; /* only now: r->before may be b */
	b->open = 0;
	b->goes_on = goes_on;
	if (goes_on || r->rest > 0)
		(void)open_job(r, b, 0);
	if (r->rest > 0)
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
		b->mark[b->text_n] = NCT_MARK_BOUNDARY; /* a chunk may end there, and its end counts as a boundary */
}

/* ---- reading ---- */

int
nct_batches_ready(const struct nct_batches *r)
{
	return r->rest > 0 || r->piece.n > 0 || r->piece.ends || r->source.ready(r->source.ctx);
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
		if (is_enough(r, b) && !r->source.ready(r->source.ctx))
			break;
		if ((r->err = r->source.next(r->source.ctx, &r->piece, &r->why)) != NCT_OK) {
			r->saved_errno = errno;
			break;
		}
	}
	if (b->mark != NULL)
		mark_text(r, b);
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

/* Hands the chunks of a series to *to. */
static nct_err
write_series(const struct nct_encode_job *j, unsigned bits, const struct nct_part_sink *to)
{
	uint64_t at = 0;
	nct_err err = NCT_OK;

	for (size_t i = 0; i < j->short_count && err == NCT_OK; i++) {
		const struct nct_part part = {.units = j->shorts[i].windows,
		                              .text_bytes = j->shorts[i].text_bytes,
		                              .bits = (uint64_t)j->shorts[i].windows * bits,
		                              .ends_document = 1,
		                              .ends_chunk = 1};

		err = to->add(to->ctx, &part, j->coded.code.bytes, at);
		at += part.bits;
	}
	return err;
}

nct_err
nct_batch_write(struct nct_batch *b, unsigned bits, const struct nct_part_sink *to, struct nct_encode_job *going)
{
	size_t kept = 0;
	nct_err err = NCT_OK;

	for (size_t i = 0; i < b->count && err == NCT_OK; i++) {
		const struct nct_encode_job *j = &b->jobs[i];

		if ((err = j->err) == NCT_OK)
			err = j->short_count > 0 ? write_series(j, bits, to) : nct_coded_write(&j->coded, to);
	}
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

void
nct_encode_job_free(struct nct_encode_job *j)
{
	nct_coded_free(&j->coded);
	free(j->shorts);
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

static nct_err
next_of_bounds(void *ctx, struct nct_piece *piece, nct_why *why)
{
	return nct_bounds_next(ctx, piece, why);
}

static int
bounds_ready(const void *ctx)
{
	return nct_bounds_ready(ctx);
}

struct nct_text_source
nct_source_of(nct_bounds *bounds)
{
	return (struct nct_text_source){next_of_bounds, bounds_ready, bounds, nct_bounds_words(bounds)};
}

nct_err
nct_batches_new(struct nct_batches *r, const struct nct_text_source *source, const struct nct_batch_plan *p)
{
	const size_t kinds = 1 + (size_t)(p->marks != 0), each = NCT_WINDOW_SYMBOLS + p->text_bytes + BEHIND;

	*r = (struct nct_batches){.plan = *p, .source = *source};
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
nct_batches_again(struct nct_batches *r, const struct nct_text_source *source)
{
	r->source = *source;
	r->piece = (struct nct_piece){0};
	r->in_document = 0;
	r->before = NULL;
	r->rest = 0;
	r->err = NCT_OK;
	for (unsigned i = 0; i < r->plan.batches; i++)
		r->batch[i].text[-1] = 0; /* as behind an EOD: no words go on from what was read before */
}

void
nct_batches_free(struct nct_batches *r)
{
	for (unsigned i = 0; r->batch != NULL && i < r->plan.batches; i++) {
		for (size_t j = 0; j < r->batch[i].most; j++)
			nct_encode_job_free(&r->batch[i].jobs[j]);
		free(r->batch[i].jobs);
	}
	free(r->batch);
	free(r->buffer);
}
