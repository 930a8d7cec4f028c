/* plan.c - the fingerprint of a stream's code. */
#include "m1/plan.h"

#include <lzma.h>

#include "base/le.h"
#include "nct.h"

uint64_t
nct_plan_fingerprint(const struct nct_plan *p, uint64_t m1, const struct nct_codebook *book)
{
	uint8_t s[20];

	if (book != NULL && book->code == NCT_CODE_BEST)
		return book->fingerprint;
	nct_put64(s, m1);
	nct_put32(s + 8, p->window_bits);
	nct_put32(s + 12, p->resets);
	nct_put32(s + 16, p->window_bits > 0 ? NCT_CODE_SPLIT : NCT_CODE_UNBROKEN);
	return lzma_crc64(s, sizeof s, 0);
}
