/* headed.c - files whose header tells what only their end shows, such as the number of elements. */
#include "tokens/headed.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"
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
spooled(struct nct_headed *a, nct_err err)
{
	if (err == NCT_EIO)
		a->spool_error = errno;
	return err;
}

nct_err
nct_headed_begin(struct nct_headed *a, int out, size_t header, const char *tmpdir)
{
	static const uint8_t room[NCT_HEADED_MAX];

	*a = (struct nct_headed){.out = out, .spool = -1, .header = header};
	assert(header <= sizeof room);
	if (rewritable(out, &a->start))
		return nct_write(out, room, header);
	return spooled(a, nct_temporary(&a->spool, tmpdir, NULL));
}

nct_err
nct_headed_put(struct nct_headed *a, const void *p, size_t n)
{
	a->bytes += n;
	return a->spool < 0 ? nct_write(a->out, p, n) : spooled(a, nct_write(a->spool, p, n));
}

static nct_err
write_over(int fd, const uint8_t *p, size_t n, long long at)
{
	while (n > 0) {
		ssize_t w = pwrite(fd, p, n, (off_t)at);

		if (w == 0)
			errno = ENOSPC;
		if (w == 0 || (w < 0 && errno != EINTR))
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
copy_spool(struct nct_headed *a)
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
nct_headed_end(struct nct_headed *a, const uint8_t *header)
{
	nct_err err;

	if (a->spool < 0)
		return write_over(a->out, header, a->header, a->start);
	if ((err = nct_write(a->out, header, a->header)) != NCT_OK)
		return err;
	return copy_spool(a);
}

void
nct_headed_drop(struct nct_headed *a)
{
	if (a->spool >= 0)
		(void)close(a->spool); /* nobody reads it any more */
	a->spool = -1;
}
