/* output.h - where decoded text goes, in order, whoever decodes it. */
#ifndef NCT_DECODE_OUTPUT_H
#define NCT_DECODE_OUTPUT_H

#include "nct.h"

/* At first all 0 but for fd. */
struct nct_output {
	int fd;      /* -1: nowhere */
	int by_nul;  /* documents end with a NUL */
	int open;    /* the last one given out so far has not ended */
	int missing; /* and something that is damaged was left out behind it */
};

/* Writes text[0..n). Where something is missing that may have held the end of a document, this ends here: better two documents of one
 * than one of two. NCT_EIO. */
nct_err nct_output_write(struct nct_output *d, const uint8_t *text, size_t n) NCT_USED;

#endif
