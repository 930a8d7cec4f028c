/* unpack.h - operands as plain text: what is packed goes through a temporary file. */
#ifndef NCT_DATA_UNPACK_H
#define NCT_DATA_UNPACK_H

#include "nct.h"

struct nct_unpack {
	nct_operand operand; /* the one to ask */
	void *ctx;           /* its own */
	int plain;           /* pass everything on as it is */
	const char *tmpdir;
	nct_why *why;
	size_t index;        /* the operand last asked for; SIZE_MAX at first */
};

/* An nct_operand, with a struct nct_unpack for ctx: plain files pass as they are; .xz, .gz, .zst and what cannot be
 * looked at without reading it (standard input, pipes) come back as an unlinked temporary file with the plain bytes.
 * NCT_EIO, NCT_ENOMEM, NCT_ECUT, NCT_EDATA, NCT_EKIND (a file that is no text), what the operand returns: all with
 * `why`. */
nct_err nct_unpack_operand(void *ctx, size_t i, int *fd) NCT_USED;

#endif
