/* same_tokens.c - tells whether equal ids of two streams mean the same, by their headers. */
#include "stream/same_tokens.h"

#include <inttypes.h>

#include "base/err.h"

int
nct_header_difference(const struct nct_header *a, const struct nct_header *b, struct nct_difference *d)
{
	const struct nct_difference fields[] = {
		{NCT_FIELD_NUMBER, "vocabulary", 12, a->vocab, b->vocab},
		{NCT_FIELD_CODE, "code", 19, a->code, b->code},
		{NCT_FIELD_NUMBER, "window bits", 11, a->window_bits, b->window_bits},
		{NCT_FIELD_NUMBER, "resets", 20, a->resets, b->resets},
		{NCT_FIELD_EOD, "documents' ends", 18, (uint64_t)a->eod_alone, (uint64_t)b->eod_alone},
		{NCT_FIELD_NUMBER, "parameters of M1", 56, a->m1_parameters, b->m1_parameters},
		{NCT_FIELD_FINGERPRINT, "M1", 40, a->m1, b->m1},
		{NCT_FIELD_FINGERPRINT, "windows", 48, a->windows, b->windows},
	};

	/* Headers of evaluation tables, and of foreign tokens, have no fingerprint and do not tell how documents end. */
	const int tables = a->windows == 0 || b->windows == 0;

	for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
		*d = fields[i];
		if (d->a == d->b || (d->type == NCT_FIELD_FINGERPRINT && (d->a == 0 || d->b == 0)) ||
		    (d->type == NCT_FIELD_EOD && tables))
			continue;
		return 1;
	}
	return 0;
}

static const char *
eod_name(uint64_t alone)
{
	return alone ? "alone" : "joined";
}

nct_err
nct_header_disagree(const struct nct_difference *d, nct_err err, const char *where, nct_why *why)
{
	switch (d->type) {
	case NCT_FIELD_CODE:
		return nct_fail(why, err, "%s %s, not %s%s", d->name, nct_code_name((unsigned)d->b),
		                nct_code_name((unsigned)d->a), where);
	case NCT_FIELD_EOD:
		return nct_fail(why, err, "%s %s, not %s%s", d->name, eod_name(d->b), eod_name(d->a), where);
	case NCT_FIELD_FINGERPRINT:
		return nct_fail(why, err, "%s %016" PRIx64 ", not %016" PRIx64 "%s", d->name, d->b, d->a, where);
	case NCT_FIELD_NUMBER:
		break;
	}
	return nct_fail(why, err, "%s %" PRIu64 ", not %" PRIu64 "%s", d->name, d->b, d->a, where);
}

int
nct_same_tokens(const struct nct_header *a, const struct nct_header *b, nct_why *why)
{
	struct nct_difference d;
	nct_why own;

	why = nct_why_begin(why, &own);
	return !nct_header_difference(a, b, &d) || nct_header_disagree(&d, NCT_EMODEL, "", why) == NCT_OK;
}
