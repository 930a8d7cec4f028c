/* run.c - a run as an object: its memory, its reports, and access to its parameters. */
#include "train/run.h"

#include <limits.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/err.h"
#include "train/world.h"

void
nct_loop_report(const nct_loop *l, const char *key, const char *fmt, ...)
{
	char value[64];
	va_list ap;

	if (l->o->report == NULL || nct_world_rank(l->o->world) != 0)
		return;
	va_start(ap, fmt);
	vsnprintf(value, sizeof value, fmt, ap);
	va_end(ap);
	l->o->report(l->o->ctx, key, value);
}

void
nct_loop_warn(const nct_loop *l, const char *fmt, ...)
{
	char line[PATH_MAX + 320];
	va_list ap;

	if (l->o->warn == NULL || nct_world_rank(l->o->world) != 0)
		return;
	va_start(ap, fmt);
	vsnprintf(line, sizeof line, fmt, ap);
	va_end(ap);
	l->o->warn(l->o->ctx, line);
}

void
nct_loop_free(nct_loop *l)
{
	if (l == NULL)
		return;
	nct_net_free(l->net);
	nct_adafactor_free(l->opt);
	free(l->best);
	free(l->in);
	free(l->target);
	free(l->seen);
	free(l->parsed_by);
	free(l);
}

int
nct_train_stop(const struct nct_train_options *o)
{
	return o->stop != NULL && o->stop(o->ctx) != 0;
}

nct_err
nct_train_fits(uint64_t need, const char *hint, nct_why *why)
{
	const long pages = sysconf(_SC_PHYS_PAGES), page = sysconf(_SC_PAGESIZE);

	if (pages > 0 && page > 0 && need / (uint64_t)page > (uint64_t)pages)
		return nct_fail(why, NCT_ENOMEM, "needs %.1f GB of memory, and this machine has %.1f GB (%s)", (double)need / 1e9,
		                (double)pages * (double)page / 1e9, hint);
	return NCT_OK;
}

uint64_t
nct_loop_step(const nct_loop *l)
{
	return l->mark.step;
}

float *
nct_loop_params(const nct_loop *l)
{
	return nct_net_params(l->net);
}

float *
nct_loop_best(const nct_loop *l, double *bits, uint64_t *step)
{
	if (l->best == NULL || l->mark.best_step == 0)
		return NULL;
	*bits = l->mark.best_bits;
	*step = l->mark.best_step;
	return l->best;
}

size_t
nct_loop_parameters(const struct nct_loop *l)
{
	struct nct_tensor t[NCT_P_COUNT];
	size_t total;

	return nct_shape_tensors(&l->shape, t, &total, NULL) == NCT_OK ? total : 0;
}

const char *
nct_loop_not_finite(const nct_loop *l)
{
	for (size_t i = 0; i < l->params; i++)
		for (size_t j = 0; j < l->slots[i].size; j++)
			if (!isfinite(l->slots[i].data[j]))
				return l->slots[i].name;
	return NULL;
}

int
nct_loop_had_rounds(const nct_loop *l)
{
	return l->mark.round != NCT_NO_ROUND && l->mark.round < l->mark.step;
}

const char *
nct_loop_from(const nct_loop *l)
{
	return l->mark.from;
}
