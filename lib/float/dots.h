/* dots.h - the arguments of dot products of the rows of a matrix with some vectors. The matrix is read once. */
#ifndef NCT_FLOAT_DOTS_H
#define NCT_FLOAT_DOTS_H

#include <stddef.h>
#include <stdint.h>

/* y[j * ldy + i] = the dot product of row i of the matrix w (out,n) with vector j of x (count,n). Each sum is added
 * up in one order, whatever `out` and `count` are. So a result does not depend on what else the call computes. */
struct nct_dots {
	size_t out, count, n;
	const void *w;
	const float *x; /* vectors are ldx apart */
	size_t ldx;
	float *y;
	size_t ldy;
	int add;        /* y += the result, instead of y = */
};

#endif
