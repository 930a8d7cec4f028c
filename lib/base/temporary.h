/* temporary.h - temporary files without a name. */
#ifndef NCT_BASE_TEMPORARY_H
#define NCT_BASE_TEMPORARY_H

#include "nct.h"


/* Opens a temporary file in `dir` (NULL or "" is /tmp) and removes its name. The file is gone when its last user
 * closes and unmaps it. NCT_EIO, explained in `why`. */
nct_err nct_temporary(int *fd, const char *dir, nct_why *why) NCT_USED;
/* Explains in `why` that work on a temporary file in `dir` failed, with the reason from errno. Returns NCT_EIO. */
nct_err nct_temporary_failed(const char *dir, nct_why *why) NCT_USED;

#endif
