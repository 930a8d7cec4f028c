/* unpack.c - opens operands as plain text: compressed ones are decompressed to a temporary file. */
#include "data/unpack.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/io.h"
#include "base/magic.h"
#include "base/temporary.h"
#include "data/inflate.h"

#define COPY_BYTES ((size_t)1 << 18)

/* True if `fd` can be passed on: it is a file whose first bytes are not those of a compressed or other known file. */
static int
is_plain(int fd)
{
	struct stat s;
	uint8_t first[NCT_MAGIC_BYTES];
	ssize_t n;

	if (fd == STDIN_FILENO || fstat(fd, &s) != 0 || !S_ISREG(s.st_mode))
		return 0;
	n = pread(fd, first, sizeof first, 0);
	return n >= 0 && nct_magic_find(first, (size_t)n) == NULL;
}

/* Copies the plain bytes of `in` to the temporary file `out`, and seeks to its beginning. */
static nct_err
copy(nct_inflate *in, int out, const char *tmpdir, nct_why *why)
{
	uint8_t *buf = malloc(COPY_BYTES);
	size_t got = COPY_BYTES;
	nct_err err = NCT_OK;

	if (buf == NULL)
		return nct_fail(why, NCT_ENOMEM, "out of memory");
	while (err == NCT_OK && got == COPY_BYTES) {
		err = nct_inflate_read(in, buf, COPY_BYTES, &got, why);
		if (err == NCT_OK && nct_write(out, buf, got) != NCT_OK)
			err = nct_temporary_failed(tmpdir, why);
	}
	free(buf);
	if (err == NCT_OK && lseek(out, 0, SEEK_SET) != 0)
		err = nct_temporary_failed(tmpdir, why);
	return err;
}

nct_err
nct_unpack_operand(void *ctx, size_t i, int *fd)
{
	struct nct_unpack *u = ctx;
	nct_inflate *in = NULL;
	int packed = -1;
	nct_err err;

	*fd = -1;
	u->index = i;
	if ((err = u->operand(u->ctx, i, &packed)) != NCT_OK)
		return err == NCT_EIO ? nct_fail(u->why, err, "%s", strerror(errno)) : err;
	if (packed < 0 || u->plain || is_plain(packed)) {
		*fd = packed;
		return NCT_OK;
	}
	err = nct_inflate_new(&in, packed, u->why);
	if (err == NCT_OK && (err = nct_temporary(fd, u->tmpdir, u->why)) == NCT_OK)
		err = copy(in, *fd, u->tmpdir, u->why);
	nct_inflate_free(in);
	if (packed != STDIN_FILENO)
		(void)close(packed);
	if (err != NCT_OK && *fd >= 0) {
		(void)close(*fd);
		*fd = -1;
	}
	return err;
}
