/* io.h - whole reads and whole writes on file descriptors. */
#ifndef NCT_BASE_IO_H
#define NCT_BASE_IO_H

#include "nct.h"

/* Where a descriptor does not block (O_NONBLOCK, which another process may have set), all of these wait by poll(). */

/* One read of at most `cap` bytes, waiting until there are some; *got 0 is the end of the file. NCT_EIO, with errno. */
nct_err nct_read_some(int fd, void *buf, size_t cap, size_t *got) NCT_USED;
/* Fills `buf` unless the stream ends first; *got < cap means end of file, never "try again". NCT_EIO. */
nct_err nct_read(int fd, void *buf, size_t cap, size_t *got) NCT_USED;
/* Writes all of buf[0..n). NCT_EIO, with errno. */
nct_err nct_write(int fd, const void *buf, size_t n) NCT_USED;
/* True if a read of `fd` would not wait (data or end of file is there). */
int nct_readable(int fd);
int nct_readable_within(int fd, int ms); /* ... after so many milliseconds */

#endif
