/* temporary.h - temporary files without a name, and how a failure of one is told. */
#ifndef NCT_BASE_TEMPORARY_H
#define NCT_BASE_TEMPORARY_H

#include "nct.h"


/* Opens a temporary file in `dir` (NULL or "": /tmp). It has no name any more and goes when its last user closes or
 * unmaps it. NCT_EIO, with `why`. */
nct_err nct_temporary(int *fd, const char *dir, nct_why *why) NCT_USED;
/* Says in `why` that a temporary file in `dir` failed, and why by errno; gives NCT_EIO. */
nct_err nct_temporary_failed(const char *dir, nct_why *why) NCT_USED;

#endif
