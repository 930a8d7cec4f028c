/* i8_ref.c - the row "ref": exact integer kernels in plain C, which define the results of all rows. */
#include "int8/i8_loops.inc"

static int
usable(void)
{
	return 1;
}

static int32_t
dot(const int8_t *a, const int8_t *b, size_t n)
{
	int32_t sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += a[i] * b[i];
	return sum;
}

static size_t
packed(size_t r, size_t k)
{
	return r * k;
}

static void
pack(void *to, const int8_t *w, size_t r, size_t k, size_t down, size_t right)
{
	int8_t *p = to;

	for (size_t i = 0; i < r; i++)
		for (size_t j = 0; j < k; j++)
			p[i * k + j] = w[i * down + j * right];
}

static void
matmul(int32_t *y, const int8_t *x, const void *packed_w, size_t n, size_t r, size_t k)
{
	const int8_t *w = packed_w;

	for (size_t j = 0; j < r; j++) /* so that a row of w stays in the cache for all of x */
		for (size_t i = 0; i < n; i++)
			y[i * r + j] = dot(w + j * k, x + i * k, k);
}

static void
dots(int32_t *s, const int8_t *q, const int8_t *const *row, size_t off, size_t n, size_t d)
{
	for (size_t j = 0; j < n; j++)
		s[j] = dot(q, row[j] + off, d);
}

static void
mix(int32_t *a, const int16_t *p, const int8_t *const *row, size_t off, size_t n, size_t d)
{
	for (size_t i = 0; i < d; i++)
		a[i] = 0;
	for (size_t j = 0; j < n; j++)
		for (size_t i = 0; i < d; i++)
			a[i] += p[j] * row[j][off + i];
}

static void
open_rows(int32_t *y, const int8_t *x, const uint8_t *w, const struct nct_open_gates *open, size_t n, size_t k)
{
	for (size_t i = 0; i < n; i++)
		y[i] = dot((const int8_t *)w + open->index[i] * NCT_ROW_STRIDE(k), x, k);
}

static void
open_sum(int32_t *y, const int8_t *a, const uint16_t *which, size_t n, const uint8_t *w, size_t c)
{
	memset(y, 0, c * sizeof *y);
	for (size_t i = 0; i < n; i++) {
		const int8_t *row = (const int8_t *)w + which[i] * NCT_ROW_STRIDE(c);

		for (size_t j = 0; j < c; j++)
			y[j] += a[i] * row[j];
	}
}

static const struct nct_open_kernels open_gates = {0, open_list, open_rows, open_pass, open_sum};

const struct nct_kernels nct_kernels_ref = {
	.name = "ref", .usable = usable, .packed = packed, .pack = pack, .matmul = matmul, .norm = norm,
	.narrow = narrow, .add = add, .gate = gate, .dots = dots, .weigh = weigh, .mix = mix, .halve = halve,
	.settle = settle, .predict = predict, .open = &open_gates,
};
