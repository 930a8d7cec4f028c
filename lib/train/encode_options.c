/* encode_options.c - how nct_encode() makes windows of the kind that a token model was trained on. */
#include "nct-m2.h"

#include <inttypes.h>

#include "base/err.h"
#include "base/options.h"
#include "m1/m1.h"
#include "m1/plan.h"
#include "m2_file.h"

/* Sets the codebook of chosen strings, and where its windows end. */
static nct_err
follow_book(struct nct_encode_options *o, const nct_m1 *m1, const struct nct_header *h, nct_why *why)
{
	const struct nct_plan plan = {.window_bits = h->window_bits, .resets = h->resets};
	const struct nct_codebook *book =
	    h->code == NCT_CODE_BEST ? nct_m1_codebook_printed(m1, h->window_bits, h->windows) : NULL;

	if (h->windows != nct_plan_fingerprint(&plan, h->m1, book))
		return nct_fail(why, NCT_EMODEL, "it does not have the codebook of windows %016" PRIx64 ", as the tokens have",
		                h->windows);
	o->codebook = book != NULL && book->name[0] != '\0' ? book->name : NULL;
	if (h->align != NCT_ALIGN_REGEX)
		return NCT_OK;
	o->align_pattern = o->codebook != NULL ? book->align_pattern : nct_m1_trained_for(m1).align_pattern;
	return o->align_pattern != NULL
	           ? NCT_OK
	           : nct_fail(why, NCT_EMODEL, "it does not tell the pattern at whose matches the windows end (acwin -a)");
}

nct_err
nct_m2_encode_options(const nct_m2 *m, const nct_m1 *m1, struct nct_encode_options *out, size_t size, nct_why *why)
{
	const struct nct_header *h = &m->header;
	struct nct_encode_options o = {.window_bits = h->window_bits, .resets = h->resets, .chunk = h->chunk,
	                               .align = h->align, .code = h->code};
	nct_why own;
	nct_err err;

	why = nct_why_begin(why, &own);
	if (h->code == NCT_CODE_NONE)
		return nct_fail(why, NCT_EKIND, "the model's tokens were not made of windows");
	if (h->m1 != nct_m1_fingerprint(m1))
		return nct_fail(why, NCT_EMODEL, "M1 %016" PRIx64 ", but the tokens are of M1 %016" PRIx64, nct_m1_fingerprint(m1),
		                h->m1);
	if ((err = follow_book(&o, m1, h, why)) != NCT_OK)
		return err;
	o.eod = h->code == NCT_CODE_UNBROKEN ? NCT_EOD_BY_CODE : h->eod_alone ? NCT_EOD_ALONE : NCT_EOD_JOINED;
	o.threads = 1;
	nct_options_give(out, size, &o, sizeof o);
	return NCT_OK;
}
