/* decode.c - window streams to text: chooses a codebook or M1 for each, and handles all events but blocks. */
#include <errno.h>
#include <inttypes.h>

#include "base/err.h"
#include "base/options.h"
#include "decode/by_book.h"
#include "decode/by_m1.h"

struct decoder {
	const nct_m1 *m1;
	const struct nct_decode_options *o;
	nct_why *why;
	int in;
	struct nct_output to;
	nct_reader *reader;            /* owned */
	struct nct_plan plan;          /* of by_m1 */
	nct_m1_decoder *by_m1;         /* owned; NULL until a stream needs it */
	struct nct_text_table strings; /* owned: the codebook of this stream; zero: it is decoded by M1 */
	nct_book_decoder *by_book;     /* owned; NULL until a stream needs it */
};

/* The codebook to decode by; NULL: decode by M1. */
static const struct nct_codebook *
book_of(const struct decoder *d, const struct nct_header *h)
{
	if (h->code == NCT_CODE_BEST) /* the fingerprint tells which; M1 cannot decode without it */
		return nct_m1_codebook_printed(d->m1, h->window_bits, h->windows);
	return h->resets == 1 && !d->o->no_codebook ? nct_m1_codebook(d->m1, h->code, h->window_bits) : NULL;
}

/* Checks that this M1 can decode such a stream. */
static nct_err
check(const struct decoder *d, const struct nct_header *h, const struct nct_codebook *book)
{
	const struct nct_plan plan = {.window_bits = h->window_bits, .resets = h->resets};
	const uint64_t m1 = nct_m1_fingerprint(d->m1);

	if (h->kind != NCT_WINDOWS)
		return nct_fail(d->why, NCT_EKIND, "a token stream, not windows (bitpack -u makes windows of it), byte %" PRIu64,
		                nct_reader_offset(d->reader) - NCT_HEADER_BYTES + 10);
	if (d->o->show && h->window_bits == 0)
		return nct_fail(d->why, NCT_EKIND, "an unbroken code, which has no windows to show");
	if (h->m1 != m1)
		return nct_fail(d->why, NCT_EMODEL, "written with M1 %016" PRIx64 ", this is M1 %016" PRIx64 " (see -m)", h->m1, m1);
	if (h->code == NCT_CODE_BEST && book == NULL)
		return nct_fail(d->why, NCT_EMODEL,
		                "windows of %u bits by a codebook of best strings, which this M1 does not have (see -m)",
		                h->window_bits);
	const uint64_t windows = nct_plan_fingerprint(&plan, m1, book);
	if (h->windows != windows)
		return nct_fail(d->why, NCT_EMODEL,
		                "written with another codebook: its windows are %016" PRIx64 ", these are %016" PRIx64 " (see -m)",
		                h->windows, windows);
	return NCT_OK;
}

/* Makes d->strings of `book` (zero if that is NULL), unless the stream before had the same codebook. */
static nct_err
open_book(struct decoder *d, const struct nct_codebook *book)
{
	nct_err err;

	if (book == d->strings.book)
		return NCT_OK;
	nct_text_table_free(&d->strings);
	if (book == NULL || (err = nct_text_table_new(&d->strings, book)) != NCT_OK || d->by_book != NULL)
		return book == NULL ? NCT_OK : err;
	return nct_book_decoder_new(&d->by_book, d->reader, d->in, &d->to);
}

static nct_err
begin_stream(struct decoder *d)
{
	const struct nct_header *h = nct_reader_header(d->reader);
	const struct nct_plan plan = {.window_bits = h->window_bits, .resets = h->resets};
	const struct nct_codebook *book = book_of(d, h);
	nct_err err = check(d, h, book);

	if (err != NCT_OK)
		return err;
	d->to.by_nul = h->separator == NCT_SEP_NUL && !d->o->show;
	if ((err = open_book(d, book)) != NCT_OK || d->strings.entry != NULL)
		return err;
	if (d->by_m1 != NULL && plan.window_bits == d->plan.window_bits && plan.resets == d->plan.resets)
		return NCT_OK;
	nct_m1_decoder_free(d->by_m1);
	d->plan = plan;
	return nct_m1_decoder_new(&d->by_m1, d->m1, &plan, d->reader, d->in, &d->to);
}

/* Decodes all streams of the input. */
static nct_err
decode_all(struct decoder *d)
{
	enum nct_event event;
	struct nct_block block;
	nct_why loss = {0};
	nct_err err = nct_reader_next(d->reader, &event, &block, &loss);

	while (err == NCT_OK && event != NCT_AT_END) {
		if (event == NCT_AT_LOSS)
			nct_output_lost(&d->to, &loss);
		if (event == NCT_AT_HEADER && (err = begin_stream(d)) != NCT_OK)
			return err;
		if (d->strings.entry != NULL)
			err = nct_book_decode(d->by_book, &d->strings, &event, &loss);
		else if (d->by_m1 != NULL)
			err = nct_m1_decode(d->by_m1, &event, &loss);
		else /* no stream has begun */
			err = nct_reader_next(d->reader, &event, &block, &loss);
	}
	if (err != NCT_OK)
		*d->why = loss;
	return err;
}

nct_err
nct_decode(const nct_m1 *m1, int in, int out, const struct nct_decode_options *options, struct nct_totals *totals,
           nct_why *why)
{
	struct nct_decode_options o;
	nct_why own;
	struct decoder d = {.m1 = m1, .o = &o, .in = in, .to = {.fd = out, .o = &o}, .why = nct_why_begin(why, &own)};
	nct_err err = nct_options_take(&o, sizeof o, options, d.why);

	if (err != NCT_OK)
		return err;
	if (o.threads < 1)
		return nct_fail(d.why, NCT_EARG, "impossible options");
	if ((err = nct_reader_new(&d.reader, in, o.keep_going)) == NCT_OK)
		err = decode_all(&d);
	if (err == NCT_OK && totals != NULL)
		*totals = d.to.totals;
	if (err == NCT_OK && d.to.damaged)
		err = nct_fail(d.why, NCT_EDATA, "damaged: %" PRIu64 " bytes of text were delivered", d.to.totals.text_bytes);
	const int saved = errno;
	nct_m1_decoder_free(d.by_m1);
	nct_book_decoder_free(d.by_book);
	nct_text_table_free(&d.strings);
	nct_reader_free(d.reader);
	errno = saved;
	return err;
}
