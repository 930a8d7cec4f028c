/* fit.c - quantises one matrix between int8 vectors, so that its outputs on sample inputs change least. */
#include "quantise/quantise_impl.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/threads.h"
#include "float/float.h"

#define LEVELS 127.0f
#define ROWS 32                          /* samples per task */
#define TRIAL_FLOATS ((size_t)1 << 24)   /* outputs that a trial compares, at most */

/* Rounds to the nearest integer, ties to even, for |x| < 2^22. */
static inline float
nearest(float x)
{
	const float big = 12582912.0f; /* 1.5 * 2^23: floats of this size are integers */

	return x + big - big;
}

static inline float
level(float x)
{
	const float low = x > -LEVELS ? x : -LEVELS;

	return nearest(low < LEVELS ? low : LEVELS);
}

/* The squared error of one column clipped at `clip` and rounded to int8. Stops at `enough`, so larger values are not
 * exact. */
static double
clip_error(const float *x, size_t n, size_t stride, float clip, double enough)
{
	const float up = LEVELS / clip, down = clip / LEVELS;
	double sum = 0;

	for (size_t i = 0; i < n && sum <= enough; i += 256) {
		float part = 0;

		for (size_t j = i; j < n && j < i + 256; j++) {
			const float d = level(x[j * stride] * up) * down - x[j * stride];

			part += d * d;
		}
		sum += (double)part;
	}
	return sum;
}

float
nct_fit_clip(const float *x, size_t n, size_t cols, size_t stride, const float *weight)
{
	float top = 0, best = 0;
	double least = INFINITY;

	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; j < cols; j++)
			top = fmaxf(top, fabsf(x[i * stride + j]));
	if (top < 1e-30f)
		return 0;
	for (float clip = top; clip > top / 16; clip *= 0.94f) {
		double error = 0;

		for (size_t j = 0; j < cols && error < least; j++)
			if (weight == NULL)
				error += clip_error(x + j, n, stride, clip, least);
			else if (weight[j] > 0)
				error += (double)weight[j] * clip_error(x + j, n, stride, clip, least / (double)weight[j]);
		if (error < least) {
			least = error;
			best = clip;
		}
	}
	return best;
}

/* ---- A trial: one choice of input scales ---- */

struct trial {
	const struct nct_fit *f;
	const struct nct_kernels *kernels;
	size_t n, every;       /* the trial uses n samples: rows 0, every, 2 * every, ... of f->x */
	const float *want;     /* (n,r) the outputs in floats */
	float *in;             /* (k) the input scales to try, as in struct nct_fit */
	float *energy;         /* (k) sums of squares of the columns of x8 */
	int8_t *x8;            /* (n,k) inputs, quantised */
	int8_t *w8;            /* (r,k) weights, quantised */
	void *packed;          /* w8, packed for the kernels */
	float *scale;          /* (r) as in struct nct_fit */
	double *error;         /* (tasks) squared errors */
	nct_threads *pool;
	int *failed;           /* (threads) 1 if memory ran out */
};

static size_t
tasks_of(size_t n)
{
	return (n + ROWS - 1) / ROWS;
}

static void
round_inputs(void *ctx, size_t task, unsigned worker)
{
	const struct trial *t = ctx;
	const size_t k = t->f->k, end = (task + 1) * ROWS < t->n ? (task + 1) * ROWS : t->n;

	(void)worker;
	for (size_t i = task * ROWS; i < end; i++)
		for (size_t j = 0; j < k; j++)
			t->x8[i * k + j] = (int8_t)level(t->f->x[i * t->every * t->f->ldx + j] * t->in[j]);
}

/* Task: quantises row r of the weights. Tries several scales and takes the one with the least squared error, in
 * which column j has the weight energy[j]. */
static void
round_weights(void *ctx, size_t r, unsigned worker)
{
	const struct trial *t = ctx;
	const size_t k = t->f->k;
	const float *w = t->f->w + r * k;
	float top = 0, best = 0;
	double least = INFINITY;

	(void)worker;
	for (size_t j = 0; j < k; j++)
		top = fmaxf(top, t->in[j] > 0 ? fabsf(w[j]) / t->in[j] : 0);
	for (float clip = top; clip > 0.7f * top; clip *= 0.96f) {
		const float up = LEVELS / clip, down = clip / LEVELS;
		double error = 0;

		for (size_t j = 0; j < k; j++)
			if (t->in[j] > 0) {
				const float d = level(w[j] / t->in[j] * up) * down - w[j] / t->in[j];

				error += (double)(d * d * t->energy[j]);
			}
		if (error < least) {
			least = error;
			best = clip;
		}
	}
	t->scale[r] = best / LEVELS;
	for (size_t j = 0; j < k; j++)
		t->w8[r * k + j] = (int8_t)(t->in[j] > 0 && best > 0 ? level(w[j] / t->in[j] * (LEVELS / best)) : 0);
}

static void
measure(void *ctx, size_t task, unsigned worker)
{
	const struct trial *t = ctx;
	const size_t k = t->f->k, r = t->f->r, at = task * ROWS, n = t->n - at < ROWS ? t->n - at : ROWS;
	int32_t *acc = malloc(n * r * sizeof *acc);
	double sum = 0;

	if (acc == NULL) {
		t->failed[worker] = 1;
		return;
	}
	t->kernels->matmul(acc, t->x8 + at * k, t->packed, n, r, k);
	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; j < r; j++) {
			const float d = (float)acc[i * r + j] * t->scale[j] - t->want[(at + i) * r + j];

			sum += (double)(d * d * (t->f->importance != NULL ? t->f->importance[j] : 1));
		}
	t->error[task] = sum;
	free(acc);
}

/* Runs a trial: fills x8, w8 and scale from `in`. Returns the squared error of the outputs. */
static double
try_inputs(struct trial *t)
{
	const size_t tasks = tasks_of(t->n);
	double sum = 0;

	nct_parallel(t->pool, tasks, round_inputs, t);
	memset(t->energy, 0, t->f->k * sizeof *t->energy);
	for (size_t i = 0; i < t->n; i++)
		for (size_t j = 0; j < t->f->k; j++)
			t->energy[j] += (float)(t->x8[i * t->f->k + j] * t->x8[i * t->f->k + j]);
	nct_parallel(t->pool, t->f->r, round_weights, t);
	t->kernels->pack(t->packed, t->w8, t->f->r, t->f->k, t->f->k, 1);
	nct_parallel(t->pool, tasks, measure, t);
	for (size_t i = 0; i < tasks; i++)
		sum += t->error[i];
	return sum;
}

/* ---- The choices of input scales that are tried ---- */

/* Sets t->in. Column j's share in the output is clip * its largest weight. Columns whose share is below `pivot` get
 * less of the int8 range, by the factor (share / pivot)^power. Their weights grow by its inverse, so that the
 * weights of a row become more equal in size. */
static void
divide(struct trial *t, const float *clip, const float *share, float pivot, float power)
{
	const struct nct_fit *f = t->f;

	for (size_t j = 0; j < f->k; j++) {
		float in = clip[j] > 0 ? LEVELS / clip[j] : 0;

		if (share[j] < pivot)
			in *= powf(fmaxf(share[j] / pivot, 1e-4f), power);
		in = f->in_max != NULL ? fminf(in, f->in_max[j]) : in;
		if (f->step > 0 && in > 0)
			in = fmaxf(1, rintf(in / f->step)) * f->step;
		t->in[j] = in;
	}
}

static void
shares(const struct nct_fit *f, float *clip, float *share)
{
	for (size_t j = 0; j < f->k; j++) {
		clip[j] = nct_fit_clip(f->x + j, f->n, 1, f->ldx, NULL);
		share[j] = 0;
		for (size_t r = 0; r < f->r; r++)
			share[j] = fmaxf(share[j], clip[j] * fabsf(f->w[r * f->k + j]));
	}
}

static void
keep_trial(struct nct_fit *f, const struct trial *t)
{
	if (!f->given)
		memcpy(f->in, t->in, f->k * sizeof *f->in);
	memcpy(f->w8, t->w8, f->r * f->k);
	memcpy(f->scale, t->scale, f->r * sizeof *f->scale);
}

static void
search(struct nct_fit *f, struct trial *t, float *clip, float *share)
{
	static const float powers[] = {0, 0.25f, 0.5f, 0.75f}, pivots[] = {4, 1};
	double least = INFINITY, square = 0;

	if (f->given) {
		memcpy(t->in, f->in, f->k * sizeof *f->in);
		(void)try_inputs(t);
		keep_trial(f, t);
		return;
	}
	shares(f, clip, share);
	for (size_t j = 0; j < f->k; j++)
		square += (double)(share[j] * share[j]);
	for (size_t p = 0; p < sizeof powers / sizeof powers[0]; p++)
		for (size_t v = 0; v < (p == 0 ? 1 : sizeof pivots / sizeof pivots[0]); v++) {
			divide(t, clip, share, pivots[v] * (float)sqrt(square / (double)f->k), powers[p]);
			const double error = try_inputs(t);

			if (error < least) {
				least = error;
				keep_trial(f, t);
			}
		}
}

/* Computes want (n,r): the outputs in floats of every `every`-th sample. */
struct outputs {
	const struct nct_fit *f;
	const struct nct_float *k;
	uint32_t *w;  /* packed */
	float *want;
	size_t n, every;
};

static void
outputs_task(void *ctx, size_t i, unsigned worker)
{
	const struct outputs *o = ctx;
	const struct nct_fit *f = o->f;
	const size_t at = i * ROWS, ldx = f->ldx * o->every;
	const struct nct_product p = {.rows = o->n - at < ROWS ? o->n - at : ROWS,
	                              .cols = f->r,
	                              .words = f->k,
	                              .a = f->x + at * ldx,
	                              .a_row = ldx,
	                              .a_word = 1,
	                              .b = o->w,
	                              .b_panel = f->k * o->k->panel,
	                              .c = o->want + at * f->r,
	                              .ldc = f->r};

	(void)worker;
	o->k->product(&p);
}

/* `row` names a row of kernels. Those with float elements are used, so a word is one float. */
static nct_err
outputs(const struct nct_fit *f, float *want, size_t n, size_t every, const char *row, nct_threads *pool)
{
	struct outputs o = {.f = f, .want = want, .n = n, .every = every};
	nct_err err = nct_float_choose(&o.k, row);

	if (err != NCT_OK)
		return err;
	o.k = nct_float_single(o.k);
	o.w = aligned_alloc(64, (nct_panels(o.k, f->r) * o.k->panel * f->k * sizeof *o.w + 63) / 64 * 64);
	if (o.w == NULL)
		return NCT_ENOMEM;
	o.k->turn_floats(o.w, f->k * o.k->panel, f->w, f->k, f->r, f->k);
	nct_parallel(pool, tasks_of(n), outputs_task, &o);
	free(o.w);
	return NCT_OK;
}

nct_err
nct_fit_matrix(struct nct_fit *f, const struct nct_kernels *k, unsigned threads)
{
	const size_t most = TRIAL_FLOATS / f->r > 0 ? TRIAL_FLOATS / f->r : 1;
	struct trial t = {.f = f, .kernels = k, .every = (f->n + most - 1) / most};
	nct_err err = NCT_ENOMEM;
	float *want, *clip = calloc(f->k, sizeof *clip), *share = calloc(f->k, sizeof *share);

	t.n = (f->n + t.every - 1) / t.every;
	want = malloc(t.n * f->r * sizeof *want);
	t.in = calloc(f->k, sizeof *t.in);
	t.energy = calloc(f->k, sizeof *t.energy);
	t.x8 = malloc(t.n * f->k);
	t.w8 = malloc(f->r * f->k);
	t.packed = malloc(t.kernels->packed(f->r, f->k));
	t.scale = calloc(f->r, sizeof *t.scale);
	t.error = calloc(tasks_of(t.n), sizeof *t.error);
	t.failed = calloc(threads, sizeof *t.failed);
	if (want != NULL && clip != NULL && share != NULL && t.in != NULL && t.energy != NULL && t.x8 != NULL &&
	    t.w8 != NULL && t.packed != NULL && t.scale != NULL && t.error != NULL && t.failed != NULL)
		err = nct_threads_new(&t.pool, threads);
	if (err == NCT_OK)
		err = outputs(f, want, t.n, t.every, k->name, t.pool);
	t.want = want;
	if (err == NCT_OK)
		search(f, &t, clip, share);
	for (unsigned i = 0; i < threads && err == NCT_OK; i++)
		err = t.failed[i] ? NCT_ENOMEM : NCT_OK;
	nct_threads_free(t.pool);
	free(want);
	free(clip);
	free(share);
	free(t.in);
	free(t.energy);
	free(t.x8);
	free(t.w8);
	free(t.packed);
	free(t.scale);
	free(t.error);
	free(t.failed);
	return err;
}
