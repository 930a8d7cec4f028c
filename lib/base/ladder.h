/* ladder.h - the names that --cpu takes, in order: codec and training have kernels for some of them each. */
#ifndef NCT_BASE_LADDER_H
#define NCT_BASE_LADDER_H

#include <stddef.h>

const char *nct_ladder_name(size_t i); /* of this architecture, highest first; NULL past the last, which is "ref" */
/* Whether kernels named `row` may serve who asks for `want` (NULL: any): both are names, and `row` is not the higher
 * one. */
int nct_ladder_serves(const char *row, const char *want);

#define NCT_LADDER_NONE "no kernels named '%.40s' on this machine (see --cpu=list)" /* what users read then */

#endif
