/* by_book.c - decoding by a codebook: batches of blocks, read in order, each decoded by one thread, and written in order. */
#include "decode/by_book.h"

#include <errno.h>
#include <stdlib.h>

#include "base/io.h"
#include "base/err.h"
#include "base/pipeline.h"
#include "decode/book_block.h"
#include "stream/operands.h"

#define BATCH_BLOCKS 8u        /* blocks in a batch; */
#define BATCH_BYTES (3u << 20) /* their code ... */
#define BATCH_TEXT (2u << 20)  /* ... and their text */
#define THREADS 16u            /* reading has no blocks for more, and they would take much memory */
#define ROOM 65536u            /* for text to be copied in large steps */
#define KEEP_TEXT (8u << 20)   /* a larger buffer is not kept for later batches */

struct job {
	struct nct_block block;
	void *buffer;            /* behind block.dir and block.code; owned */
	size_t buffer_cap;
	size_t from, bytes;      /* in the batch's text */
	uint64_t text_bytes, documents;
	nct_err err;
	nct_why why;
};

struct batch {
	struct job jobs[BATCH_BLOCKS];
	size_t count, code_bytes;
	uint64_t text_bytes;     /* as the blocks' headers say */
	struct nct_book_block text;  /* of all its blocks */
};

struct nct_book_decoder {
	nct_reader *reader;
	int in;
	struct nct_output *to;
	const struct nct_decode_options *o;
	struct nct_totals *totals;
	const struct nct_text_table *strings;
	const struct nct_header *header;
	struct batch *batch;     /* owned; one for each thread */
	unsigned threads;
	/* reading: */
	enum nct_event event;    /* what is no block ended it */
	nct_err read_err;
	int read_errno;
	nct_why read_why;
	/* writing: */
	nct_why *why;
	int damaged;
};

/* ---- reading ---- */

static void
add_block(struct nct_book_decoder *d, struct batch *b, const struct nct_block *block)
{
	struct job *j = &b->jobs[b->count++];

	j->block = *block;
	j->buffer = nct_reader_take(d->reader, &j->buffer_cap);
	b->code_bytes += block->code_bytes;
	b->text_bytes += block->text_bytes;
}

static int
ready(void *ctx)
{
	return nct_readable(((const nct_book_decoder *)ctx)->in);
}

/* Reads blocks until the batch is full or something else comes; if there is a block in it, no longer than the input has more to give at
 * once. */
static int
read_blocks(void *ctx, unsigned worker)
{
	nct_book_decoder *d = ctx;
	struct batch *b = &d->batch[worker];
	struct nct_block block = {0};

	for (size_t i = 0; i < b->count; i++) {
		nct_reader_give(d->reader, b->jobs[i].buffer, b->jobs[i].buffer_cap);
		b->jobs[i].buffer = NULL;
	}
	b->count = b->code_bytes = 0;
	b->text_bytes = 0;
	while (b->count < BATCH_BLOCKS && b->code_bytes < BATCH_BYTES && b->text_bytes < BATCH_TEXT) {
		if (b->count > 0 && !nct_readable(d->in))
			return 0;
		d->read_err = nct_reader_next(d->reader, &d->event, &block, &d->read_why);
		d->read_errno = errno;
		if (d->read_err != NCT_OK || d->event != NCT_AT_BLOCK)
			return 1;
		add_block(d, b, &block);
	}
	return 0;
}

/* ---- decoding ---- */

static nct_err
decode_blocks(void *ctx, unsigned worker)
{
	nct_book_decoder *d = ctx;
	struct batch *b = &d->batch[worker];

	nct_book_block_begin(&b->text, b->text_bytes < BATCH_TEXT / 2 ? (size_t)b->text_bytes + ROOM : BATCH_TEXT);
	b->text.strings = d->strings;
	b->text.separator = d->header->separator == NCT_SEP_NUL ? 0 : -1;
	b->text.show = d->o->show;
	for (struct job *j = b->jobs; j < b->jobs + b->count; j++) {
		j->from = b->text.bytes;
		j->why.text[0] = '\0';
		j->err = nct_book_block_decode(&b->text, &j->block, d->header, &j->why);
		j->bytes = b->text.bytes - j->from;
		j->text_bytes = b->text.text_bytes;
		j->documents = b->text.documents;
	}
	return NCT_OK;
}

/* ---- writing ---- */

/* Writes a decoded block's text, or deals with its fault. */
static nct_err
deliver_job(struct nct_book_decoder *d, const struct job *j, const struct nct_book_block *text)
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
	if (j->bytes > 0 && (err = nct_output_write(d->to, text->text + j->from, j->bytes)) != NCT_OK)
		return nct_wrote(err, d->why);
	d->totals->blocks++;
	d->totals->text_bytes += j->text_bytes;
	d->totals->documents += j->documents;
	d->totals->windows += j->block.units;
	return NCT_OK;
}

static nct_err
deliver(void *ctx, unsigned worker)
{
	nct_book_decoder *d = ctx;
	struct batch *b = &d->batch[worker];
	nct_err err = NCT_OK;

	for (size_t i = 0; i < b->count && err == NCT_OK; i++)
		err = deliver_job(d, &b->jobs[i], &b->text);
	if (b->text.cap > KEEP_TEXT)
		nct_book_block_free(&b->text);
	if (d->o->progress != NULL)
		d->o->progress(d->o->ctx, d->totals->text_bytes);
	return err;
}

/* ---- all ---- */

nct_err
nct_book_decode(nct_book_decoder *d, const struct nct_text_table *strings, enum nct_event *event, int *damaged, nct_why *why)
{
	static const struct nct_stages stages = {ready, read_blocks, decode_blocks, deliver};

	d->strings = strings;
	d->header = nct_reader_header(d->reader);
	d->why = why;
	d->damaged = 0;
	const nct_err err = nct_pipeline(&stages, d, d->threads);
	*damaged |= d->damaged;
	if (err != NCT_OK)
		return err;
	*event = d->event;
	*why = d->read_why;
	errno = d->read_errno;
	return d->read_err;
}

nct_err
nct_book_decoder_new(nct_book_decoder **out, nct_reader *reader, int in, struct nct_output *to,
                     const struct nct_decode_options *o, struct nct_totals *totals)
{
	nct_book_decoder *d = calloc(1, sizeof *d);

	if ((*out = d) == NULL)
		return NCT_ENOMEM;
	*d = (nct_book_decoder){.reader = reader, .in = in, .to = to, .o = o, .totals = totals};
	d->threads = o->threads < THREADS ? o->threads : THREADS;
	if ((d->batch = calloc(d->threads, sizeof *d->batch)) == NULL) {
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
	for (unsigned i = 0; d->batch != NULL && i < d->threads; i++) {
		for (size_t j = 0; j < BATCH_BLOCKS; j++)
			free(d->batch[i].jobs[j].buffer);
		nct_book_block_free(&d->batch[i].text);
	}
	free(d->batch);
	free(d);
}
