/* npy.h - one-dimensional NumPy arrays (.npy, version 1.0), written without knowing their length beforehand. */
#ifndef NCT_TOKENS_NPY_H
#define NCT_TOKENS_NPY_H

#include "nct.h"

#define NCT_NPY_HEADER 128 /* bytes before the data: room for any length, and a multiple of 64 */

struct nct_npy {
	int out;         /* borrowed */
	int spool;       /* a temporary file that holds the data if `out` cannot be written to twice; -1: none */
	int spool_error; /* errno of what failed with it; 0: nothing did */
	long long start; /* the header's place in `out` */
	uint64_t bytes;  /* of data so far */
};

nct_err nct_npy_begin(struct nct_npy *a, int out, const char *tmpdir) NCT_USED; /* NCT_EIO */
nct_err nct_npy_put(struct nct_npy *a, const void *p, size_t n) NCT_USED; /* NCT_EIO */
/* Writes the header for little-endian unsigned elements of `width` (1 or 2) bytes, and what was spooled. NCT_EIO. */
nct_err nct_npy_end(struct nct_npy *a, size_t width) NCT_USED;
void nct_npy_drop(struct nct_npy *a); /* frees, if it was begun */

#endif
