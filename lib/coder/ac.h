/* ac.h - unbroken arithmetic coding over integer frequencies: no floats, no I/O, no model.
 *
 * A range coder with 56 bits of range, bytes out, carries propagated into the bytes already written. Per symbol it
 * loses less than 2^-28 bits; an ending costs at most 2 bits. nct-formats(5), "Unbroken codes", is the definition. */
#ifndef NCT_CODER_AC_H
#define NCT_CODER_AC_H

#include "coder/bits.h"

/* An encoder: zero-initialise, then nct_ac_start(). */
struct nct_ac_enc {
	nct_bits code; /* whole bytes so far; owned */
	uint64_t low, range;
};

void nct_ac_start(struct nct_ac_enc *e); /* begins a code */
/* Codes the symbol that owns [lo, hi) of NCT_FREQ_TOTAL, lo < hi. NCT_ENOMEM. */
nct_err nct_ac_put(struct nct_ac_enc *e, uint32_t lo, uint32_t hi) NCT_USED;
/* Ends the code with as few bits as identify it and appends it to `out`; e->code.bits is its length. NCT_ENOMEM. */
nct_err nct_ac_finish(struct nct_ac_enc *e, nct_bits *out) NCT_USED;
void nct_ac_free(struct nct_ac_enc *e);

struct nct_ac_dec {
	const uint8_t *p; /* borrowed */
	uint64_t at, end; /* bits; past the end the code reads as zeros */
	uint64_t code, range;
};

/* Begins to decode bits [from, from + bits) of the string at p. */
void nct_ac_open(struct nct_ac_dec *d, const uint8_t *p, uint64_t from, uint64_t bits);
/* Decodes one symbol with these frequencies: any bits decode to some symbols. */
unsigned nct_ac_get(struct nct_ac_dec *d, const uint32_t freq[NCT_SYMBOLS]);

#endif
