/* weights.h - the matrices of a net in fewer bits, for inference. */
#ifndef NCT_NET_WEIGHTS_H
#define NCT_NET_WEIGHTS_H

#include "float/dots.h"
#include "net/transformer.h"

/* True for tensors that are matrices of weights, read whole for each position. Others stay floats. */
int nct_weights_stored(enum nct_tensor_id id);

/* Stores w (rows,cols) as `type` in `out`. With NCT_DOTS_INT8 the largest number of each row becomes 127 or -127, and
 * scale (rows) receives what a stored 1 stands for. Numbers are rounded to the nearest, and to an even one of two. */
void nct_weights_store(void *out, float *scale, enum nct_dots_type type, const float *w, size_t rows, size_t cols);
/* Makes w (rows,cols) what it would be once stored. */
void nct_weights_round(float *w, enum nct_dots_type type, size_t rows, size_t cols);

#endif
