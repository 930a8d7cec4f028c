/* rows.c - the list of rows of exact integer kernels, and the choice among those that this machine can run. */
#include "int8/kernels.h"

#include <string.h>

#include "base/ladder.h"

/* Best first. */
static const struct nct_kernels *const rows[] = {
#if defined __x86_64__
	&nct_kernels_amx, &nct_kernels_avx512vnni, &nct_kernels_avx2,
#elif defined __aarch64__
	&nct_kernels_neondot, &nct_kernels_neon,
#endif
	&nct_kernels_ref,
};

#define ROWS (sizeof rows / sizeof rows[0])

nct_err
nct_kernels_choose(const struct nct_kernels **out, const char *want)
{
	for (size_t i = 0; i < ROWS; i++) {
		if (rows[i]->usable() && nct_ladder_serves(rows[i]->name, want)) {
			*out = rows[i];
			return NCT_OK;
		}
		if (want != NULL && strcmp(want, rows[i]->name) == 0)
			break;
	}
	return NCT_EARG;
}

const char *
nct_cpu_name(size_t i)
{
	for (size_t r = 0; r < ROWS; r++)
		if (rows[r]->usable() && i-- == 0)
			return rows[r]->name;
	return NULL;
}
