/* i8_amx.c - the row "amx": exact integer kernels for x86-64 with AMX tiles of int8; all but the matrix product is AVX-512's.
 *
 * A tile of x is 16 vectors by 64 values, a tile of w sixteen packed rows by 64 values (sixteen quads a row: the packed layout as
 * it is), a tile of sums 16 by 16. Two tiles of x meet two of w: four loads for four products. */
#if defined __x86_64__

#define PACK_DEPTH 4
#define PACK_ROUND 64
#define PACK_FLIP 0
#include "i8_pack.inc"
#include "i8_x512.inc"

#include "base/cpu.h"

#define SIDE 16  /* rows of a tile */
#define DEPTH 64 /* values that one product sums up */
#define BAND 96  /* vectors of x that meet all of w before the next ones come */

/* The palette's description of the tiles, as the processor reads it. */
struct tile_config {
	uint8_t palette, start;
	uint8_t zero[14];
	uint16_t bytes[16]; /* of a row */
	uint8_t rows[16];
};

/* Tiles 0 to 3 hold sums, 4 and 5 x, 6 and 7 w; all are 16 rows of 64 bytes. */
static void
configure(void)
{
	struct tile_config c = {.palette = 1};

	for (int i = 0; i < 8; i++) {
		c.bytes[i] = DEPTH;
		c.rows[i] = SIDE;
	}
	_tile_loadconfig(&c);
}

/* The sums of up to 32 vectors of x, `ldx` bytes apart (32 may be read), and two groups of w (or one, twice): y (32,32). */
static void
tiles(int32_t *y, const int8_t *x, size_t ldx, const uint8_t *w0, const uint8_t *w1, size_t k)
{
	_tile_zero(0);
	_tile_zero(1);
	_tile_zero(2);
	_tile_zero(3);
	for (size_t j = 0; j < k; j += DEPTH) {
		_tile_loadd(4, x + j, ldx);
		_tile_loadd(5, x + SIDE * ldx + j, ldx);
		_tile_loadd(6, w0 + j * PACK_ROWS, 64);
		_tile_loadd(7, w1 + j * PACK_ROWS, 64);
		_tile_dpbssd(0, 4, 6);
		_tile_dpbssd(1, 4, 7);
		_tile_dpbssd(2, 5, 6);
		_tile_dpbssd(3, 5, 7);
	}
	_tile_stored(0, y, 128);
	_tile_stored(1, y + SIDE, 128);
	_tile_stored(2, y + SIDE * 32, 128);
	_tile_stored(3, y + SIDE * 32 + SIDE, 128);
}

/* Copies an edge of y (32,32) where it belongs. */
static void
copy_out(int32_t *y, const int32_t *sums, size_t n, size_t r, size_t rows)
{
	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; j < rows; j += 16)
			_mm512_mask_storeu_epi32(y + i * r + j, first16(rows - j), load64(sums + i * 32 + j));
}

/* n vectors of x, `ldx` apart, by all of w: x is read in blocks of 32 vectors and DEPTH columns. */
static void
band(int32_t *y, const int8_t *x, const uint8_t *w, size_t n, size_t r, size_t k, size_t ldx)
{
	const size_t group = pack_group(k);
	int32_t sums[32 * 32];

	for (size_t j = 0; j < r; j += 2 * (size_t)PACK_ROWS, w += 2 * group) {
		const size_t rows = r - j < 2 * PACK_ROWS ? r - j : 2 * PACK_ROWS;

		for (size_t i = 0; i < n; i += 32) {
			tiles(sums, x + i * ldx, ldx, w, rows > PACK_ROWS ? w + group : w, k);
			copy_out(y + i * r + j, sums, n - i < 32 ? n - i : 32, r, rows);
		}
	}
}

/* Whole blocks of x are read where they lie; a copy is made, with zeros beyond the edges, of what fills no block. */
static void
matmul(int32_t *y, const int8_t *x, const void *w, size_t n, size_t r, size_t k)
{
	const size_t ldx = pack_group(k) / PACK_ROWS, whole = ldx == k ? n / 32 * 32 : 0;
	int8_t copy[32 * 16384];

	configure();
	for (size_t at = 0; at < whole; at += BAND)
		band(y + at * r, x + at * k, w, whole - at < BAND ? whole - at : BAND, r, k, k);
	for (size_t at = whole; at < n; at += 32) {
		const size_t now = n - at < 32 ? n - at : 32;

		memset(copy, 0, 32 * ldx);
		for (size_t i = 0; i < now; i++)
			memcpy(copy + i * ldx, x + (at + i) * k, k);
		band(y + at * r, copy, w, now, r, k, ldx);
	}
	_tile_release();
}

const struct nct_kernels nct_kernels_amx = {
	"amx", nct_cpu_amx, packed, pack, matmul, x512_norm, x512_narrow, x512_add, x512_gate, x512_dots, x512_weigh, x512_mix,
	halve, x512_settle, predict,
};

#else
typedef int nct_kernels_amx_absent; /* ISO C wants a declaration in every file */
#endif
