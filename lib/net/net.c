/* net.c - creates a net: sizes, memory, kernels and threads. */
#include "net/net.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/huge.h"
#include "base/ladder.h"
#include "base/le.h"
#include "base/rng.h"

#define ALIGN 64                       /* bytes; every array begins at a multiple */
#define GROUP_FLOATS ((size_t)1 << 25) /* logits in memory at a time */
#define GROUP_SLICES 8                 /* slices, and so tasks, that a group has at least, if possible */
#define SPREAD_FROM ((size_t)1 << 17)  /* panels of at least so many bytes ... */
#define SPREAD ((size_t)1 << 14)       /* ... get so many bytes of padding */

/* ---- memory ---- */

/* Carves arrays out of one block of memory. With base NULL, only counts the bytes. */
struct carve {
	unsigned char *base;
	size_t used;
	int overflow;
};

static void *
take(struct carve *c, size_t item, size_t a, size_t b, size_t d)
{
	size_t bytes, end, at = c->used;

	if (nct_size_mul(&bytes, item, a) != 0 || nct_size_mul(&bytes, bytes, b) != 0 ||
	    nct_size_mul(&bytes, bytes, d) != 0 || nct_size_add(&end, bytes, ALIGN - 1) != 0 ||
	    nct_size_add(&end, at, end / ALIGN * ALIGN) != 0 || end > PTRDIFF_MAX) {
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

/* Sets the sizes of slices and groups, so that a group has at most GROUP_FLOATS logits. */
static void
set_slices(struct nct_net *n)
{
	size_t group = GROUP_FLOATS / n->ldv, slice = group / GROUP_SLICES / 2 * 2;

	n->slice = slice > NCT_BLOCK ? NCT_BLOCK : larger(slice, 2);
	n->group = larger(group / n->slice, 1) * n->slice;
	if (n->group >= n->tokens)
		n->group = (n->tokens + n->slice - 1) / n->slice * n->slice;
}

static unsigned char *
elements(const struct nct_net *n, struct carve *c, size_t a, size_t b, size_t d)
{
	return take(c, n->k->element, a, b, d);
}

/* Large panels are padded. Several panels are read side by side, and if they were a power of two apart, they would
 * fall into the same few cache sets. */
size_t
nct_net_words(const struct nct_net *n, size_t rows)
{
	const size_t words = nct_words(n->k, rows), line = n->k->panel * sizeof(uint32_t);

	return words >= SPREAD_FROM / line ? words + SPREAD / line : words;
}

/* A packed array (rows,cols). */
static uint32_t *
packed(const struct nct_net *n, struct carve *c, size_t rows, size_t cols)
{
	return take(c, sizeof(uint32_t), nct_net_words(n, rows), nct_panels(n->k, cols), n->k->panel);
}

/* Room for a packed array (rows,cols) or (cols,rows), whichever is larger. */
static uint32_t *
packed_either(const struct nct_net *n, struct carve *c, size_t rows, size_t cols)
{
	const struct nct_float *k = n->k;
	const size_t one = nct_net_words(n, rows) * nct_panels(k, cols), other = nct_net_words(n, cols) * nct_panels(k, rows);

	return take(c, sizeof(uint32_t), larger(one, other), k->panel, 1);
}

/* The arrays that each layer uses again, except those for gradients. */
static void
lay_out_layer(struct nct_net *n, struct carve *c)
{
	const size_t C = n->s.width, F = n->s.inner;

	n->wqkv = packed_either(n, c, C, 3 * C);
	n->wproj = packed_either(n, c, C, C);
	n->wup = packed_either(n, c, C, 2 * F);
	n->wdown = packed_either(n, c, F, C);
	n->bias = floats(c, 1, n->s.heads, n->length);
	n->scratch = take(c, 1, n->threads, n->scratch_bytes, 1);
}

static void
lay_out_gradients(struct nct_net *n, struct carve *c)
{
	const size_t N = n->tokens, C = n->s.width, F = n->s.inner;
	const size_t slices = (N + n->slice - 1) / n->slice, parts = larger(slices, (N + NCT_BLOCK - 1) / NCT_BLOCK);

	n->dx = floats(c, 1, N, n->ldx);
	n->dmix = elements(n, c, 1, N, n->ldc);
	n->dqkv = elements(n, c, 1, N, n->ldq);
	n->pn1 = packed(n, c, N, C);
	n->pn2 = packed(n, c, N, C);
	n->pmix = packed(n, c, N, C);
	n->ph = packed(n, c, N, F);
	n->pqkv = packed(n, c, N, 3 * C);
	n->pproj = packed(n, c, N, C);
	n->pup = packed(n, c, N, 2 * F);
	n->pdown = packed(n, c, N, C);
	n->dbias = floats(c, n->rows, n->s.heads, NCT_BUCKETS);
	n->gains1 = floats(c, 1, parts, C);
	n->gains2 = floats(c, 1, parts, C);
	n->plogits = packed(n, c, n->group, n->s.vocab);
	n->whead_back = packed(n, c, n->s.vocab, C);
}

/* Lays out all arrays but parameters and gradients. Sizes in *n are set before. */
static void
lay_out(struct nct_net *n, struct carve *c)
{
	const size_t N = n->tokens, L = n->learns ? n->s.layers : 1, slices = (N + n->slice - 1) / n->slice;
	const size_t C = n->s.width;

	n->x = floats(c, n->learns ? L + 1 : 1, N, n->ldx);
	n->xm = floats(c, L, N, n->ldx);
	n->lse = floats(c, L, n->s.heads, N);
	n->qkv = elements(n, c, L, N, n->ldq);
	n->mix = elements(n, c, L, N, n->ldc);
	n->up = elements(n, c, L, N, n->ldu);
	lay_out_layer(n, c);
	if (n->learns)
		lay_out_gradients(n, c);
	n->logits = floats(c, 1, n->group, n->ldv);
	if (n->s.parts > 0) {
		n->embed = floats(c, 1, n->s.inputs, C);
		n->head = floats(c, 1, n->s.vocab, C);
	}
	n->whead = packed(n, c, n->s.width, n->s.vocab);
	n->nats = take(c, sizeof *n->nats, slices, 1, 1);
	n->counts = take(c, sizeof *n->counts, slices, 1, 1);
	n->products = take(c, ALIGN, n->threads, 1, 1);
}

static void
set_strides(struct nct_net *n)
{
	const size_t C = n->s.width, F = n->s.inner, element = n->k->element;

	n->ldx = nct_stride(C, sizeof(float));
	n->ldv = nct_stride(n->s.vocab, sizeof(float));
	n->ldc = nct_stride(C, element);
	n->ldq = nct_stride(3 * C, element);
	n->ldf = nct_stride(F, element);
	n->ldu = nct_stride(2 * F, element);
}

/* Sets all sizes from n->learns, n->k and the arguments. *bytes is the size of the block of memory. */
static nct_err
set_sizes(struct nct_net *n, const struct nct_shape *s, size_t rows, size_t length, unsigned threads, size_t *bytes,
          nct_why *why)
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
	set_strides(n);
	set_slices(n);
	n->scratch_bytes = nct_scratch_bytes(n);
	lay_out(n, &c);
	if (n->scratch_bytes == 0 || c.overflow)
		return nct_fail(why, NCT_ENOMEM, "batches of %zu x %zu tokens are too large", rows, length);
	*bytes = c.used;
	return NCT_OK;
}

static nct_err
choose(struct nct_net *n, const char *cpu, nct_why *why)
{
	nct_err err = nct_float_choose(&n->k, cpu);

	return err == NCT_OK ? err : nct_fail(why, err, NCT_LADDER_NONE, cpu == NULL ? "" : cpu);
}

static nct_err
make(nct_net **out, int learns, const struct nct_shape *s, size_t rows, size_t length, unsigned threads,
     const char *cpu, nct_why *why)
{
	struct carve c = {NULL, 0, 0};
	size_t bytes = 0;
	nct_net *n = calloc(1, sizeof *n);
	nct_err err = NCT_ENOMEM;

	*out = NULL;
	if (n == NULL)
		goto fail;
	n->learns = learns;
	if ((err = choose(n, cpu, why)) != NCT_OK || (err = set_sizes(n, s, rows, length, threads, &bytes, why)) != NCT_OK)
		goto fail;
	if ((err = nct_threads_new(&n->pool, threads)) != NCT_OK)
		goto fail;
	n->params = nct_huge_alloc(n->total * sizeof(float));
	n->grads = learns ? nct_huge_alloc(n->total * sizeof(float)) : NULL;
	n->block = nct_huge_alloc(bytes);
	if (n->params == NULL || (learns && n->grads == NULL) || n->block == NULL) {
		err = nct_fail(why, NCT_ENOMEM, "no memory for a net of %zu parameters and batches of %zu x %zu tokens",
		               n->total, rows, length);
		goto fail;
	}
	c.base = (unsigned char *)n->block;
	lay_out(n, &c);
	memset(n->block, 0, bytes); /* the padding of rows must be finite */
	memset(n->params, 0, n->total * sizeof(float));
	if (learns)
		nct_net_zero_grads(n);
	n->in_rows = n->s.parts > 0 ? n->embed : nct_net_at(n, n->params, NCT_P_EMBED, 0);
	n->out_rows = n->s.parts > 0 ? n->head : nct_net_at(n, n->params, NCT_P_HEAD, 0);
	*out = n;
	return NCT_OK;
fail:
	nct_net_free(n);
	return err;
}

nct_err
nct_net_new(nct_net **out, const struct nct_shape *s, size_t rows, size_t length, unsigned threads, const char *cpu,
            nct_why *why)
{
	return make(out, 1, s, rows, length, threads, cpu, why);
}

nct_err
nct_net_new_forward(nct_net **out, const struct nct_shape *s, size_t rows, size_t length, unsigned threads,
                    const char *cpu, nct_why *why)
{
	return make(out, 0, s, rows, length, threads, cpu, why);
}

void
nct_net_free(nct_net *n)
{
	if (n == NULL)
		return;
	nct_threads_free(n->pool);
	free(n->params);
	free(n->grads);
	free(n->block);
	free(n->shown);
	free(n->users_at);
	free(n->users);
	free(n);
}

uint64_t
nct_net_bytes(const struct nct_shape *s, int learns, size_t rows, size_t length, unsigned threads, const char *cpu)
{
	struct nct_net n;
	size_t bytes = 0, params;

	memset(&n, 0, sizeof n);
	n.learns = learns;
	if ((choose(&n, cpu, NULL) != NCT_OK && choose(&n, "ref", NULL) != NCT_OK) ||
	    set_sizes(&n, s, rows, length, threads, &bytes, NULL) != NCT_OK ||
	    nct_size_mul(&params, n.total, (learns ? 2 : 1) * sizeof(float)) != 0 ||
	    nct_size_add(&bytes, bytes, params) != 0)
		return UINT64_MAX;
	return bytes;
}

const char *
nct_net_cpu(size_t i)
{
	return nct_float_name(i);
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

double
nct_net_rate(const nct_net *n)
{
	return nct_float_rate(n->k, n->threads);
}

struct nct_timing
nct_net_timing(const nct_net *n)
{
	struct nct_timing t = n->time;

	for (unsigned w = 0; w < n->threads; w++)
		t.products += *nct_net_products(n, w);
	return t;
}
