/* sample.h - draws a token from logits. */
#ifndef NCT_GENERATE_SAMPLE_H
#define NCT_GENERATE_SAMPLE_H

#include "base/rng.h"
#include "float/float.h"
#include "nct.h"

struct nct_sampling {
	double temperature; /* 0: nothing is drawn; the largest logit wins, and of equal ones the smallest id */
	uint32_t top_k;     /* 0: no limit */
	double top_p;       /* in (0, 1] */
};

/* An id with its weight, for scratch memory. */
struct nct_weighed {
	double weight;
	uint32_t id;
};
/* Draws *id from softmax(logits[0..n) / temperature). Only the top_k most probable ids can be drawn, and of these
 * only the fewest whose probabilities sum up to at least top_p. Of equally probable ids, smaller ones come first.
 * `weights` (n) and `weighed` (n) are scratch; `weighed` may be NULL where neither top_k nor top_p limits. Takes one
 * number from *r. NCT_ENAN if a logit is not finite. */
nct_err nct_sample(uint32_t *id, const float *logits, uint32_t n, const struct nct_sampling *s, nct_rng *r,
                   const struct nct_float *k, float *weights, struct nct_weighed *weighed) NCT_USED;
/* True if nct_sample() needs `weighed`. */
int nct_sampling_limits(const struct nct_sampling *s);

#endif
