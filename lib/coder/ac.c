/* ac.c - arithmetic coding over integer frequencies, for unbroken codes: no floats, no I/O, no model. */
#include "coder/ac.h"

#include <assert.h>

#define TOP ((uint64_t)1 << 56)    /* 1.0 in the units of `low` and `range` */
#define BOTTOM ((uint64_t)1 << 48) /* `range` is kept at or above this */
#define TOTAL_BITS 20
_Static_assert(NCT_FREQ_TOTAL == 1u << TOTAL_BITS, "the coder divides by a shift");

void
nct_ac_start(struct nct_ac_enc *e)
{
	nct_bits_clear(&e->code);
	e->low = 0;
	e->range = TOP;
}

/* Carries from `low`, which has reached TOP, into the bytes written. These are not all 0xff, as the code is below 1. */
static void
carry(struct nct_ac_enc *e)
{
	uint64_t i = e->code.bits / 8;

	e->low -= TOP;
	do {
		assert(i > 0);
		e->code.bytes[--i]++;
	} while (e->code.bytes[i] == 0);
}

nct_err
nct_ac_put(struct nct_ac_enc *e, uint32_t lo, uint32_t hi)
{
	uint64_t unit = e->range >> TOTAL_BITS;

	assert(lo < hi && hi <= NCT_FREQ_TOTAL);
	e->low += unit * lo;
	/* the last symbol also gets what rounding left over */
	e->range = hi == NCT_FREQ_TOTAL ? e->range - unit * lo : unit * (hi - lo);
	if (e->low >= TOP)
		carry(e);
	while (e->range < BOTTOM) {
		nct_err err = nct_bits_put(&e->code, e->low >> 48, 8);

		if (err != NCT_OK)
			return err;
		e->low = (e->low & (BOTTOM - 1)) << 8;
		e->range <<= 8;
	}
	return NCT_OK;
}

nct_err
nct_ac_finish(struct nct_ac_enc *e, nct_bits *out)
{
	unsigned n = 0;
	uint64_t value, step;
	nct_err err;

	do { /* find the value in [low, low + range) with the most zeros at its end; the decoder adds them */
		step = TOP >> n;
		value = (e->low + step - 1) & ~(step - 1);
	} while (value >= e->low + e->range && ++n <= 56);
	e->low = value;
	if (e->low >= TOP)
		carry(e);
	if (n > 0 && (err = nct_bits_put(&e->code, e->low >> (56 - n), n)) != NCT_OK)
		return err;
	return nct_bits_append(out, e->code.bytes, 0, e->code.bits);
}

void
nct_ac_free(struct nct_ac_enc *e)
{
	nct_bits_free(&e->code);
}

void
nct_ac_open(struct nct_ac_dec *d, const uint8_t *p, uint64_t from, uint64_t bits)
{
	*d = (struct nct_ac_dec){.p = p, .at = from + 56, .end = from + bits, .range = TOP};
	d->code = (uint64_t)nct_bits_get(p, d->end, from, 56);
}

unsigned
nct_ac_get(struct nct_ac_dec *d, const uint32_t freq[NCT_SYMBOLS])
{
	uint64_t unit = d->range >> TOTAL_BITS, at = d->code / unit;
	uint32_t lo = 0;
	unsigned s = 0;

	while (s < NCT_SYMBOLS - 1 && at >= lo + freq[s])
		lo += freq[s++];
	d->code -= unit * lo;
	d->range = s == NCT_SYMBOLS - 1 ? d->range - unit * lo : unit * freq[s];
	while (d->range < BOTTOM) {
		d->code = d->code << 8 | (uint64_t)nct_bits_get(d->p, d->end, d->at, 8);
		d->range <<= 8;
		d->at += 8;
	}
	return s;
}
