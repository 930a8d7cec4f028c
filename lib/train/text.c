/* text.c - text from files into a mapped temporary file, with a list of where documents end. */
#include "text.h"

#include <errno.h>
#include <fcntl.h>
#include <lzma.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/err.h"
#include "base/io.h"
#include "base/le.h"
#include "inflate.h"

#define PIECE ((size_t)1 << 18)

struct nct_text {
	uint8_t *bytes;       /* mapped read-only; NULL if there are none */
	size_t n;
	uint64_t *ends;       /* documents that have ended: where, in bytes; never descending */
	size_t documents, cap;
	uint64_t crc;
};

/* What is needed while reading only. */
struct reader {
	nct_text *t;
	const struct nct_text_options *o;
	int fd;         /* the temporary file */
	uint8_t *buf;   /* PIECE bytes */
};

static nct_err
add_end(nct_text *t, uint64_t end)
{
	if (t->documents == t->cap) {
		size_t cap = t->cap == 0 ? 64 : 2 * t->cap, bytes;
		uint64_t *p = nct_size_mul(&bytes, cap, sizeof *p) == 0 ? realloc(t->ends, bytes) : NULL;

		if (p == NULL)
			return NCT_ENOMEM;
		t->ends = p;
		t->cap = cap;
	}
	t->ends[t->documents++] = end;
	return NCT_OK;
}

/* Takes the NULs out of buf[0..*n) and notes a document's end at each. */
static nct_err
split_nul(nct_text *t, uint8_t *buf, size_t *n)
{
	uint8_t *to = buf, *from = buf, *end = buf + *n;

	while (from < end) {
		uint8_t *nul = memchr(from, 0, (size_t)(end - from));
		size_t k = (size_t)((nul != NULL ? nul : end) - from);
		nct_err err;

		memmove(to, from, k);
		to += k;
		from += k;
		if (nul == NULL)
			break;
		from++;
		if ((err = add_end(t, t->n + (uint64_t)(to - buf))) != NCT_OK)
			return err;
	}
	*n = (size_t)(to - buf);
	return NCT_OK;
}

/* Stores one piece. */
static nct_err
put(struct reader *r, size_t n, nct_why *why)
{
	if (r->o->separator == NCT_SEP_NUL && split_nul(r->t, r->buf, &n) != NCT_OK)
		return nct_fail(why, NCT_ENOMEM, "out of memory");
	if (nct_size_add(&r->t->n, r->t->n, n) != 0)
		return nct_fail(why, NCT_ENOMEM, "more text than this machine can address");
	if (nct_write(r->fd, r->buf, n) != NCT_OK)
		return nct_fail(why, NCT_EIO, "temporary file: %s", strerror(errno));
	r->t->crc = lzma_crc64(r->buf, n, r->t->crc);
	return NCT_OK;
}

static nct_err
read_operand(struct reader *r, int fd, nct_why *why)
{
	nct_inflate *in;
	const size_t before = r->t->n;
	size_t got = 0;
	nct_err err = nct_inflate_new(&in, fd, r->o->plain, why);

	if (err != NCT_OK)
		return err;
	do {
		err = nct_inflate_read(in, r->buf, PIECE, &got, why);
		if (err == NCT_OK)
			err = put(r, got, why);
	} while (err == NCT_OK && got == PIECE);
	nct_inflate_free(in);
	if (err == NCT_OK && r->o->separator == NCT_SEP_OPERAND && r->t->n > before && add_end(r->t, r->t->n) != NCT_OK)
		err = nct_fail(why, NCT_ENOMEM, "out of memory");
	return err;
}

static nct_err
open_spool(struct reader *r, nct_why *why)
{
	char path[4096];
	const char *dir = r->o->tmpdir != NULL && r->o->tmpdir[0] != '\0' ? r->o->tmpdir : "/tmp";
	int n = snprintf(path, sizeof path, "%s/nct-text.XXXXXX", dir);

	if (n < 0 || (size_t)n >= sizeof path)
		return nct_fail(why, NCT_EARG, "name of the temporary folder is too long");
	r->fd = mkstemp(path);
	if (r->fd < 0)
		return nct_fail(why, NCT_EIO, "temporary file in %s: %s", dir, strerror(errno));
	(void)unlink(path); /* it goes when the map goes, however this process ends */
	return NCT_OK;
}

static nct_err
map(nct_text *t, int fd, nct_why *why)
{
	void *p;

	for (size_t i = 0; i < t->documents; i++) {
		uint8_t b[8];

		nct_put64(b, t->ends[i]);
		t->crc = lzma_crc64(b, sizeof b, t->crc);
	}
	if (t->n == 0)
		return NCT_OK;
	p = mmap(NULL, t->n, PROT_READ, MAP_SHARED, fd, 0);
	if (p == MAP_FAILED)
		return nct_fail(why, NCT_EIO, "temporary file: %s", strerror(errno));
	t->bytes = p;
	(void)posix_madvise(p, t->n, POSIX_MADV_RANDOM); /* examples come in random order */
	return NCT_OK;
}

nct_err
nct_text_read(nct_text **out, nct_operand operand, void *ctx, const struct nct_text_options *o, size_t *at, nct_why *why)
{
	nct_text *t = calloc(1, sizeof *t);
	struct reader r = {.t = t, .o = o, .fd = -1, .buf = malloc(PIECE)};
	nct_err err = NCT_OK;
	int fd = -1;

	*out = NULL;
	*at = SIZE_MAX;
	if (t == NULL || r.buf == NULL)
		err = nct_fail(why, NCT_ENOMEM, "out of memory");
	else if (o->separator != NCT_SEP_OPERAND && o->separator != NCT_SEP_NUL)
		err = nct_fail(why, NCT_EARG, "documents: unknown kind of separator");
	else
		err = open_spool(&r, why);
	for (size_t i = 0; err == NCT_OK; i++) {
		if ((err = operand(ctx, i, &fd)) == NCT_OK && fd < 0)
			break;
		if (err == NCT_EIO)
			(void)nct_fail(why, err, "%s", strerror(errno));
		if (err == NCT_OK)
			err = read_operand(&r, fd, why);
		if (fd >= 0)
			(void)close(fd);
		if (err != NCT_OK)
			*at = i;
	}
	if (err == NCT_OK)
		err = map(t, r.fd, why);
	if (r.fd >= 0)
		(void)close(r.fd);
	free(r.buf);
	if (err == NCT_OK)
		*out = t;
	else
		nct_text_free(t);
	return err;
}

void
nct_text_free(nct_text *t)
{
	if (t == NULL)
		return;
	if (t->bytes != NULL)
		(void)munmap(t->bytes, t->n);
	free(t->ends);
	free(t);
}

uint64_t
nct_text_bytes(const nct_text *t)
{
	return t->n;
}

uint64_t
nct_text_documents(const nct_text *t)
{
	return t->documents;
}

uint64_t
nct_text_symbols(const nct_text *t)
{
	return (uint64_t)t->n + t->documents;
}

uint64_t
nct_text_crc(const nct_text *t)
{
	return t->crc;
}

/* The first document whose EOD is symbol `from` or a later one: document i's is symbol ends[i] + i. */
static size_t
next_end(const nct_text *t, uint64_t from)
{
	size_t lo = 0, hi = t->documents;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (t->ends[mid] + mid < from)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

size_t
nct_text_get(const nct_text *t, uint64_t from, size_t n, uint32_t *out)
{
	size_t doc = next_end(t, from), byte = (size_t)(from - doc), bytes = 0;

	for (size_t i = 0; i < n; i++)
		if (doc < t->documents && t->ends[doc] == byte + bytes) {
			out[i] = NCT_EOD;
			doc++;
		} else {
			out[i] = t->bytes[byte + bytes++];
		}
	return bytes;
}

void
nct_text_count(const nct_text *t, uint64_t count[NCT_SYMBOLS])
{
	for (size_t i = 0; i < t->n; i++)
		count[t->bytes[i]]++;
	count[NCT_EOD] += t->documents;
}
