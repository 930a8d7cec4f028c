/* output.h - where decoded blocks go, in order: their text, their faults, what is counted. */
#ifndef NCT_DECODE_OUTPUT_H
#define NCT_DECODE_OUTPUT_H

#include "decode/job.h"

struct nct_output {
	int fd;                 /* -1: nowhere */
	const struct nct_decode_options *o; /* borrowed */
	/* at first all 0: */
	struct nct_totals totals;
	int damaged;            /* something was left out */
	int by_nul;             /* documents end with a NUL */
	int open;               /* the last one given out so far has not ended ... */
	int missing;            /* ... and something that is damaged was left out behind it */
};

/* Something is damaged, and is left out. */
void nct_output_lost(struct nct_output *d, const nct_why *why);
/* Writes the text of a block, decoded to `text`; or deals with its fault: with keep_going it is left out. Where
 * something is missing that may have held the end of a document, this ends here: better two documents of one than
 * one of two. Errors as nct_decode(). */
nct_err nct_output_block(struct nct_output *d, const struct nct_block_job *j, const uint8_t *text,
                         nct_why *why) NCT_USED;
void nct_output_progress(const struct nct_output *d); /* tells how much text there was */

#endif
