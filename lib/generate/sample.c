/* sample.c - draws a token from logits. */
#include "generate/sample.h"

#include <float.h>
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

#define LANES 16 /* so that compilers make vector instructions of the loops below */

/* The largest logit goes to *most. Returns 0 if one is not finite. */
static int
find_largest(float *most, const float *logits, uint32_t n)
{
	float m[LANES];
	int bad = 0;
	uint32_t i = 0;

	for (uint32_t j = 0; j < LANES; j++)
		m[j] = logits[0];
	for (; i + LANES <= n; i += LANES)
		for (uint32_t j = 0; j < LANES; j++) {
			const float x = logits[i + j];

			bad |= !(fabsf(x) <= FLT_MAX);
			m[j] = x > m[j] ? x : m[j];
		}
	for (; i < n; i++) {
		bad |= !(fabsf(logits[i]) <= FLT_MAX);
		m[0] = logits[i] > m[0] ? logits[i] : m[0];
	}
	*most = m[0];
	for (uint32_t j = 1; j < LANES; j++)
		*most = m[j] > *most ? m[j] : *most;
	return !bad;
}

/* The sum of weights, in an order of its own. */
static double
sum_of(const float *weights, uint32_t n)
{
	double sum[LANES] = {0}, all = 0;
	uint32_t i = 0;

	for (; i + LANES <= n; i += LANES)
		for (uint32_t j = 0; j < LANES; j++)
			sum[j] += (double)weights[i + j];
	for (; i < n; i++)
		sum[0] += (double)weights[i];
	for (uint32_t j = 0; j < LANES; j++)
		all += sum[j];
	return all;
}

#define SECTION 256 /* weights that are passed over together */

/* The id in whose stretch `point` is, if the weights stand side by side, the last id first. If rounding leaves a rest,
 * the last one with a weight is taken. */
static uint32_t
draw_any(const float *weights, uint32_t n, double point)
{
	uint32_t end = n, id = 0;

	while (end > SECTION) { /* sections without the point */
		const double sum = sum_of(weights + end - SECTION, SECTION);

		if (point < sum)
			break;
		point -= sum;
		end -= SECTION;
	}
	for (uint32_t i = end; i-- > 0;) {
		if (weights[i] > 0)
			id = i;
		point -= (double)weights[i];
		if (point < 0)
			return id;
	}
	while (weights[id] <= 0) /* nothing is left at the beginning: go back to what was passed over */
		id++;
	return id;
}

/* The same among those that hold() leaves. */
static uint32_t
draw_held(struct nct_weighed *weighed, const float *weights, uint32_t n, const struct nct_sampling *s, double sum,
          double unit)
{
	uint32_t id = 0;
	double point;
	size_t kept;

	for (uint32_t i = 0; i < n; i++)
		weighed[i] = (struct nct_weighed){(double)weights[i], i};
	point = unit * hold(weighed, n, s, sum, &kept);
	for (size_t i = n - 1; kept-- > 0; i--) {
		if (weighed[i].weight > 0)
			id = weighed[i].id;
		point -= weighed[i].weight;
		if (point < 0)
			break;
	}
	return id;
}

int
nct_sampling_limits(const struct nct_sampling *s)
{
	return s->temperature > 0 && (s->top_k > 0 || s->top_p < 1);
}

nct_err
nct_sample(uint32_t *id, const float *logits, uint32_t n, const struct nct_sampling *s, nct_rng *r,
           const struct nct_float *k, float *weights, struct nct_weighed *weighed)
{
	float most;
	double sum;

	if (!find_largest(&most, logits, n))
		return NCT_ENAN;
	if (s->temperature <= 0) {
		for (*id = 0; logits[*id] != most;)
			++*id;
		return NCT_OK;
	}
	for (uint32_t i = 0; i < n; i++) {
		const double x = ((double)logits[i] - (double)most) / s->temperature;

		weights[i] = x > -FLT_MAX ? (float)x : -FLT_MAX;
	}
	(void)k->exp_sum(weights, 0.0f, n);
	sum = sum_of(weights, n);
	*id = nct_sampling_limits(s) ? draw_held(weighed, weights, n, s, sum, nct_rng_unit(r))
	                             : draw_any(weights, n, nct_rng_unit(r) * sum);
	return NCT_OK;
}
