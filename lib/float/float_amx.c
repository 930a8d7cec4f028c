/* float_amx.c - the row "amx": products of bf16 by AMX tiles. All other kernels are those of AVX-512. */
#include "base/cpu.h"

#if defined __x86_64__
#include <immintrin.h>

#define BF16
#define LANES 16
#define PANEL 64
#define DOT(sum, a, b) ((vf)_mm512_dpbf16_ps((__m512)(sum), (a), (b)))
#define PRODUCT tiles_product
#include "float/float_body.inc"

#include "base/amx_tiles.inc"

#define tile_product(sums, a, b) _tile_dpbf16ps(sums, a, b)
#include "float/float_tiles.inc"

enum { TRIAL_ROWS = 37, TRIAL_COLS = 70, TRIAL_WORDS = 21 }; /* of a trial product with edges on all sides */

/* True if the processor has AMX and a small product on tiles, of small integers, has the right result. Some systems
 * and emulators claim AMX but get it wrong. There this row is not offered. */
static int
usable(void)
{
	/* volatile: otherwise the compiler takes half a minute to specialise product() for this size */
	void (*volatile plain)(const struct nct_product *) = product;
	uint32_t a[TRIAL_ROWS * TRIAL_WORDS], b[2 * TRIAL_WORDS * PANEL];
	float got[TRIAL_ROWS * TRIAL_COLS], want[TRIAL_ROWS * TRIAL_COLS];
	struct nct_product p = {.rows = TRIAL_ROWS,
	                        .cols = TRIAL_COLS,
	                        .words = TRIAL_WORDS,
	                        .a = a,
	                        .a_row = TRIAL_WORDS,
	                        .a_word = 1,
	                        .b = b,
	                        .b_panel = TRIAL_WORDS * PANEL,
	                        .c = got,
	                        .ldc = TRIAL_COLS};

	if (!nct_cpu_amxbf16())
		return 0;
	for (size_t i = 0; i < sizeof a / sizeof a[0]; i++)
		a[i] = i % 3 == 0 ? 0x40003f80 : i % 3 == 1 ? 0xbf804040 : 0x3f80; /* 1 and 2, 3 and -1, 1 and 0 */
	for (size_t i = 0; i < sizeof b / sizeof b[0]; i++)
		b[i] = i % 5 == 0 ? 0x3f804000 : i % 5 < 3 ? 0x4080bf80 : 0x40404040; /* 2 and 1, -1 and 4, 3 and 3 */
	tiles_product(&p);
	p.c = want;
	plain(&p);
	return memcmp(got, want, sizeof got) == 0;
}

const struct nct_float nct_float_amx = {"amx", usable, NCT_FLOAT_FUNCTIONS};
#else
typedef int nct_float_amx_absent; /* ISO C wants a declaration in every file */
#endif
