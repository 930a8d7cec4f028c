/* attend.c - attention of M1, for one step, or, as products of matrices, for a run of steps.
 *
 * The queries of a run attend to nearly the same keys and values. So these are packed once and multiplied by all
 * queries. Positions that a query does not attend to get the weight 0. */
#include "m1/attend.h"

#include <stdlib.h>
#include <string.h>

static size_t
room(const nct_m1 *m)
{
	return (m->c.reach + NCT_M1_RUN_MAX + 63) & ~(size_t)63;
}

nct_err
nct_m1_attend_new(struct nct_m1_attend *a, const nct_m1 *m, int runs)
{
	const size_t n = room(m), d = m->c.width / m->c.heads;
	const size_t keys = m->k->packed(n, d), values = m->k->packed(d, n);

	*a = (struct nct_m1_attend){0};
	a->row = calloc(n, sizeof *a->row);
	a->p = calloc(n, sizeof *a->p);
	a->s = calloc(n * (runs ? NCT_M1_RUN_MAX : 1), sizeof *a->s);
	if (a->row == NULL || a->p == NULL || a->s == NULL)
		return NCT_ENOMEM;
	if (!runs)
		return NCT_OK;
	a->half = calloc(2 * NCT_M1_RUN_MAX, n);
	a->kv = calloc(n, d);
	a->q = calloc(NCT_M1_RUN_MAX, d);
	a->packed = calloc(1, keys > values ? keys : values);
	a->mix = calloc(2 * NCT_M1_RUN_MAX, d * sizeof *a->mix);
	return a->half == NULL || a->kv == NULL || a->q == NULL || a->packed == NULL || a->mix == NULL ? NCT_ENOMEM : NCT_OK;
}

void
nct_m1_attend_free(struct nct_m1_attend *a)
{
	free(a->row);
	free(a->s);
	free(a->p);
	free(a->half);
	free(a->kv);
	free(a->q);
	free(a->packed);
	free(a->mix);
}

/* How many positions before its own a step attends to. */
static size_t
before(const nct_m1 *m, const struct nct_m1_step *step)
{
	return step->past < m->c.reach ? step->past : m->c.reach - 1;
}

static int32_t
share(const struct nct_m1_heads *w, size_t head, uint32_t z)
{
	return (int32_t)(((uint64_t)w->mix_mul[head] << 20) / z);
}

void
nct_m1_attend_one(const nct_m1 *m, struct nct_m1_attend *a, const struct nct_m1_heads *w,
                  const struct nct_m1_step *step, const int8_t *q, int8_t *o)
{
	const size_t c = m->c.width, heads = m->c.heads, d = c / heads, old = before(m, step), n = old + 1;
	int32_t sums[NCT_M1_HEAD_MAX];

	for (size_t j = 0; j < old; j++)
		a->row[j] = step->kv[j] + w->layer * 2 * c;
	a->row[old] = step->kv_out + w->layer * 2 * c;
	for (size_t h = 0; h < heads; h++) {
		m->k->dots(a->s, q + h * d, a->row, h * d, n, d);
		const uint32_t z = m->k->weigh(a->p, a->s, w->bias + h * (NCT_BIAS_FAR + 1), w->score_mul[h], n);
		m->k->mix(sums, a->p, a->row, c + h * d, n, d);
		m->k->settle(o + h * d, sums, (uint32_t)share(w, h, z), d);
	}
}

/* ---- runs ---- */

/* True if step b is at the position after step a's, in the same context, and attends to a. */
static int
follows(const nct_m1 *m, const struct nct_m1_step *a, const struct nct_m1_step *b)
{
	const size_t to = before(m, b);

	return to > 0 && b->kv + to == a->kv + before(m, a) + 1 && b->kv[to - 1] == a->kv_out;
}

size_t
nct_m1_attend_run_length(const nct_m1 *m, const struct nct_m1_attend *a, const struct nct_m1_step *steps,
                         const size_t *live, size_t n)
{
	const size_t most = a->half == NULL ? 1 : n < NCT_M1_RUN_MAX ? n : NCT_M1_RUN_MAX;
	size_t run = 1;

	while (run < most && live[run] == live[0] + run && follows(m, &steps[live[run - 1]], &steps[live[run]]))
		run++;
	return run < NCT_M1_RUN_MIN ? 1 : run;
}

/* Turns the dot products of n queries with `seen` positions into weights, split into two halves. Weights of
 * positions that a query does not attend to are 0. z (n) receives the sums of weights. */
static void
weigh_run(const nct_m1 *m, struct nct_m1_attend *a, const int32_t *bias, int32_t mul, const struct nct_m1_step *steps,
          size_t n, size_t seen, uint32_t *z)
{
	const size_t wide = (seen + 63) & ~(size_t)63, first = before(m, &steps[0]);

	for (size_t i = 0; i < n; i++) {
		const size_t from = (size_t)(steps[i].kv - steps[0].kv), to = first + i + 1;
		int8_t *high = a->half + i * wide, *low = a->half + (n + i) * wide;

		z[i] = m->k->weigh(a->p, a->s + i * seen + from, bias, mul, to - from);
		memset(high, 0, from);
		memset(low, 0, from);
		m->k->halve(high + from, low + from, a->p, to - from);
		memset(high + to, 0, wide - to);
		memset(low + to, 0, wide - to);
	}
}

/* Copies one head's keys (at = its first column) or values (C further on) of the `seen` positions to a->kv. */
static void
gather(struct nct_m1_attend *a, size_t at, size_t seen, size_t d)
{
	for (size_t j = 0; j < seen; j++)
		memcpy(a->kv + j * d, a->row[j] + at, d);
}

/* Packs one head's keys (at = its first column) of the `seen` positions. */
static void
pack_keys(const nct_m1 *m, struct nct_m1_attend *a, size_t at, size_t seen, size_t d)
{
	if (m->k->pack_rows != NULL) {
		m->k->pack_rows(a->packed, a->row, at, seen, d);
		return;
	}
	gather(a, at, seen, d);
	m->k->pack(a->packed, a->kv, seen, d, d, 1);
}

/* The same for its values, as columns; those of positions from `seen` up to `wide` are 0. */
static void
pack_values(const nct_m1 *m, struct nct_m1_attend *a, size_t at, size_t seen, size_t wide, size_t d)
{
	if (m->k->pack_columns != NULL) {
		m->k->pack_columns(a->packed, a->row, at, d, wide, seen);
		return;
	}
	gather(a, at, seen, d);
	memset(a->kv + seen * d, 0, (wide - seen) * d);
	m->k->pack(a->packed, a->kv, d, wide, 1, d);
}

void
nct_m1_attend_run(const nct_m1 *m, struct nct_m1_attend *a, const struct nct_m1_heads *w,
                  const struct nct_m1_step *steps, size_t n, const int8_t *q, int8_t *o)
{
	const size_t c = m->c.width, d = c / m->c.heads, old = before(m, &steps[0]), seen = old + n,
		     wide = (seen + 63) & ~(size_t)63;
	void (*const mix_by)(int32_t *, const int8_t *, const void *, size_t, size_t, size_t) =
	    m->k->matmul_zeros != NULL ? m->k->matmul_zeros : m->k->matmul; /* most weights are 0 */
	uint32_t z[NCT_M1_RUN_MAX];

	for (size_t j = 0; j < seen; j++)
		a->row[j] = (j < old ? steps[0].kv[j] : steps[j - old].kv_out) + w->layer * 2 * c;
	for (size_t h = 0; h < m->c.heads; h++) {
		for (size_t i = 0; i < n; i++)
			memcpy(a->q + i * d, q + i * c + h * d, d);
		pack_keys(m, a, h * d, seen, d);
		m->k->matmul(a->s, a->q, a->packed, n, seen, d);
		weigh_run(m, a, w->bias + h * (NCT_BIAS_FAR + 1), w->score_mul[h], steps, n, seen, z);
		pack_values(m, a, c + h * d, seen, wide, d);
		mix_by(a->mix, a->half, a->packed, 2 * n, d, wide);
		for (size_t i = 0; i < n; i++) {
			int32_t *sums = a->mix + i * d;

			for (size_t e = 0; e < d; e++)
				sums[e] = 129 * sums[e] + a->mix[(n + i) * d + e];
			m->k->settle(o + i * c + h * d, sums, (uint32_t)share(w, h, z[i]), d);
		}
	}
}
