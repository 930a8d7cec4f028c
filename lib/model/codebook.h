/* codebook.h - the windows of one size as a finite set of strings: a tree in pre-order, checked, with its fingerprint.
 *
 * String k is the path from the root to node k: it has depth[k] symbols, the last is symbol[k], and the others are those of the
 * latest node before it that is one less deep. There are no offsets, so nothing can point anywhere (nct-formats(5), "Codebooks"). */
#ifndef NCT_MODEL_CODEBOOK_H
#define NCT_MODEL_CODEBOOK_H

#include "nct.h"

#define NCT_CODEBOOKS (NCT_CODEBOOK_MAX - NCT_WINDOW_MIN + 1) /* sizes of windows that can be compiled */

struct nct_codebook {
	unsigned bits;        /* b: there are 2^b strings */
	uint16_t *depth;      /* (2^b) 1..NCT_WINDOW_SYMBOLS; the block that holds both */
	uint16_t *symbol;     /* (2^b) 0..NCT_EOD */
	uint64_t fingerprint; /* over M1's, b and the strings */
};

/* Makes one to be filled and then sealed; NCT_ENOMEM. `bits` is from NCT_WINDOW_MIN to NCT_CODEBOOK_MAX. */
nct_err nct_codebook_new(struct nct_codebook **out, unsigned bits) NCT_USED;
void nct_codebook_free(struct nct_codebook *c); /* NULL is a no-op */
/* Checks that the strings form a tree in pre-order and computes the fingerprint, for the M1 with fingerprint `m1`. NCT_EDATA says
 * what no tree could hold, and where. Takes one look at each string. */
nct_err nct_codebook_seal(struct nct_codebook *c, uint64_t m1, nct_why *why) NCT_USED;

/* True if k is another number for the string before it: the cap on a string's length makes these (never number 0). */
static inline int
nct_codebook_alias(const struct nct_codebook *c, size_t k)
{
	return c->depth[k] == NCT_WINDOW_SYMBOLS && c->depth[k - 1] == NCT_WINDOW_SYMBOLS && c->symbol[k] == c->symbol[k - 1];
}

#endif
