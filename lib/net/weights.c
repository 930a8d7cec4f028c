/* weights.c - the matrices of a net in fewer bits, for inference. */
#include "net/weights.h"

#include <float.h>
#include <math.h>
#include <string.h>

#define INT8_MOST 127.0f

int
nct_weights_stored(enum nct_tensor_id id)
{
	return id == NCT_P_QKV || id == NCT_P_PROJ || id == NCT_P_UP || id == NCT_P_DOWN || id == NCT_P_HEAD;
}

/* The upper half of x, rounded. x is finite. */
static uint16_t
to_bf16(float x)
{
	uint32_t u;

	memcpy(&u, &x, sizeof u);
	return (uint16_t)((u + 0x7fff + (u >> 16 & 1)) >> 16);
}

static float
from_bf16(uint16_t h)
{
	const uint32_t u = (uint32_t)h << 16;
	float x;

	memcpy(&x, &u, sizeof x);
	return x;
}

/* What a stored 1 stands for in a row. */
static float
row_scale(const float *w, size_t n)
{
	float most = 0;

	for (size_t i = 0; i < n; i++)
		most = fabsf(w[i]) > most ? fabsf(w[i]) : most;
	return most / INT8_MOST;
}

/* x / scale as an integer. */
static float
to_int8(float x, float scale)
{
	const float magic = 0x1.8p23f; /* x + magic is rounded to an integer */
	const float q = scale >= FLT_MIN ? x / scale : 0.0f; /* below it, x / scale could be far above 127 */

	return q + magic - magic;
}

void
nct_weights_store(void *out, float *scale, enum nct_dots_type type, const float *w, size_t rows, size_t cols)
{
	int8_t *q = out;
	uint16_t *h = out;

	if (type == NCT_DOTS_F32)
		memcpy(out, w, rows * cols * sizeof *w);
	for (size_t i = 0; type == NCT_DOTS_BF16 && i < rows * cols; i++)
		h[i] = to_bf16(w[i]);
	for (size_t r = 0; type == NCT_DOTS_INT8 && r < rows; r++) {
		scale[r] = row_scale(w + r * cols, cols);
		for (size_t i = 0; i < cols; i++)
			q[r * cols + i] = (int8_t)to_int8(w[r * cols + i], scale[r]);
	}
}

void
nct_weights_round(float *w, enum nct_dots_type type, size_t rows, size_t cols)
{
	for (size_t i = 0; type == NCT_DOTS_BF16 && i < rows * cols; i++)
		w[i] = from_bf16(to_bf16(w[i]));
	for (size_t r = 0; type == NCT_DOTS_INT8 && r < rows; r++) {
		const float scale = row_scale(w + r * cols, cols);

		for (size_t i = 0; i < cols; i++)
			w[r * cols + i] = to_int8(w[r * cols + i], scale) * scale;
	}
}
