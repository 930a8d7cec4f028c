/* float.c - the choice of a row of float kernels, and products with a transposed operand. */
#include "float/float.h"

#include <string.h>

#include "base/ladder.h"

/* Best first. */
static const struct nct_float *const rows[] = {
#if defined __x86_64__
	&nct_float_amx, &nct_float_avx512bf16, &nct_float_avx512, &nct_float_avx2,
#endif
	&nct_float_ref,
};

nct_err
nct_float_choose(const struct nct_float **out, const char *want)
{
	*out = NULL;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		if (rows[i]->usable() && nct_ladder_serves(rows[i]->name, want)) {
			*out = rows[i];
			return NCT_OK;
		}
		if (want != NULL && strcmp(want, rows[i]->name) == 0)
			break;
	}
	return NCT_EARG;
}

const struct nct_float *
nct_float_single(const struct nct_float *k)
{
	size_t i = 0;

	while (rows[i] != k)
		i++;
	while (rows[i]->element != sizeof(float) || !rows[i]->usable())
		i++;
	return rows[i];
}

const char *
nct_float_name(size_t i)
{
	for (size_t r = 0; r < sizeof rows / sizeof rows[0]; r++)
		if (rows[r]->usable() && i-- == 0)
			return rows[r]->name;
	return NULL;
}

void
nct_product_turned(const struct nct_float *k, const struct nct_product *p)
{
	for (size_t row = 0; row < p->rows; row += k->panel) {
		struct nct_product part = *p;

		part.rows = p->rows - row < k->panel ? p->rows - row : k->panel;
		part.a = (const uint32_t *)p->a + row / k->panel * p->a_row;
		part.a_row = 1;
		part.a_word = k->panel;
		part.c = p->c + row * p->ldc;
		k->product(&part);
	}
}
