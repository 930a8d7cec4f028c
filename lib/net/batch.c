/* batch.c - the passes of a whole batch: nct_net_forward() and nct_net_backward(). */
#include <math.h>

#include "net/pass.h"

static nct_err
check_batch(const struct nct_net *n, const struct nct_batch *b)
{
	if (b->rows < 1 || b->rows > n->rows || b->length < 1 || b->length > n->length)
		return NCT_EARG;
	for (size_t i = 0; i < b->rows * b->length; i++)
		if (b->in[i] >= n->s.inputs || (b->target[i] >= n->s.vocab && b->target[i] != NCT_NO_TARGET) ||
		    (b->first != NULL && b->first[i] > i % b->length))
			return NCT_EARG;
	return NCT_OK;
}

nct_err
nct_net_forward(nct_net *n, const struct nct_batch *b, double *nats, uint64_t *count, float *each, uint8_t *hit)
{
	struct nct_pass p = {.n = n, .b = b, .tokens = b->rows * b->length, .each = each, .hit = hit};
	nct_err err = check_batch(n, b);

	if (err != NCT_OK)
		return err;
	nct_pass_forward(&p);
	nct_pass_loss(&p, nats, count);
	return NCT_OK;
}

nct_err
nct_net_backward(nct_net *n, const struct nct_batch *b, float scale, float zloss, double *nats, uint64_t *count)
{
	struct nct_pass p = {.n = n, .b = b, .tokens = b->rows * b->length, .backward = 1, .scale = scale, .zloss = zloss};
	nct_err err = n->learns ? check_batch(n, b) : NCT_EARG;

	if (err != NCT_OK)
		return err;
	nct_pass_forward(&p);
	nct_pass_loss(&p, nats, count);
	if (!isfinite(*nats))
		return NCT_ENAN;
	nct_pass_backward(&p);
	return NCT_OK;
}
