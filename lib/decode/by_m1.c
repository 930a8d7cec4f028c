/* by_m1.c - decoding by asking M1: the blocks of a batch shared out to the threads, and written in order. */
#include "decode/by_m1.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "base/err.h"
#include "base/io.h"
#include "base/threads.h"
#include "decode/m1_block.h"
#include "m1/workers.h"

#define BATCH_BLOCKS 16u  /* blocks in a batch, per thread */
#define BATCH_BYTES (1u << 20) /* their code, per thread ... */
#define BATCH_TEXT (8u << 20)  /* ... and their text */
#define KEEP_TEXT (2u << 20)   /* a larger buffer is not kept for the next batch */

/* A block to decode. Where M1 keeps its context over windows, blocks of one chunk are decoded one after the other:
 * `chain` counts them, in the first one. */
struct job {
	struct nct_block_job of;
	struct nct_m1_block text;
	size_t chain;          /* 0: decoded along with an earlier job */
	int orphan;            /* goes on with a chunk whose beginning is lost */
};

struct nct_m1_decoder {
	nct_reader *reader;
	int in;
	struct nct_output *to;
	struct nct_header header;
	struct nct_plan plan;
	struct nct_workers workers;
	nct_threads *threads;
	struct job *jobs;      /* owned */
	size_t count, cap, code_bytes;
	uint64_t text_bytes;   /* of the batch */
	nct_context *kept;     /* of a chunk that goes on in the next batch, where M1 keeps its context; owned */
	uint32_t since_reset;  /* of that chunk */
};

/* ---- blocks ---- */

static void
decode_block(const nct_m1_decoder *d, struct job *j, nct_worker *w)
{
	struct nct_block_job *of = &j->of;
	struct nct_m1_block *u = &j->text;
	const int continues = (of->block.flags & NCT_BLOCK_CONTINUES) != 0,
		  continued = (of->block.flags & NCT_BLOCK_CONTINUED) != 0;
	nct_err err;

	u->plan = d->plan;
	u->loose = d->header.text_unknown;
	u->to.separator = d->header.separator == NCT_SEP_NUL ? 0 : -1;
	u->to.show = d->to->o->show;
	u->to.bytes = 0;
	err = nct_block_job_begin(of, &d->header, &u->to);
	if (err == NCT_OK && nct_plan_remembers(&d->plan))
		err = nct_m1_block_windows(u, w, of->runs, of->count);
	else if (err == NCT_OK)
		err = nct_m1_block_runs(u, w, of->runs, of->count, of->count == 1 || continues || continued, continues);
	nct_block_job_end(of, &d->header, &u->to, err);
}

static void
run(void *ctx, size_t i, unsigned worker)
{
	nct_m1_decoder *d = ctx;
	struct job *j = &d->jobs[i];
	nct_worker *w = d->workers.of[worker];
	nct_context *context = i == 0 && d->kept != NULL ? d->kept : nct_worker_context(w, 0);
	uint32_t since = i == 0 && d->kept != NULL ? d->since_reset : 0;

	nct_worker_adopt(w, context);
	for (size_t k = 0, lost = (size_t)j->orphan; k < j->chain; k++) {
		j[k].text.context = context;
		j[k].text.since_reset = since;
		if (!lost)
			decode_block(d, &j[k], w);
		else /* where one block of a chunk is missing, M1 lacks the context for the next */
			j[k].of.err = nct_fail(&j[k].of.why, NCT_EDATA, "block %" PRIu32 " goes on with a chunk whose beginning is lost",
			                       j[k].of.block.sequence);
		lost = j[k].of.err != NCT_OK;
		since = j[k].text.since_reset;
	}
}

/* ---- a batch ---- */

/* Sets each job's chain: one where every window starts afresh, else as many blocks as continue each other. */
static void
chain_jobs(nct_m1_decoder *d)
{
	size_t head = 0;

	for (size_t i = 0; i < d->count; i++) {
		struct job *j = &d->jobs[i];
		const int continues = !nct_plan_remembers(&d->plan) && (j->of.block.flags & NCT_BLOCK_CONTINUES);

		j->orphan = continues && i == 0 && d->kept == NULL;
		j->chain = 1;
		if (!continues || i == 0) {
			head = i;
		} else {
			d->jobs[head].chain++;
			j->chain = 0;
		}
	}
}

static void
drop_kept(nct_m1_decoder *d)
{
	nct_context_free(d->kept);
	d->kept = NULL;
}

/* Keeps the context of a chunk that goes on in the next batch. */
static nct_err
keep_last(nct_m1_decoder *d)
{
	const struct job *last = &d->jobs[d->count - 1];
	const int goes_on =
	    !nct_plan_remembers(&d->plan) && (last->of.block.flags & NCT_BLOCK_CONTINUED) && last->of.err == NCT_OK;
	nct_err err;

	if (!goes_on || last->text.context != d->kept)
		drop_kept(d);
	d->since_reset = last->text.since_reset;
	if (!goes_on || d->kept != NULL)
		return NCT_OK;
	if ((err = nct_workers_keep(&d->workers, last->text.context)) == NCT_OK)
		d->kept = last->text.context;
	return err;
}

static nct_err
decode_batch(nct_m1_decoder *d, nct_why *why)
{
	nct_err err = NCT_OK;

	if (d->count == 0)
		return NCT_OK;
	chain_jobs(d);
	nct_parallel(d->threads, d->count, run, d);
	for (size_t i = 0; i < d->count; i++) {
		struct job *j = &d->jobs[i];

		if (err == NCT_OK)
			err = nct_output_block(d->to, &j->of, j->text.to.text, why);
		nct_block_job_give(&j->of, d->reader);
		if (j->text.to.cap > KEEP_TEXT)
			nct_decoded_free(&j->text.to);
	}
	if (err == NCT_OK)
		err = keep_last(d);
	d->count = d->code_bytes = 0;
	d->text_bytes = 0;
	nct_output_progress(d->to);
	return err;
}

/* ---- a stream ---- */

static void
add_block(nct_m1_decoder *d, const struct nct_block *b)
{
	nct_block_job_take(&d->jobs[d->count++].of, b, d->reader);
	d->code_bytes += b->code_bytes;
	d->text_bytes += b->text_bytes;
}

static int
is_full(const nct_m1_decoder *d)
{
	const unsigned threads = d->to->o->threads;

	return d->count == d->cap || d->code_bytes >= (size_t)BATCH_BYTES * threads ||
	       d->text_bytes >= (uint64_t)BATCH_TEXT * threads;
}

nct_err
nct_m1_decode(nct_m1_decoder *d, enum nct_event *event, nct_why *why)
{
	struct nct_block block = {0};
	nct_why loss = {0};
	int saved = 0;
	nct_err err, failed;

	d->header = *nct_reader_header(d->reader);
	do {
		do {
			if (!nct_readable(d->in) && (failed = decode_batch(d, why)) != NCT_OK) /* text appears while the input waits */
				return failed;
			err = nct_reader_next(d->reader, event, &block, &loss);
			saved = errno;
			if (err == NCT_OK && *event == NCT_AT_BLOCK)
				add_block(d, &block);
		} while (err == NCT_OK && *event == NCT_AT_BLOCK && !is_full(d));
		if ((failed = decode_batch(d, why)) != NCT_OK) /* what came before a fault of the input is good */
			return failed;
	} while (err == NCT_OK && *event == NCT_AT_BLOCK);
	drop_kept(d); /* what comes next does not go on with what came before */
	*why = loss;
	errno = saved;
	return err;
}

nct_err
nct_m1_decoder_new(nct_m1_decoder **out, const nct_m1 *m1, const struct nct_plan *plan, nct_reader *reader, int in,
                   struct nct_output *to)
{
	const struct nct_decode_options *o = to->o;
	const size_t lanes = nct_plan_remembers(plan) ? NCT_M1_BLOCK_LANES : NCT_M1_BLOCK_LONG_LANES;
	nct_m1_decoder *d = calloc(1, sizeof *d);
	nct_err err = NCT_ENOMEM;

	if ((*out = d) == NULL)
		return err;
	*d = (nct_m1_decoder){.plan = *plan, .reader = reader, .in = in, .to = to, .cap = (size_t)BATCH_BLOCKS * o->threads};
	if ((d->jobs = calloc(d->cap, sizeof *d->jobs)) != NULL && (err = nct_threads_new(&d->threads, o->threads)) == NCT_OK)
		err = nct_workers_new(&d->workers, m1, o->threads, plan, lanes, o->cache_bytes);
	if (err != NCT_OK) {
		nct_m1_decoder_free(d);
		*out = NULL;
	}
	return err;
}

void
nct_m1_decoder_free(nct_m1_decoder *d)
{
	if (d == NULL)
		return;
	for (size_t i = 0; d->jobs != NULL && i < d->cap; i++) {
		nct_block_job_free(&d->jobs[i].of);
		nct_decoded_free(&d->jobs[i].text.to);
	}
	free(d->jobs);
	nct_context_free(d->kept);
	nct_threads_free(d->threads);
	nct_workers_free(&d->workers);
	free(d);
}
