/* io.c - whole reads and whole writes on file descriptors. */
#include "io.h"

#include <errno.h>
#include <poll.h>
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
