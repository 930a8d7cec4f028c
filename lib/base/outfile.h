/* outfile.h - output files that appear only when complete, in place of the file that had their name. */
#ifndef NCT_BASE_OUTFILE_H
#define NCT_BASE_OUTFILE_H

#include "nct.h"

/* A file under a temporary name beside the one that it becomes, by nct_outfile_commit(). */
typedef struct nct_outfile {
	int fd;
	char *path, *temp; /* owned; NULL for a device or pipe, which is written to as it is */
} nct_outfile;

/* Links are followed: what they name is replaced, and they stay. The new file has the old one's mode, and its owner
 * and group where this process may give them. NCT_EIO (errno; EACCES also where the old file may not be written),
 * NCT_ENOMEM. */
nct_err nct_outfile_open(nct_outfile *f, const char *path) NCT_USED;
nct_err nct_outfile_finish(nct_outfile *f) NCT_USED; /* fsync and close alone, before a commit; NCT_EIO drops the file */
nct_err nct_outfile_commit(nct_outfile *f) NCT_USED; /* fsync, close, rename; frees; NCT_EIO drops the file */
void nct_outfile_drop(nct_outfile *f);               /* closes and removes the temporary; safe after commit */

/* Whether nct_outfile_open() would succeed: makes the temporary file and removes it. A device or pipe is not tried.
 * Errors as above. */
nct_err nct_outfile_try(const char *path) NCT_USED;

/* The name that `path` leads to by links, which need not exist; to be freed. NULL: errno tells why (ELOOP, ENOMEM). */
char *nct_follow_links(const char *path) NCT_USED;

#endif
