/* decode_book.c - decoding by a codebook: batches of blocks, by all threads while one of them reads and writes.
 *
 * Three batches are on their way, as in encode_book.c: one is decoded, the one before is written, the next one is read. */
#include "window/decode_book.h"

#include <errno.h>
#include <stdlib.h>

#include "base/io.h"
#include "base/parallel.h"
#include "format/walk.h"
#include "window/unbook.h"

#define BATCH_BLOCKS 8u        /* blocks in a batch, per thread; */
#define BATCH_BYTES (3u << 20) /* their code, per thread ... */
#define BATCH_TEXT (8u << 20)  /* ... and their text ... */
#define BATCH_THREADS 4        /* ... for so many threads: more share that */
#define KEEP_TEXT (2u << 20)   /* a larger buffer is not kept for later batches */

struct job {
	struct nct_block block;
	void *buffer;            /* behind block.dir and block.code; owned */
	size_t buffer_cap;
	struct nct_unbook text;
	nct_err err;
	nct_why why;
};

struct batch {
	struct job *jobs;        /* owned */
	size_t count, code_bytes;
	uint64_t text_bytes;
};

struct nct_book_decoder {
	nct_reader *reader;
	int in;
	struct nct_delivery *to;
	const struct nct_decode_options *o;
	struct nct_totals *totals;
	const struct nct_strings *strings;
	const struct nct_header *header;
	struct batch batch[3];
	size_t cap, round;       /* batch[round % 3] is decoded */
	int served;              /* reading and writing is done, this round */
	nct_err err;             /* of writing */
	int saved_errno;
	nct_why *why;
	int damaged;
	int stopped;             /* reading met what is no block: */
	enum nct_event event;
	nct_err read_err;
	int read_errno;
	nct_why read_why;
};

/* ---- reading ---- */

static void
add_block(struct nct_book_decoder *d, struct batch *b, const struct nct_block *block)
{
	struct job *j = &b->jobs[b->count++];

	j->block = *block;
	j->buffer = nct_reader_take(d->reader, &j->buffer_cap);
	b->code_bytes += block->code_bytes;
	b->text_bytes += block->text_bytes <= NCT_TEXT_MAX ? block->text_bytes : 0; /* else it is damaged, and no text comes of it */
}

/* Reads blocks until the batch is full or something else comes; if there is something to do meanwhile (`busy`) or a block in it, no
 * longer than the input has more to give at once. */
static void
read_blocks(struct nct_book_decoder *d, struct batch *b, int busy)
{
	const size_t share = d->o->threads < BATCH_THREADS ? d->o->threads : BATCH_THREADS;
	struct nct_block block = {0};

	b->count = b->code_bytes = 0;
	b->text_bytes = 0;
	while (b->count < d->cap && b->code_bytes < BATCH_BYTES * share && b->text_bytes < BATCH_TEXT * share) {
		if ((busy || b->count > 0) && !nct_readable(d->in))
			return;
		d->read_err = nct_reader_next(d->reader, &d->event, &block, &d->read_why);
		d->read_errno = errno;
		if ((d->stopped = d->read_err != NCT_OK || d->event != NCT_AT_BLOCK) != 0)
			return;
		add_block(d, b, &block);
	}
}

/* ---- writing ---- */

/* Writes a decoded block's text, or deals with its fault. */
static nct_err
deliver_job(struct nct_book_decoder *d, const struct job *j)
{
	nct_err err;

	if (j->err == NCT_EDATA && d->o->keep_going) {
		d->damaged = d->to->missing = 1;
		if (d->o->lost != NULL)
			d->o->lost(d->o->ctx, &j->why);
		return NCT_OK;
	}
	if (j->err != NCT_OK) {
		*d->why = j->why;
		return j->err;
	}
	if ((err = nct_delivery_write(d->to, j->text.text, j->text.bytes)) != NCT_OK)
		return nct_walk_wrote(err, d->why);
	d->totals->blocks++;
	d->totals->text_bytes += j->text.text_bytes;
	d->totals->documents += j->text.documents;
	d->totals->windows += j->block.units;
	return NCT_OK;
}

static nct_err
deliver(struct nct_book_decoder *d, struct batch *b)
{
	nct_err err = NCT_OK;

	for (size_t i = 0; i < b->count; i++) {
		struct job *j = &b->jobs[i];

		if (err == NCT_OK)
			err = deliver_job(d, j);
		nct_reader_give(d->reader, j->buffer, j->buffer_cap);
		j->buffer = NULL;
		if (j->text.cap > KEEP_TEXT)
			nct_unbook_free(&j->text);
	}
	b->count = 0;
	return err;
}

/* ---- both, and decoding meanwhile ---- */

static void
serve(struct nct_book_decoder *d)
{
	const struct batch *now = &d->batch[d->round % 3];

	d->served = 1;
	d->err = deliver(d, &d->batch[(d->round + 2) % 3]);
	d->saved_errno = errno;
	if (d->err == NCT_OK && !d->stopped)
		read_blocks(d, &d->batch[(d->round + 1) % 3], now->count > 0);
}

static void
run(void *ctx, size_t i, unsigned worker)
{
	struct nct_book_decoder *d = ctx;
	struct job *j = &d->batch[d->round % 3].jobs[i];

	if (worker == 0 && !d->served) /* the calling thread's number */
		serve(d);
	j->text.strings = d->strings;
	j->text.separator = d->header->separator == NCT_SEP_NUL ? 0 : -1;
	j->text.show = d->o->show;
	j->err = nct_unbook_block(&j->text, &j->block, d->header->text_unknown, &j->why);
}

static nct_err
turn(struct nct_book_decoder *d)
{
	d->served = 0;
	nct_parallel(d->batch[d->round % 3].count, d->o->threads, run, d);
	if (!d->served)
		serve(d);
	errno = d->saved_errno;
	if (d->o->progress != NULL)
		d->o->progress(d->o->ctx, d->totals->text_bytes);
	d->round++;
	return d->err;
}

nct_err
nct_book_decode(nct_book_decoder *d, const struct nct_strings *strings, enum nct_event *event, int *damaged, nct_why *why)
{
	nct_err err = NCT_OK;

	d->strings = strings;
	d->header = nct_reader_header(d->reader);
	d->why = why;
	d->stopped = d->damaged = 0;
	while (err == NCT_OK && !(d->stopped && d->batch[0].count + d->batch[1].count + d->batch[2].count == 0))
		err = turn(d);
	*damaged |= d->damaged;
	if (err != NCT_OK)
		return err;
	*event = d->event;
	*why = d->read_why;
	errno = d->read_errno;
	return d->read_err;
}

nct_err
nct_book_decoder_new(nct_book_decoder **out, nct_reader *reader, int in, struct nct_delivery *to,
                     const struct nct_decode_options *o, struct nct_totals *totals)
{
	nct_book_decoder *d = calloc(1, sizeof *d);

	if ((*out = d) == NULL)
		return NCT_ENOMEM;
	*d = (nct_book_decoder){.reader = reader, .in = in, .to = to, .o = o, .totals = totals, .cap = (size_t)BATCH_BLOCKS * o->threads};
	for (size_t i = 0; i < 3; i++)
		if ((d->batch[i].jobs = calloc(d->cap, sizeof *d->batch[i].jobs)) == NULL) {
			nct_book_decoder_free(d);
			*out = NULL;
			return NCT_ENOMEM;
		}
	return NCT_OK;
}

void
nct_book_decoder_free(nct_book_decoder *d)
{
	if (d == NULL)
		return;
	for (size_t i = 0; i < 3; i++) {
		for (size_t j = 0; d->batch[i].jobs != NULL && j < d->cap; j++) {
			free(d->batch[i].jobs[j].buffer);
			nct_unbook_free(&d->batch[i].jobs[j].text);
		}
		free(d->batch[i].jobs);
	}
	free(d);
}
