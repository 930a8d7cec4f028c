/* sample.c - drawing a token from logits. */
#include "train/sample.h"

#include <math.h>

/* Whether `a` comes before `b`: more probable, or as probable and smaller. */
static int
before(const struct nct_weighed *a, const struct nct_weighed *b)
{
	return a->weight > b->weight || (a->weight == b->weight && a->id < b->id);
}

/* Puts heap[i], whose children are heaps with their first on top, where it belongs among heap[0..n). */
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

/* Orders work[0..n) so far that what may be drawn stands in its last `*kept` places; gives their weight. */
static double
hold(struct nct_weighed *work, size_t n, const struct nct_sampling *s, double sum, size_t *kept)
{
	const size_t most = s->top_k > 0 && s->top_k < n ? s->top_k : n;
	double held = 0;

	*kept = n;
	if (most == n && s->top_p >= 1)
		return sum;
	for (size_t i = n / 2; i-- > 0;)
		sift(work, n, i);
	for (*kept = 0; *kept < most && (*kept == 0 || held < s->top_p * sum); ++*kept) {
		const size_t last = n - 1 - *kept;
		const struct nct_weighed top = work[0];

		work[0] = work[last];
		work[last] = top;
		sift(work, last, 0);
		held += top.weight;
	}
	return held;
}

nct_err
nct_sample(uint32_t *id, const float *logits, uint32_t n, const struct nct_sampling *s, nct_rng *r,
           struct nct_weighed *work)
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
		work[i] = (struct nct_weighed){exp(((double)logits[i] - (double)logits[best]) / s->temperature), i};
		sum += work[i].weight;
	}
	point = nct_rng_unit(r) * hold(work, n, s, sum, &kept);
	for (size_t i = n - 1; kept-- > 0; i--) { /* where rounding leaves a rest, the last one */
		if (work[i].weight > 0)
			*id = work[i].id;
		point -= work[i].weight;
		if (point < 0)
			break;
	}
	return NCT_OK;
}
