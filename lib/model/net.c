/* net.c - a net's memory, its first parameters, and whole batches through it. */
#include "model/net.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/le.h"
#include "base/parallel.h"
#include "base/rng.h"
#include "model/attention.h"

#define ALIGN 64                    /* bytes; every array starts at a multiple */
#define GROUP_FLOATS ((size_t)1 << 24) /* logits held at a time */
#define GROUP_SLICES 8              /* tasks that a group gives at the least, where it can */

/* ---- memory ---- */

/* Cuts arrays out of one block; with base NULL it only counts. */
struct carve {
	unsigned char *base;
	size_t used;
	int overflow;
};

static void *
take(struct carve *c, size_t item, size_t a, size_t b, size_t d)
{
	size_t bytes, end, at = c->used;

	if (nct_size_mul(&bytes, item, a) != 0 || nct_size_mul(&bytes, bytes, b) != 0 || nct_size_mul(&bytes, bytes, d) != 0 ||
	    nct_size_add(&end, bytes, ALIGN - 1) != 0 || nct_size_add(&end, at, end / ALIGN * ALIGN) != 0 || end > PTRDIFF_MAX) {
		c->overflow = 1;
		return NULL;
	}
	c->used = end;
	return c->base == NULL ? NULL : c->base + at;
}

static float *
floats(struct carve *c, size_t a, size_t b, size_t d)
{
	return take(c, sizeof(float), a, b, d);
}

static size_t
larger(size_t a, size_t b)
{
	return a > b ? a : b;
}

/* How many tokens' logits are held at a time. */
static void
set_slices(struct nct_net *n)
{
	size_t group = GROUP_FLOATS / n->ldv, slice = group / GROUP_SLICES;

	n->slice = slice > NCT_BLOCK ? NCT_BLOCK : larger(slice, 1);
	n->group = larger(group, 1) / n->slice * n->slice;
	if (n->group >= n->tokens)
		n->group = (n->tokens + n->slice - 1) / n->slice * n->slice;
}

/* What one thread needs beside: a block's dh and dn, a head's strips, or a slice's dn. */
static size_t
work_floats(const struct nct_net *n)
{
	size_t head = nct_head_floats(n->length, n->s.reach), wide = n->ldc + n->ldf;

	if (head == 0 || wide > SIZE_MAX / NCT_BLOCK)
		return 0;
	return larger(head, wide * NCT_BLOCK);
}

/* Everything but parameters and gradients. Sizes in *n are set already; the weights' are within twice the parameters'. */
static void
lay_out(struct nct_net *n, struct carve *c)
{
	const size_t N = n->tokens, L = n->s.layers, C = n->s.width, F = n->s.inner, H = n->s.heads;
	const size_t slices = (N + n->slice - 1) / n->slice, parts = larger(slices, (N + NCT_BLOCK - 1) / NCT_BLOCK);

	n->x = floats(c, L + 1, N, n->ldc);
	n->qkv = floats(c, L, N, n->ldq);
	n->lse = floats(c, L, H, N);
	n->mix = floats(c, L, N, n->ldc);
	n->xm = floats(c, L, N, n->ldc);
	n->up = floats(c, L, N, n->ldu);
	n->h = floats(c, 1, N, n->ldf);
	n->n1 = floats(c, 1, N, n->ldc);
	n->n2 = floats(c, 1, N, n->ldc);
	n->dx = floats(c, 1, N, n->ldc);
	n->dxm = floats(c, 1, N, n->ldc);
	n->dxo = floats(c, 1, N, n->ldc);
	n->dmix = floats(c, 1, N, n->ldc);
	n->dqkv = floats(c, 1, N, n->ldq);
	n->wqkv = floats(c, 1, 1, larger(3 * C * n->ldc, C * n->ldq));
	n->wproj = floats(c, 1, C, n->ldc);
	n->wup = floats(c, 1, 1, larger(2 * F * n->ldc, C * n->ldu));
	n->wdown = floats(c, 1, 1, larger(C * n->ldf, F * n->ldc));
	n->bias = floats(c, 1, H, n->length);
	n->dbias = floats(c, n->rows, H, NCT_BUCKETS);
	n->gains1 = floats(c, 1, parts, C);
	n->gains2 = floats(c, 1, parts, C);
	n->work = floats(c, 1, n->threads, n->work_floats);
	n->logits = floats(c, 1, n->group, n->ldv);
	n->nats = take(c, sizeof *n->nats, slices, 1, 1);
	n->counts = take(c, sizeof *n->counts, slices, 1, 1);
	n->errs = take(c, sizeof *n->errs, n->threads, 1, 1);
}

/* Sets all sizes; *bytes is what the block needs. */
static nct_err
set_sizes(struct nct_net *n, const struct nct_shape *s, size_t rows, size_t length, unsigned threads, size_t *bytes, nct_why *why)
{
	struct carve c = {NULL, 0, 0};
	nct_err err = nct_shape_tensors(s, n->t, &n->total, why);

	if (err != NCT_OK)
		return err;
	if (rows < 1 || length < 1 || length > UINT32_MAX || threads < 1 || threads > 65536)
		return nct_fail(why, NCT_EARG, "batches of %zu x %zu tokens on %u threads are out of range", rows, length, threads);
	if (nct_size_mul(&n->tokens, rows, length) != 0 || n->tokens > SIZE_MAX / 2)
		return nct_fail(why, NCT_ENOMEM, "batches of %zu x %zu tokens are too large", rows, length);
	n->s = *s;
	n->rows = rows;
	n->length = length;
	n->threads = threads;
	n->ldc = nct_stride(s->width);
	n->ldq = nct_stride(3 * (size_t)s->width);
	n->ldf = nct_stride(s->inner);
	n->ldu = nct_stride(2 * (size_t)s->inner);
	n->ldv = nct_stride(s->vocab);
	n->work_floats = work_floats(n);
	set_slices(n);
	lay_out(n, &c);
	if (n->work_floats == 0 || c.overflow)
		return nct_fail(why, NCT_ENOMEM, "batches of %zu x %zu tokens are too large", rows, length);
	*bytes = c.used;
	return NCT_OK;
}

static float *
aligned(size_t bytes)
{
	return bytes > SIZE_MAX - ALIGN ? NULL : aligned_alloc(ALIGN, (bytes + ALIGN - 1) / ALIGN * ALIGN);
}

nct_err
nct_net_new(nct_net **out, const struct nct_shape *s, size_t rows, size_t length, unsigned threads, const char *cpu, nct_why *why)
{
	struct carve c = {NULL, 0, 0};
	size_t bytes = 0;
	nct_net *n = calloc(1, sizeof *n);
	nct_err err = NCT_ENOMEM;

	*out = NULL;
	if (n == NULL)
		goto fail;
	if ((err = set_sizes(n, s, rows, length, threads, &bytes, why)) != NCT_OK)
		goto fail;
	if ((err = nct_float_choose(&n->k, cpu)) != NCT_OK) {
		(void)nct_fail(why, err, "no float kernels named '%.64s' for this machine", cpu == NULL ? "" : cpu);
		goto fail;
	}
	n->params = aligned(n->total * sizeof(float));
	n->grads = aligned(n->total * sizeof(float));
	n->block = aligned(bytes);
	if (n->params == NULL || n->grads == NULL || n->block == NULL) {
		err = nct_fail(why, NCT_ENOMEM, "no memory for a net of %zu parameters and batches of %zu x %zu tokens", n->total, rows,
		               length);
		goto fail;
	}
	c.base = (unsigned char *)n->block;
	lay_out(n, &c);
	memset(n->params, 0, n->total * sizeof(float));
	nct_net_zero_grads(n);
	*out = n;
	return NCT_OK;
fail:
	nct_net_free(n);
	return err;
}

void
nct_net_free(nct_net *n)
{
	if (n == NULL)
		return;
	free(n->params);
	free(n->grads);
	free(n->block);
	free(n);
}

uint64_t
nct_net_bytes(const struct nct_shape *s, size_t rows, size_t length, unsigned threads)
{
	struct nct_net n;
	size_t bytes = 0, params;

	memset(&n, 0, sizeof n);
	if (set_sizes(&n, s, rows, length, threads, &bytes, NULL) != NCT_OK || nct_size_mul(&params, n.total, 2 * sizeof(float)) != 0 ||
	    nct_size_add(&bytes, bytes, params) != 0)
		return UINT64_MAX;
	return bytes;
}

float *
nct_net_params(nct_net *n)
{
	return n->params;
}

float *
nct_net_grads(nct_net *n)
{
	return n->grads;
}

void
nct_net_zero_grads(nct_net *n)
{
	memset(n->grads, 0, n->total * sizeof(float));
}

void
nct_net_set_tap(nct_net *n, nct_tap tap, void *ctx)
{
	n->tap = tap;
	n->tap_ctx = ctx;
}

/* ---- first parameters ---- */

/* x[0..n) from a normal distribution (Box-Muller). */
static void
fill_normal(float *x, size_t n, double stddev, nct_rng *r)
{
	const double turn = 6.283185307179586476925287;

	for (size_t i = 0; i < n; i += 2) {
		double radius = stddev * sqrt(-2.0 * log(1.0 - nct_rng_unit(r))), angle = turn * nct_rng_unit(r);

		x[i] = (float)(radius * cos(angle));
		if (i + 1 < n)
			x[i + 1] = (float)(radius * sin(angle));
	}
}

void
nct_net_init(nct_net *n, uint64_t seed)
{
	const double in = 1.0 / sqrt((double)n->s.width);
	const double stddev[NCT_P_COUNT] = {
		[NCT_P_EMBED] = 1.0, [NCT_P_QKV] = in, [NCT_P_BIAS] = 0.2, [NCT_P_PROJ] = in,
		[NCT_P_UP] = in, [NCT_P_DOWN] = 1.0 / sqrt((double)n->s.inner), [NCT_P_HEAD] = in,
	};
	nct_rng seeds = {seed};

	for (size_t i = 0; i < NCT_P_COUNT; i++) {
		float *x = n->params + n->t[i].offset;
		nct_rng r = {nct_rng_next(&seeds)}; /* a sequence for each tensor */

		if (stddev[i] > 0.0)
			fill_normal(x, n->t[i].size, stddev[i], &r);
		else
			for (size_t j = 0; j < n->t[i].size; j++)
				x[j] = 1.0f;
	}
}

/* ---- batches ---- */

nct_err
nct_pass_run(struct nct_pass *p, size_t tasks, void (*task)(void *pass, size_t i, unsigned worker))
{
	struct nct_net *n = p->n;

	for (unsigned w = 0; w < n->threads; w++)
		n->errs[w] = NCT_OK;
	nct_parallel(tasks, n->threads, task, p);
	for (unsigned w = 0; w < n->threads; w++)
		if (n->errs[w] != NCT_OK)
			return n->errs[w];
	return NCT_OK;
}

void
nct_pass_fail(struct nct_pass *p, unsigned worker, nct_err err)
{
	if (p->n->errs[worker] == NCT_OK)
		p->n->errs[worker] = err;
}

static nct_err
check_batch(const struct nct_net *n, const struct nct_batch *b)
{
	if (b->rows < 1 || b->rows > n->rows || b->length < 1 || b->length > n->length)
		return NCT_EARG;
	for (size_t i = 0; i < b->rows * b->length; i++)
		if (b->in[i] >= n->s.inputs || (b->target[i] >= n->s.vocab && b->target[i] != NCT_NO_TARGET) ||
		    (b->first != NULL && b->first[i] > i % b->length))
			return NCT_EARG;
	return NCT_OK;
}

nct_err
nct_net_forward(nct_net *n, const struct nct_batch *b, double *nats, uint64_t *count, float *each, uint8_t *hit)
{
	struct nct_pass p = {.n = n, .b = b, .tokens = b->rows * b->length, .each = each, .hit = hit};
	nct_err err = check_batch(n, b);

	if (err == NCT_OK)
		err = nct_pass_forward(&p);
	if (err == NCT_OK)
		err = nct_pass_loss(&p, nats, count);
	return err;
}

nct_err
nct_net_backward(nct_net *n, const struct nct_batch *b, float scale, float zloss, double *nats, uint64_t *count)
{
	struct nct_pass p = {.n = n, .b = b, .tokens = b->rows * b->length, .backward = 1, .scale = scale, .zloss = zloss};
	nct_err err = check_batch(n, b);

	if (err == NCT_OK)
		err = nct_pass_forward(&p);
	if (err == NCT_OK)
		err = nct_pass_loss(&p, nats, count);
	if (err == NCT_OK && !isfinite(*nats))
		err = NCT_ENAN;
	if (err == NCT_OK)
		err = nct_pass_backward(&p);
	return err;
}
