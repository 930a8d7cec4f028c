/* world.c - communication between the ranks of a run. */
#include "world.h"

#include "base/err.h"

nct_err
nct_world_sum(const struct nct_world *w, float *x, size_t n)
{
	return nct_world_size(w) > 1 ? w->sum(w, x, n) : NCT_OK;
}

nct_err
nct_world_sum_doubles(const struct nct_world *w, double *x, size_t n)
{
	return nct_world_size(w) > 1 ? w->sum_doubles(w, x, n) : NCT_OK;
}

nct_err
nct_world_share(const struct nct_world *w, void *bytes, size_t n)
{
	return nct_world_size(w) > 1 ? w->share(w, bytes, n) : NCT_OK;
}

int
nct_world_any(const struct nct_world *w, int yes)
{
	return nct_world_size(w) > 1 && w->max(w, &yes) != NCT_OK ? 1 : yes;
}

nct_err
nct_world_agree(const struct nct_world *w, nct_err err, nct_why *why)
{
	int gravest = (int)err;

	if (nct_world_size(w) < 2)
		return err;
	if (w->max(w, &gravest) != NCT_OK)
		return nct_fail(why, NCT_EIO, "the ranks cannot reach each other");
	if (err == NCT_OK && gravest != NCT_OK)
		(void)nct_fail(why, (nct_err)gravest, "%s, on another rank", nct_strerror((nct_err)gravest));
	return (nct_err)gravest;
}
