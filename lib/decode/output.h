/* output.h - writes the text of decoded blocks, in order, and deals with damaged ones. */
#ifndef NCT_DECODE_OUTPUT_H
#define NCT_DECODE_OUTPUT_H

#include "decode/job.h"

struct nct_output {
	int fd;                 /* -1: text is not written */
	const struct nct_decode_options *o; /* borrowed */
	/* At first all 0: */
	struct nct_totals totals; /* of what was written */
	int damaged;            /* there was a loss */
	int by_nul;             /* documents end with a NUL byte */
	int open;               /* by_nul: the last document written has no NUL yet */
	int missing;            /* there was a loss since text was last written */
};

/* Tells o->lost() of a loss. */
void nct_output_lost(struct nct_output *d, const nct_why *why);
/* Writes the text of a block; `text` is the buffer that it was decoded to. A damaged block is a loss with
 * o->keep_going, else an error. After a loss, an open document is ended with a NUL: the loss may have held its end,
 * and two documents made of one are better than one made of two. Errors as nct_decode(). */
nct_err nct_output_block(struct nct_output *d, const struct nct_block_job *j, const uint8_t *text,
                         nct_why *why) NCT_USED;
void nct_output_progress(const struct nct_output *d); /* tells o->progress() how much text was written */

#endif
