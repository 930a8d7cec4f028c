/* io.c - whole reads and whole writes on file descriptors, and output files that appear only when complete. */
#include "io.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

nct_err
nct_read(int fd, void *buf, size_t cap, size_t *got)
{
	ssize_t n = 1;

	for (*got = 0; *got < cap && n != 0; *got += (size_t)n)
		while ((n = read(fd, (unsigned char *)buf + *got, cap - *got)) < 0)
			if (errno != EINTR)
				return NCT_EIO; /* errno still tells why */
	return NCT_OK;
}

nct_err
nct_write(int fd, const void *buf, size_t n)
{
	const unsigned char *p = buf;

	while (n > 0) {
		ssize_t w = write(fd, p, n);

		if (w < 0 && errno != EINTR)
			return NCT_EIO;
		if (w > 0) {
			p += w;
			n -= (size_t)w;
		}
	}
	return NCT_OK;
}

int
nct_readable(int fd)
{
	return nct_readable_within(fd, 0);
}

int
nct_readable_within(int fd, int ms)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};

	return poll(&p, 1, ms) > 0;
}

nct_err
nct_outfile_open(nct_outfile *f, const char *path)
{
	static const char suffix[] = ".XXXXXX";
	size_t n = strlen(path);
	struct stat s;
	mode_t mask;

	f->fd = -1;
	f->path = malloc(n + 1);
	f->temp = malloc(n + sizeof suffix);
	if (f->path == NULL || f->temp == NULL) {
		nct_outfile_drop(f);
		return NCT_ENOMEM;
	}
	memcpy(f->path, path, n + 1);
	memcpy(f->temp, path, n);
	memcpy(f->temp + n, suffix, sizeof suffix);
	const int special = stat(path, &s) == 0 && !S_ISREG(s.st_mode); /* a device or pipe: written to, never replaced */
	f->fd = special ? open(path, O_WRONLY | O_CLOEXEC) : mkstemp(f->temp);
	if (special && f->fd >= 0) {
		free(f->temp);
		f->temp = NULL;
		return NCT_OK;
	}
	if (f->fd < 0) {
		int e = errno;

		free(f->temp); /* nothing to unlink */
		f->temp = NULL;
		nct_outfile_drop(f);
		errno = e;
		return NCT_EIO;
	}
	mask = umask(0); /* mkstemp makes 0600; give what open() would have given */
	umask(mask);
	(void)fchmod(f->fd, 0666 & ~mask);
	return NCT_OK;
}

nct_err
nct_outfile_commit(nct_outfile *f)
{
	int fd = f->fd;

	f->fd = -1;
	if (f->temp != NULL && fsync(fd) != 0) {
		int e = errno;

		(void)close(fd);
		nct_outfile_drop(f);
		errno = e;
		return NCT_EIO;
	}
	if (close(fd) != 0 || (f->temp != NULL && rename(f->temp, f->path) != 0)) {
		int e = errno;

		nct_outfile_drop(f);
		errno = e;
		return NCT_EIO;
	}
	free(f->temp);
	f->temp = NULL;
	nct_outfile_drop(f);
	return NCT_OK;
}

void
nct_outfile_drop(nct_outfile *f)
{
	if (f->fd >= 0)
		(void)close(f->fd);
	if (f->temp != NULL)
		(void)unlink(f->temp);
	free(f->temp);
	free(f->path);
	f->fd = -1;
	f->temp = f->path = NULL;
}
