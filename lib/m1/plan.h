/* plan.h - how text becomes code: window size, resets, alignment. */
#ifndef NCT_M1_PLAN_H
#define NCT_M1_PLAN_H

#include "book/codebook.h"

/* How text becomes code; the same for a whole stream. */
struct nct_plan {
	unsigned window_bits; /* b, 0: unbroken */
	uint32_t resets;      /* r */
	int eod_alone;        /* EOD gets a window of its own */
	int aligned;          /* boundaries are known, and windows that would end elsewhere close at the last one */
};

/* Fingerprint of the code (nct-formats(5), "Fingerprints"): a best codebook's own, else over M1's, b, r and the way
 * strings are chosen. */
uint64_t nct_plan_fingerprint(const struct nct_plan *p, uint64_t m1, const struct nct_codebook *book); /* NULL: none */
/* Contexts are remembered only where each window starts afresh. */
static inline int
nct_plan_remembers(const struct nct_plan *p)
{
	return p->window_bits > 0 && p->resets == 1;
}

#endif
