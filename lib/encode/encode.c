/* encode.c - text to a window stream: chooses code and codebook, writes header and trailer. */
#include <inttypes.h>

#include "base/err.h"
#include "base/options.h"
#include "encode/by_book.h"
#include "encode/by_m1.h"
#include "m1/m1.h"
#include "m1/plan.h"
#include "text/boundaries.h"

static nct_err
check(const struct nct_encode_options *o, const struct nct_codebook *book, nct_why *why)
{
	if (o->window_bits != 0 && (o->window_bits < NCT_WINDOW_MIN || o->window_bits > NCT_WINDOW_MAX))
		return nct_fail(why, NCT_EARG, "windows have 0 or %d to %d bits, not %u", NCT_WINDOW_MIN,
		                NCT_WINDOW_MAX, o->window_bits);
	if (o->codebook != NULL && book == NULL)
		return nct_fail(why, NCT_EARG, "M1 has no codebook '%.100s' for windows of %u bits, r = %" PRIu32, o->codebook,
		                o->window_bits, o->resets);
	if (o->code == NCT_CODE_BEST && book == NULL)
		return nct_fail(why, NCT_EARG,
		                "M1 has no codebook of best strings for windows of %u bits, r = %" PRIu32,
		                o->window_bits, o->resets);
	if (o->window_bits == 0 && o->resets != 0)
		return nct_fail(why, NCT_EARG, "unbroken coding has no windows to reset M1 at");
	if (o->window_bits == 0 && o->align != NCT_ALIGN_NONE)
		return nct_fail(why, NCT_EARG, "unbroken coding has no windows to align");
	if (o->window_bits == 0 && o->eod == NCT_EOD_ALONE)
		return nct_fail(why, NCT_EARG, "unbroken coding has no window for a document's end alone");
	if ((unsigned)o->eod > NCT_EOD_ALONE)
		return nct_fail(why, NCT_EARG, "impossible options");
	if (o->open && o->separator == NCT_SEP_NUL)
		return nct_fail(why, NCT_EARG, "under NUL separators a document without its NUL is open already");
	if (o->threads < 1 || (o->separator == NCT_SEP_REGEX) != (o->pattern != NULL) ||
	    (o->align == NCT_ALIGN_REGEX) != (o->align_pattern != NULL))
		return nct_fail(why, NCT_EARG, "impossible options");
	return NCT_OK;
}

/* The codebook to encode by; NULL: encode by M1. */
static const struct nct_codebook *
book_of(const nct_m1 *m1, const struct nct_encode_options *o)
{
	return o->resets == 1 && !o->no_codebook ? nct_m1_codebook_named(m1, o->code, o->window_bits, o->codebook) : NULL;
}

static struct nct_header
header_of(const nct_m1 *m1, const struct nct_encode_options *o, const struct nct_codebook *book)
{
	const struct nct_plan plan = {.window_bits = o->window_bits, .resets = o->resets};
	const int best = book != NULL && book->code == NCT_CODE_BEST;

	return (struct nct_header){
	    .kind = NCT_WINDOWS,
	    .code = o->window_bits == 0 ? NCT_CODE_UNBROKEN : best ? NCT_CODE_BEST : NCT_CODE_SPLIT,
	    .align = o->align,
	    .separator = o->separator,
	    .window_bits = o->window_bits,
	    .resets = o->resets,
	    .chunk = o->chunk,
	    .eod_alone = o->eod == NCT_EOD_ALONE,
	    .m1 = nct_m1_fingerprint(m1),
	    .windows = nct_plan_fingerprint(&plan, nct_m1_fingerprint(m1), book),
	    .m1_parameters = nct_m1_parameters(m1),
	};
}

/* Makes the trie of a codebook. Leaves *t zero if `book` is NULL, or if it has no places in a double array and M1 can
 * encode without it. */
static nct_err
open_trie(struct nct_trie *t, const struct nct_codebook *book, const char *cpu, nct_why *why)
{
	const nct_err err = book != NULL ? nct_trie_new(t, book, cpu) : NCT_OK;

	if (err == NCT_EARG && book->code == NCT_CODE_BEST)
		return nct_fail(why, NCT_EDATA, "the codebook of %u bits cannot be packed", book->bits);
	if (err == NCT_EDATA)
		return nct_fail(why, err, "the codebook of %u bits is packed wrongly", book->bits);
	return err == NCT_EARG ? NCT_OK : err;
}

static nct_err
encode(const nct_m1 *m1, const struct nct_codebook *book, nct_operand operand, void *ctx, int out,
       const struct nct_encode_options *o, struct nct_totals *totals, nct_why *why)
{
	const struct nct_header h = header_of(m1, o, book);
	struct nct_blocks blocks = {.unbroken = o->window_bits == 0};
	struct nct_trie trie = {0};
	nct_docs *docs = NULL;
	nct_bounds *bounds = NULL;
	nct_err err;

	if ((err = check(o, book, why)) != NCT_OK || (err = open_trie(&trie, book, nct_m1_cpu(m1), why)) != NCT_OK)
		goto end;
	if ((err = nct_docs_new(&docs, operand, ctx, o->separator, o->pattern, o->open, why)) != NCT_OK)
		goto end;
	nct_docs_watch(docs, o->begins, o->ctx);
	if ((err = nct_bounds_new(&bounds, docs, o->align, o->align_pattern, nct_m1_cpu(m1), why)) != NCT_OK)
		goto end;
	if ((err = nct_writer_new(&blocks.writer, out)) != NCT_OK ||
	    (err = nct_wrote(nct_writer_header(blocks.writer, &h), why)) != NCT_OK)
		goto end;
	err = trie.book != NULL ? nct_encode_by_book(&trie, bounds, &blocks, o, why)
	                        : nct_encode_by_m1(m1, bounds, &blocks, o, why);
	if (err != NCT_OK)
		goto end;
	if ((err = nct_blocks_flush(&blocks)) == NCT_OK)
		err = nct_writer_trailer(blocks.writer);
	if ((err = nct_wrote(err, why)) == NCT_OK && totals != NULL)
		*totals = *nct_writer_totals(blocks.writer);
end:
	nct_trie_free(&trie);
	nct_bounds_free(bounds);
	nct_docs_free(docs);
	nct_blocks_free(&blocks);
	nct_writer_free(blocks.writer);
	return err;
}

nct_err
nct_encode(const nct_m1 *m1, nct_operand operand, void *ctx, int out, const struct nct_encode_options *options,
           struct nct_totals *totals, nct_why *why)
{
	struct nct_encode_options o;
	nct_why own;
	nct_err err;

	why = nct_why_begin(why, &own);
	if ((err = nct_options_take(&o, sizeof o, options, why)) != NCT_OK)
		return err;
	const struct nct_codebook *book = book_of(m1, &o);
	if (o.eod == NCT_EOD_BY_CODE)
		o.eod = book != NULL && book->code == NCT_CODE_BEST ? NCT_EOD_ALONE : NCT_EOD_JOINED;
	return encode(m1, book, operand, ctx, out, &o, totals, why);
}
