/* eval.c - evaluates the exact byte model: layer by layer, for all steps of a call. */
#include "m1/attend.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK 96 /* steps that are multiplied by a matrix together, so that its weights are read once for all */

struct nct_m1_scratch {
	size_t steps;
	int32_t *h;          /* (steps,C) the residual stream */
	int8_t *q;           /* (steps,C) queries of the current layer */
	size_t *live;        /* (steps) indices of the steps that are computed */
	/* block: BLOCK, or the number of steps if that is smaller */
	int8_t *y;           /* (block,C) input of a matrix */
	int8_t *a;           /* (block,F) output of the gate; of open gates alone (block,F + 16), those that are not 0 */
	uint16_t *which;     /* (block,F + 16) which gates these are; NULL unless the kernels take open gates alone */
	size_t *kept;        /* (block) how many */
	struct nct_open_gates open; /* those of a slice, for one step */
	int32_t *u;          /* (slice + 16) their dot products with y */
	int32_t *acc;        /* (block,max(C,2 slice,257)) output of a matrix */
	struct nct_m1_attend attend;
};

/* One layer's tensors. */
struct layer {
	const int16_t *norm1, *norm2;
	const uint8_t *qkv, *proj, *up, *u, *down; /* packed; u: of open gates */
	const int32_t *qkv_mul, *proj_mul, *up_mul, *down_mul;
	struct nct_m1_heads heads;
};

static struct layer
layer_of(const nct_m1 *m, size_t l)
{
	const size_t c = m->c.width, f = m->c.inner, h = m->c.heads;
	const struct nct_m1_weights *w = atomic_load_explicit(m->weights, memory_order_acquire);
	const uint8_t *packed = w->bytes + l * w->layer_bytes;
	void *const *t = m->tensor;

	return (struct layer){
		.norm1 = (const int16_t *)t[NCT_M1_NORM1] + l * c,
		.norm2 = (const int16_t *)t[NCT_M1_NORM2] + l * c,
		.qkv = packed,
		.proj = packed + w->qkv_bytes,
		.up = packed + w->qkv_bytes + w->proj_bytes,
		.u = packed + w->layer_bytes - w->down_bytes - w->u_bytes,
		.down = packed + w->layer_bytes - w->down_bytes,
		.qkv_mul = (const int32_t *)t[NCT_M1_QKV_MUL] + l * 3 * c,
		.proj_mul = (const int32_t *)t[NCT_M1_PROJ_MUL] + l * c,
		.up_mul = w->up_mul + l * 2 * f,
		.down_mul = (const int32_t *)t[NCT_M1_DOWN_MUL] + l * c,
		.heads = {l, (const int32_t *)t[NCT_M1_SCORE_MUL] + l * h, (const int32_t *)t[NCT_M1_MIX_MUL] + l * h,
		          m->bias + l * h * (NCT_BIAS_FAR + 1)},
	};
}

nct_err
nct_m1_scratch_new(nct_m1_scratch **out, const nct_m1 *m, size_t steps)
{
	const size_t c = m->c.width, f = m->c.inner, block = steps < BLOCK ? steps : BLOCK;
	nct_m1_scratch *s = calloc(1, sizeof *s);
	nct_err err = s == NULL ? NCT_ENOMEM : nct_m1_pack(m);

	*out = NULL;
	if (err == NCT_OK && m->c.kind == NCT_M1_TRANSFORMER) {
		const size_t slice = 2 * atomic_load(m->weights)->slice, most = c > NCT_SYMBOLS ? c : NCT_SYMBOLS;

		s->steps = steps;
		s->h = calloc(steps + 1, c * sizeof *s->h);
		s->q = calloc(steps + 1, c);
		s->live = calloc(steps + 1, sizeof *s->live);
		s->y = calloc(block + 1, c);
		s->a = calloc(block + 1, f + 16);
		if (m->k->open != NULL) {
			const size_t room = atomic_load(m->weights)->slice + 16;

			s->which = calloc(block + 1, (f + 16) * sizeof *s->which);
			s->kept = calloc(block + 1, sizeof *s->kept);
			s->open.index = calloc(room, sizeof *s->open.index);
			s->open.acc = calloc(room, sizeof *s->open.acc);
			s->open.g_mul = calloc(room, sizeof *s->open.g_mul);
			s->open.u_mul = calloc(room, sizeof *s->open.u_mul);
			s->u = calloc(room, sizeof *s->u);
			if (s->which == NULL || s->kept == NULL || s->open.index == NULL || s->open.acc == NULL || s->open.g_mul == NULL ||
			    s->open.u_mul == NULL || s->u == NULL)
				err = NCT_ENOMEM;
		}
		s->acc = calloc(block + 1, (most > slice ? most : slice) * sizeof *s->acc);
		if (err == NCT_OK)
			err = nct_m1_attend_new(&s->attend, m, steps >= NCT_M1_RUN_MIN);
		if (s->h == NULL || s->q == NULL || s->live == NULL || s->y == NULL || s->a == NULL || s->acc == NULL)
			err = NCT_ENOMEM;
	} else if (err == NCT_OK) {
		s->steps = steps;
	}
	if (err == NCT_OK)
		*out = s;
	else
		nct_m1_scratch_free(s);
	return err;
}

void
nct_m1_scratch_free(nct_m1_scratch *s)
{
	if (s == NULL)
		return;
	free(s->h);
	free(s->q);
	free(s->live);
	free(s->y);
	free(s->a);
	free(s->which);
	free(s->kept);
	free(s->open.index);
	free(s->open.acc);
	free(s->open.g_mul);
	free(s->open.u_mul);
	free(s->u);
	free(s->acc);
	nct_m1_attend_free(&s->attend);
	free(s);
}

/* Computes queries, keys and values of the steps live[0..n), n <= BLOCK. */
static void
project(const nct_m1 *m, nct_m1_scratch *s, const struct layer *w, const struct nct_m1_step *steps, const size_t *live,
        size_t n, size_t l)
{
	const size_t c = m->c.width;

	for (size_t i = 0; i < n; i++)
		m->k->norm(s->y + i * c, s->h + live[i] * c, w->norm1, c);
	for (size_t part = 0; part < 3; part++) {
		m->k->matmul(s->acc, s->y, w->qkv + part * m->k->packed(c, c), n, c, c);
		for (size_t i = 0; i < n; i++) {
			int8_t *to = part == 0 ? s->q + live[i] * c : steps[live[i]].kv_out + (2 * l + part - 1) * c;

			m->k->narrow(to, s->acc + i * c, w->qkv_mul + part * c, c);
		}
	}
}

/* Computes attention's output for the steps live[0..n): s->y (n,C). */
static void
attend(const nct_m1 *m, nct_m1_scratch *s, const struct nct_m1_heads *w, const struct nct_m1_step *steps,
       const size_t *live, size_t n)
{
	const size_t c = m->c.width;

	for (size_t i = 0, run; i < n; i += run) {
		const struct nct_m1_step *step = &steps[live[i]];
		const int8_t *q = s->q + live[i] * c;

		run = nct_m1_attend_run_length(m, &s->attend, steps, live + i, n - i);
		if (run > 1)
			nct_m1_attend_run(m, &s->attend, w, step, run, q, s->y + i * c);
		else
			nct_m1_attend_one(m, &s->attend, w, step, q, s->y + i * c);
	}
}

/* Adds w y, with w (C,k), to the residual stream of the steps live[0..n). */
static void
add_back(const nct_m1 *m, nct_m1_scratch *s, const int8_t *y, const uint8_t *w, const int32_t *mul, const size_t *live,
         size_t n, size_t k)
{
	const size_t c = m->c.width;

	m->k->matmul(s->acc, y, w, n, c, k);
	for (size_t i = 0; i < n; i++)
		m->k->add(s->h + live[i] * c, s->acc + i * c, mul, c);
}

/* Adds the feed-forward part of y (n,C) to the residual stream of the steps live[0..n). */
static void
feed(const nct_m1 *m, nct_m1_scratch *s, const struct layer *w, const size_t *live, size_t n)
{
	const struct nct_m1_weights *packed = atomic_load_explicit(m->weights, memory_order_acquire);
	const size_t c = m->c.width, f = m->c.inner, slice = packed->slice;
	const uint8_t *up = w->up;

	for (size_t j = 0; j < f; j += slice, up += packed->slice_bytes) {
		m->k->matmul(s->acc, s->y, up, n, 2 * slice, c);
		for (size_t i = 0; i < n; i++)
			m->k->gate(s->a + i * f + j, s->acc + i * 2 * slice, w->up_mul + 2 * j, slice);
	}
	add_back(m, s, s->a, w->down, w->down_mul, live, n, f);
}

/* Has the processor fetch n bytes into its cache. */
static inline void
fetch(const uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i += 64)
		__builtin_prefetch(p + i, 0, 2);
}

/* The same by open gates alone. A step uses a quarter of u's rows and of down's, in no order that a processor could
 * foresee. So the next slice of u (behind the last stands `down`) and as much of `down` are fetched meanwhile. */
static void
feed_open(const nct_m1 *m, nct_m1_scratch *s, const struct layer *w, const size_t *live, size_t n)
{
	const struct nct_m1_weights *packed = atomic_load_explicit(m->weights, memory_order_acquire);
	const struct nct_open_kernels *k = m->k->open;
	const size_t c = m->c.width, f = m->c.inner, slice = packed->slice, stride = f + 16, row = NCT_ROW_STRIDE(c);
	const uint8_t *up = w->up;

	for (size_t i = 0; i < n; i++)
		s->kept[i] = 0;
	for (size_t j = 0; j < f; j += slice, up += packed->slice_bytes) {
		m->k->matmul(s->acc, s->y, up, n, slice, c);
		for (size_t i = 0; i < n; i++) {
			const size_t to = i * stride + s->kept[i];
			const size_t open = k->list(&s->open, s->acc + i * slice, w->up_mul + j, w->up_mul + f + j, slice);

			fetch(w->u + (j + slice) * row + i * slice * row / n, slice * row / n);
			fetch(w->down + j * row + i * slice * row / n, slice * row / n);
			k->rows(s->u, s->y + i * c, w->u + j * row, &s->open, open, c);
			s->kept[i] += k->pass(s->which + to, s->a + to, &s->open, s->u, open, j);
		}
	}
	for (size_t i = 0; i < n; i++) {
		memset(s->a + i * stride + s->kept[i], 0, 3);
		memset(s->which + i * stride + s->kept[i], 0, 3 * sizeof *s->which);
		k->sum(s->acc, s->a + i * stride, s->which + i * stride, s->kept[i], w->down, c);
		m->k->add(s->h + live[i] * c, s->acc, w->down_mul, c);
	}
}

/* The rest of a layer after project(), for the steps live[0..n), n <= BLOCK. */
static void
mix_and_feed(const nct_m1 *m, nct_m1_scratch *s, const struct layer *w, const struct nct_m1_step *steps,
             const size_t *live, size_t n)
{
	const size_t c = m->c.width;

	attend(m, s, &w->heads, steps, live, n);
	add_back(m, s, s->y, w->proj, w->proj_mul, live, n, c);
	for (size_t i = 0; i < n; i++)
		m->k->norm(s->y + i * c, s->h + live[i] * c, w->norm2, c);
	if (m->k->open != NULL)
		feed_open(m, s, w, live, n);
	else
		feed(m, s, w, live, n);
}

static void
predict(const nct_m1 *m, nct_m1_scratch *s, const struct nct_m1_step *steps, const size_t *live, size_t n)
{
	const struct nct_m1_weights *packed = atomic_load_explicit(m->weights, memory_order_acquire);
	const size_t c = m->c.width;

	for (size_t i = 0; i < n; i++)
		m->k->norm(s->y + i * c, s->h + live[i] * c, m->tensor[NCT_M1_NORMF], c);
	m->k->matmul(s->acc, s->y, packed->bytes + m->c.layers * packed->layer_bytes, n, NCT_SYMBOLS, c);
	for (size_t i = 0; i < n; i++)
		m->k->predict(steps[live[i]].freq, s->acc + i * NCT_SYMBOLS, m->tensor[NCT_M1_HEAD_MUL]);
}

static size_t
block_of(size_t n, size_t i)
{
	return n - i < BLOCK ? n - i : BLOCK;
}

static void
eval_transformer(const nct_m1 *m, nct_m1_scratch *s, const struct nct_m1_step *steps, size_t n)
{
	const size_t c = m->c.width;
	size_t live = n;

	for (size_t i = 0; i < n; i++) {
		assert(steps[i].symbol < NCT_SYMBOLS);
		memcpy(s->h + i * c, (const int32_t *)m->tensor[NCT_M1_EMBED] + steps[i].symbol * c, c * sizeof *s->h);
		s->live[i] = i;
	}
	for (size_t l = 0; l < m->c.layers; l++) {
		const struct layer w = layer_of(m, l);

		for (size_t i = 0; i < n; i += BLOCK) /* for all steps first, as they may attend to each other */
			project(m, s, &w, steps, s->live + i, block_of(n, i), l);
		if (l + 1 == m->c.layers) { /* the rest of the last layer is only needed for frequencies */
			live = 0;
			for (size_t i = 0; i < n; i++)
				if (steps[i].freq != NULL)
					s->live[live++] = i;
		}
		for (size_t i = 0; i < live; i += BLOCK)
			mix_and_feed(m, s, &w, steps, s->live + i, block_of(live, i));
	}
	for (size_t i = 0; i < live; i += BLOCK)
		predict(m, s, steps, s->live + i, block_of(live, i));
}

void
nct_m1_eval(const nct_m1 *m, nct_m1_scratch *s, const struct nct_m1_step *steps, size_t n)
{
	assert(n <= s->steps);
	if (m->c.kind == NCT_M1_TRANSFORMER) {
		eval_transformer(m, s, steps, n);
		return;
	}
	for (size_t i = 0; i < n; i++)
		if (steps[i].freq != NULL)
			memcpy(steps[i].freq, m->tensor[NCT_M1_FREQ], NCT_SYMBOLS * sizeof steps[i].freq[0]);
}
