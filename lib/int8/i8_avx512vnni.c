/* i8_avx512vnni.c - the row "avx512vnni": exact integer kernels for x86-64 with AVX-512 VNNI.
 *
 * In the matrix product, weights plus 128 are the unsigned factor (see i8_x512.inc). A register holds four values of
 * each of sixteen rows, so no sums over lanes are needed. Up to 4 groups of 16 rows are multiplied by 6 vectors of x
 * at a time, with 24 registers of sums: ten loads for 24 products. */
#if defined __x86_64__

#define PACK_DEPTH 4
#define PACK_ROUND 4
#define PACK_FLIP 0x80
#include "int8/i8_layout.inc"
#include "int8/i8_x512.inc"

#include "base/cpu.h"

#define TALL 6  /* vectors of x at a time */
#define WIDE 4  /* groups of sixteen rows of w at a time */
#define BAND 96 /* vectors of x that are multiplied by all of w before the next ones; a multiple of TALL */

static inline int32_t
load4(const int8_t *x)
{
	int32_t v;

	memcpy(&v, x, 4);
	return v;
}

static inline void
store64(uint8_t *p, __m512i x)
{
	_mm512_storeu_si512(p, _mm512_xor_si512(x, _mm512_set1_epi8((char)PACK_FLIP)));
}

/* Transposes a matrix of 4 x 4 quarters (of 128 bits). */
static inline void
transpose_quarters(__m512i out[4], __m512i a, __m512i b, __m512i c, __m512i d)
{
	const __m512i ab02 = _mm512_shuffle_i32x4(a, b, 0x88), ab13 = _mm512_shuffle_i32x4(a, b, 0xdd);
	const __m512i cd02 = _mm512_shuffle_i32x4(c, d, 0x88), cd13 = _mm512_shuffle_i32x4(c, d, 0xdd);

	out[0] = _mm512_shuffle_i32x4(ab02, cd02, 0x88);
	out[1] = _mm512_shuffle_i32x4(ab13, cd13, 0x88);
	out[2] = _mm512_shuffle_i32x4(ab02, cd02, 0xdd);
	out[3] = _mm512_shuffle_i32x4(ab13, cd13, 0xdd);
}

/* Packs columns [0, 64) of sixteen rows, of which those that are `there` are given, as a group is packed: a matrix of
 * 16 x 16 parts of four bytes is transposed. */
static inline void
pack_sixteen(uint8_t *to, const int8_t *const *row, size_t off, size_t there, __mmask64 columns)
{
	__m512i part[4][4]; /* quarter p of part[i][q] has dword 4 p + i of rows 4 q to 4 q + 3 */

	for (size_t q = 0; q < 4; q++) { /* of rows 4 q to 4 q + 3 */
		__m512i r[4];

		for (size_t i = 0; i < 4; i++)
			r[i] = 4 * q + i < there ? _mm512_maskz_loadu_epi8(columns, row[4 * q + i] + off) : _mm512_setzero_si512();
		const __m512i lo01 = _mm512_unpacklo_epi32(r[0], r[1]), hi01 = _mm512_unpackhi_epi32(r[0], r[1]);
		const __m512i lo23 = _mm512_unpacklo_epi32(r[2], r[3]), hi23 = _mm512_unpackhi_epi32(r[2], r[3]);

		part[0][q] = _mm512_unpacklo_epi64(lo01, lo23);
		part[1][q] = _mm512_unpackhi_epi64(lo01, lo23);
		part[2][q] = _mm512_unpacklo_epi64(hi01, hi23);
		part[3][q] = _mm512_unpackhi_epi64(hi01, hi23);
	}
	for (size_t i = 0; i < 4; i++) {
		__m512i out[4];

		transpose_quarters(out, part[i][0], part[i][1], part[i][2], part[i][3]);
		for (size_t q = 0; q < 4; q++)
			store64(to + (4 * q + i) * 64, out[q]);
	}
}

static void
pack_rows(void *to, const int8_t *const *row, size_t off, size_t r, size_t k)
{
	uint8_t *p = to;

	for (size_t i = 0; i < r; i += PACK_ROWS, p += pack_group(k))
		for (size_t e = 0; e < k; e += 64) {
			uint8_t end[64 * PACK_ROWS];
			const size_t bytes = pack_group(k - e) < sizeof end ? pack_group(k - e) : sizeof end;

			pack_sixteen(end, row + i, off + e, r - i < PACK_ROWS ? r - i : PACK_ROWS, first64(k - e));
			memcpy(p + e * PACK_ROWS, end, bytes);
		}
}

static void
pack_columns(void *to, const int8_t *const *row, size_t off, size_t r, size_t k, size_t given)
{
	const size_t group = pack_group(k);
	uint8_t *p = to;

	for (size_t i = 0; i < r; i += 64, p += 4 * group) /* four groups at a time */
		for (size_t e = 0; e < k; e += 4) {
			__m512i v[4], out[4];

			for (size_t j = 0; j < 4; j++)
				v[j] = e + j < given ? _mm512_maskz_loadu_epi8(first64(r - i), row[e + j] + off + i)
				                     : _mm512_setzero_si512();
			interleave(v, v[0], v[1], v[2], v[3]);
			transpose_quarters(out, v[0], v[1], v[2], v[3]);
			for (size_t g = 0; g < 4 && i + g * PACK_ROWS < r; g++)
				store64(p + g * group + e * PACK_ROWS, out[g]);
		}
}

/* vpdpbusd in place. With the intrinsic, gcc 12 copies the sums between registers. */
static inline __attribute__((always_inline)) void
multiply(__m512i *acc, __m512i w, __m512i x)
{
	__asm__("vpdpbusd %2, %1, %0" : "+v"(*acc) : "v"(w), "v"(x));
}

/* Adds the products of columns j to j + 3, for nx <= TALL vectors of x and `groups` <= WIDE groups of rows of w. x: the
 * first vector's four, those of the next `stride` bytes further. nx and groups are constant where this is inlined. */
static inline __attribute__((always_inline)) void
four_columns(__m512i acc[TALL][WIDE], const int8_t *x, size_t stride, const uint8_t *w, size_t group, size_t j,
             size_t nx, size_t groups)
{
	__m512i v[WIDE];

#pragma GCC unroll 8
	for (size_t g = 0; g < groups; g++)
		v[g] = load64(w + g * group + j * PACK_ROWS);
#pragma GCC unroll 8
	for (size_t i = 0; i < nx; i++) {
		const __m512i four = _mm512_set1_epi32(load4(x + i * stride));

#pragma GCC unroll 8
		for (size_t g = 0; g < groups; g++)
			multiply(&acc[i][g], v[g], four);
	}
}

/* Of 64 columns, the parts of four in which one of the nx vectors of x has other values than 0. */
static inline __attribute__((always_inline)) unsigned
parts_used(const int8_t *x, size_t k, size_t columns, size_t nx)
{
	__m512i any = _mm512_setzero_si512();

#pragma GCC unroll 8
	for (size_t i = 0; i < nx; i++)
		any = _mm512_or_si512(any, _mm512_maskz_loadu_epi8(first64(columns), x + i * k));
	return _mm512_test_epi32_mask(any, any);
}

/* nx <= TALL vectors of x by `groups` <= WIDE groups of rows of w. base[i] is 128 times the sum of vector i. `last`
 * is the mask of rows that the last group has. With `skip`, columns that are 0 in all vectors are passed over. nx,
 * groups and skip are constant where this is inlined. */
static inline __attribute__((always_inline)) void
tile(int32_t *y, const int8_t *x, const uint8_t *w, const int32_t *base, size_t r, size_t k, size_t nx, size_t groups,
     __mmask16 last, int skip)
{
	const size_t whole = k & ~(size_t)3, group = pack_group(k);
	__m512i acc[TALL][WIDE];

#pragma GCC unroll 8
	for (size_t i = 0; i < nx; i++)
#pragma GCC unroll 8
		for (size_t g = 0; g < groups; g++)
			acc[i][g] = _mm512_set1_epi32(-base[i]);
	if (skip)
		for (size_t j = 0; j < whole; j += 64)
			for (unsigned used = parts_used(x + j, k, whole - j, nx); used != 0; used &= used - 1) {
				const size_t at = j + 4 * (size_t)__builtin_ctz(used);

				four_columns(acc, x + at, k, w, group, at, nx, groups);
			}
	else
		for (size_t j = 0; j < whole; j += 4)
			four_columns(acc, x + j, k, w, group, j, nx, groups);
	if (whole < k) {
		int8_t end[TALL][4] = {{0}};

		for (size_t i = 0; i < nx; i++)
			memcpy(end[i], x + i * k + whole, k - whole);
		four_columns(acc, end[0], sizeof end[0], w, group, whole, nx, groups);
	}
#pragma GCC unroll 8
	for (size_t i = 0; i < nx; i++) {
#pragma GCC unroll 8
		for (size_t g = 0; g + 1 < groups; g++)
			_mm512_storeu_si512(y + i * r + g * PACK_ROWS, acc[i][g]);
		_mm512_mask_storeu_epi32(y + i * r + (groups - 1) * PACK_ROWS, last, acc[i][groups - 1]);
	}
}

/* n vectors of x by `groups` groups of rows. `groups` and `skip` are constant where this is inlined. */
static inline __attribute__((always_inline)) void
columns(int32_t *y, const int8_t *x, const uint8_t *w, const int32_t *base, size_t n, size_t r, size_t k, size_t groups,
	__mmask16 last, int skip)
{
	size_t i = 0;

	for (; i + TALL <= n; i += TALL)
		tile(y + i * r, x + i * k, w, base + i, r, k, TALL, groups, last, skip);
	y += i * r;
	x += i * k;
	base += i;
	switch (n - i) {
	case 5: tile(y, x, w, base, r, k, 5, groups, last, skip); break;
	case 4: tile(y, x, w, base, r, k, 4, groups, last, skip); break;
	case 3: tile(y, x, w, base, r, k, 3, groups, last, skip); break;
	case 2: tile(y, x, w, base, r, k, 2, groups, last, skip); break;
	case 1: tile(y, x, w, base, r, k, 1, groups, last, skip); break;
	default: break;
	}
}

static int32_t
sum_of(const int8_t *x, size_t k)
{
	__m512i sum = _mm512_setzero_si512();

	for (size_t j = 0; j < k; j += 64)
		sum = _mm512_dpbusd_epi32(sum, _mm512_set1_epi8(1), _mm512_maskz_loadu_epi8(first64(k - j), x + j));
	return _mm512_reduce_add_epi32(sum);
}

static inline __attribute__((always_inline)) void
all_columns(int32_t *y, const int8_t *x, const uint8_t *packed_w, size_t n, size_t r, size_t k, int skip)
{
	const size_t group = pack_group(k), rows = (size_t)WIDE * PACK_ROWS;
	int32_t base[BAND];

	for (size_t at = 0; at < n; at += BAND, y += BAND * r, x += BAND * k) {
		const size_t now = n - at < BAND ? n - at : BAND;
		const uint8_t *w = packed_w;
		size_t j = 0;

		for (size_t i = 0; i < now; i++)
			base[i] = 128 * sum_of(x + i * k, k);
		for (; j + rows <= r; j += rows, w += WIDE * group)
			columns(y + j, x, w, base, now, r, k, WIDE, 0xffff, skip);
		for (; j < r; j += PACK_ROWS, w += group)
			columns(y + j, x, w, base, now, r, k, 1, first16(r - j), skip);
	}
}

static void
matmul(int32_t *y, const int8_t *x, const void *w, size_t n, size_t r, size_t k)
{
	all_columns(y, x, w, n, r, k, 0);
}

static void
matmul_zeros(int32_t *y, const int8_t *x, const void *w, size_t n, size_t r, size_t k)
{
	all_columns(y, x, w, n, r, k, 1);
}

/* ---- open gates ---- */

static size_t
x512_open_list(struct nct_open_gates *open, const int32_t *acc, const int32_t *g_mul, const int32_t *u_mul, size_t f)
{
	const __m512i zero = _mm512_setzero_si512();
	__m512i index = _mm512_set_epi32(15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0);
	size_t n = 0;

	for (size_t i = 0; i < f; i += 16) {
		const __mmask16 m = first16(f - i);
		const __m512i x = _mm512_maskz_loadu_epi32(m, acc + i);
		const __mmask16 is_open = _mm512_cmpgt_epi32_mask(x, zero);

		_mm512_storeu_si512(open->index + n, _mm512_maskz_compress_epi32(is_open, index));
		_mm512_storeu_si512(open->acc + n, _mm512_maskz_compress_epi32(is_open, x));
		_mm512_storeu_si512(open->g_mul + n, _mm512_maskz_compress_epi32(is_open, _mm512_maskz_loadu_epi32(m, g_mul + i)));
		_mm512_storeu_si512(open->u_mul + n, _mm512_maskz_compress_epi32(is_open, _mm512_maskz_loadu_epi32(m, u_mul + i)));
		index = _mm512_add_epi32(index, _mm512_set1_epi32(16));
		n += (size_t)__builtin_popcount(is_open);
	}
	_mm512_storeu_si512(open->index + n, zero);
	return n;
}

/* The same as sums16() for eight. */
static inline __m256i
sums8(const __m512i a[8])
{
	const __m512i b0 = add_pairs64(add_pairs32(a[0], a[1]), add_pairs32(a[2], a[3]));
	const __m512i b1 = add_pairs64(add_pairs32(a[4], a[5]), add_pairs32(a[6], a[7]));
	const __m512i c = _mm512_add_epi32(_mm512_shuffle_i32x4(b0, b1, 0x88), _mm512_shuffle_i32x4(b0, b1, 0xdd));

	return _mm512_castsi512_si256(_mm512_add_epi32(_mm512_shuffle_i32x4(c, c, 0x08), _mm512_shuffle_i32x4(c, c, 0x0d)));
}

#define ROWS 8 /* rows of open gates at a time */

/* Rows are the unsigned factor here, as they are larger by 128. k is constant where this is inlined. */
static inline __attribute__((always_inline)) void
rows_of(int32_t *y, const int8_t *x, const uint8_t *w, const uint32_t *index, size_t n, size_t k)
{
	const __m256i base = _mm256_set1_epi32(128 * sum_of(x, k));

	for (size_t j = 0; j < n; j += ROWS) {
		const uint8_t *row[ROWS];
		__m512i acc[ROWS];

#pragma GCC unroll 8
		for (size_t i = 0; i < ROWS; i++) {
			row[i] = w + index[j + i] * NCT_ROW_STRIDE(k);
			acc[i] = _mm512_setzero_si512();
		}
#pragma GCC unroll 8
		for (size_t e = 0; e < k; e += 64) {
			const __m512i values = _mm512_maskz_loadu_epi8(first64(k - e), x + e);

#pragma GCC unroll 8
			for (size_t i = 0; i < ROWS; i++)
				multiply(&acc[i], load64(row[i] + e), values);
		}
		_mm256_storeu_si256((__m256i *)(void *)(y + j), _mm256_sub_epi32(sums8(acc), base));
	}
}

static void
x512_open_rows(int32_t *y, const int8_t *x, const uint8_t *w, const struct nct_open_gates *open, size_t n, size_t k)
{
	switch (k) { /* the widths of m1train's sizes; unrolled, they take two thirds of the time */
	case 128: rows_of(y, x, w, open->index, n, 128); break;
	case 256: rows_of(y, x, w, open->index, n, 256); break;
	case 512: rows_of(y, x, w, open->index, n, 512); break;
	default: rows_of(y, x, w, open->index, n, k); break;
	}
}

static size_t
x512_open_pass(uint16_t *which, int8_t *a, const struct nct_open_gates *open, const int32_t *y, size_t n, size_t base)
{
	size_t kept = 0;

	for (size_t i = 0; i < n; i += 16) {
		const __mmask16 m = first16(n - i);
		const __m512i index =
		    _mm512_add_epi32(_mm512_maskz_loadu_epi32(m, open->index + i), _mm512_set1_epi32((int)base));
		const __m512i g = _mm512_min_epi32(
		    product16(_mm512_maskz_loadu_epi32(m, open->acc + i), _mm512_maskz_loadu_epi32(m, open->g_mul + i), 30),
		    _mm512_set1_epi32(32767));
		const __m512i u = clamp16(
		    product16(_mm512_maskz_loadu_epi32(m, y + i), _mm512_maskz_loadu_epi32(m, open->u_mul + i), 30), 32767);
		const __m512i x = _mm512_madd_epi16(g, u); /* as in x512_gate(): upper halves of g are 0 */
		const __m512i out = clamp16(_mm512_srai_epi32(_mm512_add_epi32(x, _mm512_set1_epi32(1 << 15)), 16), 127);
		const __mmask16 some = _mm512_test_epi32_mask(out, out);

		_mm_storeu_si128((__m128i *)(void *)(a + kept), _mm512_cvtepi32_epi8(_mm512_maskz_compress_epi32(some, out)));
		_mm256_storeu_si256((__m256i *)(void *)(which + kept),
		                    _mm512_cvtepi32_epi16(_mm512_maskz_compress_epi32(some, index)));
		kept += (size_t)__builtin_popcount(some);
	}
	return kept;
}

/* Columns [0, 64 * blocks) of sum(), four rows at a time. base: 128 times the sum of a. `blocks` is constant where
 * this is inlined. */
static inline __attribute__((always_inline)) void
sum_columns(int32_t *y, const int8_t *a, const uint16_t *which, size_t n, const uint8_t *w, size_t stride, int32_t base,
            size_t blocks)
{
	__m512i acc[4][4];

#pragma GCC unroll 4
	for (size_t b = 0; b < blocks; b++)
#pragma GCC unroll 4
		for (size_t i = 0; i < 4; i++)
			acc[b][i] = _mm512_set1_epi32(-base);
	for (size_t j = 0; j < n; j += 4) {
		const uint8_t *r0 = w + which[j] * stride, *r1 = w + which[j + 1] * stride;
		const uint8_t *r2 = w + which[j + 2] * stride, *r3 = w + which[j + 3] * stride;
		const __m512i by = _mm512_set1_epi32(load4(a + j));

#pragma GCC unroll 4
		for (size_t b = 0; b < blocks; b++) {
			__m512i v[4];

			interleave(v, load64(r0 + 64 * b), load64(r1 + 64 * b), load64(r2 + 64 * b), load64(r3 + 64 * b));
#pragma GCC unroll 4
			for (size_t i = 0; i < 4; i++)
				multiply(&acc[b][i], v[i], by);
		}
	}
#pragma GCC unroll 4
	for (size_t b = 0; b < blocks; b++)
#pragma GCC unroll 4
		for (size_t i = 0; i < 4; i++)
			store_columns(y + 64 * b + 4 * i, acc[b][i]);
}

static void
x512_open_sum(int32_t *y, const int8_t *a, const uint16_t *which, size_t n, const uint8_t *w, size_t c)
{
	const size_t stride = NCT_ROW_STRIDE(c);
	const int32_t base = 128 * sum_of(a, n);
	int32_t end[64];
	size_t i = 0;

	for (; i + 256 <= c; i += 256)
		sum_columns(y + i, a, which, n, w + i, stride, base, 4);
	for (; i + 64 <= c; i += 64)
		sum_columns(y + i, a, which, n, w + i, stride, base, 1);
	if (i < c) {
		sum_columns(end, a, which, n, w + i, stride, base, 1);
		memcpy(y + i, end, (c - i) * sizeof *y);
	}
}

static const struct nct_open_kernels open_gates = {0x80, x512_open_list, x512_open_rows, x512_open_pass, x512_open_sum};

const struct nct_kernels nct_kernels_avx512vnni = {
	.name = "avx512vnni", .usable = nct_cpu_avx512vnni, .packed = packed, .pack = pack, .pack_rows = pack_rows,
	.pack_columns = pack_columns, .matmul = matmul, .matmul_zeros = matmul_zeros, .norm = x512_norm,
	.narrow = x512_narrow, .add = x512_add, .gate = x512_gate, .dots = x512_dots, .weigh = x512_weigh,
	.mix = x512_mix, .halve = halve, .settle = x512_settle, .predict = x512_predict, .open = &open_gates,
};

#else
typedef int nct_kernels_avx512vnni_absent; /* ISO C wants a declaration in every file */
#endif
