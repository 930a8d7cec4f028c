/* by_book.c - decodes by a codebook, with a thread for each batch of blocks. Batches are read in order, and written in
 * order. */
#include "decode/by_book.h"

#include <errno.h>
#include <stdlib.h>

#include "base/huge.h"
#include "base/io.h"
#include "base/pipeline.h"
#include "decode/book_block.h"

/* A batch is full when it reaches one of these. */
#define BATCH_BLOCKS 8u        /* blocks */
#define BATCH_BYTES (3u << 20) /* bytes of code */
#define BATCH_TEXT (2u << 20)  /* bytes of text */
#define THREADS 16u            /* one thread reads, and cannot feed more than these */
#define ROOM 65536u            /* bytes of a text buffer beyond the text expected: copies need room */
#define KEEP_TEXT (8u << 20)   /* bytes of a text buffer that is kept for later batches, at most */

struct batch {
	struct nct_block_job jobs[BATCH_BLOCKS];
	size_t count, code_bytes;
	uint64_t text_bytes;     /* of its blocks, as their headers say */
	struct nct_decoded text; /* the text of all its blocks */
};

struct nct_book_decoder {
	nct_reader *reader;
	int in;
	struct nct_output *to;
	const struct nct_text_table *strings;
	const struct nct_header *header;
	struct batch *batch;     /* owned; one for each thread */
	unsigned threads;
	/* The stage that reads uses these: */
	enum nct_event event;    /* the last one read */
	nct_err read_err;
	int read_errno;
	nct_why read_why;
	/* The stage that writes uses this: */
	nct_why *why;            /* borrowed */
};

/* ---- reading ---- */

static int
ready(void *ctx)
{
	return nct_readable(((const nct_book_decoder *)ctx)->in);
}

/* Fills a batch. A batch that has a block does not wait for more input. Returns 1 at the first error or event that is
 * no block: this is the last batch. */
static int
read_blocks(void *ctx, unsigned worker)
{
	nct_book_decoder *d = ctx;
	struct batch *b = &d->batch[worker];
	struct nct_block block = {0};

	for (size_t i = 0; i < b->count; i++)
		nct_block_job_give(&b->jobs[i], d->reader);
	b->count = b->code_bytes = 0;
	b->text_bytes = 0;
	while (b->count < BATCH_BLOCKS && b->code_bytes < BATCH_BYTES && b->text_bytes < BATCH_TEXT) {
		if (b->count > 0 && !nct_readable(d->in))
			return 0;
		d->read_err = nct_reader_next(d->reader, &d->event, &block, &d->read_why);
		d->read_errno = errno;
		if (d->read_err != NCT_OK || d->event != NCT_AT_BLOCK)
			return 1;
		nct_block_job_take(&b->jobs[b->count++], &block, d->reader);
		b->code_bytes += block.code_bytes;
		b->text_bytes += block.text_bytes;
	}
	return 0;
}

/* ---- decoding ---- */

/* Empties the text buffer. If there is none, allocates one in large pages, of the size that is likely to be needed. */
static void
begin_text(struct batch *b)
{
	const size_t expected = b->text_bytes < BATCH_TEXT / 2 ? (size_t)b->text_bytes + ROOM : BATCH_TEXT;

	b->text.bytes = 0;
	if (b->text.text == NULL && (b->text.text = nct_huge_alloc(expected)) != NULL)
		b->text.cap = expected;
}

static nct_err
decode_blocks(void *ctx, unsigned worker)
{
	nct_book_decoder *d = ctx;
	struct batch *b = &d->batch[worker];

	begin_text(b);
	b->text.separator = d->header->separator == NCT_SEP_NUL ? 0 : -1;
	b->text.show = d->to->o->show;
	for (struct nct_block_job *j = b->jobs; j < b->jobs + b->count; j++) {
		nct_err err = nct_block_job_begin(j, d->header, &b->text);

		for (size_t i = 0; i < j->count && err == NCT_OK; i++)
			err = nct_book_part(d->strings, &b->text, &j->parts[i], d->header->text_unknown);
		nct_block_job_end(j, d->header, &b->text, err);
	}
	return NCT_OK;
}

/* ---- writing ---- */

static nct_err
write_blocks(void *ctx, unsigned worker)
{
	nct_book_decoder *d = ctx;
	struct batch *b = &d->batch[worker];
	nct_err err = NCT_OK;

	for (size_t i = 0; i < b->count && err == NCT_OK; i++)
		err = nct_output_block(d->to, &b->jobs[i], b->text.text, d->why);
	if (b->text.cap > KEEP_TEXT)
		nct_decoded_free(&b->text);
	nct_output_progress(d->to);
	return err;
}

/* ---- all ---- */

nct_err
nct_book_decode(nct_book_decoder *d, const struct nct_text_table *strings, enum nct_event *event, nct_why *why)
{
	static const struct nct_stages stages = {ready, read_blocks, decode_blocks, write_blocks};

	d->strings = strings;
	d->header = nct_reader_header(d->reader);
	d->why = why;
	const nct_err err = nct_pipeline(&stages, d, d->threads);
	if (err != NCT_OK)
		return err;
	*event = d->event;
	*why = d->read_why;
	errno = d->read_errno;
	return d->read_err;
}

nct_err
nct_book_decoder_new(nct_book_decoder **out, nct_reader *reader, int in, struct nct_output *to)
{
	nct_book_decoder *d = calloc(1, sizeof *d);

	if ((*out = d) == NULL)
		return NCT_ENOMEM;
	*d = (nct_book_decoder){.reader = reader, .in = in, .to = to};
	d->threads = to->o->threads < THREADS ? to->o->threads : THREADS;
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
			nct_block_job_free(&d->batch[i].jobs[j]);
		nct_decoded_free(&d->batch[i].text);
	}
	free(d->batch);
	free(d);
}
