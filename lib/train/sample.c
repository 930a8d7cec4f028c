/* sample.c - draws a token from logits. */
#include "train/sample.h"

#include <math.h>

/* True if `a` comes before `b`: it is more probable, or as probable and smaller. */
static int
before(const struct nct_weighed *a, const struct nct_weighed *b)
{
	return a->weight > b->weight || (a->weight == b->weight && a->id < b->id);
}

/* Moves heap[i] down to its place in heap[0..n). Both subtrees below it are heaps already. */
static void
sift(struct nct_weighed *heap, size_t n, size_t i)
{
	const struct nct_weighed x = heap[i];

	for (size_t child; (child = 2 * i + 1) < n; i = child) {
		if (child + 1 < n && before(&heap[child + 1], &heap[child]))
			child++;
		if (!before(&heap[child], &x))
			break;
		heap[i] = heap[child];
	}
	heap[i] = x;
}

/* Reorders weighed[0..n) so that the ids that may be drawn are in the last *kept places. Returns their weight. */
static double
hold(struct nct_weighed *weighed, size_t n, const struct nct_sampling *s, double sum, size_t *kept)
{
	const size_t most = s->top_k > 0 && s->top_k < n ? s->top_k : n;
	double held = 0;

	*kept = n;
	if (most == n && s->top_p >= 1)
		return sum;
	for (size_t i = n / 2; i-- > 0;)
		sift(weighed, n, i);
	for (*kept = 0; *kept < most && (*kept == 0 || held < s->top_p * sum); ++*kept) {
		const size_t last = n - 1 - *kept;
		const struct nct_weighed top = weighed[0];

		weighed[0] = weighed[last];
		weighed[last] = top;
		sift(weighed, last, 0);
		held += top.weight;
	}
	return held;
}

nct_err
nct_sample(uint32_t *id, const float *logits, uint32_t n, const struct nct_sampling *s, nct_rng *r,
           struct nct_weighed *weighed)
{
	uint32_t best = 0;
	double sum = 0, point;
	size_t kept;

	for (uint32_t i = 0; i < n; i++) {
		if (!isfinite(logits[i]))
			return NCT_ENAN;
		best = logits[i] > logits[best] ? i : best;
	}
	*id = best;
	if (s->temperature <= 0)
		return NCT_OK;
	for (uint32_t i = 0; i < n; i++) {
		weighed[i] = (struct nct_weighed){exp(((double)logits[i] - (double)logits[best]) / s->temperature), i};
		sum += weighed[i].weight;
	}
	point = nct_rng_unit(r) * hold(weighed, n, s, sum, &kept);
	for (size_t i = n - 1; kept-- > 0; i--) { /* if rounding leaves a rest, the last one is taken */
		if (weighed[i].weight > 0)
			*id = weighed[i].id;
		point -= weighed[i].weight;
		if (point < 0)
			break;
	}
	return NCT_OK;
}
