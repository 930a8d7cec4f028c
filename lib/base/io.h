/* io.h - whole reads and whole writes on file descriptors. */
#ifndef NCT_BASE_IO_H
#define NCT_BASE_IO_H

#include "nct.h"

/* A descriptor may be non-blocking, as another process that shares it can set O_NONBLOCK. Reads and writes then wait
 * by poll(). NCT_EIO leaves the reason in errno. */

/* Reads once, at most `cap` bytes, and waits until there are some. *got = 0 means end of file. NCT_EIO. */
nct_err nct_read_some(int fd, void *buf, size_t cap, size_t *got) NCT_USED;
/* Fills `buf` unless the stream ends first; *got < cap means end of file, never "try again". NCT_EIO. */
nct_err nct_read(int fd, void *buf, size_t cap, size_t *got) NCT_USED;
/* Writes all of buf[0..n). NCT_EIO. */
nct_err nct_write(int fd, const void *buf, size_t n) NCT_USED;
/* True if a read of `fd` would not wait (data or end of file is there). */
int nct_readable(int fd);
int nct_readable_within(int fd, int ms); /* waits up to `ms` milliseconds for this to become true */

#endif
