/* dots.h - the arguments of dot products of the rows of a matrix with some vectors. The matrix is read once. */
#ifndef NCT_FLOAT_DOTS_H
#define NCT_FLOAT_DOTS_H

#include <stddef.h>
#include <stdint.h>

/* How the numbers of the matrix are stored: as floats, as bf16 numbers (the upper half of a float, rounded), or as
 * integers from -127 to 127, with a float for each row that they are multiplied by. */
enum nct_dots_type { NCT_DOTS_F32, NCT_DOTS_BF16, NCT_DOTS_INT8, NCT_DOTS_TYPES };

static inline size_t
nct_dots_bytes(enum nct_dots_type type)
{
	return type == NCT_DOTS_F32 ? 4 : type == NCT_DOTS_BF16 ? 2 : 1;
}

/* y[j * ldy + i] = the dot product of row i of the matrix w (out,n) with vector j of x (count,n). Each sum is added
 * up in one order, whatever `out`, `count` and `type` are. So a result does not depend on what else is computed. */
struct nct_dots {
	size_t out, count, n;
	enum nct_dots_type type; /* of w */
	const void *w;
	const float *scale; /* (out) with NCT_DOTS_INT8: what sums of row i are multiplied by; else NULL */
	const float *x; /* vectors are ldx apart */
	size_t ldx;
	float *y;
	size_t ldy;
	int add;        /* y += the result, instead of y = */
};

#endif
