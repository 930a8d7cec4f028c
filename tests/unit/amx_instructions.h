/* amx_instructions.h - what the instructions of AMX do, and what they refuse (Intel 64 and IA-32 Architectures
 * Software Developer's Manual, volume 1, chapter 18, and volume 2). */
#ifndef NCT_TESTS_AMX_INSTRUCTIONS_H
#define NCT_TESTS_AMX_INSTRUCTIONS_H

#include <stdint.h>
#include <string.h>

#define TILES 8
#define TILE_ROWS 16
#define TILE_BYTES 64

static uint8_t tile[TILES][TILE_ROWS][TILE_BYTES];
static unsigned tile_rows[TILES], tile_bytes[TILES]; /* the configuration; 0: not configured */
static int tiles_configured;
static const char *tiles_fault; /* the first thing that a processor would refuse; NULL: none */

static inline void
refuse(const char *what)
{
	if (tiles_fault == NULL)
		tiles_fault = what;
}

static inline void
load_config(const uint8_t *p)
{
	int reserved = p[1];

	memset(tile, 0, sizeof tile);
	for (unsigned i = 2; i < 16; i++)
		reserved |= p[i];
	for (unsigned i = 32; i < 48; i++)
		reserved |= p[i];
	for (unsigned i = 56; i < 64; i++)
		reserved |= p[i];
	if (p[0] != 1 || reserved != 0)
		refuse("LDTILECFG: a palette other than 1, a start row, or something in reserved bytes");
	for (unsigned t = 0; t < TILES; t++) {
		tile_bytes[t] = p[16 + 2 * t] | (unsigned)p[17 + 2 * t] << 8;
		tile_rows[t] = p[48 + t];
		if (tile_bytes[t] > TILE_BYTES || tile_rows[t] > TILE_ROWS || (tile_bytes[t] == 0) != (tile_rows[t] == 0))
			refuse("LDTILECFG: a tile's sizes");
	}
	tiles_configured = 1;
}

/* Sets the configuration that products use: every tile has the largest size. */
static inline void
configure_tiles(void)
{
	uint8_t config[64] = {1};

	for (unsigned t = 0; t < TILES; t++) {
		config[16 + 2 * t] = TILE_BYTES;
		config[48 + t] = TILE_ROWS;
	}
	load_config(config);
}

static inline void
release(void)
{
	memset(tile_rows, 0, sizeof tile_rows);
	memset(tile_bytes, 0, sizeof tile_bytes);
	tiles_configured = 0;
}

static inline void
want_tile(unsigned t)
{
	if (!tiles_configured || t >= TILES || tile_rows[t % TILES] == 0)
		refuse("a tile that is not configured");
}

static inline void
zero_tile(unsigned t)
{
	want_tile(t);
	memset(tile[t], 0, sizeof tile[t]);
}

static inline void
load_tile(unsigned t, const uint8_t *from, int64_t stride)
{
	want_tile(t);
	memset(tile[t], 0, sizeof tile[t]);
	for (unsigned i = 0; i < tile_rows[t]; i++)
		memcpy(tile[t][i], from + i * stride, tile_bytes[t]);
}

static inline void
store_tile(unsigned t, uint8_t *to, int64_t stride)
{
	want_tile(t);
	for (unsigned i = 0; i < tile_rows[t]; i++)
		memcpy(to + i * stride, tile[t][i], tile_bytes[t]);
}

/* Checks that the sizes of sums (M,N), a (M,K) and b (K,N) match; K counts words of 32 bits. */
static inline void
want_product(unsigned sums, unsigned a, unsigned b)
{
	want_tile(sums);
	want_tile(a);
	want_tile(b);
	if (sums == a || sums == b || a == b)
		refuse("a product of tiles that are not three");
	if (tile_rows[sums] != tile_rows[a] || tile_bytes[sums] != tile_bytes[b] || tile_bytes[a] != 4 * tile_rows[b] ||
	    tile_bytes[sums] % 4 != 0)
		refuse("a product of tiles whose sizes do not meet");
}

/* TDPBSSD: words are four int8, sums are int32. */
static inline void
multiply_int8(unsigned sums, unsigned a, unsigned b)
{
	want_product(sums, a, b);
	for (unsigned m = 0; m < tile_rows[sums]; m++)
		for (unsigned n = 0; n < tile_bytes[sums]; n += 4) {
			int32_t sum;

			memcpy(&sum, &tile[sums][m][n], sizeof sum);
			for (unsigned k = 0; k < tile_bytes[a]; k++)
				sum += (int8_t)tile[a][m][k] * (int8_t)tile[b][k / 4][n + k % 4];
			memcpy(&tile[sums][m][n], &sum, sizeof sum);
		}
}

static inline float
from_bf16(const uint8_t *p)
{
	const uint32_t bits = (uint32_t)p[0] << 16 | (uint32_t)p[1] << 24;
	float x;

	memcpy(&x, &bits, sizeof x);
	return x;
}

/* TDPBF16PS: words are two bf16 numbers, sums are floats. Even and odd numbers are summed up separately. */
static inline void
multiply_bf16(unsigned sums, unsigned a, unsigned b)
{
	want_product(sums, a, b);
	for (unsigned m = 0; m < tile_rows[sums]; m++)
		for (unsigned n = 0; n < tile_bytes[sums]; n += 4) {
			float sum, half[2] = {0.0f, 0.0f};

			for (unsigned k = 0; k < tile_bytes[a]; k += 2)
				half[k / 2 % 2] += from_bf16(&tile[a][m][k]) * from_bf16(&tile[b][k / 4][n + k % 4]);
			memcpy(&sum, &tile[sums][m][n], sizeof sum);
			sum += half[0] + half[1];
			memcpy(&tile[sums][m][n], &sum, sizeof sum);
		}
}

#endif
