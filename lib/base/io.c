/* io.c - whole reads and whole writes on file descriptors. */
#include "io.h"

#include <errno.h>
#include <poll.h>
#include <unistd.h>

/* Called after a read or write of `fd` failed. Returns 1 if it should be tried again; waits first if `fd` is
 * non-blocking. Returns 0 if the failure is final; errno tells why. */
static int
again(int fd, short event)
{
	const int e = errno;

	if (e == EAGAIN || e == EWOULDBLOCK) {
		struct pollfd p = {.fd = fd, .events = event};

		return poll(&p, 1, -1) >= 0 || errno == EINTR;
	}
	return e == EINTR;
}

nct_err
nct_read_some(int fd, void *buf, size_t cap, size_t *got)
{
	ssize_t n;

	while ((n = read(fd, buf, cap)) < 0)
		if (!again(fd, POLLIN))
			return NCT_EIO; /* errno still tells why */
	*got = (size_t)n;
	return NCT_OK;
}

nct_err
nct_read(int fd, void *buf, size_t cap, size_t *got)
{
	size_t n = 1;
	nct_err err = NCT_OK;

	for (*got = 0; err == NCT_OK && *got < cap && n != 0; *got += err == NCT_OK ? n : 0)
		err = nct_read_some(fd, (unsigned char *)buf + *got, cap - *got, &n);
	return err;
}

nct_err
nct_write(int fd, const void *buf, size_t n)
{
	const unsigned char *p = buf;

	while (n > 0) {
		ssize_t w = write(fd, p, n);

		if (w < 0 && !again(fd, POLLOUT))
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
