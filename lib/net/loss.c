/* loss.c - the last norm, logits, loss and their gradients, for some tokens at a time, as logits take much memory. */
#include "net/pass.h"

#include <math.h>
#include <string.h>

/* The cross-entropy of one token, from its logits (V). With p->backward, writes their gradients over them, as
 * elements. */
static double
token_loss(const struct nct_pass *p, float *logits, size_t token)
{
	const struct nct_float *k = p->n->k;
	const size_t V = p->n->s.vocab;
	const uint32_t target = p->b->target[token];
	const float most = k->add_max(logits, NULL, V), mine = logits[target];
	double log_z, sum;

	if (p->hit != NULL && mine == most) {
		size_t j = 0;

		while (logits[j] < most)
			j++;
		p->hit[token] = j == target;
	}
	sum = (double)k->exp_sum(logits, most, V);
	log_z = (double)most + log(sum);
	if (p->backward) {
		const double weight = (double)p->scale * (1.0 + 2.0 * (double)p->zloss * log_z) / sum;

		logits[target] -= (float)((double)p->scale / weight);
		k->to_elements(logits, logits, (float)weight, V);
		memset((unsigned char *)logits + V * k->element, 0, sizeof *logits - k->element); /* the rest of the last word */
	}
	return log_z - (double)mine;
}

/* The losses of tokens [at, at + rows), from their logits (rows,V). */
static void
slice_loss(const struct nct_pass *p, float *logits, size_t at, size_t rows, double *nats, uint64_t *count)
{
	const size_t V = p->n->s.vocab, ld = p->n->ldv;

	*nats = 0.0;
	*count = 0;
	for (size_t i = 0; i < rows; i++) {
		double loss = 0.0;

		if (p->hit != NULL)
			p->hit[at + i] = 0;
		if (p->b->target[at + i] != NCT_NO_TARGET) {
			loss = token_loss(p, logits + i * ld, at + i);
			*nats += loss;
			++*count;
		} else if (p->backward)
			memset(logits + i * ld, 0, V * sizeof *logits);
		if (p->each != NULL)
			p->each[at + i] = (float)loss;
	}
}

/* From the logits' gradients to dx and a part of normf's gradient. Packs what the gradient of the weight `head`
 * needs. */
static void
slice_back(const struct nct_pass *p, const float *dlogits, size_t at, size_t rows, unsigned worker)
{
	const struct nct_net *n = p->n;
	const struct nct_float *k = n->k;
	const struct nct_scratch w = nct_scratch_at(n, worker);
	const size_t C = n->s.width, V = n->s.vocab, ld = n->ldv * nct_pair(k);
	const float *x = n->x + (nct_net_layer(n, n->s.layers) + at) * n->ldx;
	float *part = n->gains1 + at / n->slice * C, *dx = n->dx + at * n->ldx;
	const struct nct_by_weight head = {.x = dlogits, .ldx = ld, .rows = rows, .in = V, .out = C, .w = n->whead_back,
	    .y = w.y, .ldy = n->ldx};

	nct_pass_by_weight(p, &head, worker);
	memset(part, 0, C * sizeof *part);
	memset(dx, 0, rows * n->ldx * sizeof *dx);
	for (size_t i = 0; i < rows; i++)
		k->norm_back(dx + i * n->ldx, part, nct_net_element(n, w.n, i * n->ldc), x + i * n->ldx,
		             nct_net_at(n, n->params, NCT_P_NORMF, 0), w.y + i * n->ldx, dx + i * n->ldx, C);
	k->pack_elements(nct_net_packed(n, n->pn1, at), nct_net_panel(n, n->tokens), w.n, n->ldc, rows, C);
	k->pack_elements(nct_net_packed(n, n->plogits, at - p->at), nct_net_panel(n, n->group), dlogits, ld, rows, V);
}

/* Task: slice i of the group at p->at. */
static void
slice_task(void *ctx, size_t i, unsigned worker)
{
	struct nct_pass *p = ctx;
	struct nct_net *n = p->n;
	const struct nct_scratch w = nct_scratch_at(n, worker);
	const size_t C = n->s.width, V = n->s.vocab, at = p->at + i * n->slice, left = p->tokens - at;
	const size_t rows = left < n->slice ? left : n->slice;
	const float *gain = nct_net_at(n, n->params, NCT_P_NORMF, 0),
		    *x = n->x + (nct_net_layer(n, n->s.layers) + at) * n->ldx;
	float *logits = n->logits + i * n->slice * n->ldv;
	const struct nct_by_weight head = {.x = w.n, .ldx = n->ldc, .rows = rows, .in = C, .out = V, .w = n->whead,
	    .y = logits, .ldy = n->ldv};

	for (size_t r = 0; r < rows; r++)
		n->k->norm(nct_net_element(n, w.n, r * n->ldc), x + r * n->ldx, gain, C);
	nct_pass_by_weight(p, &head, worker);
	slice_loss(p, logits, at, rows, &n->nats[at / n->slice], &n->counts[at / n->slice]);
	if (p->backward)
		slice_back(p, logits, at, rows, worker);
}

/* Runs the slices of one group, then adds to the gradient of the weight `head`. */
static void
group_loss(struct nct_pass *p)
{
	struct nct_net *n = p->n;
	const size_t left = p->tokens - p->at, tokens = left < n->group ? left : n->group;

	nct_pass_run(p, NCT_PART_LOSS, (tokens + n->slice - 1) / n->slice, slice_task);
	if (p->backward) {
		const struct nct_weight_gradient head = {nct_net_at(n, n->grads, NCT_P_HEAD, 0),
		                                         n->plogits,
		                                         nct_net_packed(n, n->pn1, p->at),
		                                         nct_net_panel(n, n->group),
		                                         nct_net_panel(n, n->tokens),
		                                         n->s.vocab,
		                                         n->s.width};

		nct_pass_weight_gradients(p, NCT_PART_LOSS, &head, 1, tokens);
	}
}

void
nct_pass_loss(struct nct_pass *p, double *nats, uint64_t *count)
{
	struct nct_net *n = p->n;
	const size_t slices = (p->tokens + n->slice - 1) / n->slice;

	nct_pass_weights_head(p);
	for (p->at = 0; p->at < p->tokens; p->at += n->group)
		group_loss(p);
	if (p->backward)
		nct_pass_gains(p, nct_net_at(n, n->grads, NCT_P_NORMF, 0), n->gains1, slices);
	*nats = 0.0;
	*count = 0;
	for (size_t i = 0; i < slices; i++) {
		*nats += n->nats[i];
		*count += n->counts[i];
	}
}
