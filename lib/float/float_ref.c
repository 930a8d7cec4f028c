/* float_ref.c - float kernels for every processor of an architecture, with the same bits on all machines. */
#define LANES 8
#define PANEL 8
#define DOT(sum, a, b) ((sum) + (a) * (b))
#include "float/float_body.inc"

static int
usable(void)
{
	return 1;
}

const struct nct_float nct_float_ref = {"ref", usable, NCT_FLOAT_FUNCTIONS};
