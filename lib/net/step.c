/* step.c - inference one position at a time, with a cache of keys and values. */
#include "net/step.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/ladder.h"
#include "base/le.h"
#include "base/threads.h"
#include "float/float.h"

#define TASK_FLOATS 32768 /* weights that a task reads at least, to be worth starting */

struct nct_step {
	struct nct_shape s;
	const float *tensor[NCT_P_COUNT];
	struct nct_tensor t[NCT_P_COUNT];
	const struct nct_float *k;
	nct_threads *pool;
	uint64_t position;   /* symbols read so far */
	float *block;        /* one block of memory for all arrays below */
	float *keys, *values; /* (L,reach,C) the cache; position p is in row p % reach */
	float *x, *n;        /* (C) residual stream; a norm's output */
	float *qkv;          /* (3C) */
	float *mix;          /* (C) attention's output */
	float *up;           /* (2F) gate, then up */
	float *h;            /* (F) the gate's output */
	float *scores, *bias; /* (H,reach), oldest position first */
	float *logits;       /* (V) */
};

/* The product y (out) = w (out,in) x; with `add`, y += w x. */
struct product {
	const nct_step *s;
	float *y;
	const float *w, *x;
	size_t out, in, rows; /* a task does `rows` rows of w */
	int add;
};

static void
product_task(void *ctx, size_t i, unsigned worker)
{
	const struct product *p = ctx;
	const size_t at = i * p->rows, end = p->out - at < p->rows ? p->out : at + p->rows;

	(void)worker;
	for (size_t o = at; o < end; o++) {
		const float v = p->s->k->dot(p->w + o * p->in, p->x, p->in);

		p->y[o] = p->add ? p->y[o] + v : v;
	}
}

static void
product(const nct_step *s, float *y, const float *w, const float *x, size_t out, size_t in, int add)
{
	struct product p = {s, y, w, x, out, in, TASK_FLOATS / in + 1, add};

	nct_parallel(s->pool, (out + p.rows - 1) / p.rows, product_task, &p);
}

/* Matrix or vector `i` of a tensor's stack. */
static const float *
at(const nct_step *s, enum nct_tensor_id id, size_t i)
{
	return s->tensor[id] + i * s->t[id].rows * s->t[id].cols;
}

/* The context of head_task(). */
struct attention {
	nct_step *s;
	size_t layer, seen; /* seen: positions that the last one attends to, itself included */
};

static void
head_task(void *ctx, size_t head, unsigned worker)
{
	const struct attention *a = ctx;
	nct_step *s = a->s;
	const size_t C = s->s.width, D = C / s->s.heads, reach = s->s.reach, col = head * D;
	const float scale = (float)(1.0 / sqrt((double)D)), *by_bucket = at(s, NCT_P_BIAS, a->layer) + head * NCT_BUCKETS;
	const float *q = s->qkv + col, *keys = s->keys + a->layer * reach * C + col,
		    *values = s->values + a->layer * reach * C + col;
	float *score = s->scores + head * reach, *bias = s->bias + head * reach, *mix = s->mix + col, most, sum;
	const uint64_t first = s->position + 1 - a->seen;

	(void)worker;
	for (size_t j = 0; j < a->seen; j++) {
		score[j] = s->k->dot(q, keys + (size_t)((first + j) % reach) * C, D) * scale;
		bias[j] = by_bucket[nct_bucket((uint32_t)(a->seen - 1 - j))];
	}
	most = s->k->add_max(score, bias, a->seen);
	sum = s->k->exp_sum(score, most, a->seen);
	memset(mix, 0, D * sizeof *mix);
	for (size_t j = 0; j < a->seen; j++)
		s->k->add_scaled(mix, values + (size_t)((first + j) % reach) * C, score[j], D);
	s->k->scale(mix, 1.0f / sum, D);
}

static void
layer(nct_step *s, size_t l)
{
	const size_t C = s->s.width, F = s->s.inner, reach = s->s.reach;
	const size_t row = (l * reach + (size_t)(s->position % reach)) * C;
	struct attention a = {s, l, s->position + 1 < reach ? (size_t)s->position + 1 : reach};

	s->k->norm(s->n, s->x, at(s, NCT_P_NORM1, l), C);
	product(s, s->qkv, at(s, NCT_P_QKV, 3 * l), s->n, 3 * C, C, 0);
	memcpy(s->keys + row, s->qkv + C, C * sizeof(float));
	memcpy(s->values + row, s->qkv + 2 * C, C * sizeof(float));
	if (2 * a.seen * C >= TASK_FLOATS)
		nct_parallel(s->pool, s->s.heads, head_task, &a);
	else
		for (size_t h = 0; h < s->s.heads; h++)
			head_task(&a, h, 0);
	product(s, s->x, at(s, NCT_P_PROJ, l), s->mix, C, C, 1);
	s->k->norm(s->n, s->x, at(s, NCT_P_NORM2, l), C);
	product(s, s->up, at(s, NCT_P_UP, 2 * l), s->n, 2 * F, C, 0);
	s->k->gate(s->h, s->up, F);
	product(s, s->x, at(s, NCT_P_DOWN, l), s->h, C, F, 1);
}

nct_err
nct_step_read(nct_step *s, uint32_t in)
{
	const size_t C = s->s.width;

	if (in >= s->s.inputs)
		return NCT_EARG;
	memcpy(s->x, at(s, NCT_P_EMBED, 0) + in * C, C * sizeof(float));
	for (size_t l = 0; l < s->s.layers; l++)
		layer(s, l);
	s->position++;
	return NCT_OK;
}

const float *
nct_step_logits(nct_step *s)
{
	s->k->norm(s->n, s->x, at(s, NCT_P_NORMF, 0), s->s.width);
	product(s, s->logits, at(s, NCT_P_HEAD, 0), s->n, s->s.vocab, s->s.width, 0);
	return s->logits;
}

/* ---- memory ---- */

/* Points the arrays into `block` and returns its size in floats. With NULL, only counts. 0 if that overflows. */
static size_t
lay_out(nct_step *s, float *block)
{
	const size_t C = s->s.width, F = s->s.inner, L = s->s.layers, H = s->s.heads, R = s->s.reach;
	struct {
		float **to;
		size_t a, b;
	} arrays[] = {
		{&s->keys, L * R, C}, {&s->values, L * R, C}, {&s->x, C, 1},      {&s->n, C, 1},    {&s->qkv, C, 3},
		              {&s->mix, C, 1},
		{&s->up, F, 2},       {&s->h, F, 1},          {&s->scores, H, R}, {&s->bias, H, R}, {&s->logits, s->s.vocab, 1},
	};
	size_t used = 0, n;

	for (size_t i = 0; i < sizeof arrays / sizeof arrays[0]; i++) {
		if (block != NULL)
			*arrays[i].to = block + used;
		if (nct_size_mul(&n, arrays[i].a, arrays[i].b) != 0 || nct_size_add(&used, used, n) != 0)
			return 0;
	}
	return used > SIZE_MAX / sizeof(float) ? 0 : used;
}

nct_err
nct_step_new(nct_step **out, const struct nct_shape *shape, const float *const tensor[NCT_P_COUNT], unsigned threads,
             const char *cpu, nct_why *why)
{
	nct_step *s = calloc(1, sizeof *s);
	size_t total, floats;
	nct_err err = NCT_ENOMEM;

	*out = NULL;
	if (s == NULL)
		goto fail;
	if ((err = nct_shape_tensors(shape, s->t, &total, why)) != NCT_OK)
		goto fail;
	s->s = *shape;
	if ((err = nct_threads_new(&s->pool, threads)) != NCT_OK)
		goto fail;
	memcpy(s->tensor, tensor, sizeof s->tensor);
	if ((err = nct_float_choose(&s->k, cpu)) != NCT_OK) {
		(void)nct_fail(why, err, NCT_LADDER_NONE, cpu == NULL ? "" : cpu);
		goto fail;
	}
	s->k = nct_float_single(s->k); /* each weight is read once per position, so bf16 would gain nothing */
	err = NCT_ENOMEM;
	floats = lay_out(s, NULL);
	if (floats == 0 || (s->block = calloc(floats, sizeof(float))) == NULL) {
		(void)nct_fail(why, err, "out of memory");
		goto fail;
	}
	(void)lay_out(s, s->block);
	*out = s;
	return NCT_OK;
fail:
	nct_step_free(s);
	return err;
}

void
nct_step_free(nct_step *s)
{
	if (s == NULL)
		return;
	nct_threads_free(s->pool);
	free(s->block);
	free(s);
}
