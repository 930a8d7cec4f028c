/* loss.c - the last norm, the logits and the loss, in slices of tokens whose logits alone are held; and their gradients. */
#include "model/net.h"

#include <math.h>
#include <string.h>

/* One token's logits (V): its cross-entropy; with p->backward the logits become gradients. */
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
		double weight = (double)p->scale * (1.0 + 2.0 * (double)p->zloss * log_z);

		k->scale(logits, (float)(weight / sum), V);
		logits[target] -= p->scale;
	}
	return log_z - (double)mine;
}

/* The losses of tokens [at, at + rows), whose logits are given. */
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

/* From the logits' gradients to dxo and the gains' part. */
static nct_err
slice_back(const struct nct_pass *p, const float *dlogits, size_t at, size_t rows, unsigned worker)
{
	const struct nct_net *n = p->n;
	const size_t C = n->s.width, V = n->s.vocab, ld = n->ldc;
	const float *gain = nct_net_at(n, n->params, NCT_P_NORMF, 0), *x = n->x + (n->s.layers * n->tokens + at) * ld;
	float *dn = n->work + worker * n->work_floats, *part = n->gains1 + at / n->slice * C, *dxo = n->dxo + at * ld;
	nct_err err;

	err = nct_gemm('N', 'N', rows, C, V, 1.0f, dlogits, n->ldv, nct_net_at(n, n->params, NCT_P_HEAD, 0), C, 0.0f, dn, ld);
	if (err != NCT_OK)
		return err;
	memset(part, 0, C * sizeof *part);
	memset(dxo, 0, rows * ld * sizeof *dxo);
	for (size_t i = 0; i < rows; i++)
		n->k->norm_back(dxo + i * ld, part, n->n1 + (at + i) * ld, x + i * ld, gain, dn + i * ld, dxo + i * ld, C);
	return NCT_OK;
}

/* Slice i of the group at p->at. */
static void
slice_task(void *ctx, size_t i, unsigned worker)
{
	struct nct_pass *p = ctx;
	struct nct_net *n = p->n;
	const size_t C = n->s.width, V = n->s.vocab, at = p->at + i * n->slice, left = p->tokens - at;
	const size_t rows = left < n->slice ? left : n->slice;
	const float *gain = nct_net_at(n, n->params, NCT_P_NORMF, 0), *x = n->x + (n->s.layers * n->tokens + at) * n->ldc;
	float *nf = n->n1 + at * n->ldc, *logits = n->logits + i * n->slice * n->ldv;
	nct_err err;

	for (size_t r = 0; r < rows; r++)
		n->k->norm(nf + r * n->ldc, x + r * n->ldc, gain, C);
	err = nct_gemm('N', 'T', rows, V, C, 1.0f, nf, n->ldc, nct_net_at(n, n->params, NCT_P_HEAD, 0), C, 0.0f, logits, n->ldv);
	if (err == NCT_OK) {
		slice_loss(p, logits, at, rows, &n->nats[at / n->slice], &n->counts[at / n->slice]);
		if (p->backward)
			err = slice_back(p, logits, at, rows, worker);
	}
	nct_pass_fail(p, worker, err);
}

/* One group: its slices, then what they add to the head's gradient. */
static nct_err
group_loss(struct nct_pass *p)
{
	struct nct_net *n = p->n;
	const size_t C = n->s.width, V = n->s.vocab, left = p->tokens - p->at;
	const size_t tokens = left < n->group ? left : n->group;
	const struct nct_wgrad head = {
		.dw = nct_net_at(n, n->grads, NCT_P_HEAD, 0), .dy = n->logits, .x = n->n1 + p->at * n->ldc,
		.ldy = n->ldv, .ldx = n->ldc, .out = V, .in = C,
	};
	nct_err err = nct_pass_run(p, (tokens + n->slice - 1) / n->slice, slice_task);

	return err == NCT_OK && p->backward ? nct_pass_wgrad(p, &head, 1, tokens) : err;
}

nct_err
nct_pass_loss(struct nct_pass *p, double *nats, uint64_t *count)
{
	struct nct_net *n = p->n;
	const size_t slices = (p->tokens + n->slice - 1) / n->slice;

	for (p->at = 0; p->at < p->tokens; p->at += n->group) {
		nct_err err = group_loss(p);

		if (err != NCT_OK)
			return err;
	}
	if (p->backward)
		nct_pass_gains(p, nct_net_at(n, n->grads, NCT_P_NORMF, 0), n->gains1, slices);
	*nats = 0.0;
	*count = 0;
	for (size_t i = 0; i < slices; i++) {
		*nats += n->nats[i];
		*count += n->counts[i];
	}
	return NCT_OK;
}
