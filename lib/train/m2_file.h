/* m2_file.h - model files of M2. */
#ifndef NCT_TRAIN_M2_FILE_H
#define NCT_TRAIN_M2_FILE_H

#include "m1/safetensors.h"
#include "nct-m2.h"
#include "net/transformer.h"

struct nct_m2 {
	struct nct_shape shape;
	size_t length;
	struct nct_header header;
	const float *tensor[NCT_P_MODEL]; /* borrowed from `file` */
	nct_st *file;
};

/* Writes a model file to `fd`, with `params` in the order of nct_shape_tensors(), the header of the training tokens,
 * and n notes. NCT_EIO, NCT_ENOMEM. */
nct_err nct_m2_save(int fd, const struct nct_shape *s, const float *params, size_t length, const struct nct_header *h,
                    const struct nct_st_pair *notes, size_t n) NCT_USED;

#endif
