/* attention.c - one head of causal attention over one sequence, forward and backward, in tiles of queries.
 *
 * A tile is TILE queries against all keys that any of them may see: a strip of scores (TILE, keys) that is used up before the
 * next tile, so no (T,T) matrix ever stands in memory. */
#include "model/attention.h"

#include <math.h>
#include <string.h>

#include "base/le.h"
#include "kernels/gemm.h"
#include "model/transformer.h"

#define TILE 64

/* Queries [q0, q0 + queries) and the keys [k0, k0 + keys) that they may see. */
struct tile {
	size_t q0, queries, k0, keys;
};

/* Row stride of a strip of scores: room for all keys of a tile. */
static size_t
strip_width(size_t length, size_t reach)
{
	size_t keys = reach + TILE - 1;

	return nct_stride(keys < length ? keys : length);
}

size_t
nct_head_floats(size_t length, size_t reach)
{
	size_t strips, all;

	if (nct_size_mul(&strips, strip_width(length, reach), 2 * (size_t)TILE) != 0 ||
	    nct_size_add(&all, strips, TILE) != 0 || nct_size_add(&all, all, length) != 0)
		return 0;
	return all;
}

/* The first key that query t may see. */
static size_t
first_key(const struct nct_head *a, size_t t)
{
	size_t far = t + 1 > a->reach ? t + 1 - a->reach : 0;
	size_t from = a->first == NULL ? 0 : a->first[t];

	return from > far ? from : far;
}

static struct tile
tile_at(const struct nct_head *a, size_t q0)
{
	struct tile t = {q0, a->length - q0 < TILE ? a->length - q0 : TILE, q0, 0};

	for (size_t i = 0; i < t.queries; i++) {
		size_t k = first_key(a, q0 + i);

		t.k0 = k < t.k0 ? k : t.k0;
	}
	t.keys = q0 + t.queries - t.k0;
	return t;
}

/* s (queries,keys) = q k^T / sqrt(cols) */
static nct_err
scores(const struct nct_head *a, const struct tile *t, float *s, size_t ld)
{
	const float scale = (float)(1.0 / sqrt((double)a->cols));

	return nct_gemm('N', 'T', t->queries, t->keys, a->cols, scale, a->q + t->q0 * a->ld, a->ld, a->k + t->k0 * a->ld,
	                a->ld, 0.0f, s, ld);
}

/* Zeroes what row i of the tile, at s, must not see; gives where the rest begins and sets its length. */
static size_t
mask(const struct nct_head *a, const struct tile *t, size_t i, float *s, size_t *n)
{
	size_t query = t->q0 + i, from = first_key(a, query) - t->k0, end = query + 1 - t->k0;

	memset(s, 0, from * sizeof *s);
	memset(s + end, 0, (t->keys - end) * sizeof *s);
	*n = end - from;
	return from;
}

static nct_err
tile_forward(const struct nct_head *a, const struct tile *t, size_t ld)
{
	const struct nct_float *f = a->kernels;
	float *s = a->work, *sums = s + 2 * TILE * ld, *mix = a->mix + t->q0 * a->width;
	nct_err err = scores(a, t, s, ld);

	if (err != NCT_OK)
		return err;
	for (size_t i = 0; i < t->queries; i++) {
		float *row = s + i * ld, most;
		size_t n, from = mask(a, t, i, row, &n);

		/* The last key seen is the query's own: distance 0. */
		most = f->add_max(row + from, a->bias + a->length - n, n);
		sums[i] = f->exp_sum(row + from, most, n);
		a->lse[t->q0 + i] = most + logf(sums[i]);
	}
	err = nct_gemm('N', 'N', t->queries, a->cols, t->keys, 1.0f, s, ld, a->v + t->k0 * a->ld, a->ld, 0.0f, mix, a->width);
	for (size_t i = 0; i < t->queries; i++)
		f->scale(mix + i * a->width, 1.0f / sums[i], a->cols);
	return err;
}

nct_err
nct_head_forward(const struct nct_head *a)
{
	const size_t ld = strip_width(a->length, a->reach);

	for (size_t q0 = 0; q0 < a->length; q0 += TILE) {
		struct tile t = tile_at(a, q0);
		nct_err err = tile_forward(a, &t, ld);

		if (err != NCT_OK)
			return err;
	}
	return NCT_OK;
}

/* Adds the products of one tile to dk and dv, and writes its dq. p and ds (queries,keys). */
static nct_err
tile_products(const struct nct_head *a, const struct tile *t, const float *p, const float *ds, size_t ld)
{
	const float scale = (float)(1.0 / sqrt((double)a->cols));
	const size_t q = t->q0 * a->ld, k = t->k0 * a->ld;
	nct_err err;

	err = nct_gemm('T', 'N', t->keys, a->cols, t->queries, 1.0f, p, ld, a->dmix + t->q0 * a->width, a->width, 1.0f,
	               a->dv + k, a->ld);
	if (err == NCT_OK)
		err = nct_gemm('T', 'N', t->keys, a->cols, t->queries, scale, ds, ld, a->q + q, a->ld, 1.0f, a->dk + k, a->ld);
	if (err == NCT_OK)
		err = nct_gemm('N', 'N', t->queries, a->cols, t->keys, scale, ds, ld, a->k + k, a->ld, 0.0f, a->dq + q, a->ld);
	return err;
}

static nct_err
tile_backward(const struct nct_head *a, const struct tile *t, float *dbias, size_t ld)
{
	const struct nct_float *f = a->kernels;
	const float *dmix = a->dmix + t->q0 * a->width, *mix = a->mix + t->q0 * a->width;
	float *s = a->work, *dp = s + TILE * ld;
	nct_err err = scores(a, t, s, ld);

	if (err == NCT_OK)
		err = nct_gemm('N', 'T', t->queries, t->keys, a->cols, 1.0f, dmix, a->width, a->v + t->k0 * a->ld, a->ld,
		               0.0f, dp, ld);
	if (err != NCT_OK)
		return err;
	for (size_t i = 0; i < t->queries; i++) {
		const float delta = f->dot(dmix + i * a->width, mix + i * a->width, a->cols);
		size_t n, from;

		(void)mask(a, t, i, dp + i * ld, &n);
		from = mask(a, t, i, s + i * ld, &n);
		f->score_back(s + i * ld + from, dp + i * ld + from, dbias + a->length - n, a->bias + a->length - n,
		              a->lse[t->q0 + i], delta, n);
	}
	return tile_products(a, t, s, dp, ld);
}

nct_err
nct_head_backward(const struct nct_head *a)
{
	const size_t ld = strip_width(a->length, a->reach);
	float *dbias = a->work + 2 * TILE * ld + TILE; /* as `bias`: by distance, reversed */
	nct_err err = NCT_OK;

	memset(dbias, 0, a->length * sizeof *dbias);
	for (size_t t = 0; t < a->length; t++) {
		memset(a->dk + t * a->ld, 0, a->cols * sizeof(float));
		memset(a->dv + t * a->ld, 0, a->cols * sizeof(float));
	}
	for (size_t q0 = 0; err == NCT_OK && q0 < a->length; q0 += TILE) {
		struct tile t = tile_at(a, q0);

		err = tile_backward(a, &t, dbias, ld);
	}
	memset(a->dbias, 0, NCT_BUCKETS * sizeof(float));
	for (size_t d = 0; d < a->length; d++)
		a->dbias[nct_bucket((uint32_t)d)] += dbias[a->length - 1 - d];
	return err;
}
