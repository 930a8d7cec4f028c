/* matrices.c - packs M1's matrices for its kernels, when the model is first evaluated. */
#include "m1/m1_impl.h"

#include <stdlib.h>
#include <string.h>

#define SLICE 64       /* rows of g and of u that are taken together, so that their sums stay in the L1 cache */
#define OPEN_SLICE 256 /* rows of g, where only u's rows of open gates are multiplied */

void
nct_m1_weights_free(struct nct_m1_weights *w)
{
	if (w == NULL)
		return;
	free(w->bytes);
	free(w->up_mul);
	free(w);
}

/* Stores a matrix (R,k), whose element (r,j) is w[r*down + j*right], by rows for kernels of open gates. */
static void
store_rows(const nct_m1 *m, uint8_t *to, const int8_t *w, size_t r, size_t k, size_t down, size_t right)
{
	const uint8_t flip = m->k->open->flip;

	memset(to, flip, r * NCT_ROW_STRIDE(k));
	for (size_t i = 0; i < r; i++, to += NCT_ROW_STRIDE(k))
		for (size_t j = 0; j < k; j++)
			to[j] = (uint8_t)(w[i * down + j * right] ^ flip);
}

static void
pack_open(const nct_m1 *m, struct nct_m1_weights *w, size_t l, uint8_t *to)
{
	const size_t c = m->c.width, f = m->c.inner;
	const int8_t *up = (const int8_t *)m->tensor[NCT_M1_UP] + l * 2 * f * c;

	for (size_t i = 0; i < f; i += w->slice, to += w->slice_bytes)
		m->k->pack(to, up + i * c, w->slice, c, c, 1);
	store_rows(m, to, up + f * c, f, c, c, 1);
	store_rows(m, to + w->u_bytes, (const int8_t *)m->tensor[NCT_M1_DOWN] + l * c * f, f, c, 1, f);
	memcpy(w->up_mul + l * 2 * f, (const int32_t *)m->tensor[NCT_M1_UP_MUL] + l * 2 * f, 2 * f * sizeof *w->up_mul);
}

static void
pack_layer(const nct_m1 *m, struct nct_m1_weights *w, size_t l)
{
	const size_t c = m->c.width, f = m->c.inner, half = w->slice_bytes / 2;
	const int8_t *up = (const int8_t *)m->tensor[NCT_M1_UP] + l * 2 * f * c;
	const int32_t *mul = (const int32_t *)m->tensor[NCT_M1_UP_MUL] + l * 2 * f;
	uint8_t *to = w->bytes + l * w->layer_bytes;

	for (size_t i = 0; i < 3; i++, to += w->proj_bytes)
		m->k->pack(to, (const int8_t *)m->tensor[NCT_M1_QKV] + (3 * l + i) * c * c, c, c, c, 1);
	m->k->pack(to, (const int8_t *)m->tensor[NCT_M1_PROJ] + l * c * c, c, c, c, 1);
	to += w->proj_bytes;
	if (m->k->open != NULL) {
		pack_open(m, w, l, to);
		return;
	}
	for (size_t i = 0; i < f; i += w->slice, to += w->slice_bytes) {
		if (w->slice == f) {
			m->k->pack(to, up, 2 * f, c, c, 1);
		} else { /* a slice is whole groups of rows, so two packed matrices in sequence are one */
			m->k->pack(to, up + i * c, w->slice, c, c, 1);
			m->k->pack(to + half, up + (f + i) * c, w->slice, c, c, 1);
		}
		memcpy(w->up_mul + l * 2 * f + 2 * i, mul + i, w->slice * sizeof *mul);
		memcpy(w->up_mul + l * 2 * f + 2 * i + w->slice, mul + f + i, w->slice * sizeof *mul);
	}
	m->k->pack(to, (const int8_t *)m->tensor[NCT_M1_DOWN] + l * c * f, c, f, f, 1);
}

static struct nct_m1_weights *
make(const nct_m1 *m)
{
	const size_t c = m->c.width, f = m->c.inner, layers = m->c.layers;
	struct nct_m1_weights *w = calloc(1, sizeof *w);

	if (w == NULL)
		return NULL;
	const size_t slice = m->k->open != NULL ? OPEN_SLICE : SLICE;

	w->slice = f % slice == 0 ? slice : f;
	w->proj_bytes = m->k->packed(c, c);
	w->qkv_bytes = 3 * w->proj_bytes;
	w->slice_bytes = m->k->packed(m->k->open != NULL ? w->slice : 2 * w->slice, c);
	w->u_bytes = m->k->open != NULL ? f * NCT_ROW_STRIDE(c) : 0;
	w->down_bytes = m->k->open != NULL ? f * NCT_ROW_STRIDE(c) : m->k->packed(c, f);
	w->layer_bytes = w->qkv_bytes + w->proj_bytes + f / w->slice * w->slice_bytes + w->u_bytes + w->down_bytes;
	w->bytes = aligned_alloc(64, (layers * w->layer_bytes + m->k->packed(NCT_SYMBOLS, c) + 63) & ~(size_t)63);
	w->up_mul = calloc(layers * 2 * f, sizeof *w->up_mul);
	if (w->bytes == NULL || w->up_mul == NULL) {
		nct_m1_weights_free(w);
		return NULL;
	}
	for (size_t l = 0; l < layers; l++)
		pack_layer(m, w, l);
	m->k->pack(w->bytes + layers * w->layer_bytes, m->tensor[NCT_M1_HEAD], NCT_SYMBOLS, c, c, 1);
	return w;
}

nct_err
nct_m1_pack(const nct_m1 *m)
{
	struct nct_m1_weights *w, *none = NULL;

	if (m->c.kind != NCT_M1_TRANSFORMER || atomic_load(m->weights) != NULL)
		return NCT_OK;
	if ((w = make(m)) == NULL)
		return NCT_ENOMEM;
	if (!atomic_compare_exchange_strong(m->weights, &none, w)) /* another thread was faster */
		nct_m1_weights_free(w);
	return NCT_OK;
}
