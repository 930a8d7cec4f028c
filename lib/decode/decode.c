/* decode.c - a window stream to text: blocks in parallel, text in order. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "base/err.h"
#include "base/io.h"
#include "base/options.h"
#include "base/threads.h"
#include "decode/by_book.h"
#include "decode/m1_block.h"
#include "decode/output.h"
#include "m1/workers.h"
#include "m1/m1.h"
#include "stream/blocks.h"
#include "stream/operands.h"
#include "stream/stream.h"

#define BATCH_BLOCKS 16u           /* blocks in a batch, per thread */
#define BATCH_BYTES (1u << 20)     /* their code, per thread ... */
#define BATCH_TEXT (8u << 20)      /* ... and their text */
#define KEEP_TEXT (2u << 20)       /* a larger buffer is not kept for the next batch */

/* A block to decode. Where M1 keeps its context over windows, a block that goes on with a chunk belongs to the same
 * worker as the one before: `chain` counts the blocks of a run, in its first. */
struct job {
	struct nct_block block;
	void *buffer;             /* behind block.dir and block.code; owned */
	size_t buffer_cap;
	struct nct_m1_block text;
	size_t chain;             /* 0: decoded along with an earlier job */
	nct_err err;
	nct_why why;
};

struct decoder {
	const nct_m1 *m1;
	const struct nct_decode_options *o;
	nct_why *why;
	int in;
	struct nct_output to;
	nct_reader *reader;
	struct nct_header header;
	struct nct_plan plan;
	struct nct_workers pool;
	nct_threads *threads;
	int pool_made;
	struct nct_text_table strings; /* M1's codebook for this stream; none if there is none, or it is of no use */
	nct_book_decoder *by_book;  /* decodes in that case; NULL before the first one */
	struct job *jobs;
	size_t count, cap, code_bytes;
	uint64_t text_bytes;   /* of the batch */
	nct_context *kept;     /* of a chunk that goes on in the next batch, where M1 keeps its context; owned */
	uint32_t since_reset;  /* of that chunk */
	struct nct_totals totals;
	int damaged;
};

/* ---- one block ---- */

/* The runs of a block, to free: NULL is NCT_ENOMEM. */
static struct nct_run *
runs_of(const struct nct_block *b, unsigned window_bits, size_t *count)
{
	struct nct_directory_entry e;
	struct nct_run *r;
	size_t n = 0;
	uint64_t from = 0;

	for (size_t at = 0; nct_directory_next(b->dir, b->dir_bytes, &at, &e, window_bits == 0) > 0;)
		n++;
	*count = n;
	if ((r = calloc(n + 1, sizeof *r)) == NULL)
		return NULL;
	n = 0;
	for (size_t at = 0; nct_directory_next(b->dir, b->dir_bytes, &at, &e, window_bits == 0) > 0; from += r[n++].bits)
		r[n] = (struct nct_run){
		    .p = b->code, .from = from, .bits = window_bits == 0 ? e.bits : e.units * window_bits, .units = e.units};
	return r;
}

/* Runs in the order in which they follow each other, in one context. */
static nct_err
decode_in_turn(const struct nct_block *b, struct nct_m1_block *u, struct nct_run *r, size_t n, int loose)
{
	nct_err err = NCT_OK;

	for (size_t i = 0; i < n && err == NCT_OK; i++) {
		if (i > 0 || !(b->flags & NCT_BLOCK_CONTINUES))
			nct_m1_block_begin(u);
		err = nct_m1_block_run(u, &r[i], loose);
	}
	return err;
}

/* Does every run end as the directory says? */
static int
ends_hold(const struct nct_block *b, const struct nct_run *r, int unbroken)
{
	struct nct_directory_entry e;

	for (size_t at = 0; nct_directory_next(b->dir, b->dir_bytes, &at, &e, unbroken) > 0; r++)
		if (r->eod != e.ends_document)
			return 0;
	return 1;
}

/* Are the runs what an encoder cuts text into? */
static int
cuts_hold(const struct nct_run *r, size_t n, uint64_t chunk)
{
	uint64_t before = 0;

	for (size_t i = 0; i < n; before += r[i++].text_bytes)
		if (!nct_blocks_hold(chunk, before, r[i].text_bytes))
			return 0;
	return 1;
}

static nct_err
decode_block(const struct decoder *d, struct job *j, nct_worker *w)
{
	const struct nct_block *b = &j->block;
	const int loose = d->header.text_unknown;
	struct nct_m1_block *u = &j->text;
	size_t n;
	struct nct_run *r = runs_of(b, d->plan.window_bits, &n);
	nct_err err = NCT_ENOMEM;

	if (r != NULL && nct_plan_remembers(&d->plan))
		err = nct_m1_block_windows(u, w, r, n, loose);
	else if (r != NULL && n > 1 && !(b->flags & (NCT_BLOCK_CONTINUES | NCT_BLOCK_CONTINUED)))
		err = nct_m1_block_runs(u, w, r, n, loose);
	else if (r != NULL)
		err = decode_in_turn(b, u, r, n, loose);
	if (err == NCT_EDATA || (err == NCT_OK && !loose && !ends_hold(b, r, d->plan.window_bits == 0)))
		err = nct_fail(&j->why, NCT_EDATA, "block %" PRIu32 " holds other text than its directory says", b->sequence);
	else if (err == NCT_OK && !loose && u->text_bytes != b->text_bytes)
		err = nct_fail(&j->why, NCT_EDATA, "block %" PRIu32 " decodes to %" PRIu64 " bytes, not %" PRIu64, b->sequence,
			       u->text_bytes, b->text_bytes);
	else if (err == NCT_OK && !loose && !cuts_hold(r, n, d->header.chunk))
		err = nct_fail(&j->why, NCT_EDATA, "block %" PRIu32 " is not cut as its stream's header says", b->sequence);
	free(r);
	return err;
}

static void
run(void *ctx, size_t i, unsigned worker)
{
	struct decoder *d = ctx;
	struct job *j = &d->jobs[i];
	nct_worker *w = d->pool.of[worker];
	nct_context *context = i == 0 && d->kept != NULL ? d->kept : nct_worker_context(w, 0);
	uint32_t since = i == 0 && d->kept != NULL ? d->since_reset : 0;
	nct_err err = j->err;

	nct_worker_adopt(w, context);
	for (size_t k = 0; k < j->chain; k++) {
		struct nct_m1_block *u = &j[k].text;

		u->plan = d->plan;
		u->context = context;
		u->since_reset = since;
		u->separator = d->header.separator == NCT_SEP_NUL ? 0 : -1;
		u->show = d->o->show;
		u->bytes = 0;
		u->text_bytes = u->documents = 0;
		u->text_max = d->header.text_unknown ? NCT_TEXT_MAX : j[k].block.text_bytes;
		if (err == NCT_OK)
			err = decode_block(d, &j[k], w);
		else /* where one block of a chunk is missing, M1 lacks the context for the next */
			err = nct_fail(&j[k].why, NCT_EDATA, "block %" PRIu32 " goes on with a chunk whose beginning is lost", j[k].block.sequence);
		j[k].err = err;
		since = u->since_reset;
	}
}

/* ---- a batch ---- */

/* Sets each job's chain: jobs on their own where every window starts afresh, else runs of blocks that continue. A chunk whose
 * beginning is missing is an error then. */
static void
chain_jobs(struct decoder *d)
{
	size_t head = 0;

	for (size_t i = 0; i < d->count; i++) {
		struct job *j = &d->jobs[i];
		int continues = !nct_plan_remembers(&d->plan) && (j->block.flags & NCT_BLOCK_CONTINUES);

		j->chain = 1;
		j->err = NCT_OK;
		j->why.text[0] = '\0';
		if (continues && i == 0 && d->kept == NULL)
			j->err = NCT_EDATA;
		if (!continues || i == 0) {
			head = i;
		} else {
			d->jobs[head].chain++;
			j->chain = 0;
		}
	}
}

static nct_err
keep_last(struct decoder *d)
{
	struct job *last = &d->jobs[d->count - 1];
	int goes_on = !nct_plan_remembers(&d->plan) && (last->block.flags & NCT_BLOCK_CONTINUED) && last->err == NCT_OK;
	nct_err err;

	if (d->kept != NULL && (!goes_on || last->text.context != d->kept)) {
		nct_context_free(d->kept);
		d->kept = NULL;
	}
	d->since_reset = last->text.since_reset;
	if (!goes_on || d->kept != NULL)
		return NCT_OK;
	if ((err = nct_workers_keep(&d->pool, last->text.context)) != NCT_OK)
		return err;
	d->kept = last->text.context;
	return NCT_OK;
}

static void
lost(struct decoder *d, const nct_why *why)
{
	d->damaged = d->to.missing = 1;
	if (d->o->lost != NULL)
		d->o->lost(d->o->ctx, why);
}

/* Writes a decoded block's text, or deals with its fault. */
static nct_err
deliver(struct decoder *d, struct job *j)
{
	nct_err err;

	if (j->err == NCT_EDATA && d->o->keep_going) {
		lost(d, &j->why);
		return NCT_OK;
	}
	if (j->err != NCT_OK) {
		*d->why = j->why;
		return j->err;
	}
	if ((err = nct_output_write(&d->to, j->text.text, j->text.bytes)) != NCT_OK)
		return nct_wrote(err, d->why);
	d->totals.blocks++;
	d->totals.text_bytes += j->text.text_bytes;
	d->totals.documents += j->text.documents;
	d->totals.windows += j->block.units;
	return NCT_OK;
}

static nct_err
decode_batch(struct decoder *d)
{
	nct_err err = NCT_OK;

	if (d->count == 0)
		return NCT_OK;
	chain_jobs(d);
	nct_parallel(d->threads, d->count, run, d);
	for (size_t i = 0; i < d->count; i++) {
		if (err == NCT_OK)
			err = deliver(d, &d->jobs[i]);
		nct_reader_give(d->reader, d->jobs[i].buffer, d->jobs[i].buffer_cap);
		d->jobs[i].buffer = NULL;
		if (d->jobs[i].text.cap > KEEP_TEXT)
			nct_m1_block_free(&d->jobs[i].text);
	}
	if (err == NCT_OK)
		err = keep_last(d);
	d->count = d->code_bytes = 0;
	d->text_bytes = 0;
	if (d->o->progress != NULL)
		d->o->progress(d->o->ctx, d->totals.text_bytes);
	return err;
}

/* ---- the stream ---- */

/* Lays out M1's codebook for the windows of `plan`, if it has one. */
static nct_err
open_book(struct decoder *d, const struct nct_plan *plan)
{
	const int best = d->header.code == NCT_CODE_BEST, wanted = best || (plan->resets == 1 && !d->o->no_codebook);
	const struct nct_codebook *book = wanted ? nct_m1_codebook(d->m1, best ? NCT_CODE_BEST : NCT_CODE_SPLIT, plan->window_bits) : NULL;
	nct_err err;

	if (book == d->strings.book)
		return NCT_OK;
	nct_text_table_free(&d->strings);
	if (book == NULL || (err = nct_text_table_new(&d->strings, book)) != NCT_OK || d->by_book != NULL)
		return book == NULL ? NCT_OK : err;
	return nct_book_decoder_new(&d->by_book, d->reader, d->in, &d->to, d->o, &d->totals);
}

static nct_err
begin_stream(struct decoder *d)
{
	const struct nct_header *h = nct_reader_header(d->reader);
	const struct nct_plan plan = {.window_bits = h->window_bits, .resets = h->resets};
	const struct nct_codebook *best = h->code == NCT_CODE_BEST ? nct_m1_codebook(d->m1, NCT_CODE_BEST, h->window_bits) : NULL;
	uint64_t m1 = nct_m1_fingerprint(d->m1), windows = best != NULL ? best->fingerprint : nct_plan_fingerprint(&plan, m1);
	nct_err err;

	if (h->kind != NCT_WINDOWS)
		return nct_fail(d->why, NCT_EKIND, "a token stream, not windows (bitpack -u makes windows of it), byte %" PRIu64,
		                nct_reader_offset(d->reader) - NCT_HEADER_BYTES + 10);
	if (d->o->show && h->window_bits == 0)
		return nct_fail(d->why, NCT_EKIND, "an unbroken code, which has no windows to show");
	if (h->m1 != m1)
		return nct_fail(d->why, NCT_EMODEL, "written with M1 %016" PRIx64 ", this is M1 %016" PRIx64 " (see -m)", h->m1, m1);
	if (h->code == NCT_CODE_BEST && best == NULL)
		return nct_fail(d->why, NCT_EMODEL, "windows of %u bits by a codebook of best strings, which this M1 does not have", h->window_bits);
	if (h->windows != windows)
		return nct_fail(d->why, NCT_EMODEL, "written with windows %016" PRIx64 ", these are %016" PRIx64, h->windows, windows);
	if (d->pool_made && (plan.window_bits != d->plan.window_bits || plan.resets != d->plan.resets)) {
		nct_context_free(d->kept);
		d->kept = NULL;
		nct_workers_free(&d->pool);
		d->pool_made = 0;
	}
	d->header = *h;
	d->plan = plan;
	d->to.by_nul = h->separator == NCT_SEP_NUL && !d->o->show;
	if ((err = open_book(d, &plan)) != NCT_OK || d->strings.entry != NULL || d->pool_made)
		return err;
	d->pool_made = 1;
	return nct_workers_new(&d->pool, d->m1, d->o->threads, &plan,
			    nct_plan_remembers(&plan) ? NCT_M1_BLOCK_LANES : NCT_M1_BLOCK_LONG_LANES, d->o->cache_bytes);
}

static nct_err
add_block(struct decoder *d, const struct nct_block *b)
{
	struct job *j = &d->jobs[d->count++];

	j->block = *b;
	j->buffer = nct_reader_take(d->reader, &j->buffer_cap);
	d->code_bytes += b->code_bytes;
	d->text_bytes += j->block.text_bytes;
	if (d->count == d->cap || d->code_bytes >= (size_t)BATCH_BYTES * d->o->threads ||
	    d->text_bytes >= (uint64_t)BATCH_TEXT * d->o->threads)
		return decode_batch(d);
	return NCT_OK;
}

static nct_err
take_event(struct decoder *d, enum nct_event event, const struct nct_block *b, const nct_why *loss)
{
	nct_err err = event == NCT_AT_BLOCK ? NCT_OK : decode_batch(d);

	if (err != NCT_OK)
		return err;
	switch (event) {
	case NCT_AT_HEADER: return begin_stream(d);
	case NCT_AT_BLOCK: return add_block(d, b);
	case NCT_AT_LOSS:
		nct_context_free(d->kept); /* what comes next does not continue what came before */
		d->kept = NULL;
		lost(d, loss);
		return NCT_OK;
	default: return NCT_OK;
	}
}

static void
decoder_free(struct decoder *d)
{
	for (size_t i = 0; d->jobs != NULL && i < d->cap; i++) {
		free(d->jobs[i].buffer);
		nct_m1_block_free(&d->jobs[i].text);
	}
	nct_threads_free(d->threads);
	free(d->jobs);
	nct_context_free(d->kept);
	nct_workers_free(&d->pool);
	nct_book_decoder_free(d->by_book);
	nct_text_table_free(&d->strings);
	nct_reader_free(d->reader);
}

nct_err
nct_decode(const nct_m1 *m1, int in, int out, const struct nct_decode_options *options, struct nct_totals *totals, nct_why *why)
{
	struct nct_decode_options o;
	nct_why own, loss = {{0}};
	struct decoder d = {.m1 = m1, .o = &o, .in = in, .to = {.fd = out}, .why = nct_why_begin(why, &own)};
	enum nct_event event = NCT_AT_HEADER;
	struct nct_block block = {0};
	nct_err err, rest;

	if ((err = nct_options_take(&o, sizeof o, options, d.why)) != NCT_OK)
		return err;
	if (o.threads < 1)
		return nct_fail(d.why, NCT_EARG, "impossible options");
	err = NCT_ENOMEM;
	d.cap = (size_t)BATCH_BLOCKS * o.threads;
	if ((d.jobs = calloc(d.cap, sizeof *d.jobs)) == NULL || (err = nct_threads_new(&d.threads, o.threads)) != NCT_OK ||
	    (err = nct_reader_new(&d.reader, in, o.keep_going)) != NCT_OK)
		goto end;
	while (event != NCT_AT_END) {
		if (!nct_readable(in) && (err = decode_batch(&d)) != NCT_OK) /* text appears while the input waits */
			goto end;
		err = d.strings.entry != NULL ? nct_book_decode(d.by_book, &d.strings, &event, &d.damaged, &loss)
		                              : nct_reader_next(d.reader, &event, &block, &loss);
		if (err != NCT_OK) {
			int saved = errno;

			*d.why = loss;
			if ((rest = decode_batch(&d)) != NCT_OK) /* what came before the fault is good */
				err = rest;
			else
				errno = saved;
			goto end;
		}
		if ((err = take_event(&d, event, &block, &loss)) != NCT_OK)
			goto end;
	}
	if (totals != NULL)
		*totals = d.totals;
	if (d.damaged)
		err = nct_fail(d.why, NCT_EDATA, "damaged: %" PRIu64 " bytes of text were delivered", d.totals.text_bytes);
end:
	decoder_free(&d);
	return err;
}
