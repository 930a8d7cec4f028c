/* float.c - choosing a row of float kernels. */
#include "kernels/float.h"

#include "kernels/kernels.h"

#include <string.h>

/* Best first. */
static const struct nct_float *const rows[] = {
#if defined __x86_64__
	&nct_float_avx2,
#endif
	&nct_float_ref,
};

nct_err
nct_float_choose(const struct nct_float **out, const char *want)
{
	const struct nct_kernels *integer;

	*out = NULL;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		if (rows[i]->usable() && (want == NULL || strcmp(want, rows[i]->name) == 0)) {
			*out = rows[i];
			return NCT_OK;
		}
	/* a row that integer kernels alone have: the best, since all give the same bits */
	return want != NULL && nct_kernels_choose(&integer, want) == NCT_OK ? nct_float_choose(out, NULL) : NCT_EARG;
}

const char *
nct_float_name(size_t i)
{
	for (size_t r = 0; r < sizeof rows / sizeof rows[0]; r++)
		if (rows[r]->usable() && i-- == 0)
			return rows[r]->name;
	return NULL;
}
