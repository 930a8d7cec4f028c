/* world.h - what the ranks of a run do together; with no world (NULL), one rank is all. */
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

/* See struct nct_world. */
nct_err nct_world_sum(const struct nct_world *w, float *x, size_t n) NCT_USED;
nct_err nct_world_sum_doubles(const struct nct_world *w, double *x, size_t n) NCT_USED;
nct_err nct_world_share(const struct nct_world *w, void *bytes, size_t n) NCT_USED;
/* Whether any rank says yes (a failure to ask is a yes: the run ends). */
int nct_world_any(const struct nct_world *w, int yes);
/* The gravest error of any rank, on all of them: one that had none says in `why` (may be NULL) that it was
 * another's. */
nct_err nct_world_agree(const struct nct_world *w, nct_err err, nct_why *why) NCT_USED;

#endif
