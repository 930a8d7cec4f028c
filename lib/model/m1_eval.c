/* m1_eval.c - the exact byte model evaluated: layer by layer, over all steps of a call. */
#include "m1_impl.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK 16 /* steps taken through the matrices together: each weight is read once a block */

struct nct_m1_scratch {
	size_t steps;
	int32_t *h;          /* (steps,C) the residual stream */
	int8_t *q;           /* (steps,C) queries of the layer at work */
	size_t *live;        /* (steps) which steps go on */
	int8_t *y;           /* (BLOCK,C) what goes into a matrix */
	int8_t *a;           /* (BLOCK,F) */
	int32_t *acc;        /* (BLOCK,max(3C,2F,257)) what comes out of one */
	const int8_t **row;  /* (reach) keys and values of the positions attended to */
	int32_t *s;          /* (reach) */
	int16_t *p;          /* (reach) */
};

/* One layer's tensors. */
struct layer {
	const int16_t *norm1, *norm2;
	const int8_t *qkv, *proj, *up, *down;
	const int32_t *qkv_mul, *proj_mul, *up_mul, *down_mul, *score_mul, *mix_mul, *bias;
};

static struct layer
layer_of(const nct_m1 *m, size_t l)
{
	const size_t c = m->c.width, f = m->c.inner, h = m->c.heads;
	void *const *t = m->tensor;

	return (struct layer){
		.norm1 = (const int16_t *)t[NCT_M1_NORM1] + l * c,
		.norm2 = (const int16_t *)t[NCT_M1_NORM2] + l * c,
		.qkv = (const int8_t *)t[NCT_M1_QKV] + l * 3 * c * c,
		.proj = (const int8_t *)t[NCT_M1_PROJ] + l * c * c,
		.up = (const int8_t *)t[NCT_M1_UP] + l * 2 * f * c,
		.down = (const int8_t *)t[NCT_M1_DOWN] + l * c * f,
		.qkv_mul = (const int32_t *)t[NCT_M1_QKV_MUL] + l * 3 * c,
		.proj_mul = (const int32_t *)t[NCT_M1_PROJ_MUL] + l * c,
		.up_mul = (const int32_t *)t[NCT_M1_UP_MUL] + l * 2 * f,
		.down_mul = (const int32_t *)t[NCT_M1_DOWN_MUL] + l * c,
		.score_mul = (const int32_t *)t[NCT_M1_SCORE_MUL] + l * h,
		.mix_mul = (const int32_t *)t[NCT_M1_MIX_MUL] + l * h,
		.bias = m->bias + l * h * (NCT_BIAS_FAR + 1),
	};
}

nct_err
nct_m1_scratch_new(nct_m1_scratch **out, const nct_m1 *m, size_t steps)
{
	const size_t c = m->c.width, f = m->c.inner, reach = m->c.reach, three = 3 * c > NCT_SYMBOLS ? 3 * c : NCT_SYMBOLS;
	nct_m1_scratch *s = calloc(1, sizeof *s);
	nct_err err = NCT_OK;

	*out = NULL;
	if (s == NULL)
		return NCT_ENOMEM;
	s->steps = steps;
	if (m->c.kind == NCT_M1_TRANSFORMER) {
		s->h = calloc(steps, c * sizeof *s->h);
		s->q = calloc(steps, c);
		s->live = calloc(steps, sizeof *s->live);
		s->y = calloc(BLOCK, c);
		s->a = calloc(BLOCK, f);
		s->acc = calloc(BLOCK, (three > 2 * f ? three : 2 * f) * sizeof *s->acc);
		s->row = calloc(reach, sizeof *s->row);
		s->s = calloc(reach, sizeof *s->s);
		s->p = calloc(reach, sizeof *s->p);
		if (s->y == NULL || s->a == NULL || s->acc == NULL || s->row == NULL || s->s == NULL || s->p == NULL ||
		    (steps > 0 && (s->h == NULL || s->q == NULL || s->live == NULL)))
			err = NCT_ENOMEM;
	}
	if (err == NCT_OK)
		*out = s;
	else
		nct_m1_scratch_free(s);
	return err;
}

void
nct_m1_scratch_free(nct_m1_scratch *s)
{
	if (s == NULL)
		return;
	free(s->h);
	free(s->q);
	free(s->live);
	free(s->y);
	free(s->a);
	free(s->acc);
	free(s->row);
	free(s->s);
	free(s->p);
	free(s);
}

/* Queries, keys and values of the steps in `live`, at most BLOCK. */
static void
project(const nct_m1 *m, nct_m1_scratch *s, const struct layer *w, const struct nct_m1_step *steps, const size_t *live,
        size_t n, size_t l)
{
	const size_t c = m->c.width;

	for (size_t i = 0; i < n; i++)
		m->k->norm(s->y + i * c, s->h + live[i] * c, w->norm1, c);
	m->k->matmul(s->acc, s->y, w->qkv, n, 3 * c, c);
	for (size_t i = 0; i < n; i++) {
		m->k->narrow(s->q + live[i] * c, s->acc + i * 3 * c, w->qkv_mul, c);
		m->k->narrow(steps[live[i]].kv_out + l * 2 * c, s->acc + i * 3 * c + c, w->qkv_mul + c, 2 * c);
	}
}

/* What the heads bring back for one step: o (C). */
static void
attend(const nct_m1 *m, nct_m1_scratch *s, const struct layer *w, const struct nct_m1_step *step, const int8_t *q,
       int8_t *o, size_t l)
{
	const size_t c = m->c.width, heads = m->c.heads, d = c / heads;
	const size_t before = step->past < m->c.reach ? step->past : m->c.reach - 1, n = before + 1;
	int32_t sums[NCT_M1_HEAD_MAX];

	for (size_t j = 0; j < before; j++)
		s->row[j] = step->kv[j] + l * 2 * c;
	s->row[before] = step->kv_out + l * 2 * c;
	for (size_t h = 0; h < heads; h++) {
		m->k->dots(s->s, q + h * d, s->row, h * d, n, d);
		const uint32_t z = m->k->weigh(s->p, s->s, w->bias + h * (NCT_BIAS_FAR + 1), w->score_mul[h], n);
		m->k->mix(sums, s->p, s->row, c + h * d, n, d);
		m->k->settle(o + h * d, sums, (uint32_t)(((uint64_t)w->mix_mul[h] << 20) / z), d);
	}
}

/* Adds to the residual stream of the steps in `live` what y brings through a matrix (C,k). */
static void
add_back(const nct_m1 *m, nct_m1_scratch *s, const int8_t *y, const int8_t *w, const int32_t *mul, const size_t *live,
         size_t n, size_t k)
{
	const size_t c = m->c.width;

	m->k->matmul(s->acc, y, w, n, c, k);
	for (size_t i = 0; i < n; i++)
		m->k->add(s->h + live[i] * c, s->acc + i * c, mul, c);
}

/* All of a layer behind project(), for the steps in `live`, at most BLOCK. */
static void
mix_and_feed(const nct_m1 *m, nct_m1_scratch *s, const struct layer *w, const struct nct_m1_step *steps, const size_t *live,
             size_t n, size_t l)
{
	const size_t c = m->c.width, f = m->c.inner;

	for (size_t i = 0; i < n; i++)
		attend(m, s, w, &steps[live[i]], s->q + live[i] * c, s->y + i * c, l);
	add_back(m, s, s->y, w->proj, w->proj_mul, live, n, c);
	for (size_t i = 0; i < n; i++)
		m->k->norm(s->y + i * c, s->h + live[i] * c, w->norm2, c);
	m->k->matmul(s->acc, s->y, w->up, n, 2 * f, c);
	for (size_t i = 0; i < n; i++)
		m->k->gate(s->a + i * f, s->acc + i * 2 * f, w->up_mul, f);
	add_back(m, s, s->a, w->down, w->down_mul, live, n, f);
}

static void
predict(const nct_m1 *m, nct_m1_scratch *s, const struct nct_m1_step *steps, const size_t *live, size_t n)
{
	const size_t c = m->c.width;

	for (size_t i = 0; i < n; i++)
		m->k->norm(s->y + i * c, s->h + live[i] * c, m->tensor[NCT_M1_NORMF], c);
	m->k->matmul(s->acc, s->y, m->tensor[NCT_M1_HEAD], n, NCT_SYMBOLS, c);
	for (size_t i = 0; i < n; i++)
		m->k->predict(steps[live[i]].freq, s->acc + i * NCT_SYMBOLS, m->tensor[NCT_M1_HEAD_MUL]);
}

static size_t
block_of(size_t n, size_t i)
{
	return n - i < BLOCK ? n - i : BLOCK;
}

static void
eval_transformer(const nct_m1 *m, nct_m1_scratch *s, const struct nct_m1_step *steps, size_t n)
{
	const size_t c = m->c.width;
	size_t live = n;

	for (size_t i = 0; i < n; i++) {
		assert(steps[i].symbol < NCT_SYMBOLS);
		memcpy(s->h + i * c, (const int32_t *)m->tensor[NCT_M1_EMBED] + steps[i].symbol * c, c * sizeof *s->h);
		s->live[i] = i;
	}
	for (size_t l = 0; l < m->c.layers; l++) {
		const struct layer w = layer_of(m, l);

		for (size_t i = 0; i < n; i += BLOCK) /* all steps first: they may attend to each other */
			project(m, s, &w, steps, s->live + i, block_of(n, i), l);
		if (l + 1 == m->c.layers) { /* nobody attends to what follows: only frequencies need it */
			live = 0;
			for (size_t i = 0; i < n; i++)
				if (steps[i].freq != NULL)
					s->live[live++] = i;
		}
		for (size_t i = 0; i < live; i += BLOCK)
			mix_and_feed(m, s, &w, steps, s->live + i, block_of(live, i), l);
	}
	for (size_t i = 0; i < live; i += BLOCK)
		predict(m, s, steps, s->live + i, block_of(live, i));
}

void
nct_m1_eval(const nct_m1 *m, nct_m1_scratch *s, const struct nct_m1_step *steps, size_t n)
{
	assert(n <= s->steps);
	if (m->c.kind == NCT_M1_TRANSFORMER) {
		eval_transformer(m, s, steps, n);
		return;
	}
	for (size_t i = 0; i < n; i++)
		if (steps[i].freq != NULL)
			memcpy(steps[i].freq, m->tensor[NCT_M1_FREQ], NCT_SYMBOLS * sizeof steps[i].freq[0]);
}
