/* operands.c - goes through the block streams of all operands, for conversions that take one block at a time. */
#include "stream/operands.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"

struct walk {
	const struct nct_steps *steps;
	void *self;
	const struct nct_pack_options *options;
	struct nct_totals *totals;
	uint64_t losses, bytes_before; /* bytes: of earlier operands */
	int open;                      /* a stream has begun and not ended */
	int orphan;                    /* what the next block continues, if it does, is lost */
};

static void
report_loss(struct walk *w, const nct_why *why)
{
	w->losses++;
	w->orphan = 1;
	if (w->options->lost != NULL)
		w->options->lost(w->options->ctx, why);
}

static nct_err
close_stream(struct walk *w, nct_why *why)
{
	if (!w->open)
		return NCT_OK;
	w->open = 0;
	return nct_wrote(w->steps->end(w->self), why);
}

static nct_err
pass_block(struct walk *w, const nct_reader *r, const struct nct_block *block, nct_why *why)
{
	const struct nct_header *h = nct_reader_header(r);
	struct nct_block b = *block;
	nct_why lost;

	if (w->orphan && (b.flags & NCT_BLOCK_CONTINUES)) {
		if (h->code != NCT_CODE_NONE && h->resets != 1) {
			nct_fail(&lost, NCT_EDATA, "block %" PRIu32 " continues a lost one, text bytes %" PRIu64 " to %" PRIu64 " missing",
			         b.sequence, b.text_offset, b.text_offset + b.text_bytes);
			report_loss(w, &lost);
			return NCT_OK;
		}
		b.flags &= ~(uint32_t)NCT_BLOCK_CONTINUES;
	}
	w->orphan = 0;
	w->totals->blocks++;
	w->totals->text_bytes += b.text_bytes;
	w->totals->documents += b.documents;
	if (h->code != NCT_CODE_NONE)
		w->totals->windows += b.units;
	return nct_wrote(w->steps->block(w->self, &b), why);
}

static nct_err
pass_event(struct walk *w, const nct_reader *r, enum nct_event event, uint64_t at, const struct nct_block *b,
           nct_why *why)
{
	nct_err err;

	switch (event) {
	case NCT_AT_HEADER:
		if ((err = close_stream(w, why)) != NCT_OK)
			return err;
		w->open = 1;
		w->orphan = 0;
		w->totals->text_unknown |= nct_reader_totals(r)->text_unknown;
		w->totals->documents_unknown |= nct_reader_totals(r)->documents_unknown;
		return nct_wrote(w->steps->header(w->self, nct_reader_header(r), at, why), why);
	case NCT_AT_BLOCK:
		return pass_block(w, r, b, why);
	case NCT_AT_LOSS:
		report_loss(w, why);
		return w->open && w->steps->gap != NULL ? nct_wrote(w->steps->gap(w->self), why) : NCT_OK;
	case NCT_AT_TRAILER:
	case NCT_AT_END:
		break;
	}
	return close_stream(w, why);
}

static nct_err
walk_operand(struct walk *w, int fd, nct_why *why)
{
	const struct nct_pack_options *o = w->options;
	enum nct_event event = NCT_AT_HEADER;
	struct nct_block b = {0};
	nct_reader *r;
	nct_err err = nct_reader_new(&r, fd, o->keep_going);

	while (err == NCT_OK && event != NCT_AT_END) {
		uint64_t at = nct_reader_offset(r);

		if ((err = nct_reader_next(r, &event, &b, why)) == NCT_OK)
			err = pass_event(w, r, event, at, &b, why);
		w->totals->stream_bytes = w->bytes_before + nct_reader_offset(r);
		if (err == NCT_OK && o->progress != NULL)
			o->progress(o->ctx, w->totals->stream_bytes);
	}
	w->bytes_before = w->totals->stream_bytes;
	nct_reader_free(r);
	if (err == NCT_ECUT && o->keep_going) { /* an empty operand */
		report_loss(w, why);
		why->text[0] = '\0'; /* the next operand may fail for want of something else */
		err = NCT_OK;
	}
	return err;
}

nct_err
nct_each_stream(const struct nct_steps *steps, void *self, nct_operand operand, void *ctx,
                const struct nct_pack_options *o, struct nct_totals *totals, nct_why *why)
{
	struct nct_totals own;
	struct walk w = {.steps = steps, .self = self, .options = o, .totals = totals != NULL ? totals : &own};
	nct_err err = NCT_OK;
	int fd = -1;

	*w.totals = (struct nct_totals){0};
	for (size_t i = 0; err == NCT_OK && (err = operand(ctx, i, &fd)) == NCT_OK && fd >= 0; i++) {
		int saved;

		err = walk_operand(&w, fd, why);
		saved = errno;
		if (fd != STDIN_FILENO)
			(void)close(fd); /* only read from */
		errno = saved;
	}
	if (err == NCT_OK && w.losses > 0)
		return nct_fail(why, NCT_EDATA, "damaged, %" PRIu64 " losses", w.losses);
	return err;
}
