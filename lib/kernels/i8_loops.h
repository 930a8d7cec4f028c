/* i8_loops.h - the plain loops of the integer M1, compiled once for each row of kernels.
 *
 * Being integers with one defined result, they give the same bits whatever the compiler makes of them. Products of 64 bits
 * are shifted right as unsigned numbers: what is kept, the low 32 bits, is the same, and SIMD has that shift. */
#ifndef NCT_KERNELS_I8_LOOPS_H
#define NCT_KERNELS_I8_LOOPS_H

#include "exp2.h"
#include "kernels.h"

static inline int32_t
clamp(int32_t x, int32_t limit)
{
	x = x < limit ? x : limit;
	return x > -limit ? x : -limit;
}

/* rs(a * b, s) of the definition, for results that fit in 32 bits; s in 1..32. */
static inline int32_t
product(int32_t a, int32_t b, unsigned s)
{
	return (int32_t)(uint32_t)((uint64_t)((int64_t)a * b + ((int64_t)1 << (s - 1))) >> s);
}

/* floor(sqrt(x)), x < 2^62, a bit at a time. */
static inline uint32_t
isqrt(uint64_t x)
{
	uint64_t root = 0;

	for (uint64_t bit = (uint64_t)1 << 60; bit != 0; bit >>= 2) {
		const uint64_t with = root + bit;

		root >>= 1;
		if (x >= with) {
			x -= with;
			root += bit;
		}
	}
	return (uint32_t)root;
}

static void
norm(int8_t *y, const int32_t *h, const int16_t *mul, size_t c)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < c; i++)
		sum += (uint64_t)((int64_t)h[i] * h[i]);
	const uint32_t q = isqrt(sum * 256 / c + 1); /* 16 times the RMS, Q10; at least 1, below 2^25 */
	const unsigned b = 32 - (unsigned)__builtin_clz(q), s = 14 + b;
	const int32_t inv = (int32_t)(((uint64_t)1 << (29 + b)) / q); /* 2^29..2^30 */
	const int64_t up = ((int64_t)1 << 62) + ((int64_t)1 << (s - 1)), down = (int64_t)1 << (62 - s);

	for (size_t i = 0; i < c; i++) {
		/* 2^62 makes the sum positive, so that its shift may be an unsigned one; h / RMS in Q11 then */
		const int32_t x = (int32_t)((int64_t)((uint64_t)((int64_t)h[i] * inv + up) >> s) - down);

		y[i] = (int8_t)clamp(nct_mulhrs(clamp(x, 32767), mul[i]), 127);
	}
}

static void
narrow(int8_t *y, const int32_t *acc, const int32_t *mul, size_t n)
{
	for (size_t i = 0; i < n; i++)
		y[i] = (int8_t)clamp(product(acc[i], mul[i], 30), 127);
}

static void
add(int32_t *h, const int32_t *acc, const int32_t *mul, size_t n)
{
	for (size_t i = 0; i < n; i++)
		h[i] = clamp(h[i] + product(acc[i], mul[i], 30), (1 << 21) - 1);
}

static void
gate(int8_t *a, const int32_t *acc, const int32_t *mul, size_t f)
{
	for (size_t i = 0; i < f; i++) {
		const int32_t wide = clamp(product(acc[i], mul[i], 30), 32767), g = wide > 0 ? wide : 0;
		const int32_t u = clamp(product(acc[f + i], mul[f + i], 30), 32767);

		a[i] = (int8_t)clamp((g * u + (1 << 15)) >> 16, 127);
	}
}

static uint32_t
weigh(int16_t *p, int32_t *s, const int32_t *bias, int32_t mul, size_t n)
{
	const size_t near = n < NCT_BIAS_FAR ? n : NCT_BIAS_FAR, far = n - near;
	int32_t top = INT32_MIN;
	uint32_t z = 0;

	for (size_t j = 0; j < far; j++)
		s[j] = product(s[j], mul, 16) + bias[NCT_BIAS_FAR];
	for (size_t e = 0; e < near; e++)
		s[n - 1 - e] = product(s[n - 1 - e], mul, 16) + bias[e];
	for (size_t j = 0; j < n; j++)
		top = s[j] > top ? s[j] : top;
	for (size_t j = 0; j < n; j++) {
		const int32_t w = nct_exp2_weight(top - s[j]);

		p[j] = (int16_t)w;
		z += (uint32_t)w;
	}
	return z;
}

static void
settle(int8_t *o, const int32_t *a, uint32_t inv, size_t d)
{
	for (size_t i = 0; i < d; i++) {
		/* as in norm(), 2^62 makes the shift an unsigned one */
		const int64_t up = ((int64_t)1 << 62) + ((int64_t)1 << 35), down = (int64_t)1 << 26;
		const int32_t x = (int32_t)((int64_t)((uint64_t)((int64_t)a[i] * (int32_t)inv + up) >> 36) - down);

		o[i] = (int8_t)clamp(x, 127);
	}
}

static void
predict(uint32_t *freq, const int32_t *acc, const int32_t *mul)
{
	int32_t logit[NCT_SYMBOLS];
	uint64_t sum = 0;
	uint32_t rest = NCT_FREQ_TOTAL;
	size_t best = 0;

	for (size_t s = 0; s < NCT_SYMBOLS; s++)
		logit[s] = product(acc[s], mul[s], 24);
	for (size_t s = 1; s < NCT_SYMBOLS; s++)
		if (logit[s] > logit[best])
			best = s;
	for (size_t s = 0; s < NCT_SYMBOLS; s++)
		sum += freq[s] = nct_exp2_odds((uint32_t)logit[best] - (uint32_t)logit[s]);
	const uint64_t r = ((uint64_t)(NCT_FREQ_TOTAL - NCT_SYMBOLS) << 38) / sum;
	for (size_t s = 0; s < NCT_SYMBOLS; s++)
		rest -= freq[s] = 1 + (uint32_t)(freq[s] * r >> 38);
	freq[best] += rest;
}

#endif
