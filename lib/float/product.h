/* product.h - the arguments of a matrix product. Operands consist of 32-bit words: one float or two bf16 numbers
 * each. */
#ifndef NCT_FLOAT_PRODUCT_H
#define NCT_FLOAT_PRODUCT_H

#include <stddef.h>
#include <stdint.h>

/* C (rows,cols) = A B. Each sum runs over words: the number, or the pair of bf16 numbers, in a word of A's row times
 * that in a word of B's column.
 *
 * Word w of A's row i is a[i * a_row + w * a_word], with strides in words. A row-major array has a_word = 1. A panel
 * of a packed array holds the transpose of its matrix, with a_row = 1 and a_word = panel.
 *
 * B is packed in panels: groups of `panel` columns (struct nct_float). Word w of column j is b[j / panel * b_panel +
 * w * panel + j % panel]. */
struct nct_product {
	size_t rows, cols, words;
	const void *a;  /* of any alignment */
	size_t a_row, a_word;
	const uint32_t *b;
	size_t b_panel;
	float *c;       /* receives the result as floats, row stride ldc; may be NULL */
	size_t ldc;
	int add;        /* c += the result, instead of c = */
	void *e;        /* receives the result as elements, row stride lde in elements; may be NULL */
	size_t lde;
};

#endif
