/* init.c - random initial parameters of a net. */
#include <math.h>

#include "base/rng.h"
#include "net/net.h"

#define PARTS 0.5 /* standard deviation of parts' rows, as a share of that of tokens' rows */

/* Fills x[0..n) from a normal distribution, by the Box-Muller transform. */
static void
fill_normal(float *x, size_t n, double stddev, nct_rng *r)
{
	const double turn = 6.283185307179586476925287;

	for (size_t i = 0; i < n; i += 2) {
		double radius = stddev * sqrt(-2.0 * log(1.0 - nct_rng_unit(r))), angle = turn * nct_rng_unit(r);

		x[i] = (float)(radius * cos(angle));
		if (i + 1 < n)
			x[i + 1] = (float)(radius * sin(angle));
	}
}

/* Adds a slope to the random bias of head h in [0, H): -2^(-8 h / H) per bucket, as in ALiBi (Press et al., 2022).
 * With random biases alone, heads need a thousand steps to learn to attend to the previous symbol. */
static void
tilt_bias(float *bias, size_t layers, size_t heads)
{
	for (size_t i = 0; i < layers * heads; i++)
		for (size_t k = 0; k < NCT_BUCKETS; k++)
			bias[i * NCT_BUCKETS + k] -= (float)(pow(2.0, -8.0 * (double)(i % heads) / (double)heads) * (double)k);
}

/* Rows of parts are smaller than those of tokens, as a token may have several. */
static void
scale_parts(float *parts, size_t n, double in)
{
	for (size_t i = 0; i < n; i++)
		parts[i] *= (float)(i < n / 2 ? PARTS : PARTS * in);
}

void
nct_net_init(nct_net *n, uint64_t seed)
{
	const double in = 1.0 / sqrt((double)n->s.width);
	const double stddev[NCT_P_COUNT] = {
		[NCT_P_EMBED] = 1.0, [NCT_P_QKV] = in, [NCT_P_BIAS] = 0.2, [NCT_P_PROJ] = in,
		[NCT_P_UP] = in, [NCT_P_DOWN] = 1.0 / sqrt((double)n->s.inner), [NCT_P_HEAD] = in,
		[NCT_P_PARTS] = 1.0,
	};
	nct_rng seeds = {seed};

	for (size_t i = 0; i < NCT_P_COUNT; i++) {
		float *x = n->params + n->t[i].offset;
		nct_rng r = {nct_rng_next(&seeds)}; /* each tensor has a generator of its own */

		if (stddev[i] > 0.0)
			fill_normal(x, n->t[i].size, stddev[i], &r);
		else
			for (size_t j = 0; j < n->t[i].size; j++)
				x[j] = 1.0f;
	}
	scale_parts(n->params + n->t[NCT_P_PARTS].offset, n->t[NCT_P_PARTS].size, in);
	tilt_bias(n->params + n->t[NCT_P_BIAS].offset, n->s.layers, n->s.heads);
}
