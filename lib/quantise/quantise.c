/* quantise.c - quantises a trained float net to the exact integer M1: chooses scales and makes each tensor. */
#include "quantise/quantise.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "m1/m1_impl.h"
#include "quantise/quantise_impl.h"

#define FIT_MAX 1.99      /* the largest multiplier that we put into an int32 with 30 fractional bits */
#define HEADROOM 8        /* the residual stream may be so many times larger than in the samples */

struct quantiser {
	const struct nct_shape *s;
	const float *params;
	struct nct_tensor t[NCT_P_COUNT];
	struct nct_samples samples;
	nct_m1 *m;
	unsigned threads;
	nct_why *why;
	size_t c, f, h, d;       /* width C, inner F, heads H, width D of a head */
	float *gained;           /* (max(3C,2F,V),C) a matrix times the gain of the norm before it */
	float *in;               /* (max(C,F)) units of int8 per unit of input */
	float *in_max;           /* (max(C,F)) upper limits of `in` */
	float *scale;            /* (max(3C,2F,V)) units of output per unit of the integer sum */
	float *out;              /* (3C) units of int8 per unit of q, k, v */
	float *importance;       /* (max(3C,2F,V)) weights of squared errors in each output */
	float *residual;         /* (L,2,C) `scale` of proj and down, until the scale of the residual stream is known */
	float *column;           /* (samples,D) values of one head */
};

static const float *
param(const struct quantiser *k, enum nct_tensor_id id, size_t layer, size_t size)
{
	return k->params + k->t[id].offset + layer * size;
}

/* Layer `layer` of an M1 tensor with `size` elements per layer; likewise below for other types. */
static int8_t *
i8_at(const struct quantiser *k, enum nct_m1_tensor id, size_t layer, size_t size)
{
	return (int8_t *)k->m->tensor[id] + layer * size;
}

static int16_t *
i16_at(const struct quantiser *k, enum nct_m1_tensor id, size_t layer, size_t size)
{
	return (int16_t *)k->m->tensor[id] + layer * size;
}

static int32_t *
i32_at(const struct quantiser *k, enum nct_m1_tensor id, size_t layer, size_t size)
{
	return (int32_t *)k->m->tensor[id] + layer * size;
}

/* *out = x rounded, a fixed-point number. NCT_EARG if it is not in [0, max]; `name` is for the message. */
static nct_err
put_mul(int32_t *out, double x, double max, const char *name, nct_why *why)
{
	const double rounded = floor(x + 0.5);

	if (!(rounded >= 0 && rounded <= max))
		return nct_fail(why, NCT_EARG, "tensor %s: a multiplier of %g, but %g is the most", name, x, max);
	*out = (int32_t)rounded;
	return NCT_OK;
}

static double
mean_square(const float *x, size_t n, size_t stride)
{
	double sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += (double)x[i * stride] * (double)x[i * stride];
	return sum / (double)n;
}

static float
largest(const float *x, size_t n, size_t stride)
{
	float top = 0;

	for (size_t i = 0; i < n; i++)
		top = fmaxf(top, x[i * stride]);
	return top;
}

/* ---- A matrix after a norm ---- */

/* Quantises matrix w (rows,C), whose input is the norm with `gain`, to w8 and k->scale. Sets the norm's multipliers
 * `mul`. x: samples of the norm's output before the gain. */
static nct_err
fit_normed(struct quantiser *k, const float *x, const float *gain, const float *w, size_t rows, const float *importance,
           int16_t *mul, int8_t *w8)
{
	struct nct_fit f = {.n = k->samples.rows, .k = k->c, .r = rows, .x = x, .ldx = k->c, .w = k->gained,
	                    .importance = importance, .step = 0x1p-4f, .in_max = k->in_max, .in = k->in, .w8 = w8,
	                    .scale = k->scale};
	nct_err err;

	for (size_t j = 0; j < k->c; j++)
		k->in_max[j] = 32767 / 16.0f; /* as y = x * mul / 16 with mul <= 32767 */
	for (size_t r = 0; r < rows; r++)
		for (size_t j = 0; j < k->c; j++)
			k->gained[r * k->c + j] = w[r * k->c + j] * gain[j];
	err = nct_fit_matrix(&f, k->m->k, k->threads);
	for (size_t j = 0; j < k->c; j++)
		mul[j] = (int16_t)(k->in[j] * 16);
	return err;
}

/* ---- attention ---- */

/* Copies head h of q (part 0), k (1) or v (2) from the samples of qkv into k->column, with column i times by[i]. */
static void
head_column(struct quantiser *k, const float *qkv, size_t part, size_t h, const float *by)
{
	for (size_t n = 0; n < k->samples.rows; n++)
		for (size_t i = 0; i < k->d; i++)
			k->column[n * k->d + i] = qkv[n * 3 * k->c + part * k->c + h * k->d + i] * by[i];
}

/* Chooses the scales of head h's q and k, in k->out, and its score.mul. A factor on a column of q cancels out
 * against its inverse on the same column of k. So factors are chosen that make both columns equal in size. */
static nct_err
scale_scores(struct quantiser *k, uint32_t layer, size_t h)
{
	const float *qkv = nct_samples_at(&k->samples, layer, NCT_SITE_QKV);
	float by_q[NCT_M1_HEAD_MAX], by_k[NCT_M1_HEAD_MAX], *q = k->out + h * k->d;

	for (size_t i = 0; i < k->d; i++) {
		const size_t at = h * k->d + i;
		const double sq = mean_square(qkv + at, k->samples.rows, 3 * k->c);
		const double sk = mean_square(qkv + k->c + at, k->samples.rows, 3 * k->c);

		by_q[i] = sq > 0 && sk > 0 ? (float)fmin(fmax(pow(sk / sq, 0.25), 1e-3), 1e3) : 1;
		by_k[i] = 1 / by_q[i];
	}
	head_column(k, qkv, 0, h, by_q);
	const float clip_q = nct_fit_clip(k->column, k->samples.rows, k->d, k->d, NULL);
	head_column(k, qkv, 1, h, by_k);
	const float clip_k = nct_fit_clip(k->column, k->samples.rows, k->d, k->d, NULL);
	for (size_t i = 0; i < k->d; i++) {
		q[i] = clip_q > 0 ? by_q[i] * 127 / clip_q : 0;
		q[k->c + i] = clip_k > 0 ? by_k[i] * 127 / clip_k : 0;
	}
	const double unit = (double)clip_q * (double)clip_k / (127 * 127 * sqrt((double)k->d));
	return put_mul(i32_at(k, NCT_M1_SCORE_MUL, layer, k->h) + h, NCT_LOG2E * 0x1p26 * unit, 1 << 22, "score.mul", k->why);
}

/* Chooses the gain of head h's output o: as o is an average of v, it is smaller than v, and can be scaled up in
 * int8. Writes the scales of proj's input to k->in. */
static nct_err
scale_mix(struct quantiser *k, uint32_t layer, size_t h, const float *proj)
{
	const float *mix = nct_samples_at(&k->samples, layer, NCT_SITE_MIX), *v = k->out + 2 * k->c + h * k->d;
	int32_t *mul = i32_at(k, NCT_M1_MIX_MUL, layer, k->h) + h;
	float weight[NCT_M1_HEAD_MAX];

	for (size_t i = 0; i < k->d; i++) {
		weight[i] = v[i] > 0 ? (float)(mean_square(proj + h * k->d + i, k->c, k->c) / ((double)v[i] * (double)v[i])) : 0;
		for (size_t n = 0; n < k->samples.rows; n++)
			k->column[n * k->d + i] = mix[n * k->c + h * k->d + i] * v[i];
	}
	const float clip = nct_fit_clip(k->column, k->samples.rows, k->d, k->d, weight);
	const double gain = clip > 0 ? fmin(127 / (double)clip, 16) : 1;
	const nct_err err = put_mul(mul, gain * 0x1p16, 1 << 20, "mix.mul", k->why);
	for (size_t i = 0; i < k->d; i++)
		k->in[h * k->d + i] = v[i] * (float)*mul * 0x1p-16f;
	return err;
}

/* Chooses the scales of q, k and v, then quantises the matrix that makes them. */
static nct_err
make_qkv(struct quantiser *k, uint32_t l)
{
	const size_t c = k->c;
	const float *qkv = nct_samples_at(&k->samples, l, NCT_SITE_QKV), *x = nct_samples_at(&k->samples, l, NCT_SITE_NORM1);
	int32_t *mul = i32_at(k, NCT_M1_QKV_MUL, l, 3 * c);
	nct_err err = NCT_OK;

	for (size_t h = 0; h < k->h && err == NCT_OK; h++)
		err = scale_scores(k, l, h);
	for (size_t i = 0; i < c; i++) {
		const float clip = nct_fit_clip(qkv + 2 * c + i, k->samples.rows, 1, 3 * c, NULL);

		k->out[2 * c + i] = clip > 0 ? 127 / clip : 0;
	}
	for (size_t r = 0; r < 3 * c; r++)
		k->importance[r] = k->out[r] * k->out[r]; /* errors count in units of the int8 output */
	if (err == NCT_OK)
		err = fit_normed(k, x, param(k, NCT_P_NORM1, l, c), param(k, NCT_P_QKV, l, 3 * c * c), 3 * c, k->importance,
		                 i16_at(k, NCT_M1_NORM1, l, c), i8_at(k, NCT_M1_QKV, l, 3 * c * c));
	for (size_t r = 0; r < 3 * c && err == NCT_OK; r++)
		err = put_mul(mul + r, (double)k->scale[r] * (double)k->out[r] * 0x1p30, INT32_MAX, "qkv.mul", k->why);
	return err;
}

static nct_err
make_attention(struct quantiser *k, uint32_t l)
{
	const size_t c = k->c;
	const float *proj = param(k, NCT_P_PROJ, l, c * c), *bias = param(k, NCT_P_BIAS, l, k->h * NCT_BUCKETS);
	struct nct_fit f = {.n = k->samples.rows, .k = c, .r = c, .x = nct_samples_at(&k->samples, l, NCT_SITE_MIX), .ldx = c,
	                    .w = proj, .given = 1, .in = k->in, .w8 = i8_at(k, NCT_M1_PROJ, l, c * c),
	                    .scale = k->residual + l * 2 * c};
	int32_t *b = i32_at(k, NCT_M1_BIAS, l, k->h * NCT_BUCKETS);
	const double most = (1 << 20) - 1;
	nct_err err = make_qkv(k, l);

	for (size_t i = 0; i < k->h * NCT_BUCKETS; i++)
		b[i] = (int32_t)floor(fmin(fmax((double)bias[i] * NCT_LOG2E * 1024, -most), most) + 0.5);
	for (size_t h = 0; h < k->h && err == NCT_OK; h++)
		err = scale_mix(k, l, h, proj);
	return err == NCT_OK ? nct_fit_matrix(&f, k->m->k, k->threads) : err;
}

/* ---- feed-forward ---- */

/* Chooses the multipliers of gate and up from the scales of down's input a = relu(g) * u. Each such scale is divided
 * between g and u so that both make good use of 16 bits. */
static nct_err
scale_gate(struct quantiser *k, uint32_t l)
{
	const float *up = nct_samples_at(&k->samples, l, NCT_SITE_UP);
	int32_t *mul = i32_at(k, NCT_M1_UP_MUL, l, 2 * k->f);
	nct_err err = NCT_OK;

	for (size_t i = 0; i < k->f && err == NCT_OK; i++) {
		const double g = (double)largest(up + i, k->samples.rows, 2 * k->f);
		const double u = sqrt(mean_square(up + k->f + i, k->samples.rows, 2 * k->f)) * 4, both = (double)k->in[i] * 0x1p16;
		const double sum_g = (double)k->scale[i], sum_u = (double)k->scale[k->f + i];
		double by_g = both > 0 ? sqrt(both * (g > 0 ? u / g : 1)) : 0;

		if (both > 0 && sum_g > 0 && sum_u > 0) { /* the range is not empty, thanks to in_max */
			by_g = fmax(by_g, both * sum_u / FIT_MAX);
			by_g = fmin(by_g, FIT_MAX / sum_g);
		}
		err = put_mul(mul + i, sum_g * by_g * 0x1p30, INT32_MAX, "up.mul", k->why);
		if (err == NCT_OK)
			err = put_mul(mul + k->f + i, by_g > 0 ? sum_u * both / by_g * 0x1p30 : 0, INT32_MAX, "up.mul", k->why);
	}
	return err;
}

static nct_err
make_feed(struct quantiser *k, uint32_t l)
{
	const size_t c = k->c, f = k->f;
	const float *up = nct_samples_at(&k->samples, l, NCT_SITE_UP), *x = nct_samples_at(&k->samples, l, NCT_SITE_NORM2);
	struct nct_fit down = {.n = k->samples.rows,
	                       .k = f,
	                       .r = c,
	                       .x = nct_samples_at(&k->samples, l, NCT_SITE_GATE),
	                       .ldx = f,
	                       .w = param(k, NCT_P_DOWN, l, c * f),
	                       .in_max = k->in_max,
	                       .in = k->in,
	                       .w8 = i8_at(k, NCT_M1_DOWN, l, c * f),
	                       .scale = k->residual + (l * 2 + 1) * c};
	nct_err err;

	for (size_t r = 0; r < 2 * f; r++) {
		const double square = mean_square(up + r, k->samples.rows, 2 * f);

		k->importance[r] = square > 0 ? (float)(1 / square) : 0;
	}
	err = fit_normed(k, x, param(k, NCT_P_NORM2, l, c), param(k, NCT_P_UP, l, 2 * f * c), 2 * f, k->importance,
	                 i16_at(k, NCT_M1_NORM2, l, c), i8_at(k, NCT_M1_UP, l, 2 * f * c));
	for (size_t i = 0; i < f; i++) {
		const double most = FIT_MAX * FIT_MAX / 0x1p16 / fmax((double)k->scale[i] * (double)k->scale[f + i], 1e-30);

		k->in_max[i] = (float)fmin(most, 1e30) * 0.999f;
	}
	if (err == NCT_OK)
		err = nct_fit_matrix(&down, k->m->k, k->threads);
	return err == NCT_OK ? scale_gate(k, l) : err;
}

/* ---- head and residual stream ---- */

static nct_err
make_head(struct quantiser *k)
{
	const float *x = nct_samples_at(&k->samples, k->s->layers, NCT_SITE_NORMF);
	int32_t *mul = i32_at(k, NCT_M1_HEAD_MUL, 0, 0);
	nct_err err = fit_normed(k, x, param(k, NCT_P_NORMF, 0, 0), param(k, NCT_P_HEAD, 0, 0), NCT_SYMBOLS, NULL,
	                         i16_at(k, NCT_M1_NORMF, 0, 0), i8_at(k, NCT_M1_HEAD, 0, 0));

	for (size_t r = 0; r < NCT_SYMBOLS && err == NCT_OK; r++)
		err = put_mul(mul + r, (double)k->scale[r] * NCT_LOG2E * 0x1p36, (1 << 29) - 1, "head.mul", k->why);
	return err;
}

/* Chooses the scale of the residual stream. It is the finest with which the largest values, times HEADROOM, and the
 * multipliers of proj and down fit. Then makes the embeddings and these multipliers. */
static nct_err
make_residual(struct quantiser *k)
{
	const float *embed = param(k, NCT_P_EMBED, 0, 0);
	const size_t c = k->c, count = k->s->layers * c;
	double scale = ((1 << 21) - 1) / (double)HEADROOM / fmax((double)k->samples.top, 1e-20);
	int32_t *e = i32_at(k, NCT_M1_EMBED, 0, 0), *proj = i32_at(k, NCT_M1_PROJ_MUL, 0, 0);
	int32_t *down = i32_at(k, NCT_M1_DOWN_MUL, 0, 0);
	nct_err err = NCT_OK;

	for (size_t i = 0; i < 2 * count; i++)
		if (k->residual[i] > 0)
			scale = fmin(scale, FIT_MAX / (double)k->residual[i]);
	for (size_t i = 0; i < NCT_SYMBOLS * c; i++)
		e[i] = (int32_t)floor((double)embed[i] * scale + 0.5);
	for (size_t i = 0; i < count && err == NCT_OK; i++) {
		const float *of = k->residual + i / c * 2 * c + i % c; /* of[0] is proj's, of[c] down's */

		err = put_mul(proj + i, (double)of[0] * scale * 0x1p30, INT32_MAX, "proj.mul", k->why);
		if (err == NCT_OK)
			err = put_mul(down + i, (double)of[c] * scale * 0x1p30, INT32_MAX, "down.mul", k->why);
	}
	return err;
}

/* ---- the whole M1 ---- */

static struct nct_m1_config
config_of(const struct nct_shape *s)
{
	return (struct nct_m1_config){.kind = NCT_M1_TRANSFORMER, .width = s->width, .heads = s->heads, .layers = s->layers,
	                              .inner = s->inner, .reach = s->reach};
}

nct_err
nct_m1_quantise_check(const struct nct_shape *s, nct_why *why)
{
	const struct nct_m1_config c = config_of(s);

	if (s->vocab != NCT_SYMBOLS || s->inputs != NCT_SYMBOLS)
		return nct_fail(why, NCT_EARG, "M1 has %d symbols, not %" PRIu32 " and %" PRIu32, NCT_SYMBOLS, s->vocab, s->inputs);
	return nct_m1_config_check(&c, why);
}

static nct_err
allocate(struct quantiser *k)
{
	const size_t inputs = k->c > k->f ? k->c : k->f;
	size_t outputs = 3 * k->c > 2 * k->f ? 3 * k->c : 2 * k->f;

	outputs = outputs > NCT_SYMBOLS ? outputs : NCT_SYMBOLS;
	k->gained = calloc(outputs, k->c * sizeof *k->gained);
	k->in = calloc(inputs, sizeof *k->in);
	k->in_max = calloc(inputs, sizeof *k->in_max);
	k->scale = calloc(outputs, sizeof *k->scale);
	k->out = calloc(3 * k->c, sizeof *k->out);
	k->importance = calloc(outputs, sizeof *k->importance);
	k->residual = calloc(k->s->layers, 2 * k->c * sizeof *k->residual);
	k->column = calloc(k->samples.rows, k->d * sizeof *k->column);
	if (k->gained == NULL || k->in == NULL || k->in_max == NULL || k->scale == NULL || k->out == NULL ||
	    k->importance == NULL || k->residual == NULL || k->column == NULL)
		return NCT_ENOMEM;
	return NCT_OK;
}

static void
release(struct quantiser *k)
{
	nct_samples_free(&k->samples);
	nct_m1_free(k->m);
	free(k->gained);
	free(k->in);
	free(k->in_max);
	free(k->scale);
	free(k->out);
	free(k->importance);
	free(k->residual);
	free(k->column);
}

nct_err
nct_m1_quantise(nct_m1 **out, const struct nct_shape *s, const float *params, const uint32_t *in, size_t rows,
                size_t length, unsigned threads, const char *cpu, nct_why *why)
{
	const struct nct_m1_config config = config_of(s);
	struct quantiser k = {
	    .s = s, .params = params, .threads = threads, .why = why, .c = s->width, .f = s->inner, .h = s->heads};
	size_t total;
	nct_err err;

	*out = NULL;
	if ((err = nct_m1_quantise_check(s, why)) != NCT_OK)
		return err;
	if (threads == 0 || length == 0 || rows < (NCT_SAMPLES_MIN + length - 1) / length)
		return nct_fail(why, NCT_EARG, "less than %d symbols to learn the ranges of values from", NCT_SAMPLES_MIN);
	k.d = k.c / k.h;
	if ((err = nct_shape_tensors(s, k.t, &total, why)) != NCT_OK || (err = nct_m1_new(&k.m, &config, cpu, why)) != NCT_OK)
		return err;
	if ((err = nct_samples_take(&k.samples, s, params, in, rows, length, threads, cpu, why)) == NCT_OK)
		err = allocate(&k);
	for (uint32_t l = 0; l < s->layers && err == NCT_OK; l++)
		if ((err = make_attention(&k, l)) == NCT_OK)
			err = make_feed(&k, l);
	if (err == NCT_OK && (err = make_head(&k)) == NCT_OK && (err = make_residual(&k)) == NCT_OK)
		err = nct_m1_seal(k.m, why);
	if (err == NCT_OK) {
		*out = k.m;
		k.m = NULL;
	}
	release(&k);
	return err;
}
