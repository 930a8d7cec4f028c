/* world.h - communication between the ranks of a run. Without a world (NULL) there is one rank. */
#ifndef NCT_TRAIN_WORLD_H
#define NCT_TRAIN_WORLD_H

#include "nct-train.h"

static inline unsigned
nct_world_rank(const struct nct_world *w)
{
	return w != NULL ? w->rank : 0;
}

static inline unsigned
nct_world_size(const struct nct_world *w)
{
	return w != NULL ? w->size : 1;
}

/* These call the functions of struct nct_world (nct-train.h), and do nothing without one. */
nct_err nct_world_sum(const struct nct_world *w, float *x, size_t n) NCT_USED;
nct_err nct_world_sum_doubles(const struct nct_world *w, double *x, size_t n) NCT_USED;
nct_err nct_world_share(const struct nct_world *w, void *bytes, size_t n) NCT_USED;
/* True on all ranks if `yes` is true on any. Also true if communication fails, so that the run ends. */
int nct_world_any(const struct nct_world *w, int yes);
/* Returns the same error on all ranks: the gravest of any rank. A rank without an error of its own explains in `why`
 * (may be NULL) that it was another rank's. */
nct_err nct_world_agree(const struct nct_world *w, nct_err err, nct_why *why) NCT_USED;

#endif
