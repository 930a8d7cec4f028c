/* float_amx.c - the row "amx": products of bf16 by AMX tiles; all else is AVX-512's. */
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

enum { TRIAL_ROWS = 37, TRIAL_COLS = 70, TRIAL_WORDS = 21 }; /* edges on all sides */

/* Whether a small product by tiles is what single dot products make of it, all numbers being small integers. Tiles
 * are young in processors, systems and emulators: where they do not keep their promise the row is not offered, and
 * the next one serves. */
static int
usable(void)
{
	/* Not seen through by the compiler, which else makes a product for this size alone, for half a minute. */
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
