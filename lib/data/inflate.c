/* inflate.c - reads plain bytes from a file descriptor whose data may be compressed: .xz, .gz or .zst. */
#include "data/inflate.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <lzma.h>
#include <stdlib.h>
#include <string.h>
#define ZLIB_CONST /* makes next_in a pointer to const */
#include <zlib.h>
#include <zstd.h>
#include <zstd_errors.h>

#include "base/err.h"
#include "base/io.h"
#include "base/magic.h"

#define IN_CAP 65536u

enum kind { PLAIN, XZ, GZ, ZST };

struct nct_inflate {
	int fd;
	enum kind kind;
	int ended;           /* `fd` is at its end */
	int between;         /* .gz, .zst: a member or frame has ended, and no other has begun */
	int padded;          /* .gz: zeros followed the last member */
	int begun;           /* some plain bytes were given out */
	int done;            /* .xz: the last stream has ended */
	uint64_t read;       /* bytes read from `fd` */
	const uint8_t *next; /* the first byte in `in` that is not used yet */
	size_t left;
	lzma_stream xz;
	z_stream gz;
	ZSTD_DStream *zst;
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

static nct_err
start_zst(nct_inflate *s)
{
	const ZSTD_bounds log = ZSTD_dParam_getBounds(ZSTD_d_windowLogMax);

	if ((s->zst = ZSTD_createDStream()) == NULL)
		return NCT_ENOMEM;
	(void)ZSTD_DCtx_setParameter(s->zst, ZSTD_d_windowLogMax, log.upperBound); /* for zstd --long */
	return NCT_OK;
}

static nct_err
start(nct_inflate *s, nct_why *why)
{
	static const enum kind kinds[] = {[NCT_MAGIC_XZ] = XZ, [NCT_MAGIC_GZ] = GZ, [NCT_MAGIC_ZST] = ZST};
	const lzma_stream none = LZMA_STREAM_INIT;
	const struct nct_magic *m = nct_magic_find(s->next, s->left);
	const enum kind kind = m == NULL || m->kind == NCT_MAGIC_OTHER ? PLAIN : kinds[m->kind];

	if (m != NULL && m->kind == NCT_MAGIC_OTHER)
		return nct_fail(why, NCT_EKIND, "%s, not text (%s%s--plain takes its bytes)", m->what,
		                m->how != NULL ? m->how : "", m->how != NULL ? "; " : "");
	s->xz = none;
	if ((kind == XZ && lzma_stream_decoder(&s->xz, UINT64_MAX, LZMA_CONCATENATED) != LZMA_OK) ||
	    (kind == GZ && inflateInit2(&s->gz, 15 + 16) != Z_OK) || /* 16: gzip's header and trailer */
	    (kind == ZST && start_zst(s) != NCT_OK))
		return nct_fail(why, NCT_ENOMEM, "out of memory");
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
	if ((err = start(s, why)) != NCT_OK)
		goto fail;
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
	(void)ZSTD_freeDStream(s->zst); /* NULL is a no-op */
	free(s);
}

static nct_err
bad(const nct_inflate *s, nct_err err, nct_why *why)
{
	static const char *const names[] = {[XZ] = ".xz", [GZ] = ".gz", [ZST] = ".zst"};

	if (err == NCT_ENOMEM)
		return nct_fail(why, err, "out of memory");
	return nct_fail(why, err, "%s data %s, byte %" PRIu64, names[s->kind],
	                err == NCT_ECUT ? "ends early" : "is damaged", s->read - s->left);
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

/* Looks at what follows a .gz member. Another member: clears `between`. The end, or only zeros, as on tapes: leaves
 * it. Anything else: NCT_EDATA. */
static nct_err
next_member(nct_inflate *s, nct_why *why)
{
	nct_err err;

	while ((err = refill(s, why)) == NCT_OK && s->left > 0 && s->next[0] == 0) {
		s->padded = 1;
		s->next++;
		s->left--;
	}
	if (err != NCT_OK || s->left == 0)
		return err;
	if (s->padded || s->next[0] != 0x1f || inflateReset(&s->gz) != Z_OK)
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

static nct_err
read_zst(nct_inflate *s, uint8_t *buf, size_t cap, size_t *got, nct_why *why)
{
	while (*got < cap) {
		ZSTD_outBuffer out = {buf, cap, *got};
		nct_err err = refill(s, why);

		if (err != NCT_OK || (s->between && s->left == 0))
			return err;
		ZSTD_inBuffer in = {s->next, s->left, 0};
		const size_t r = ZSTD_decompressStream(s->zst, &out, &in);
		const int stuck = in.pos == 0 && out.pos == *got;

		s->next += in.pos;
		s->left -= in.pos;
		*got = out.pos;
		if (ZSTD_isError(r))
			return bad(s, ZSTD_getErrorCode(r) == ZSTD_error_memory_allocation ? NCT_ENOMEM : NCT_EDATA, why);
		s->between = r == 0;
		if (stuck && !s->between)
			return bad(s, s->left == 0 && s->ended ? NCT_ECUT : NCT_EDATA, why);
	}
	return NCT_OK;
}

static nct_err
read_any(nct_inflate *s, uint8_t *buf, size_t cap, size_t *got, nct_why *why)
{
	switch (s->kind) {
	case XZ: return read_xz(s, buf, cap, got, why);
	case GZ: return read_gz(s, buf, cap, got, why);
	case ZST: return read_zst(s, buf, cap, got, why);
	case PLAIN: break;
	}
	return read_plain(s, buf, cap, got, why);
}

nct_err
nct_inflate_read(nct_inflate *s, void *buf, size_t cap, size_t *got, nct_why *why)
{
	const struct nct_magic *m = NULL;
	nct_err err;

	*got = 0;
	err = read_any(s, buf, cap, got, why);
	if (err == NCT_OK && s->kind != PLAIN && !s->begun)
		m = nct_magic_find(buf, *got);
	s->begun = 1;
	return m == NULL ? err : nct_fail(why, NCT_EKIND, "holds %s, not text", m->what);
}
