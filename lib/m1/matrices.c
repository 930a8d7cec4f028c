/* matrices.c - packs M1's matrices for its kernels, when the model is first evaluated. */
#include "m1/m1_impl.h"

#include <stdlib.h>
#include <string.h>

#define SLICE 64 /* rows of gate and of up that are taken together, so that their sums stay in the L1 cache */

void
nct_m1_weights_free(struct nct_m1_weights *w)
{
	if (w == NULL)
		return;
	free(w->bytes);
	free(w->up_mul);
	free(w);
}

static void
pack_layer(const nct_m1 *m, struct nct_m1_weights *w, size_t l)
{
	const size_t c = m->c.width, f = m->c.inner, half = w->slice_bytes / 2;
	const int8_t *up = (const int8_t *)m->tensor[NCT_M1_UP] + l * 2 * f * c;
	const int32_t *mul = (const int32_t *)m->tensor[NCT_M1_UP_MUL] + l * 2 * f;
	uint8_t *to = w->bytes + l * w->layer_bytes;

	m->k->pack(to, (const int8_t *)m->tensor[NCT_M1_QKV] + l * 3 * c * c, 3 * c, c, c, 1);
	to += w->qkv_bytes;
	m->k->pack(to, (const int8_t *)m->tensor[NCT_M1_PROJ] + l * c * c, c, c, c, 1);
	to += w->proj_bytes;
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
	w->slice = f % SLICE == 0 ? SLICE : f;
	w->qkv_bytes = m->k->packed(3 * c, c);
	w->proj_bytes = m->k->packed(c, c);
	w->slice_bytes = m->k->packed(2 * w->slice, c);
	w->down_bytes = m->k->packed(c, f);
	w->layer_bytes = w->qkv_bytes + w->proj_bytes + f / w->slice * w->slice_bytes + w->down_bytes;
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
