/* outfile.h - output files that appear under their name only when complete. */
#ifndef NCT_BASE_OUTFILE_H
#define NCT_BASE_OUTFILE_H

#include "nct.h"

/* A file that is being written under a temporary name, in the folder of its final name. */
typedef struct nct_outfile {
	int fd;
	char *path, *temp; /* final and temporary name, owned; NULL for a device or pipe, which is written directly */
} nct_outfile;

/* Opens *f for writing. Symbolic links are followed: the file that they lead to will be replaced, and the links
 * stay. The new file gets the old one's mode, and its owner and group if this process may set them. NCT_EIO with
 * errno (EACCES if the old file is not writable), NCT_ENOMEM. */
nct_err nct_outfile_open(nct_outfile *f, const char *path) NCT_USED;
/* Calls fsync and close alone, before a commit. On NCT_EIO the new file is removed. */
nct_err nct_outfile_finish(nct_outfile *f) NCT_USED;
/* Calls fsync, close and rename, then frees what *f owns. On NCT_EIO the old file stays, and the new one is removed. */
nct_err nct_outfile_commit(nct_outfile *f) NCT_USED;
/* Closes and removes the temporary file. Does nothing after a commit. */
void nct_outfile_drop(nct_outfile *f);

/* Tests whether nct_outfile_open() would succeed: makes the temporary file and removes it. A device or pipe is not
 * opened. Errors as for nct_outfile_open(). */
nct_err nct_outfile_try(const char *path) NCT_USED;

/* The name that `path` leads to by symbolic links. A file of that name need not exist. The caller frees it. NULL on
 * failure, with errno (ELOOP, ENOMEM). */
char *nct_follow_links(const char *path) NCT_USED;

#endif
