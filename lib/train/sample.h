/* sample.h - drawing a token from logits. */
#ifndef NCT_TRAIN_SAMPLE_H
#define NCT_TRAIN_SAMPLE_H

#include "base/rng.h"
#include "nct.h"

struct nct_sampling {
	double temperature; /* 0: the largest logit, of equals the smallest id, and nothing is drawn */
	uint32_t top_k;     /* 0: all */
	double top_p;       /* in (0, 1] */
};

/* Draws from softmax(logits[0..n) / temperature), held to the top_k most probable ids, and of these to the fewest whose
 * probabilities (of all n) sum up to top_p or more: at least one. Equals go by id, the smallest first. `work` has
 * room for n. One number is taken from *r. NCT_ENAN if a logit is not finite. */
struct nct_weighed {
	double weight;
	uint32_t id;
};
nct_err nct_sample(uint32_t *id, const float *logits, uint32_t n, const struct nct_sampling *s, nct_rng *r,
                   struct nct_weighed *work) NCT_USED;

#endif
