/* float_body.h - the float kernels themselves, as static functions on vectors of eight: included by one file per
 * instruction set, which the compiler turns into that set's instructions. */
#include "kernels/float.h"

#include <float.h>
#include <math.h>
#include <string.h>

#define LANES 8
#define INLINE static inline __attribute__((always_inline))

typedef float vf __attribute__((vector_size(LANES * sizeof(float))));
typedef int32_t vi __attribute__((vector_size(LANES * sizeof(int32_t))));

/* ---- vectors ---- */

INLINE vf
load(const float *p)
{
	vf v;

	memcpy(&v, p, sizeof v);
	return v;
}

INLINE void
store(float *p, vf v)
{
	memcpy(p, &v, sizeof v);
}

INLINE vf
all(float x)
{
	return (vf){x, x, x, x, x, x, x, x};
}

/* The last n < LANES elements; other lanes get `rest`. */
INLINE vf
load_end(const float *p, size_t n, float rest)
{
	float a[LANES] = {rest, rest, rest, rest, rest, rest, rest, rest};

	for (size_t i = 0; i < n; i++)
		a[i] = p[i];
	return load(a);
}

INLINE void
store_end(float *p, vf v, size_t n)
{
	float a[LANES];

	store(a, v);
	for (size_t i = 0; i < n; i++)
		p[i] = a[i];
}

INLINE vf
keep(vi mask, vf v)
{
	return (vf)((vi)v & mask);
}

/* x where that is at least y or not a number, else y. */
INLINE vf
larger(vf x, vf y)
{
	vi less = x < y;

	return (vf)(((vi)y & less) | ((vi)x & ~less));
}

INLINE float
sum_lanes(vf v)
{
	return ((v[0] + v[4]) + (v[2] + v[6])) + ((v[1] + v[5]) + (v[3] + v[7]));
}

INLINE float
max_lanes(vf v)
{
	float m = v[0];

	for (int i = 1; i < LANES; i++)
		m = v[i] > m ? v[i] : m;
	return m;
}

/* exp(x) to about 1 ulp for x in [-80, 88], 0 below, a NaN for NaN (polynomial: Cephes expf). */
INLINE vf
exponential(vf x)
{
	const float magic = 0x1.8p23f; /* x + magic is rounded to an integer */
	const vi normal = ~(vi)(x < all(-80.0f));
	vf z = x * all(0x1.715476p+0f) + all(magic);
	vi power = ((vi)z - (vi)all(magic) + 127) << 23;
	vf n = z - all(magic), r = x - n * all(0.693359375f) - n * all(-2.12194440e-4f), y;

	y = all(1.9875691500e-4f) * r + all(1.3981999507e-3f);
	y = y * r + all(8.3334519073e-3f);
	y = y * r + all(4.1665795894e-2f);
	y = y * r + all(1.6666665459e-1f);
	y = y * r + all(5.0000001201e-1f);
	y = y * (r * r) + r + all(1.0f);
	return keep(normal, y * (vf)power);
}

/* Runs STEP for every vector of [0, n), then END for what is left; `i` is the first element, `left` how many. */
#define EACH(STEP, END)                                          \
	do {                                                     \
		size_t i = 0;                                    \
		for (; i + LANES <= n; i += LANES) {             \
			STEP                                     \
		}                                                \
		if (i < n) {                                     \
			const size_t left = n - i;               \
			END                                      \
		}                                                \
	} while (0)

/* ---- rmsnorm ---- */

static float
dot(const float *a, const float *b, size_t n)
{
	vf s = all(0.0f);

	EACH(s += load(a + i) * load(b + i);, s += load_end(a + i, left, 0.0f) * load_end(b + i, left, 0.0f););
	return sum_lanes(s);
}

INLINE float
inverse_rms(float squares, size_t n)
{
	return 1.0f / sqrtf(squares / (float)n + 1e-6f);
}

static void
norm(float *y, const float *x, const float *gain, size_t n)
{
	const vf r = all(inverse_rms(dot(x, x, n), n));

	EACH(store(y + i, load(x + i) * r * load(gain + i));
	     , store_end(y + i, load_end(x + i, left, 0.0f) * r * load_end(gain + i, left, 0.0f), left););
}

static float
dot3(const float *a, const float *b, const float *c, size_t n)
{
	vf s = all(0.0f);

	EACH(s += load(a + i) * load(b + i) * load(c + i);
	     , s += load_end(a + i, left, 0.0f) * load_end(b + i, left, 0.0f) * load_end(c + i, left, 0.0f););
	return sum_lanes(s);
}

/* With h = x r, y = h gain: dL/dx = r (dy gain - h mean(dy gain h)). */
static void
norm_back(float *dx, float *dgain, float *y, const float *x, const float *gain, const float *dy, const float *res, size_t n)
{
	const float r1 = inverse_rms(dot(x, x, n), n);
	const vf r = all(r1), m = all(dot3(dy, gain, x, n) * r1 / (float)n);
	vf h, g, d;

	EACH(h = load(x + i) * r; g = load(gain + i); d = load(dy + i);
	     store(dx + i, load(res + i) + r * (d * g - h * m));
	     store(dgain + i, load(dgain + i) + d * h);
	     store(y + i, h * g);
	     , h = load_end(x + i, left, 0.0f) * r; g = load_end(gain + i, left, 0.0f); d = load_end(dy + i, left, 0.0f);
	     store_end(dx + i, load_end(res + i, left, 0.0f) + r * (d * g - h * m), left);
	     store_end(dgain + i, load_end(dgain + i, left, 0.0f) + d * h, left);
	     store_end(y + i, h * g, left););
}

/* ---- gated ReLU ---- */

/* All but what is below 0: a NaN stays. */
INLINE vf
relu(vf x)
{
	return keep(~(vi)(x < all(0.0f)), x);
}

static void
gate(float *h, const float *gu, size_t n)
{
	const float *u = gu + n;

	EACH(store(h + i, relu(load(gu + i)) * load(u + i));
	     , store_end(h + i, relu(load_end(gu + i, left, 0.0f)) * load_end(u + i, left, 0.0f), left););
}

static void
gate_back(float *h, float *gu, const float *dh, size_t n)
{
	float *u1 = gu + n;
	vf g, u, d, a;

	EACH(g = load(gu + i); u = load(u1 + i); d = load(dh + i); a = relu(g);
	     store(h + i, a * u);
	     store(gu + i, keep(~(vi)(g <= all(0.0f)), d * u));
	     store(u1 + i, d * a);
	     , g = load_end(gu + i, left, 0.0f); u = load_end(u1 + i, left, 0.0f); d = load_end(dh + i, left, 0.0f); a = relu(g);
	     store_end(h + i, a * u, left);
	     store_end(gu + i, keep(~(vi)(g <= all(0.0f)), d * u), left);
	     store_end(u1 + i, d * a, left););
}

/* ---- softmax ---- */

static float
add_max(float *s, const float *b, size_t n)
{
	vf m = all(-FLT_MAX), v;

	if (b == NULL)
		EACH(m = larger(load(s + i), m);, m = larger(load_end(s + i, left, -FLT_MAX), m););
	else
		EACH(v = load(s + i) + load(b + i); store(s + i, v); m = larger(v, m);
		     , v = load_end(s + i, left, -FLT_MAX) + load_end(b + i, left, 0.0f);
		     store_end(s + i, v, left); m = larger(v, m););
	return max_lanes(m);
}

static float
exp_sum(float *s, float shift, size_t n)
{
	const vf m = all(shift);
	vf sum = all(0.0f), v;

	EACH(v = exponential(load(s + i) - m); store(s + i, v); sum += v;
	     , v = exponential(load_end(s + i, left, -FLT_MAX) - m); store_end(s + i, v, left); sum += v;);
	return sum_lanes(sum);
}

static void
score_back(float *s, float *dp, float *dbias, const float *bias, float lse, float delta, size_t n)
{
	const vf l = all(lse), e = all(delta);
	vf p, d;

	EACH(p = exponential(load(s + i) + load(bias + i) - l); d = p * (load(dp + i) - e);
	     store(s + i, p);
	     store(dp + i, d);
	     store(dbias + i, load(dbias + i) + d);
	     , p = exponential(load_end(s + i, left, 0.0f) + load_end(bias + i, left, 0.0f) - l);
	     d = p * (load_end(dp + i, left, 0.0f) - e);
	     store_end(s + i, p, left);
	     store_end(dp + i, d, left);
	     store_end(dbias + i, load_end(dbias + i, left, 0.0f) + d, left););
}

/* ---- sums ---- */

static void
add(float *y, const float *x, size_t n)
{
	for (size_t i = 0; i < n; i++)
		y[i] += x[i];
}

static void
scale(float *y, float a, size_t n)
{
	for (size_t i = 0; i < n; i++)
		y[i] *= a;
}

static float
square_add(float *sums, const float *g, size_t n)
{
	const vf tiny = all(1e-30f);
	vf s = all(0.0f), v, w;

	EACH(v = load(g + i); v = v * v + tiny; store(sums + i, load(sums + i) + v); s += v;
	     , w = load_end(g + i, left, 0.0f); v = w * w + tiny;
	     store_end(sums + i, load_end(sums + i, left, 0.0f) + v, left);
	     s += load_end((const float *)&v, left, 0.0f););
	return sum_lanes(s);
}

static float
square_scaled(const float *g, const float *c, size_t n)
{
	vf s = all(0.0f), v;

	EACH(v = load(g + i) * load(c + i); s += v * v;
	     , v = load_end(g + i, left, 0.0f) * load_end(c + i, left, 0.0f); s += v * v;);
	return sum_lanes(s);
}

static void
descend(float *p, const float *g, const float *c, float a, size_t n)
{
	for (size_t i = 0; i < n; i++)
		p[i] -= a * (g[i] * c[i]);
}

#define NCT_FLOAT_FUNCTIONS                                                                                    \
	norm, norm_back, gate, gate_back, add_max, exp_sum, score_back, dot, add, scale, square_add, square_scaled, descend
