/* unpack.h - opens operands as plain text: compressed ones are decompressed to a temporary file. */
#ifndef NCT_DATA_UNPACK_H
#define NCT_DATA_UNPACK_H

#include "nct.h"

struct nct_unpack {
	nct_operand operand; /* opens the operands as they are */
	void *ctx;           /* its context */
	int plain;           /* never decompress */
	const char *tmpdir;  /* folder of temporary files */
	nct_why *why;
	size_t index;        /* the operand last asked for; SIZE_MAX at first */
};

/* An nct_operand, with a struct nct_unpack as ctx. A plain file is passed on. For .xz, .gz and .zst files, and for
 * standard input and pipes, *fd becomes an unlinked temporary file with the plain bytes. NCT_EIO, NCT_ENOMEM,
 * NCT_ECUT, NCT_EDATA, NCT_EKIND (not a text), and errors of `operand`; all are explained in `why`. */
nct_err nct_unpack_operand(void *ctx, size_t i, int *fd) NCT_USED;

#endif
