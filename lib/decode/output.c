/* output.c - writes the text of decoded blocks, in order, and deals with damaged ones. */
#include "decode/output.h"

#include "base/err.h"
#include "base/io.h"

static nct_err
write_text(struct nct_output *d, const uint8_t *text, size_t n)
{
	static const uint8_t nul[1] = {0};
	const int ends = d->open && d->missing;
	nct_err err = NCT_OK;

	if (d->fd < 0 || n == 0)
		return NCT_OK;
	if (ends)
		err = nct_write(d->fd, nul, 1);
	if (err == NCT_OK)
		err = nct_write(d->fd, text, n);
	d->open = d->by_nul && text[n - 1] != 0;
	d->missing = 0;
	return err;
}

void
nct_output_lost(struct nct_output *d, const nct_why *why)
{
	d->damaged = d->missing = 1;
	if (d->o->lost != NULL)
		d->o->lost(d->o->ctx, why);
}

nct_err
nct_output_block(struct nct_output *d, const struct nct_block_job *j, const uint8_t *text, nct_why *why)
{
	nct_err err;

	if (j->err == NCT_EDATA && d->o->keep_going) {
		nct_output_lost(d, &j->why);
		return NCT_OK;
	}
	if (j->err != NCT_OK) {
		*why = j->why;
		return j->err;
	}
	if (j->bytes > 0 && (err = write_text(d, text + j->from, j->bytes)) != NCT_OK)
		return nct_wrote(err, why);
	d->totals.blocks++;
	d->totals.text_bytes += j->text_bytes;
	d->totals.documents += j->documents;
	d->totals.windows += j->block.units;
	return NCT_OK;
}

void
nct_output_progress(const struct nct_output *d)
{
	if (d->o->progress != NULL)
		d->o->progress(d->o->ctx, d->totals.text_bytes);
}
