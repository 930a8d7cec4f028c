/* ac.h - arithmetic coding over integer frequencies, for unbroken codes: no floats, no I/O, no model.
 *
 * This is a range coder with a range of 56 bits. It writes bytes, and carries propagate into bytes already written.
 * It loses less than 2^-28 bits per symbol, and at most 2 bits at the end. nct-formats(5), "Unbroken codes", defines
 * it. */
#ifndef NCT_CODER_AC_H
#define NCT_CODER_AC_H

#include "coder/bits.h"

/* An encoder. Zero-initialise it, then call nct_ac_start() for each code. */
struct nct_ac_enc {
	nct_bits code; /* the bytes so far; owned */
	uint64_t low, range;
};

void nct_ac_start(struct nct_ac_enc *e); /* begins a code */
/* Codes the symbol that owns [lo, hi) of NCT_FREQ_TOTAL, lo < hi. NCT_ENOMEM. */
nct_err nct_ac_put(struct nct_ac_enc *e, uint32_t lo, uint32_t hi) NCT_USED;
/* Ends the code with as few bits as identify it, and appends the whole code to `out`. Then e->code.bits is its
 * length. NCT_ENOMEM. */
nct_err nct_ac_finish(struct nct_ac_enc *e, nct_bits *out) NCT_USED;
void nct_ac_free(struct nct_ac_enc *e);

struct nct_ac_dec {
	const uint8_t *p; /* borrowed */
	uint64_t at, end; /* bit positions in p; bits past `end` read as 0 */
	uint64_t code, range;
};

/* Begins to decode bits [from, from + bits) of the string at p. */
void nct_ac_open(struct nct_ac_dec *d, const uint8_t *p, uint64_t from, uint64_t bits);
/* Decodes one symbol. freq is (NCT_SYMBOLS) with sum NCT_FREQ_TOTAL. It cannot fail: any bits decode to some symbol. */
unsigned nct_ac_get(struct nct_ac_dec *d, const uint32_t freq[NCT_SYMBOLS]);

#endif
