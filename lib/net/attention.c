/* attention.c - one head of causal attention over one sequence, forward and backward, in tiles of queries by keys.
 *
 * Forward, a tile is TILE queries by all keys that they may see, called a strip. Backward, it is TILE queries by
 * KEYS keys. So no (T,T) matrix is ever in memory, and a tile's data stays in the L2 cache. */
#include "net/attention.h"

#include <math.h>
#include <string.h>

#include "base/le.h"
#include "net/transformer.h"

#define TILE 64  /* queries of a tile; a multiple of every panel */
#define KEYS 256 /* keys of a tile in the backward pass; likewise */
#define ALIGN 64

/* Queries [q0, q0 + queries) and keys [k0, k0 + keys). k0 is the beginning of a panel. */
struct tile {
	size_t q0, queries, k0, keys;
};

/* The arrays of one head, carved out of its scratch. D columns, T positions, S keys of a strip. */
struct head_scratch {
	uint32_t *k_turned;       /* (D,T) packed: k transposed, with keys as columns */
	uint32_t *v;              /* (T,D) packed; backward (D,T): v transposed */
	float *s;                 /* (TILE,S) scores; backward (TILE,KEYS) */
	unsigned char *p;         /* (TILE,S) elements: probabilities; backward (TILE,KEYS): gradients of scores */
	float *y;                 /* (TILE,D) sums of a product, before they become elements */
	/* for the backward pass alone */
	uint32_t *k, *q, *dmix;   /* (T,D) packed */
	float *dp;                /* (TILE,KEYS) gradients of probabilities */
	uint32_t *p_turned, *ds_turned; /* (TILE,KEYS) packed: words run over queries */
	float *dk, *dv;           /* (T,D) sums, before they become elements */
	float *dbias;             /* (T) by distance, reversed like `bias` */
};

/* Row stride of a strip: room for all keys that a tile's queries may see, from the beginning of a panel on. */
static size_t
strip_width(size_t length, size_t reach)
{
	const size_t keys = reach + 2 * TILE, all = (length + TILE - 1) / TILE * TILE;

	return nct_stride(keys < all ? keys : all, 2);
}

/* ---- memory ---- */

/* Carves arrays out of one block of memory. With base NULL, only counts the bytes. */
struct carve {
	unsigned char *base;
	size_t used;
	int overflow;
};

static void *
take(struct carve *c, size_t item, size_t a, size_t b)
{
	size_t bytes, at = c->used;

	if (nct_size_mul(&bytes, item, a) != 0 || nct_size_mul(&bytes, bytes, b) != 0 ||
	    nct_size_add(&bytes, bytes, ALIGN) != 0 || nct_size_add(&c->used, at, bytes / ALIGN * ALIGN) != 0)
		c->overflow = 1;
	return c->base == NULL ? NULL : c->base + at;
}

static uint32_t *
take_packed(struct carve *c, const struct nct_float *k, size_t rows, size_t cols)
{
	return take(c, k->panel * sizeof(uint32_t), nct_words(k, rows), nct_panels(k, cols));
}

static void
carve_scratch(struct head_scratch *w, struct carve *c, const struct nct_float *k, size_t T, size_t D, size_t reach,
              int backward)
{
	const size_t packed = nct_words(k, T) * nct_panels(k, D), turned = nct_words(k, D) * nct_panels(k, T);
	const size_t strip = strip_width(T, reach), wide = strip > nct_stride(KEYS, 2) ? strip : nct_stride(KEYS, 2);

	w->k_turned = take_packed(c, k, D, T);
	w->v = take(c, k->panel * sizeof(uint32_t), packed > turned ? packed : turned, 1);
	w->s = take(c, sizeof(float), TILE, wide);
	w->p = take(c, k->element, TILE, wide);
	w->y = take(c, sizeof(float), TILE, D);
	if (!backward)
		return;
	w->k = take_packed(c, k, T, D);
	w->q = take_packed(c, k, T, D);
	w->dmix = take_packed(c, k, T, D);
	w->dp = take(c, sizeof(float), TILE, nct_stride(KEYS, 2));
	w->p_turned = take_packed(c, k, TILE, KEYS);
	w->ds_turned = take_packed(c, k, TILE, KEYS);
	w->dk = take(c, sizeof(float), T, D);
	w->dv = take(c, sizeof(float), T, D);
	w->dbias = take(c, sizeof(float), T, 1);
}

size_t
nct_head_bytes(const struct nct_float *k, size_t length, size_t cols, size_t reach, int backward)
{
	struct carve c = {NULL, 0, 0};
	struct head_scratch w;

	carve_scratch(&w, &c, k, length, cols, reach, backward);
	return c.overflow ? 0 : c.used;
}

static void
scratch_of(struct head_scratch *w, const struct nct_head *a, int backward)
{
	struct carve c = {a->scratch, 0, 0};

	carve_scratch(w, &c, a->kernels, a->length, a->cols, a->reach, backward);
}

/* ---- tiles ---- */

/* The first key that query t may attend to. */
static size_t
first_key(const struct nct_head *a, size_t t)
{
	size_t far = t + 1 > a->reach ? t + 1 - a->reach : 0;
	size_t from = a->first == NULL ? 0 : a->first[t];

	return from > far ? from : far;
}

/* The tile of queries from q0 on, with all keys that any of them may see. */
static struct tile
tile_at(const struct nct_head *a, size_t q0)
{
	struct tile t = {q0, a->length - q0 < TILE ? a->length - q0 : TILE, q0, 0};

	for (size_t i = 0; i < t.queries; i++) {
		size_t k = first_key(a, q0 + i);

		t.k0 = k < t.k0 ? k : t.k0;
	}
	t.k0 = t.k0 / TILE * TILE;
	t.keys = q0 + t.queries - t.k0;
	return t;
}

/* The keys of a tile that its query i may see: *n keys from the index returned on, counted from t->k0. *n may be 0. */
static size_t
seen(const struct nct_head *a, const struct tile *t, size_t i, size_t *n)
{
	const size_t query = t->q0 + i, key = first_key(a, query), from = key > t->k0 ? key - t->k0 : 0;
	const size_t last = query + 1 > t->k0 ? query + 1 - t->k0 : 0, end = last < t->keys ? last : t->keys;

	*n = end > from ? end - from : 0;
	return from < t->keys ? from : t->keys;
}

/* Sets a row's items to 0, except the n items from `from` on. The row has `keys` items. */
static void
clear_rest(void *row, size_t item, size_t from, size_t n, size_t keys)
{
	memset(row, 0, from * item);
	memset((unsigned char *)row + (from + n) * item, 0, (keys - from - n) * item);
}

static const void *
row_of(const struct nct_head *a, const void *x, size_t t, size_t ld)
{
	return (const unsigned char *)x + t * ld * a->kernels->element;
}

/* s (queries,keys) = x y^T. x: rows of elements for the tile's queries. y: packed transpose (D,T). */
static void
scores(const struct nct_head *a, const struct tile *t, const void *x, size_t ldx, const uint32_t *y, float *s,
       size_t ld)
{
	const struct nct_float *k = a->kernels;
	const size_t panel = nct_words(k, a->cols) * k->panel;
	const struct nct_product p = {.rows = t->queries, .cols = t->keys, .words = nct_words(k, a->cols),
	    .a = row_of(a, x, t->q0, ldx), .a_row = ldx / nct_pair(k), .a_word = 1, .b = y + t->k0 / k->panel * panel,
	    .b_panel = panel, .c = s, .ldc = ld};

	k->product(&p);
}

/* y (queries,D) = x b, or += with `add`. x: (queries,keys) elements. b: (T,D) packed. */
static void
mixture(const struct nct_head *a, const struct tile *t, const void *x, size_t ld, const uint32_t *b, float *y, int add)
{
	const struct nct_float *k = a->kernels;
	const struct nct_product p = {.rows = t->queries, .cols = a->cols, .words = nct_words(k, t->keys), .a = x,
	    .a_row = ld / nct_pair(k), .a_word = 1, .b = b + t->k0 / nct_pair(k) * k->panel,
	    .b_panel = nct_words(k, a->length) * k->panel, .c = y, .ldc = a->cols, .add = add};

	k->product(&p);
}

/* ---- forward ---- */

static void
tile_forward(const struct nct_head *a, const struct head_scratch *w, const struct tile *t)
{
	const struct nct_float *k = a->kernels;
	const size_t ld = strip_width(a->length, a->reach);
	const float scale = (float)(1.0 / sqrt((double)a->cols));
	float sums[TILE];

	scores(a, t, a->q, a->ld, w->k_turned, w->s, ld);
	for (size_t i = 0; i < t->queries; i++) {
		unsigned char *p = w->p + i * ld * k->element;
		size_t n, from = seen(a, t, i, &n);
		float most;

		/* The last key is the query's own, at distance 0. If `keys` is odd, one more element is cleared: the
		 * rest of the last word. */
		most = k->weigh(p + from * k->element, w->s + i * ld + from, &sums[i], a->bias + a->length - n, scale, n);
		clear_rest(p, k->element, from, n, t->keys + t->keys % 2);
		a->lse[t->q0 + i] = most + logf(sums[i]);
	}
	mixture(a, t, w->p, ld, w->v, w->y, 0);
	for (size_t i = 0; i < t->queries; i++)
		k->to_elements((unsigned char *)a->mix + (t->q0 + i) * a->width * k->element, w->y + i * a->cols,
		               1.0f / sums[i], a->cols);
}

void
nct_head_forward(const struct nct_head *a)
{
	const struct nct_float *k = a->kernels;
	struct head_scratch w;

	scratch_of(&w, a, 0);
	k->turn_elements(w.k_turned, nct_words(k, a->cols) * k->panel, a->k, a->ld, a->length, a->cols);
	k->pack_elements(w.v, nct_words(k, a->length) * k->panel, a->v, a->ld, a->length, a->cols);
	for (size_t q0 = 0; q0 < a->length; q0 += TILE) {
		const struct tile t = tile_at(a, q0);

		tile_forward(a, &w, &t);
	}
}

/* ---- backward ---- */

/* y (keys,D) += x^T b. x: (queries,keys) packed, b: (T,D) packed; words of both run over queries. */
static void
gather(const struct nct_head *a, const struct tile *t, const uint32_t *x, const uint32_t *b, float *y)
{
	const struct nct_float *k = a->kernels;
	const struct nct_product p = {.rows = t->keys, .cols = a->cols, .words = nct_words(k, t->queries), .a = x,
	    .a_row = nct_words(k, TILE) * k->panel, .b = b + t->q0 / nct_pair(k) * k->panel,
	    .b_panel = nct_words(k, a->length) * k->panel, .c = y + t->k0 * a->cols, .ldc = a->cols, .add = 1};

	nct_product_turned(k, &p);
}

/* Turns scores (w->s) and gradients of probabilities (w->dp) into probabilities and gradients of scores. Packs both,
 * and stores the gradients as elements in w->p, too. delta (queries) is the sum over keys of p * dp. */
static void
tile_scores(const struct nct_head *a, const struct head_scratch *w, const struct tile *t, const float *delta)
{
	const struct nct_float *k = a->kernels;
	const float scale = (float)(1.0 / sqrt((double)a->cols));
	const size_t ld = nct_stride(KEYS, 2), panel = nct_words(k, TILE) * k->panel;

	for (size_t i = 0; i < t->queries; i++) {
		float *s = w->s + i * ld, *dp = w->dp + i * ld;
		size_t n, from = seen(a, t, i, &n), key = t->k0 + from, at = a->length - 1 - (t->q0 + i) + key;

		clear_rest(s, sizeof *s, from, n, t->keys);
		clear_rest(dp, sizeof *dp, from, n, t->keys + t->keys % 2);
		if (n > 0)
			k->score_back(s + from, dp + from, w->dbias + at, a->bias + at, scale, a->lse[t->q0 + i], delta[i], n);
	}
	k->pack_floats(w->p_turned, panel, w->s, ld, t->queries, t->keys);
	k->pack_floats(w->ds_turned, panel, w->dp, ld, t->queries, t->keys);
	for (size_t i = 0; i < t->queries; i++)
		k->to_elements(w->p + i * ld * k->element, w->dp + i * ld, 1.0f, t->keys + t->keys % 2);
}

static void
tile_backward(const struct nct_head *a, const struct head_scratch *w, const struct tile *t)
{
	const struct nct_float *k = a->kernels;
	const size_t ld = nct_stride(KEYS, 2), first = t->k0;
	float delta[TILE];

	for (size_t i = 0; i < t->queries; i++)
		delta[i] = k->dot_elements(row_of(a, a->dmix, t->q0 + i, a->width), row_of(a, a->mix, t->q0 + i, a->width), a->cols);
	for (size_t k0 = first; k0 < first + t->keys; k0 += KEYS) {
		const size_t left = first + t->keys - k0;
		const struct tile part = {t->q0, t->queries, k0, left < KEYS ? left : KEYS};

		scores(a, &part, a->q, a->ld, w->k_turned, w->s, ld);
		scores(a, &part, a->dmix, a->width, w->v, w->dp, ld);
		tile_scores(a, w, &part, delta);
		gather(a, &part, w->p_turned, w->dmix, w->dv);
		gather(a, &part, w->ds_turned, w->q, w->dk);
		mixture(a, &part, w->p, ld, w->k, w->y, k0 > first);
	}
	for (size_t i = 0; i < t->queries; i++)
		k->to_elements((unsigned char *)a->dq + (t->q0 + i) * a->ld * k->element, w->y + i * a->cols, 1.0f, a->cols);
}

static void
pack_head(const struct nct_head *a, const struct head_scratch *w)
{
	const struct nct_float *k = a->kernels;
	const size_t turned = nct_words(k, a->cols) * k->panel, panel = nct_words(k, a->length) * k->panel;

	k->turn_elements(w->k_turned, turned, a->k, a->ld, a->length, a->cols);
	k->turn_elements(w->v, turned, a->v, a->ld, a->length, a->cols);
	k->pack_elements(w->k, panel, a->k, a->ld, a->length, a->cols);
	k->pack_elements(w->q, panel, a->q, a->ld, a->length, a->cols);
	k->pack_elements(w->dmix, panel, a->dmix, a->width, a->length, a->cols);
}

void
nct_head_backward(const struct nct_head *a)
{
	const struct nct_float *k = a->kernels;
	struct head_scratch w;

	scratch_of(&w, a, 1);
	pack_head(a, &w);
	memset(w.dk, 0, a->length * a->cols * sizeof *w.dk);
	memset(w.dv, 0, a->length * a->cols * sizeof *w.dv);
	memset(w.dbias, 0, a->length * sizeof *w.dbias);
	for (size_t q0 = 0; q0 < a->length; q0 += TILE) {
		const struct tile t = tile_at(a, q0);

		tile_backward(a, &w, &t);
	}
	for (size_t t = 0; t < a->length; t++) {
		k->to_elements((unsigned char *)a->dk + t * a->ld * k->element, w.dk + t * a->cols, 1.0f, a->cols);
		k->to_elements((unsigned char *)a->dv + t * a->ld * k->element, w.dv + t * a->cols, 1.0f, a->cols);
	}
	memset(a->dbias, 0, NCT_BUCKETS * sizeof(float));
	for (size_t d = 0; d < a->length; d++)
		a->dbias[nct_bucket((uint32_t)d)] += w.dbias[a->length - 1 - d];
}
