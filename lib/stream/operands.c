/* operands.c - reads the streams of all operands and passes them on, block by block. */
#include "stream/operands.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"

/* The state of nct_each_stream(). */
struct reading {
	const struct nct_steps *steps;
	void *self;
	const struct nct_pack_options *options;
	struct nct_totals *totals;
	uint64_t losses;
	uint64_t bytes_before; /* in earlier operands */
	int open;              /* a stream has begun and not ended */
	int orphan;            /* the block before the next one is lost */
};

static void
report_loss(struct reading *g, const nct_why *why)
{
	g->losses++;
	g->orphan = 1;
	if (g->options->lost != NULL)
		g->options->lost(g->options->ctx, why);
}

static nct_err
close_stream(struct reading *g, nct_why *why)
{
	if (!g->open)
		return NCT_OK;
	g->open = 0;
	return nct_wrote(g->steps->end(g->self), why);
}

static nct_err
pass_block(struct reading *g, const nct_reader *r, const struct nct_block *block, nct_why *why)
{
	const struct nct_header *h = nct_reader_header(r);
	struct nct_block b = *block;
	nct_why lost;

	if (g->orphan && (b.flags & NCT_BLOCK_CONTINUES)) {
		if (h->code != NCT_CODE_NONE && h->resets != 1) {
			nct_fail(&lost, NCT_EDATA, "block %" PRIu32 " continues a lost one, text bytes %" PRIu64 " to %" PRIu64 " missing",
			         b.sequence, b.text_offset, b.text_offset + b.text_bytes);
			report_loss(g, &lost);
			return NCT_OK;
		}
		b.flags &= ~(uint32_t)NCT_BLOCK_CONTINUES;
	}
	g->orphan = 0;
	g->totals->blocks++;
	g->totals->text_bytes += b.text_bytes;
	g->totals->documents += b.documents;
	if (h->code != NCT_CODE_NONE)
		g->totals->windows += b.units;
	return nct_wrote(g->steps->block(g->self, &b), why);
}

static nct_err
pass_event(struct reading *g, const nct_reader *r, enum nct_event event, uint64_t at, const struct nct_block *b,
           nct_why *why)
{
	nct_err err;

	switch (event) {
	case NCT_AT_HEADER:
		if ((err = close_stream(g, why)) != NCT_OK)
			return err;
		g->open = 1;
		g->orphan = 0;
		g->totals->text_unknown |= nct_reader_totals(r)->text_unknown;
		g->totals->documents_unknown |= nct_reader_totals(r)->documents_unknown;
		return nct_wrote(g->steps->header(g->self, nct_reader_header(r), at, why), why);
	case NCT_AT_BLOCK:
		return pass_block(g, r, b, why);
	case NCT_AT_LOSS:
		report_loss(g, why);
		return g->open && g->steps->gap != NULL ? nct_wrote(g->steps->gap(g->self), why) : NCT_OK;
	case NCT_AT_TRAILER:
	case NCT_AT_END:
		break;
	}
	return close_stream(g, why);
}

static nct_err
read_operand(struct reading *g, int fd, nct_why *why)
{
	const struct nct_pack_options *o = g->options;
	enum nct_event event = NCT_AT_HEADER;
	struct nct_block b = {0};
	nct_reader *r;
	nct_err err = nct_reader_new(&r, fd, o->keep_going);

	while (err == NCT_OK && event != NCT_AT_END) {
		uint64_t at = nct_reader_offset(r);

		if ((err = nct_reader_next(r, &event, &b, why)) == NCT_OK)
			err = pass_event(g, r, event, at, &b, why);
		g->totals->stream_bytes = g->bytes_before + nct_reader_offset(r);
		if (err == NCT_OK && o->progress != NULL)
			o->progress(o->ctx, g->totals->stream_bytes);
	}
	g->bytes_before = g->totals->stream_bytes;
	nct_reader_free(r);
	if (err == NCT_ECUT && o->keep_going) { /* an empty operand */
		report_loss(g, why);
		why->text[0] = '\0'; /* the next operand may fail for another reason */
		err = NCT_OK;
	}
	return err;
}

nct_err
nct_each_stream(const struct nct_steps *steps, void *self, nct_operand operand, void *ctx,
                const struct nct_pack_options *o, struct nct_totals *totals, nct_why *why)
{
	struct nct_totals own;
	struct reading g = {.steps = steps, .self = self, .options = o, .totals = totals != NULL ? totals : &own};
	nct_err err = NCT_OK;
	int fd = -1;

	*g.totals = (struct nct_totals){0};
	for (size_t i = 0; err == NCT_OK && (err = operand(ctx, i, &fd)) == NCT_OK && fd >= 0; i++) {
		int saved;

		err = read_operand(&g, fd, why);
		saved = errno;
		if (fd != STDIN_FILENO)
			(void)close(fd); /* it was only read, so an error loses nothing */
		errno = saved;
	}
	if (err == NCT_OK && g.losses > 0)
		return nct_fail(why, NCT_EDATA, "damaged, %" PRIu64 " losses", g.losses);
	return err;
}
