/* job.c - a block that is decoded, by a codebook or by M1: its parts, its text, and whether both are right. */
#include "decode/job.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/err.h"
#include "stream/blocks.h"

void
nct_block_job_take(struct nct_block_job *j, const struct nct_block *b, nct_reader *r)
{
	j->block = *b;
	j->buffer = nct_reader_take(r, &j->buffer_cap);
	j->err = NCT_OK;
	j->why.text[0] = '\0';
}

void
nct_block_job_give(struct nct_block_job *j, nct_reader *r)
{
	nct_reader_give(r, j->buffer, j->buffer_cap);
	j->buffer = NULL;
}

void
nct_block_job_free(struct nct_block_job *j)
{
	free(j->buffer);
	free(j->parts);
}

/* Makes room for n parts. */
static nct_err
reserve(struct nct_block_job *j, size_t n)
{
	struct nct_part_job *r;

	if (n <= j->parts_cap)
		return NCT_OK;
	if ((r = realloc(j->parts, 2 * n * sizeof *r)) == NULL)
		return NCT_ENOMEM;
	j->parts = r;
	j->parts_cap = 2 * n;
	return NCT_OK;
}

nct_err
nct_block_job_begin(struct nct_block_job *j, const struct nct_header *h, struct nct_decoded *d)
{
	const struct nct_block *b = &j->block;
	const int unbroken = h->window_bits == 0;
	struct nct_directory_entry e;
	uint64_t from = 0;
	nct_err err;

	j->from = d->bytes;
	d->text_bytes = d->documents = 0;
	d->text_max = h->text_unknown ? NCT_TEXT_MAX : b->text_bytes;
	j->count = 0;
	for (size_t at = 0; nct_directory_next(b->dir, b->dir_bytes, &at, &e, unbroken) > 0;
	     from += j->parts[j->count++].bits) {
		if ((err = reserve(j, j->count + 1)) != NCT_OK)
			return err;
		j->parts[j->count] = (struct nct_part_job){
		    .p = b->code, .from = from, .bits = unbroken ? e.bits : e.units * h->window_bits, .units = e.units};
	}
	return NCT_OK;
}

/* True if those parts end with EOD of which the directory says so, and no others. */
static int
ends_hold(const struct nct_block_job *j, const struct nct_header *h)
{
	const struct nct_block *b = &j->block;
	const struct nct_part_job *r = j->parts;
	struct nct_directory_entry e;

	for (size_t at = 0; nct_directory_next(b->dir, b->dir_bytes, &at, &e, h->window_bits == 0) > 0; r++)
		if (r->eod != e.ends_document)
			return 0;
	return 1;
}

/* True if an encoder would cut the text into these parts. */
static int
cuts_hold(const struct nct_block_job *j, const struct nct_header *h)
{
	uint64_t before = 0;

	for (size_t i = 0; i < j->count; before += j->parts[i++].text_bytes)
		if (!nct_blocks_hold(h->chunk, before, j->parts[i].text_bytes))
			return 0;
	return 1;
}

void
nct_block_job_end(struct nct_block_job *j, const struct nct_header *h, struct nct_decoded *d, nct_err err)
{
	const struct nct_block *b = &j->block;
	const int strict = err == NCT_OK && !h->text_unknown;

	if (err == NCT_EDATA || (strict && !ends_hold(j, h)))
		err = nct_fail(&j->why, NCT_EDATA, "block %" PRIu32 " holds other text than its directory says", b->sequence);
	else if (strict && d->text_bytes != b->text_bytes)
		err = nct_fail(&j->why, NCT_EDATA, "block %" PRIu32 " decodes to %" PRIu64 " bytes, not %" PRIu64,
		               b->sequence, d->text_bytes, b->text_bytes);
	else if (strict && !cuts_hold(j, h))
		err = nct_fail(&j->why, NCT_EDATA, "block %" PRIu32 " is not cut as its stream's header says", b->sequence);
	if (err != NCT_OK)
		d->bytes = j->from;
	j->bytes = d->bytes - j->from;
	j->text_bytes = d->text_bytes;
	j->documents = d->documents;
	j->err = err;
}
