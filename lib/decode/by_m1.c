/* by_m1.c - decodes by evaluating M1. Threads share the blocks of a batch, which are written in order. */
#include "decode/by_m1.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "base/err.h"
#include "base/io.h"
#include "base/threads.h"
#include "decode/m1_block.h"
#include "m1/workers.h"

/* A batch is full when it reaches one of these, times the number of threads. */
#define BATCH_BLOCKS 16u       /* blocks */
#define BATCH_BYTES (1u << 20) /* bytes of code */
#define BATCH_TEXT (8u << 20)  /* bytes of text */
#define KEEP_TEXT (2u << 20)   /* bytes of a text buffer that is kept for the next batch, at most */

/* A block to decode. If M1 keeps its context from window to window, the blocks of one chunk form a chain: they are
 * decoded one after the other, by one thread. */
struct m1_job {
	struct nct_block_job base;
	struct nct_m1_block m1;
	size_t chain;          /* blocks of the chain that begins with this one; 0: it is a later block of a chain */
	int orphan;            /* it goes on with a chunk whose beginning is lost */
};

struct nct_m1_decoder {
	nct_reader *reader;
	int in;
	struct nct_output *to;
	struct nct_header header;
	struct nct_plan plan;
	struct nct_workers workers;
	nct_threads *threads;
	struct m1_job *jobs;   /* (cap) owned: the batch */
	size_t count, cap, code_bytes;
	uint64_t text_bytes;   /* of the batch, as its blocks' headers say */
	nct_context *kept;     /* owned: the context of a chain that goes on in the next batch; NULL: none does */
	uint32_t since_reset;  /* windows of that chain since M1's last reset */
};

/* ---- blocks ---- */

static void
decode_block(const nct_m1_decoder *d, struct m1_job *j, nct_worker *w)
{
	struct nct_block_job *base = &j->base;
	struct nct_m1_block *u = &j->m1;
	const int continues = (base->block.flags & NCT_BLOCK_CONTINUES) != 0,
		  continued = (base->block.flags & NCT_BLOCK_CONTINUED) != 0;
	nct_err err;

	u->plan = d->plan;
	u->loose = d->header.text_unknown;
	u->to.separator = d->header.separator == NCT_SEP_NUL ? 0 : -1;
	u->to.show = d->to->o->show;
	u->to.bytes = 0;
	err = nct_block_job_begin(base, &d->header, &u->to);
	if (err == NCT_OK && nct_plan_remembers(&d->plan))
		err = nct_m1_block_windows(u, w, base->parts, base->count);
	else if (err == NCT_OK)
		err = nct_m1_block_parts(u, w, base->parts, base->count, base->count == 1 || continues || continued, continues);
	nct_block_job_end(base, &d->header, &u->to, err);
}

/* Decodes the chain that begins with job i, if one does. */
static void
decode_chain(void *ctx, size_t i, unsigned worker)
{
	nct_m1_decoder *d = ctx;
	struct m1_job *j = &d->jobs[i];
	nct_worker *w = d->workers.of[worker];
	nct_context *context = i == 0 && d->kept != NULL ? d->kept : nct_worker_context(w, 0);
	uint32_t since = i == 0 && d->kept != NULL ? d->since_reset : 0;

	nct_worker_adopt(w, context);
	for (size_t k = 0, lost = (size_t)j->orphan; k < j->chain; k++) {
		j[k].m1.context = context;
		j[k].m1.since_reset = since;
		if (!lost)
			decode_block(d, &j[k], w);
		else /* M1 lacks the context that the lost block would have left */
			j[k].base.err = nct_fail(&j[k].base.why, NCT_EDATA, "block %" PRIu32 " goes on with a chunk whose beginning is lost",
			                       j[k].base.block.sequence);
		lost = j[k].base.err != NCT_OK;
		since = j[k].m1.since_reset;
	}
}

/* ---- a batch ---- */

/* Sets `chain` and `orphan` of all jobs. If M1 is reset after each window, each block is a chain of its own. */
static void
chain_jobs(nct_m1_decoder *d)
{
	size_t head = 0;

	for (size_t i = 0; i < d->count; i++) {
		struct m1_job *j = &d->jobs[i];
		const int continues = !nct_plan_remembers(&d->plan) && (j->base.block.flags & NCT_BLOCK_CONTINUES);

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

/* Keeps the context of a chain that goes on in the next batch, so that the worker does not use it for others. */
static nct_err
keep_last(nct_m1_decoder *d)
{
	const struct m1_job *last = &d->jobs[d->count - 1];
	const int goes_on =
	    !nct_plan_remembers(&d->plan) && (last->base.block.flags & NCT_BLOCK_CONTINUED) && last->base.err == NCT_OK;
	nct_err err;

	if (!goes_on || last->m1.context != d->kept)
		drop_kept(d);
	d->since_reset = last->m1.since_reset;
	if (!goes_on || d->kept != NULL)
		return NCT_OK;
	if ((err = nct_workers_keep(&d->workers, last->m1.context)) == NCT_OK)
		d->kept = last->m1.context;
	return err;
}

static nct_err
decode_batch(nct_m1_decoder *d, nct_why *why)
{
	nct_err err = NCT_OK;

	if (d->count == 0)
		return NCT_OK;
	chain_jobs(d);
	nct_parallel(d->threads, d->count, decode_chain, d);
	for (size_t i = 0; i < d->count; i++) {
		struct m1_job *j = &d->jobs[i];

		if (err == NCT_OK)
			err = nct_output_block(d->to, &j->base, j->m1.to.text, why);
		nct_block_job_give(&j->base, d->reader);
		if (j->m1.to.cap > KEEP_TEXT)
			nct_decoded_free(&j->m1.to);
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
	nct_block_job_take(&d->jobs[d->count++].base, b, d->reader);
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
			/* What was read is written before we wait for input. */
			if (!nct_readable(d->in) && (failed = decode_batch(d, why)) != NCT_OK)
				return failed;
			err = nct_reader_next(d->reader, event, &block, &loss);
			saved = errno;
			if (err == NCT_OK && *event == NCT_AT_BLOCK)
				add_block(d, &block);
		} while (err == NCT_OK && *event == NCT_AT_BLOCK && !is_full(d));
		if ((failed = decode_batch(d, why)) != NCT_OK) /* blocks before an error of the input are written, too */
			return failed;
	} while (err == NCT_OK && *event == NCT_AT_BLOCK);
	drop_kept(d); /* chains end with the stream, and at a loss */
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
		nct_block_job_free(&d->jobs[i].base);
		nct_decoded_free(&d->jobs[i].m1.to);
	}
	free(d->jobs);
	nct_context_free(d->kept);
	nct_threads_free(d->threads);
	nct_workers_free(&d->workers);
	free(d);
}
