/* to_floats.c - makes a float net of an integer M1, to train it further: the inverse of quantise.c. */
#include "quantise/to_floats.h"

#include <inttypes.h>
#include <math.h>

#include "base/err.h"
#include "m1/m1_impl.h"

/* Works on layer `l`. An M1 determines the float net up to scales that cancel out, such as those of q and k. These
 * are chosen so that the weights on both sides have equal norms, as after training. */
struct dequantiser {
	const nct_m1 *m;
	float *params;
	struct nct_tensor t[NCT_P_COUNT];
	size_t c, f, h, l;
	double residual; /* units of the integers' residual stream per unit of the net's */
};

static float *
param(const struct dequantiser *k, enum nct_tensor_id id, size_t size)
{
	return k->params + k->t[id].offset + k->l * size;
}

static const int8_t *
i8_of(const struct dequantiser *k, enum nct_m1_tensor id, size_t size)
{
	return (const int8_t *)k->m->tensor[id] + k->l * size;
}

static const int16_t *
i16_of(const struct dequantiser *k, enum nct_m1_tensor id, size_t size)
{
	return (const int16_t *)k->m->tensor[id] + k->l * size;
}

static const int32_t *
i32_of(const struct dequantiser *k, enum nct_m1_tensor id, size_t size)
{
	return (const int32_t *)k->m->tensor[id] + k->l * size;
}

static double
norm(const float *x, size_t n, size_t stride)
{
	double sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += (double)x[i * stride] * (double)x[i * stride];
	return sqrt(sum);
}

static void
times(float *x, size_t n, size_t stride, double by)
{
	for (size_t i = 0; i < n; i++)
		x[i * stride] *= (float)by;
}

/* w (rows,C) of a matrix after a norm. unit[r] * per is the size of a unit of output r. The norm's multipliers go
 * into w, so that its gain becomes 1. */
static void
behind_norm(const struct dequantiser *k, float *w, const int8_t *w8, const int32_t *unit, double per, size_t rows,
            const int16_t *mul)
{
	for (size_t r = 0; r < rows; r++)
		for (size_t j = 0; j < k->c; j++)
			w[r * k->c + j] = (float)(w8[r * k->c + j] * (unit[r] * per) * (mul[j] / 16.0));
}

static void
ones(float *gain, size_t n)
{
	for (size_t i = 0; i < n; i++)
		gain[i] = 1;
}

static void
attention(const struct dequantiser *k)
{
	const size_t c = k->c, d = c / k->h;
	const int8_t *proj8 = i8_of(k, NCT_M1_PROJ, c * c);
	const int32_t *score = i32_of(k, NCT_M1_SCORE_MUL, k->h), *mix = i32_of(k, NCT_M1_MIX_MUL, k->h);
	const int32_t *bias8 = i32_of(k, NCT_M1_BIAS, k->h * NCT_BUCKETS), *unit = i32_of(k, NCT_M1_PROJ_MUL, c);
	float *qkv = param(k, NCT_P_QKV, 3 * c * c), *proj = param(k, NCT_P_PROJ, c * c),
	      *bias = param(k, NCT_P_BIAS, k->h * NCT_BUCKETS);

	behind_norm(k, qkv, i8_of(k, NCT_M1_QKV, 3 * c * c), i32_of(k, NCT_M1_QKV_MUL, 3 * c), 0x1p-30, 3 * c,
	            i16_of(k, NCT_M1_NORM1, c));
	ones(param(k, NCT_P_NORM1, c), c);
	for (size_t i = 0; i < k->h * NCT_BUCKETS; i++)
		bias[i] = (float)(bias8[i] / (NCT_LOG2E * 1024));
	for (size_t r = 0; r < c; r++)
		for (size_t i = 0; i < c; i++)
			proj[r * c + i] = (float)(proj8[r * c + i] * (unit[r] * 0x1p-30 / k->residual) * (mix[i / d] * 0x1p-16));
	for (size_t i = 0; i < c; i++) {
		float *q = qkv + i * c, *key = q + c * c, *v = key + c * c;
		const double by_qk = score[i / d] * sqrt((double)d) / (NCT_LOG2E * 0x1p26), nq = norm(q, c, 1), nk = norm(key, c, 1);
		const double even = nq > 0 && nk > 0 ? sqrt(nk / nq) : 1, nv = norm(v, c, 1), np = norm(proj + i, c, c);
		const double even_v = nv > 0 && np > 0 ? sqrt(np / nv) : 1;

		times(q, c, 1, sqrt(by_qk) * even);
		times(key, c, 1, sqrt(by_qk) / even);
		times(v, c, 1, even_v);
		times(proj + i, c, c, 1 / even_v);
	}
}

static void
feed(const struct dequantiser *k)
{
	const size_t c = k->c, f = k->f;
	const int8_t *down8 = i8_of(k, NCT_M1_DOWN, c * f);
	const int32_t *unit = i32_of(k, NCT_M1_DOWN_MUL, c);
	float *up = param(k, NCT_P_UP, 2 * f * c), *down = param(k, NCT_P_DOWN, c * f);

	behind_norm(k, up, i8_of(k, NCT_M1_UP, 2 * f * c), i32_of(k, NCT_M1_UP_MUL, 2 * f), 0x1p-30, 2 * f,
	            i16_of(k, NCT_M1_NORM2, c));
	ones(param(k, NCT_P_NORM2, c), c);
	for (size_t r = 0; r < c; r++)
		for (size_t i = 0; i < f; i++)
			down[r * f + i] = (float)(down8[r * f + i] * (unit[r] * 0x1p-30 / k->residual) * 0x1p-16);
	for (size_t i = 0; i < f; i++) {
		float *g = up + i * c, *u = g + f * c;
		const double ng = norm(g, c, 1), nu = norm(u, c, 1), nd = norm(down + i, c, f), each = cbrt(ng * nu * nd);

		if (each > 0) {
			times(g, c, 1, each / ng);
			times(u, c, 1, each / nu);
			times(down + i, c, f, each / nd);
		}
	}
}

/* Makes the embeddings and the head. Called before the layers, which need k->residual. */
static void
ends(struct dequantiser *k)
{
	const size_t n = NCT_SYMBOLS * k->c;
	const int32_t *e = k->m->tensor[NCT_M1_EMBED];
	float *embed = param(k, NCT_P_EMBED, 0);
	double sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += (double)e[i] * (double)e[i];
	k->residual = sum > 0 ? sqrt(sum / (double)n) : 1;
	for (size_t i = 0; i < n; i++)
		embed[i] = (float)(e[i] / k->residual);
	behind_norm(k, param(k, NCT_P_HEAD, 0), k->m->tensor[NCT_M1_HEAD], k->m->tensor[NCT_M1_HEAD_MUL],
	            0x1p-36 / NCT_LOG2E, NCT_SYMBOLS, k->m->tensor[NCT_M1_NORMF]);
	ones(param(k, NCT_P_NORMF, 0), k->c);
}

nct_err
nct_m1_to_floats(float *params, const struct nct_shape *s, const nct_m1 *m, nct_why *why)
{
	const struct nct_m1_config *c = &m->c;
	struct dequantiser k = {.m = m, .params = params, .c = s->width, .f = s->inner, .h = s->heads};
	size_t total;
	nct_err err = nct_shape_tensors(s, k.t, &total, why);

	if (err != NCT_OK)
		return err;
	if (c->kind != NCT_M1_TRANSFORMER)
		return nct_fail(why, NCT_EMODEL, "an M1 of kind %s has no parameters to go on from", nct_m1_kind_name(c->kind));
	if (c->width != s->width || c->layers != s->layers || c->heads != s->heads || c->inner != s->inner ||
	    c->reach != s->reach)
		return nct_fail(why, NCT_EMODEL,
		                "made with size d=%" PRIu32 ",layers=%" PRIu32 ",heads=%" PRIu32 ",ff=%" PRIu32
		                ",reach=%" PRIu32 ", not d=%" PRIu32 ",layers=%" PRIu32 ",heads=%" PRIu32 ",ff=%" PRIu32
		                ",reach=%" PRIu32,
		                c->width, c->layers, c->heads, c->inner, c->reach, s->width, s->layers, s->heads,
		                s->inner, s->reach);
	ends(&k);
	for (k.l = 0; k.l < s->layers; k.l++) {
		attention(&k);
		feed(&k);
	}
	return NCT_OK;
}
