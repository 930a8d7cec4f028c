/* i8_amx.c - the row "amx": exact integer kernels for x86-64 with AMX tiles of int8. All but the matrix product are
 * those of AVX-512. */
#if defined __x86_64__

#include "int8/i8_x512.inc"

#include "base/cpu.h"

#include "base/amx_tiles.inc"

#define tile_product(sums, x, w) _tile_dpbssd(sums, x, w)
#include "int8/i8_tiles.inc"

/* sizes of the trial product, which has edges on all sides */
enum { TRIAL_N = 37, TRIAL_R = 33, TRIAL_K = 70, TRIAL_BYTES = 3 * PACK_ROWS * 2 * PACK_ROUND };

/* True if the processor has AMX and a small product on tiles has the right result. Some systems and emulators claim
 * AMX but get it wrong. There this row is not offered. */
static int
usable(void)
{
	int8_t x[TRIAL_N * TRIAL_K], w[TRIAL_R * TRIAL_K];
	int32_t got[TRIAL_N * TRIAL_R];
	uint8_t p[TRIAL_BYTES];

	if (!nct_cpu_amx() || packed(TRIAL_R, TRIAL_K) > sizeof p)
		return 0;
	for (int i = 0; i < TRIAL_N * TRIAL_K; i++)
		x[i] = (int8_t)(i * 89 % 255 - 127);
	for (int i = 0; i < TRIAL_R * TRIAL_K; i++)
		w[i] = (int8_t)(i * 71 % 255 - 127);
	pack(p, w, TRIAL_R, TRIAL_K, TRIAL_K, 1);
	tiles_matmul(got, x, p, TRIAL_N, TRIAL_R, TRIAL_K);
	for (int n = 0; n < TRIAL_N; n++)
		for (int r = 0; r < TRIAL_R; r++) {
			int32_t want = 0;

			for (int k = 0; k < TRIAL_K; k++)
				want += w[r * TRIAL_K + k] * x[n * TRIAL_K + k];
			if (got[n * TRIAL_R + r] != want)
				return 0;
		}
	return 1;
}

const struct nct_kernels nct_kernels_amx = {
	.name = "amx", .usable = usable, .packed = packed, .pack = pack, .matmul = tiles_matmul, .norm = x512_norm,
	.narrow = x512_narrow, .add = x512_add, .gate = x512_gate, .dots = x512_dots, .weigh = x512_weigh,
	.mix = x512_mix, .halve = halve, .settle = x512_settle, .predict = x512_predict,
};

#else
typedef int nct_kernels_amx_absent; /* ISO C wants a declaration in every file */
#endif
