/* evaluate.c - evaluates a run: its loss on a sample of the evaluation text. */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

#include "base/err.h"
#include "train/run.h"
#include "train/world.h"

/* The loss of batch `i` of the sample, in nats, and its *units (see struct nct_examples). */
static nct_err
evaluate_batch(struct nct_loop *l, uint64_t i, int own, double *nats, uint64_t *units)
{
	const struct nct_examples *e = l->eval;
	const uint64_t first = i * l->own, left = e->sample - first;
	struct nct_batch b = {
	    .rows = left < l->own ? (size_t)left : l->own, .length = e->length, .in = l->in, .target = l->target};
	uint64_t count;

	for (size_t r = 0; r < b.rows; r++)
		*units += e->get(e, nct_examples_sample(e, first + r), l->in + r * e->length, l->target + r * e->length);
	*nats = 0;
	return own ? nct_net_forward(l->net, &b, nats, &count, NULL, NULL) : NCT_OK;
}

/* Evaluates batches [i, i + ranks), one on each rank. Sets nats[] of each, on all ranks. */
static nct_err
evaluate_round(struct nct_loop *l, uint64_t i, uint64_t batches, double *nats, uint64_t *units)
{
	const unsigned ranks = nct_world_size(l->o->world), rank = nct_world_rank(l->o->world);
	nct_err err = NCT_OK;

	for (unsigned r = 0; err == NCT_OK && r < ranks && i + r < batches; r++)
		err = evaluate_batch(l, i + r, r == rank, &nats[i + r], units);
	return nct_world_agree(l->o->world, err, NULL);
}

nct_err
nct_loop_evaluate(nct_loop *l, double *bits, int *stopped, nct_why *why)
{
	const uint64_t batches = l->eval != NULL ? (l->eval->sample + l->own - 1) / l->own : 0;
	double *nats, total = 0;
	uint64_t units = 0;
	nct_err err;

	*stopped = 0;
	*bits = l->eval_bits;
	if (!isnan(*bits) || l->eval == NULL)
		return NCT_OK;
	nats = calloc((size_t)batches, sizeof *nats);
	err = nct_world_agree(l->o->world, nats != NULL ? NCT_OK : NCT_ENOMEM, NULL);
	for (uint64_t i = 0; err == NCT_OK && i < batches; i += nct_world_size(l->o->world)) {
		if ((*stopped = nct_world_any(l->o->world, nct_train_stop(l->o))) != 0)
			break;
		err = evaluate_round(l, i, batches, nats, &units);
	}
	if (err == NCT_OK && !*stopped)
		err = nct_world_sum_doubles(l->o->world, nats, (size_t)batches);
	for (uint64_t i = 0; err == NCT_OK && i < batches; i++)
		total += nats[i];
	free(nats);
	if (err != NCT_OK)
		return nct_fail(why, err, "evaluation at step %" PRIu64 ": %s", l->mark.step, nct_strerror(err));
	if (!*stopped)
		*bits = l->eval_bits = nct_examples_bits(l->eval, total, units);
	return NCT_OK;
}
