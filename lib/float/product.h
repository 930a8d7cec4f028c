/* product.h - what a matrix product is given: operands made of 32-bit words, one float or two bf16 numbers each. */
#ifndef NCT_FLOAT_PRODUCT_H
#define NCT_FLOAT_PRODUCT_H

#include <stddef.h>
#include <stdint.h>

/* Result (rows,cols) = A B. The sum runs over words: one pair (of bf16; of floats, one number) of A's row times one
 * of B's column.
 *
 * A's word w of row i stands at a[i * a_row + w * a_word] (strides in words): a row-major array has a_word 1, and
 * one panel of a packed array, which then is A transposed, has a_row 1 and a_word panel. B is packed in panels of so
 * many columns as the kernels' row says: word w of column j stands at b[j / panel * b_panel + w * panel + j %
 * panel]. */
struct nct_product {
	size_t rows, cols, words;
	const void *a;  /* of any alignment */
	size_t a_row, a_word;
	const uint32_t *b;
	size_t b_panel;
	float *c;       /* where the result goes as floats, row stride ldc; NULL: nowhere */
	size_t ldc;
	int add;        /* to what stands at c */
	void *e;        /* where it goes as elements, row stride lde in elements; NULL: nowhere */
	size_t lde;
};

#endif
