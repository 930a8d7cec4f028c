/* random_m1.h - for tests: an integer M1 of any shape, with random tensors whose activations neither vanish nor
 * saturate. */
#ifndef NCT_TESTS_RANDOM_M1_H
#define NCT_TESTS_RANDOM_M1_H

#include "base/rng.h"
#include "m1/m1_impl.h"

#include <math.h>

static void
random_fill(nct_m1 *m, enum nct_m1_tensor id, nct_rng *r, double low, double high)
{
	struct nct_st_tensor t;
	int8_t *i8 = m->tensor[id];
	int16_t *i16 = m->tensor[id];
	int32_t *i32 = m->tensor[id];

	(void)nct_m1_tensor_shape(&t, &m->c, id);
	for (size_t i = 0; i < t.bytes / (t.type == NCT_I8 ? 1 : t.type == NCT_I16 ? 2 : 4); i++) {
		const double x = floor(low + (high - low + 1) * nct_rng_unit(r));

		if (t.type == NCT_I8)
			i8[i] = (int8_t)x;
		else if (t.type == NCT_I16)
			i16[i] = (int16_t)x;
		else
			i32[i] = (int32_t)x;
	}
}

/* A multiplier that brings sums over n products to a standard deviation of about `target`. */
static double
random_mul(double target, double n)
{
	return fmin(0x1p30 * target / (73 * 50 * sqrt(n)), INT32_MAX - 1);
}

/* Makes the model; NULL on failure. The caller frees it by nct_m1_free(). */
static nct_m1 *
random_m1(const struct nct_m1_config *config, const char *cpu, uint64_t seed)
{
	const double c = config->width, f = config->inner, d = c / config->heads;
	const struct {
		enum nct_m1_tensor id;
		double low, high;
	} fills[] = {
		{NCT_M1_EMBED, -3000, 3000}, {NCT_M1_NORM1, 350, 1050}, {NCT_M1_QKV, -127, 127},
		{NCT_M1_QKV_MUL, random_mul(30, c), random_mul(90, c)}, {NCT_M1_SCORE_MUL, 0, 78643 / sqrt(d)},
		{NCT_M1_BIAS, -2500, 2500}, {NCT_M1_MIX_MUL, 65536, 131072}, {NCT_M1_PROJ, -127, 127},
		{NCT_M1_PROJ_MUL, random_mul(350, c), random_mul(1050, c)}, {NCT_M1_NORM2, 350, 1050}, {NCT_M1_UP, -127, 127},
		{NCT_M1_UP_MUL, random_mul(1000, c), random_mul(3000, c)}, {NCT_M1_DOWN, -127, 127},
		{NCT_M1_DOWN_MUL, random_mul(450, f), random_mul(1350, f)}, {NCT_M1_NORMF, 350, 1050}, {NCT_M1_HEAD, -127, 127},
		{NCT_M1_HEAD_MUL, random_mul(3500, c) / 64, random_mul(10500, c) / 64},
	};
	nct_rng r = {seed};
	nct_m1 *m;

	if (nct_m1_new(&m, config, cpu, NULL) != NCT_OK)
		return NULL;
	for (size_t i = 0; i < sizeof fills / sizeof fills[0]; i++)
		random_fill(m, fills[i].id, &r, fills[i].low, fills[i].high);
	if (nct_m1_seal(m, NULL) == NCT_OK)
		return m;
	nct_m1_free(m);
	return NULL;
}

#endif
