/* ladder.h - the names that --cpu takes, in order. The codec and training each have kernels for some of them. */
#ifndef NCT_BASE_LADDER_H
#define NCT_BASE_LADDER_H

#include <stddef.h>

/* Name i of this architecture, most demanding first. The last is "ref"; NULL past that. */
const char *nct_ladder_name(size_t i);
/* The same name as a constant string; NULL if it is unknown, or NULL. */
const char *nct_ladder_name_of(const char *name);
/* True if kernels named `row` may be used where `want` was asked for: both are known names, and `row` is not above
 * `want` in the order. `want` may be NULL; then any row will do. */
int nct_ladder_serves(const char *row, const char *want);

#define NCT_LADDER_NONE "no kernels named '%.40s' on this machine (see --cpu=list)" /* the error if no kernels fit */

#endif
