/* heads.c - prepares attention: each head's part of the arrays, and the position bias by distance. */
#include <string.h>

#include "net/attention.h"
#include "net/pass.h"

void
nct_pass_head(const struct nct_pass *p, size_t i, unsigned worker, struct nct_head *a)
{
	const struct nct_net *n = p->n;
	const size_t T = p->b->length, C = n->s.width, H = n->s.heads, l = p->layer;
	const size_t seq = i / H, head = i % H, col = head * (C / H), row = nct_net_layer(n, l) + seq * T;

	memset(a, 0, sizeof *a);
	a->kernels = n->k;
	a->length = T;
	a->cols = C / H;
	a->ld = n->ldq;
	a->width = n->ldc;
	a->reach = n->s.reach;
	a->first = p->b->first == NULL ? NULL : p->b->first + seq * T;
	a->bias = n->bias + head * T;
	a->q = nct_net_element(n, n->qkv, row * n->ldq + col);
	a->k = nct_net_element(n, n->qkv, row * n->ldq + col + C);
	a->v = nct_net_element(n, n->qkv, row * n->ldq + col + 2 * C);
	a->mix = nct_net_element(n, n->mix, row * n->ldc + col);
	a->lse = n->lse + (n->learns ? l * H + head : head) * n->tokens + seq * T;
	a->scratch = nct_scratch_at(n, worker).head;
	if (!p->backward)
		return;
	a->dmix = nct_net_element(n, n->dmix, seq * T * n->ldc + col);
	a->dq = nct_net_element(n, n->dqkv, seq * T * n->ldq + col);
	a->dk = nct_net_element(n, n->dqkv, seq * T * n->ldq + col + C);
	a->dv = nct_net_element(n, n->dqkv, seq * T * n->ldq + col + 2 * C);
	a->dbias = n->dbias + i * NCT_BUCKETS;
}

void
nct_pass_bias(const struct nct_pass *p)
{
	const struct nct_net *n = p->n;
	const float *bias = nct_net_at(n, n->params, NCT_P_BIAS, p->layer);
	const size_t T = p->b->length;

	for (size_t d = 0; d < T; d++)
		for (size_t h = 0, k = nct_bucket((uint32_t)d); h < n->s.heads; h++)
			n->bias[h * T + T - 1 - d] = bias[h * NCT_BUCKETS + k];
}
