/* plan.h - the plan of a stream: window size, resets, alignment. */
#ifndef NCT_M1_PLAN_H
#define NCT_M1_PLAN_H

#include "book/codebook.h"

/* How text becomes code. A stream has one plan. */
struct nct_plan {
	unsigned window_bits; /* b; 0: unbroken codes */
	uint32_t resets;      /* r: M1 is reset after r windows */
	int eod_alone;        /* EOD gets a window of its own */
	int aligned;          /* windows end at boundaries, if they contain one */
};

/* The fingerprint of the code (nct-formats(5), "Fingerprints"). `m1` is the fingerprint of M1. `book` is the
 * codebook of code `best`, or NULL. */
uint64_t nct_plan_fingerprint(const struct nct_plan *p, uint64_t m1, const struct nct_codebook *book);
/* True if contexts are worth a cache: M1 is reset after each window. */
static inline int
nct_plan_remembers(const struct nct_plan *p)
{
	return p->window_bits > 0 && p->resets == 1;
}

#endif
