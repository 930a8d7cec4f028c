/* encode.c - text to a window stream: documents into chunks, chunks in parallel, results in order into blocks. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/options.h"
#include "base/threads.h"
#include "encode/by_book.h"
#include "encode/m1_chunk.h"
#include "m1/workers.h"
#include "m1/m1.h"
#include "stream/blocks.h"
#include "stream/operands.h"
#include "text/boundaries.h"

#define BATCH_JOBS 4096u           /* chunks in a batch, per thread */
#define BATCH_TEXT (1u << 20)      /* text in a batch, per thread: a default chunk of b <= 20, 64 of those above 20 bits */
#define KEEP_CODE ((size_t)64 << 10) /* a larger buffer is not kept for the next batch */

struct encoder {
	const struct nct_encode_options *o;
	struct nct_plan plan;
	struct nct_workers pool;
	nct_threads *threads;
	struct nct_blocks blocks;
	nct_docs *docs;
	nct_bounds *bounds;
	struct nct_piece piece;  /* text read but not yet in a batch */

	uint8_t *buffer[2];      /* text and, aligned, its marks, behind what an open window may hold of the batch before */
	uint8_t *text, *mark;    /* in these */
	size_t text_n, text_cap;
	struct nct_m1_job *jobs; /* their text lies in the batch's buffer, one behind the other */
	size_t count, cap;
	atomic_size_t next;      /* the first that no worker took */
	uint64_t chunk_bytes;    /* of the open chunk */
	int open;                /* the batch's last chunk goes on in the next one */
	nct_context *kept;       /* its context */
	uint64_t text_bytes;
};

static void
run(void *ctx, size_t i, unsigned worker)
{
	struct encoder *e = ctx;

	(void)i;
	nct_m1_encode(e->pool.of[worker], (e->count - 1) / e->o->threads + 1, e->jobs, e->count, &e->plan, &e->next);
}

/* Opens a job at the end of the batch; 0 if there is no room. */
static int
open_job(struct encoder *e)
{
	if (e->count == e->cap)
		return 0;
	struct nct_m1_job *j = &e->jobs[e->count++];
	j->text = e->text + e->text_n;
	j->mark = e->mark != NULL ? e->mark + e->text_n : NULL;
	j->n = 0;
	j->begins = 1;
	j->ends = j->eod = 0;
	e->open = 1;
	e->chunk_bytes = 0;
	return 1;
}

static void
close_job(struct encoder *e, int eod)
{
	struct nct_m1_job *j = &e->jobs[e->count - 1];

	j->ends = 1;
	j->eod = eod;
	e->open = 0;
}

/* Moves the piece at hand into the batch, as far as there is room: 1 if all of it went. */
static int
take_piece(struct encoder *e)
{
	struct nct_piece *p = &e->piece;
	uint64_t limit = e->o->chunk;

	for (;;) {
		if (e->open && limit != 0 && e->chunk_bytes == limit && p->n > 0)
			close_job(e, 0); /* cut: the document goes on */
		if (p->n == 0 && !p->ends)
			return 1;
		if (!e->open && !open_job(e))
			return 0;
		size_t take = p->n;
		if (take > e->text_cap - e->text_n)
			take = e->text_cap - e->text_n;
		if (limit != 0 && take > limit - e->chunk_bytes)
			take = (size_t)(limit - e->chunk_bytes);
		memcpy(e->text + e->text_n, p->text, take);
		if (e->mark != NULL && take > 0) {
			memcpy(e->mark + e->text_n, p->mark, take);
			p->mark += take;
		}
		e->text_n += take;
		e->jobs[e->count - 1].n += take;
		e->chunk_bytes += take;
		p->text += take;
		p->n -= take;
		if (p->n == 0 && p->ends) {
			close_job(e, p->eod);
			p->ends = 0;
			return 1;
		}
		if (e->text_n == e->text_cap)
			return p->n == 0;
	}
}

/* Fills the batch: until it is full or the input ends (*done). */
static nct_err
fill(struct encoder *e, int *done, nct_why *why)
{
	nct_err err;

	while (e->text_n < e->text_cap && take_piece(e)) {
		if (e->text_n == e->text_cap)
			break;
		if ((err = nct_bounds_next(e->bounds, &e->piece, why)) != NCT_OK)
			return err;
		if ((*done = e->piece.done) != 0)
			break;
	}
	return NCT_OK;
}

/* Hands a job's finished parts to the blocks. */
static nct_err
deliver(struct encoder *e, struct nct_m1_job *j)
{
	uint64_t at = 0;
	nct_err err;

	for (size_t i = 0; i < j->chunk.count; i++) {
		if ((err = nct_blocks_add(&e->blocks, &j->chunk.parts[i], j->chunk.code.bytes, at)) != NCT_OK)
			return err;
		at += j->chunk.parts[i].bits;
	}
	if (j->ends && j->chunk.code.cap > KEEP_CODE)
		nct_bits_free(&j->chunk.code);
	return NCT_OK;
}

/* What an open window may hold of p[0..n) and of what is before it moves before p[0]. */
static void
keep_window(uint8_t *p, size_t n)
{
	if (p != NULL)
		memmove(p - NCT_WINDOW_SYMBOLS, p - NCT_WINDOW_SYMBOLS + n, NCT_WINDOW_SYMBOLS);
}

/* Makes ready for the next batch: a chunk that goes on becomes its first job, with its context. */
static nct_err
carry_over(struct encoder *e)
{
	struct nct_m1_job *last = e->count > 0 ? &e->jobs[e->count - 1] : NULL;
	nct_err err;

	if (e->kept != NULL && !(e->open && e->count == 1)) { /* the chunk carried so far has ended */
		nct_context_free(e->kept);
		e->kept = NULL;
	}
	keep_window(e->text, e->text_n);
	keep_window(e->mark, e->text_n);
	e->text_n = e->count = 0;
	if (!e->open || last == NULL)
		return NCT_OK;
	if ((err = nct_chunk_drop(&last->chunk)) != NCT_OK)
		return err;
	if (e->kept == NULL) {
		if ((err = nct_workers_keep(&e->pool, last->chunk.context)) != NCT_OK)
			return err;
		e->kept = last->chunk.context;
	}
	if (last != e->jobs) {
		struct nct_m1_job t = e->jobs[0];

		e->jobs[0] = *last;
		*last = t;
	}
	e->jobs[0].begins = 0;
	e->jobs[0].text = e->text;
	e->jobs[0].mark = e->mark;
	e->jobs[0].n = 0;
	e->count = 1;
	return NCT_OK;
}

static nct_err
encode_batch(struct encoder *e, nct_why *why)
{
	nct_err err;

	atomic_store(&e->next, 0);
	/* a task for each worker: they share out the jobs */
	nct_parallel(e->threads, e->count < e->o->threads ? e->count : e->o->threads, run, e);
	for (size_t i = 0; i < e->count; i++) {
		if ((err = e->jobs[i].err) != NCT_OK)
			return err;
		if ((err = deliver(e, &e->jobs[i])) != NCT_OK)
			return nct_wrote(err, why);
		e->text_bytes += e->jobs[i].n;
	}
	if (e->o->progress != NULL)
		e->o->progress(e->o->ctx, e->text_bytes);
	return carry_over(e);
}

static nct_err
encoder_new(struct encoder *e, const nct_m1 *m1, const struct nct_encode_options *o)
{
	nct_err err = nct_threads_new(&e->threads, o->threads);

	if (err != NCT_OK)
		return err;
	e->o = o;
	e->plan = (struct nct_plan){o->window_bits, o->resets, o->align != NCT_ALIGN_NONE};
	e->blocks.unbroken = o->window_bits == 0;
	e->text_cap = (size_t)BATCH_TEXT * o->threads;
	e->cap = (size_t)BATCH_JOBS * o->threads;
	e->jobs = calloc(e->cap, sizeof *e->jobs);
	for (int i = 0; i < 1 + e->plan.aligned; i++)
		if ((e->buffer[i] = calloc(1, NCT_WINDOW_SYMBOLS + e->text_cap)) == NULL)
			return NCT_ENOMEM;
	if (e->jobs == NULL)
		return NCT_ENOMEM;
	e->text = e->buffer[0] + NCT_WINDOW_SYMBOLS;
	e->mark = e->plan.aligned ? e->buffer[1] + NCT_WINDOW_SYMBOLS : NULL;
	return nct_workers_new(&e->pool, m1, o->threads, &e->plan, o->resets == 0 ? 1 : NCT_M1_JOB_LANES, o->cache_bytes);
}

static void
encoder_free(struct encoder *e)
{
	for (size_t i = 0; e->jobs != NULL && i < e->cap; i++)
		nct_chunk_free(&e->jobs[i].chunk);
	nct_context_free(e->kept);
	nct_threads_free(e->threads);
	nct_workers_free(&e->pool);
	nct_blocks_free(&e->blocks);
	nct_writer_free(e->blocks.writer);
	nct_bounds_free(e->bounds);
	nct_docs_free(e->docs);
	free(e->jobs);
	free(e->buffer[0]);
	free(e->buffer[1]);
}

static nct_err
check(const struct nct_encode_options *o, const struct nct_codebook *book, nct_why *why)
{
	if (o->window_bits != 0 && (o->window_bits < NCT_WINDOW_MIN || o->window_bits > NCT_WINDOW_MAX))
		return nct_fail(why, NCT_EARG, "windows have 0 or %d to %d bits, not %u", NCT_WINDOW_MIN, NCT_WINDOW_MAX, o->window_bits);
	if (o->code == NCT_CODE_BEST && (book == NULL || book->code != NCT_CODE_BEST))
		return nct_fail(why, NCT_EARG, "M1 has no codebook of best strings for windows of %u bits, r = %" PRIu32, o->window_bits, o->resets);
	if (o->window_bits == 0 && o->resets != 0)
		return nct_fail(why, NCT_EARG, "unbroken coding has no windows to reset M1 at");
	if (o->window_bits == 0 && o->align != NCT_ALIGN_NONE)
		return nct_fail(why, NCT_EARG, "unbroken coding has no windows to align");
	if (o->open && o->separator == NCT_SEP_NUL)
		return nct_fail(why, NCT_EARG, "under NUL separators a document without its NUL is open already");
	if (o->threads < 1 || (o->separator == NCT_SEP_REGEX) != (o->pattern != NULL) ||
	    (o->align == NCT_ALIGN_REGEX) != (o->align_pattern != NULL))
		return nct_fail(why, NCT_EARG, "impossible options");
	return NCT_OK;
}

/* The codebook to encode by; NULL: M1 is asked. */
static const struct nct_codebook *
book_of(const nct_m1 *m1, const struct nct_encode_options *o)
{
	const struct nct_codebook *best = nct_m1_codebook(m1, NCT_CODE_BEST, o->window_bits);

	if (o->resets != 1 || o->no_codebook)
		return NULL;
	return best != NULL && o->code != NCT_CODE_SPLIT ? best : nct_m1_codebook(m1, NCT_CODE_SPLIT, o->window_bits);
}

static struct nct_header
header_of(const nct_m1 *m1, const struct nct_encode_options *o, const struct nct_codebook *book)
{
	const struct nct_plan plan = {.window_bits = o->window_bits, .resets = o->resets};
	const int best = book != NULL && book->code == NCT_CODE_BEST;

	return (struct nct_header){
	    .kind = NCT_WINDOWS,
	    .code = o->window_bits == 0 ? NCT_CODE_UNBROKEN : best ? NCT_CODE_BEST : NCT_CODE_SPLIT,
	    .align = o->align,
	    .separator = o->separator,
	    .window_bits = o->window_bits,
	    .resets = o->resets,
	    .chunk = o->chunk,
	    .m1 = nct_m1_fingerprint(m1),
	    .windows = best ? book->fingerprint : nct_plan_fingerprint(&plan, nct_m1_fingerprint(m1)),
	    .m1_parameters = nct_m1_parameters(m1),
	};
}

/* Makes a trie of the codebook; none if there is none, or it cannot be packed and M1 can do without. */
static nct_err
open_trie(struct nct_trie *t, const struct nct_codebook *book, nct_why *why)
{
	const nct_err err = book != NULL ? nct_trie_new(t, book) : NCT_OK;

	if (err == NCT_EARG && book->code == NCT_CODE_BEST)
		return nct_fail(why, NCT_EDATA, "the codebook of %u bits cannot be packed", book->bits);
	if (err == NCT_EDATA)
		return nct_fail(why, err, "the codebook of %u bits is packed wrongly", book->bits);
	return err == NCT_EARG ? NCT_OK : err;
}

static nct_err
encode(const nct_m1 *m1, nct_operand operand, void *ctx, int out, const struct nct_encode_options *o, struct nct_totals *totals, nct_why *why)
{
	struct encoder e = {0};
	struct nct_trie trie = {0};
	const struct nct_codebook *book = book_of(m1, o);
	const struct nct_header h = header_of(m1, o, book);
	int done = 0;
	nct_err err;

	if ((err = check(o, book, why)) != NCT_OK || (err = open_trie(&trie, book, why)) != NCT_OK)
		goto end;
	if (trie.book == NULL && (err = encoder_new(&e, m1, o)) != NCT_OK)
		goto end;
	if ((err = nct_docs_new(&e.docs, operand, ctx, o->separator, o->pattern, o->open, why)) != NCT_OK)
		goto end;
	nct_docs_watch(e.docs, o->begins, o->ctx);
	if ((err = nct_bounds_new(&e.bounds, e.docs, o->align, o->align_pattern, why)) != NCT_OK)
		goto end;
	if ((err = nct_writer_new(&e.blocks.writer, out)) != NCT_OK)
		goto end;
	if ((err = nct_wrote(nct_writer_header(e.blocks.writer, &h), why)) != NCT_OK)
		goto end;
	if (trie.book != NULL && (err = nct_encode_book(&trie, e.bounds, &e.blocks, o, why)) != NCT_OK)
		goto end;
	while (trie.book == NULL && !done)
		if ((err = fill(&e, &done, why)) != NCT_OK || (err = encode_batch(&e, why)) != NCT_OK)
			goto end;
	if ((err = nct_blocks_flush(&e.blocks)) == NCT_OK)
		err = nct_writer_trailer(e.blocks.writer);
	if ((err = nct_wrote(err, why)) != NCT_OK)
		goto end;
	if (totals != NULL)
		*totals = *nct_writer_totals(e.blocks.writer);
end:
	nct_trie_free(&trie);
	encoder_free(&e);
	return err;
}

nct_err
nct_encode(const nct_m1 *m1, nct_operand operand, void *ctx, int out, const struct nct_encode_options *options, struct nct_totals *totals,
           nct_why *why)
{
	struct nct_encode_options o;
	nct_why own;
	nct_err err;

	why = nct_why_begin(why, &own);
	err = nct_options_take(&o, sizeof o, options, why);
	return err == NCT_OK ? encode(m1, operand, ctx, out, &o, totals, why) : err;
}
