/* io.h - whole reads and whole writes on file descriptors, and output files that appear only when complete. */
#ifndef NCT_BASE_IO_H
#define NCT_BASE_IO_H

#include "nct.h"

/* Fills `buf` unless the stream ends first; *got < cap means end of file, never "try again". NCT_EIO. */
nct_err nct_read(int fd, void *buf, size_t cap, size_t *got) NCT_USED;
/* Writes all of buf[0..n). NCT_EIO, with errno. */
nct_err nct_write(int fd, const void *buf, size_t n) NCT_USED;
/* True if a read of `fd` would not wait (data or end of file is there). */
int nct_readable(int fd);
int nct_readable_within(int fd, int ms); /* ... after so many milliseconds */

/* A file under a temporary name beside `path`, moved there by nct_outfile_commit(). */
typedef struct nct_outfile {
	int fd;
	char *path, *temp; /* owned */
} nct_outfile;

nct_err nct_outfile_open(nct_outfile *f, const char *path) NCT_USED; /* NCT_EIO, NCT_ENOMEM */
nct_err nct_outfile_commit(nct_outfile *f) NCT_USED; /* fsync, close, rename; frees; NCT_EIO drops the file */
void nct_outfile_drop(nct_outfile *f);               /* closes and removes the temporary; safe after commit */

#endif
