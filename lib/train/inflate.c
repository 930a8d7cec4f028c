/* inflate.c - plain bytes from a file descriptor that may hold .xz or .gz data. */
#include "inflate.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <lzma.h>
#include <stdlib.h>
#include <string.h>
#define ZLIB_CONST /* next_in points to const */
#include <zlib.h>

#include "base/err.h"
#include "base/io.h"

#define IN_CAP 65536u

enum kind { PLAIN, XZ, GZ };

struct nct_inflate {
	int fd;
	enum kind kind;
	int ended;           /* the file descriptor is at its end */
	int between;         /* .gz: a member has ended */
	int done;            /* .xz: the last stream has ended */
	uint64_t read;       /* bytes taken from `fd` */
	const uint8_t *next; /* of `in`: not used yet */
	size_t left;
	lzma_stream xz;
	z_stream gz;
	uint8_t in[IN_CAP];
};

static nct_err
refill(nct_inflate *s, nct_why *why)
{
	if (s->left > 0 || s->ended)
		return NCT_OK;
	if (nct_read(s->fd, s->in, IN_CAP, &s->left) != NCT_OK)
		return nct_fail(why, NCT_EIO, "%s", strerror(errno));
	s->next = s->in;
	s->read += s->left;
	s->ended = s->left < IN_CAP;
	return NCT_OK;
}

static enum kind
kind_of(const uint8_t *bytes, size_t n)
{
	static const uint8_t xz[NCT_INFLATE_MAGIC] = {0xfd, '7', 'z', 'X', 'Z', 0}, gz[] = {0x1f, 0x8b, 8};

	if (n >= sizeof xz && memcmp(bytes, xz, sizeof xz) == 0)
		return XZ;
	return n >= sizeof gz && memcmp(bytes, gz, sizeof gz) == 0 ? GZ : PLAIN;
}

int
nct_inflate_packed(const uint8_t *bytes, size_t n)
{
	return kind_of(bytes, n) != PLAIN;
}

static nct_err
start(nct_inflate *s)
{
	const lzma_stream none = LZMA_STREAM_INIT;
	const enum kind kind = kind_of(s->next, s->left);

	s->xz = none;
	if (kind == XZ && lzma_stream_decoder(&s->xz, UINT64_MAX, LZMA_CONCATENATED) != LZMA_OK)
		return NCT_ENOMEM;
	if (kind == GZ && inflateInit2(&s->gz, 15 + 16) != Z_OK) /* the largest window; gzip's header and trailer */
		return NCT_ENOMEM;
	s->kind = kind;
	return NCT_OK;
}

nct_err
nct_inflate_new(nct_inflate **out, int fd, nct_why *why)
{
	nct_inflate *s = calloc(1, sizeof *s);
	nct_err err = NCT_ENOMEM;

	*out = NULL;
	if (s == NULL)
		return nct_fail(why, err, "out of memory");
	s->fd = fd;
	if ((err = refill(s, why)) != NCT_OK)
		goto fail;
	if ((err = start(s)) != NCT_OK) {
		(void)nct_fail(why, err, "out of memory");
		goto fail;
	}
	*out = s;
	return NCT_OK;
fail:
	nct_inflate_free(s);
	return err;
}

void
nct_inflate_free(nct_inflate *s)
{
	if (s == NULL)
		return;
	if (s->kind == XZ)
		lzma_end(&s->xz);
	if (s->kind == GZ)
		(void)inflateEnd(&s->gz);
	free(s);
}

static nct_err
bad(const nct_inflate *s, nct_err err, nct_why *why)
{
	const char *name = s->kind == XZ ? ".xz" : ".gz";

	if (err == NCT_ENOMEM)
		return nct_fail(why, err, "out of memory");
	return nct_fail(why, err, "%s data %s, byte %" PRIu64, name, err == NCT_ECUT ? "ends early" : "is damaged", s->read - s->left);
}

static nct_err
read_plain(nct_inflate *s, uint8_t *buf, size_t cap, size_t *got, nct_why *why)
{
	while (*got < cap) {
		size_t n;
		nct_err err = refill(s, why);

		if (err != NCT_OK)
			return err;
		if (s->left == 0)
			break;
		n = s->left < cap - *got ? s->left : cap - *got;
		memcpy(buf + *got, s->next, n);
		s->next += n;
		s->left -= n;
		*got += n;
	}
	return NCT_OK;
}

static nct_err
read_xz(nct_inflate *s, uint8_t *buf, size_t cap, size_t *got, nct_why *why)
{
	while (*got < cap && !s->done) {
		lzma_ret r;
		nct_err err = refill(s, why);

		if (err != NCT_OK)
			return err;
		s->xz.next_in = s->next;
		s->xz.avail_in = s->left;
		s->xz.next_out = buf + *got;
		s->xz.avail_out = cap - *got;
		r = lzma_code(&s->xz, s->ended ? LZMA_FINISH : LZMA_RUN);
		s->next = s->xz.next_in;
		s->left = s->xz.avail_in;
		*got = cap - s->xz.avail_out;
		if (r == LZMA_STREAM_END)
			s->done = 1;
		else if (r != LZMA_OK)
			return bad(s, r == LZMA_BUF_ERROR ? NCT_ECUT : r == LZMA_MEM_ERROR ? NCT_ENOMEM : NCT_EDATA, why);
	}
	return NCT_OK;
}

/* What follows a member: another one (status NCT_OK, `between` cleared), nothing, or garbage. */
static nct_err
next_member(nct_inflate *s, nct_why *why)
{
	if (s->left == 0)
		return NCT_OK;
	if (s->next[0] != 0x1f || inflateReset(&s->gz) != Z_OK)
		return bad(s, NCT_EDATA, why);
	s->between = 0;
	return NCT_OK;
}

static nct_err
read_gz(nct_inflate *s, uint8_t *buf, size_t cap, size_t *got, nct_why *why)
{
	while (*got < cap) {
		const size_t room = cap - *got < UINT_MAX ? cap - *got : UINT_MAX;
		int r;
		nct_err err = refill(s, why);

		if (err == NCT_OK && s->between)
			err = next_member(s, why);
		if (err != NCT_OK || s->between)
			return err;
		s->gz.next_in = s->next;
		s->gz.avail_in = (uInt)s->left;
		s->gz.next_out = buf + *got;
		s->gz.avail_out = (uInt)room;
		r = inflate(&s->gz, Z_NO_FLUSH);
		s->next += s->left - s->gz.avail_in;
		s->left = s->gz.avail_in;
		*got += room - s->gz.avail_out;
		if (r == Z_STREAM_END)
			s->between = 1;
		else if (r == Z_MEM_ERROR)
			return bad(s, NCT_ENOMEM, why);
		else if (r != Z_OK && r != Z_BUF_ERROR)
			return bad(s, NCT_EDATA, why);
		else if (s->left == 0 && s->ended && *got < cap)
			return bad(s, NCT_ECUT, why);
	}
	return NCT_OK;
}

nct_err
nct_inflate_read(nct_inflate *s, void *buf, size_t cap, size_t *got, nct_why *why)
{
	*got = 0;
	switch (s->kind) {
	case XZ:
		return read_xz(s, buf, cap, got, why);
	case GZ:
		return read_gz(s, buf, cap, got, why);
	case PLAIN:
		break;
	}
	return read_plain(s, buf, cap, got, why);
}
