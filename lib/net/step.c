/* step.c - inference one position at a time, of several sequences side by side, with a cache of keys and values. */
#include "net/step.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/ladder.h"
#include "base/le.h"
#include "float/float.h"
#include "net/weights.h"

#define TASK_FLOATS 32768 /* weights that a task reads at least, to be worth starting */

/* N is the number of symbols that are read side by side, S that of sequences. */
struct nct_step {
	struct nct_shape s;
	const float *tensor[NCT_P_MODEL];
	enum nct_dots_type type;          /* of weights */
	void *stored[NCT_P_MODEL];        /* owned: weights that are no floats; NULL: those in `tensor` are read */
	float *scale[NCT_P_MODEL];        /* owned: (rows of the whole stack), with NCT_DOTS_INT8 */
	struct nct_tensor t[NCT_P_COUNT];
	const struct nct_float *k;
	nct_threads *pool;
	size_t sequences, count; /* S; N of the last call */
	uint64_t *position;      /* (S) symbols of each sequence read so far */
	size_t *sequence;        /* (N) the sequences of the last call */
	float *block;            /* one block of memory for all arrays below */
	float *keys, *values;    /* (S,L,reach,C) the cache; position p is in row p % reach */
	float *x, *n;            /* (N,C) residual stream; a norm's output */
	float *qkv;              /* (N,3C) */
	float *mix;              /* (N,C) attention's output */
	float *up;               /* (N,2F) gate, then up */
	float *h;                /* (N,F) the gate's output */
	float *scores, *bias;    /* (N,H,reach), oldest position first */
	float *logits;           /* (N,V) */
};

/* The context of product_task(). */
struct product {
	const nct_step *s;
	struct nct_dots all;
	size_t rows; /* a task does `rows` rows of w */
};

static void
product_task(void *ctx, size_t i, unsigned worker)
{
	const struct product *p = ctx;
	const size_t at = i * p->rows;
	struct nct_dots d = p->all;

	(void)worker;
	d.out = d.out - at < p->rows ? d.out - at : p->rows;
	d.w = (const unsigned char *)d.w + at * d.n * nct_dots_bytes(d.type);
	d.scale = d.scale != NULL ? d.scale + at : NULL;
	d.y += at;
	p->s->k->dots(&d);
}

/* y (N,out) = x (N,in) w^T, where w (out,in) are rows of tensor `id`, from matrix `i` of its stack on. With `add`,
 * y += x w^T. */
static void
product(const nct_step *s, float *y, enum nct_tensor_id id, size_t i, const float *x, size_t out, int add)
{
	const size_t in = s->t[id].cols, row = i * s->t[id].rows;
	const enum nct_dots_type type = s->stored[id] != NULL ? s->type : NCT_DOTS_F32;
	const void *w = s->stored[id] != NULL ? s->stored[id] : s->tensor[id];
	struct product p = {.s = s, .rows = TASK_FLOATS / in + 1};

	p.all = (struct nct_dots){.out = out, .count = s->count, .n = in, .type = type, .x = x, .ldx = in, .y = y, .ldy = out,
	                          .add = add};
	p.all.w = (const unsigned char *)w + row * in * nct_dots_bytes(type);
	p.all.scale = type == NCT_DOTS_INT8 ? s->scale[id] + row : NULL;
	nct_parallel(s->pool, (out + p.rows - 1) / p.rows, product_task, &p);
}

/* Matrix or vector `i` of a tensor's stack. */
static const float *
at(const nct_step *s, enum nct_tensor_id id, size_t i)
{
	return s->tensor[id] + i * s->t[id].rows * s->t[id].cols;
}

/* The norms of all N rows of x. */
static void
norm(const nct_step *s, const float *gain)
{
	for (size_t i = 0; i < s->count; i++)
		s->k->norm(s->n + i * s->s.width, s->x + i * s->s.width, gain, s->s.width);
}

/* Positions that the new one of a sequence attends to, itself included. */
static size_t
seen_by(const nct_step *s, size_t sequence)
{
	return s->position[sequence] + 1 < s->s.reach ? (size_t)s->position[sequence] + 1 : s->s.reach;
}

/* Where the cache of layer `l` of a sequence begins, in keys or values. */
static size_t
cache_at(const nct_step *s, size_t sequence, size_t l)
{
	return (sequence * s->s.layers + l) * s->s.reach * s->s.width;
}

/* The context of head_task(). */
struct attention {
	nct_step *s;
	size_t layer;
};

/* Task `i`: head i % H of the symbol i / H. */
static void
head_task(void *ctx, size_t task, unsigned worker)
{
	const struct attention *a = ctx;
	nct_step *s = a->s;
	const size_t C = s->s.width, H = s->s.heads, D = C / H, reach = s->s.reach, i = task / H, head = task % H;
	const size_t seen = seen_by(s, s->sequence[i]), cache = cache_at(s, s->sequence[i], a->layer) + head * D;
	const float scale = (float)(1.0 / sqrt((double)D)), *by_bucket = at(s, NCT_P_BIAS, a->layer) + head * NCT_BUCKETS;
	const float *q = s->qkv + i * 3 * C + head * D, *keys = s->keys + cache, *values = s->values + cache;
	float *score = s->scores + task * reach, *bias = s->bias + task * reach, *mix = s->mix + i * C + head * D, most, sum;
	const uint64_t first = s->position[s->sequence[i]] + 1 - seen;

	(void)worker;
	for (size_t j = 0; j < seen; j++) {
		score[j] = s->k->dot(q, keys + (size_t)((first + j) % reach) * C, D) * scale;
		bias[j] = by_bucket[nct_bucket((uint32_t)(seen - 1 - j))];
	}
	most = s->k->add_max(score, bias, seen);
	sum = s->k->exp_sum(score, most, seen);
	memset(mix, 0, D * sizeof *mix);
	for (size_t j = 0; j < seen; j++)
		s->k->add_scaled(mix, values + (size_t)((first + j) % reach) * C, score[j], D);
	s->k->scale(mix, 1.0f / sum, D);
}

/* Puts the new keys and values into the cache, and attends to those of each sequence. */
static void
attend(nct_step *s, size_t l)
{
	const size_t C = s->s.width;
	struct attention a = {s, l};
	size_t seen = 0;

	for (size_t i = 0; i < s->count; i++) {
		const size_t row = cache_at(s, s->sequence[i], l) + (size_t)(s->position[s->sequence[i]] % s->s.reach) * C;

		memcpy(s->keys + row, s->qkv + i * 3 * C + C, C * sizeof(float));
		memcpy(s->values + row, s->qkv + i * 3 * C + 2 * C, C * sizeof(float));
		seen += seen_by(s, s->sequence[i]);
	}
	if (2 * seen * C >= TASK_FLOATS)
		nct_parallel(s->pool, s->count * s->s.heads, head_task, &a);
	else
		for (size_t h = 0; h < s->count * s->s.heads; h++)
			head_task(&a, h, 0);
}

static void
layer(nct_step *s, size_t l)
{
	const size_t C = s->s.width, F = s->s.inner;

	norm(s, at(s, NCT_P_NORM1, l));
	product(s, s->qkv, NCT_P_QKV, 3 * l, s->n, 3 * C, 0);
	attend(s, l);
	product(s, s->x, NCT_P_PROJ, l, s->mix, C, 1);
	norm(s, at(s, NCT_P_NORM2, l));
	product(s, s->up, NCT_P_UP, 2 * l, s->n, 2 * F, 0);
	for (size_t i = 0; i < s->count; i++)
		s->k->gate(s->h + i * F, s->up + i * 2 * F, F);
	product(s, s->x, NCT_P_DOWN, l, s->h, C, 1);
}

nct_err
nct_step_read(nct_step *s, const struct nct_step_input *in, size_t count)
{
	const size_t C = s->s.width;

	assert(count <= s->sequences);
	for (size_t i = 0; i < count; i++)
		if (in[i].symbol >= s->s.inputs)
			return NCT_EARG;
	s->count = count;
	for (size_t i = 0; i < count; i++) {
		memcpy(s->x + i * C, at(s, NCT_P_EMBED, 0) + in[i].symbol * C, C * sizeof(float));
		s->sequence[i] = in[i].sequence;
	}
	for (size_t l = 0; l < s->s.layers; l++)
		layer(s, l);
	for (size_t i = 0; i < count; i++)
		s->position[in[i].sequence]++;
	return NCT_OK;
}

const float *
nct_step_logits(nct_step *s)
{
	norm(s, at(s, NCT_P_NORMF, 0));
	product(s, s->logits, NCT_P_HEAD, 0, s->n, s->s.vocab, 0);
	return s->logits;
}

void
nct_step_copy(nct_step *s, size_t to, size_t from)
{
	const uint64_t n = s->position[from] < s->s.reach ? s->position[from] : s->s.reach;
	const size_t bytes = (size_t)n * s->s.width * sizeof(float);

	for (size_t l = 0; l < s->s.layers; l++) {
		memcpy(s->keys + cache_at(s, to, l), s->keys + cache_at(s, from, l), bytes);
		memcpy(s->values + cache_at(s, to, l), s->values + cache_at(s, from, l), bytes);
	}
	s->position[to] = s->position[from];
}

nct_threads *
nct_step_threads(nct_step *s)
{
	return s->pool;
}

const struct nct_float *
nct_step_kernels(const nct_step *s)
{
	return s->k;
}

/* ---- memory ---- */

/* Stores the weights as s->type. */
static nct_err
store_weights(nct_step *s)
{
	for (int id = 0; id < NCT_P_MODEL && s->type != NCT_DOTS_F32; id++) {
		const struct nct_tensor *t = &s->t[id];
		const size_t rows = t->stack * t->rows;

		if (!nct_weights_stored((enum nct_tensor_id)id))
			continue;
		s->stored[id] = malloc(t->size * nct_dots_bytes(s->type));
		s->scale[id] = malloc(rows * sizeof(float));
		if (s->stored[id] == NULL || s->scale[id] == NULL)
			return NCT_ENOMEM;
		nct_weights_store(s->stored[id], s->scale[id], s->type, s->tensor[id], rows, t->cols);
	}
	return NCT_OK;
}

/* Points the arrays into `block` and returns its size in floats. With NULL, only counts. 0 if that overflows. */
static size_t
lay_out(nct_step *s, float *block)
{
	const size_t C = s->s.width, F = s->s.inner, H = s->s.heads, N = s->sequences, cache = nct_step_bytes(&s->s) / 8;
	struct {
		float **to;
		size_t a, b, c;
	} arrays[] = {
		{&s->keys, N, cache, 1}, {&s->values, N, cache, 1}, {&s->x, N, C, 1}, {&s->n, N, C, 1},
		{&s->qkv, N, C, 3}, {&s->mix, N, C, 1}, {&s->up, N, F, 2}, {&s->h, N, F, 1}, {&s->scores, N, H, s->s.reach},
		{&s->bias, N, H, s->s.reach}, {&s->logits, N, s->s.vocab, 1},
	};
	size_t used = 0, n;

	if (cache == 0)
		return 0;
	for (size_t i = 0; i < sizeof arrays / sizeof arrays[0]; i++) {
		if (block != NULL)
			*arrays[i].to = block + used;
		if (nct_size_mul(&n, arrays[i].a, arrays[i].b) != 0 || nct_size_mul(&n, n, arrays[i].c) != 0 ||
		    nct_size_add(&used, used, n) != 0)
			return 0;
	}
	return used > SIZE_MAX / sizeof(float) ? 0 : used;
}

size_t
nct_step_bytes(const struct nct_shape *s)
{
	size_t n;

	return nct_size_mul(&n, s->layers, s->reach) != 0 || nct_size_mul(&n, n, s->width) != 0 ||
	               nct_size_mul(&n, n, 2 * sizeof(float)) != 0 ? 0 : n;
}

nct_err
nct_step_new(nct_step **out, const struct nct_shape *shape, const float *const tensor[NCT_P_MODEL],
             enum nct_dots_type type, size_t sequences, unsigned threads, const char *cpu, nct_why *why)
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
	s->type = type;
	s->sequences = sequences;
	if ((err = nct_threads_new(&s->pool, threads)) != NCT_OK)
		goto fail;
	memcpy(s->tensor, tensor, sizeof s->tensor);
	if ((err = nct_float_choose(&s->k, cpu)) != NCT_OK) {
		(void)nct_fail(why, err, NCT_LADDER_NONE, cpu == NULL ? "" : cpu);
		goto fail;
	}
	s->k = nct_float_single(s->k); /* reading weights is what takes time: products of bf16 would gain nothing */
	err = NCT_ENOMEM;
	floats = lay_out(s, NULL);
	s->position = calloc(sequences, sizeof *s->position);
	s->sequence = calloc(sequences, sizeof *s->sequence);
	if (floats == 0 || (s->block = calloc(floats, sizeof(float))) == NULL || s->position == NULL ||
	    s->sequence == NULL || store_weights(s) != NCT_OK) {
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
	for (int id = 0; id < NCT_P_MODEL; id++) {
		free(s->stored[id]);
		free(s->scale[id]);
	}
	free(s->position);
	free(s->sequence);
	free(s->block);
	free(s);
}
