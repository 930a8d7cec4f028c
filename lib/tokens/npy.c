/* npy.c - one-dimensional NumPy arrays (.npy, version 1.0), written without knowing their length beforehand. */
#include "tokens/npy.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"
#include "base/le.h"
#include "base/temporary.h"

/* True if the header can be written over later: a regular file that does not put every write at its end. */
static int
rewritable(int fd, long long *at)
{
	struct stat st;
	int flags = fcntl(fd, F_GETFL);

	*at = lseek(fd, 0, SEEK_CUR);
	return flags >= 0 && (flags & O_APPEND) == 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && *at >= 0;
}

/* Gives back `err`, of something done with the spool, and keeps errno if that failed. */
static nct_err
spooled(struct nct_npy *a, nct_err err)
{
	if (err == NCT_EIO)
		a->spool_error = errno;
	return err;
}

nct_err
nct_npy_begin(struct nct_npy *a, int out, const char *tmpdir)
{
	static const uint8_t room[NCT_NPY_HEADER];

	*a = (struct nct_npy){.out = out, .spool = -1};
	if (rewritable(out, &a->start))
		return nct_write(out, room, sizeof room);
	return spooled(a, nct_temporary(&a->spool, tmpdir, NULL));
}

nct_err
nct_npy_put(struct nct_npy *a, const void *p, size_t n)
{
	a->bytes += n;
	return a->spool < 0 ? nct_write(a->out, p, n) : spooled(a, nct_write(a->spool, p, n));
}

/* The same bytes as numpy.save() writes. */
static void
make_header(uint8_t p[NCT_NPY_HEADER], size_t width, uint64_t count)
{
	int n;

	memset(p, ' ', NCT_NPY_HEADER);
	memcpy(p, "\x93NUMPY\x01\x00", 8);
	nct_put16(p + 8, NCT_NPY_HEADER - 10);
	n = snprintf((char *)p + 10, NCT_NPY_HEADER - 10, "{'descr': '%s', 'fortran_order': False, 'shape': (%" PRIu64 ",), }",
	             width == 1 ? "|u1" : "<u2", count);
	assert(n > 0 && n < NCT_NPY_HEADER - 11);
	p[10 + n] = ' ';
	p[NCT_NPY_HEADER - 1] = '\n';
}

static nct_err
write_over(int fd, const uint8_t *p, size_t n, long long at)
{
	while (n > 0) {
		ssize_t w = pwrite(fd, p, n, (off_t)at);

		if (w < 0 && errno != EINTR)
			return NCT_EIO;
		if (w > 0) {
			p += w;
			n -= (size_t)w;
			at += w;
		}
	}
	return NCT_OK;
}

static nct_err
copy_spool(struct nct_npy *a)
{
	uint8_t buf[65536];
	size_t got = sizeof buf;
	nct_err err = spooled(a, lseek(a->spool, 0, SEEK_SET) == 0 ? NCT_OK : NCT_EIO);

	while (err == NCT_OK && got == sizeof buf)
		if ((err = spooled(a, nct_read(a->spool, buf, sizeof buf, &got))) == NCT_OK)
			err = nct_write(a->out, buf, got);
	return err;
}

nct_err
nct_npy_end(struct nct_npy *a, size_t width)
{
	uint8_t header[NCT_NPY_HEADER];
	nct_err err;

	make_header(header, width, a->bytes / width);
	if (a->spool < 0)
		return write_over(a->out, header, sizeof header, a->start);
	if ((err = nct_write(a->out, header, sizeof header)) != NCT_OK)
		return err;
	return copy_spool(a);
}

void
nct_npy_drop(struct nct_npy *a)
{
	if (a->spool >= 0)
		(void)close(a->spool); /* nobody reads it any more */
	a->spool = -1;
}
