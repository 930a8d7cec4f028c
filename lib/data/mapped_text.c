/* mapped_text.c - reads text into a mapped temporary file, with a list of where documents end. */
#include "data/mapped_text.h"

#include <errno.h>
#include <lzma.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/err.h"
#include "base/io.h"
#include "base/le.h"
#include "base/options.h"
#include "base/temporary.h"
#include "data/unpack.h"
#include "text/documents.h"

#define BUFFER ((size_t)1 << 18)

struct nct_text {
	uint8_t *bytes;       /* (n) mapped read-only; NULL if the text is empty */
	size_t n;
	uint64_t *ends;       /* (documents) byte offsets where documents with an EOD end, in rising order */
	size_t documents, cap;
	uint64_t crc;
};

/* State while the text is read. */
struct text_reader {
	nct_text *t;
	nct_docs *docs;
	int fd;             /* the temporary file ... */
	const char *tmpdir; /* ... in this folder */
	uint8_t *buf;       /* BUFFER bytes, of which the first `used` are to be written */
	size_t used;
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

static nct_err
flush(struct text_reader *r, nct_why *why)
{
	if (nct_write(r->fd, r->buf, r->used) != NCT_OK)
		return nct_temporary_failed(r->tmpdir, why);
	r->t->crc = lzma_crc64(r->buf, r->used, r->t->crc);
	r->used = 0;
	return NCT_OK;
}

static nct_err
put(struct text_reader *r, const uint8_t *text, size_t n, nct_why *why)
{
	nct_err err = NCT_OK;

	if (nct_size_add(&r->t->n, r->t->n, n) != 0)
		return nct_fail(why, NCT_ENOMEM, "more text than this machine can address");
	while (err == NCT_OK && n > 0) {
		const size_t k = n < BUFFER - r->used ? n : BUFFER - r->used;

		memcpy(r->buf + r->used, text, k);
		r->used += k;
		text += k;
		n -= k;
		if (r->used == BUFFER)
			err = flush(r, why);
	}
	return err;
}

/* Copies the whole text to the temporary file, piece by piece. */
static nct_err
take(struct text_reader *r, nct_why *why)
{
	struct nct_piece p = {.done = 0};
	nct_err err = NCT_OK;

	while (err == NCT_OK && !p.done) {
		err = nct_docs_next(r->docs, &p, why);
		if (err == NCT_OK && p.n > 0)
			err = put(r, p.text, p.n, why);
		if (err == NCT_OK && p.ends && p.eod && add_end(r->t, r->t->n) != NCT_OK)
			err = nct_fail(why, NCT_ENOMEM, "out of memory");
	}
	return err == NCT_OK ? flush(r, why) : err;
}

static nct_err
map(nct_text *t, int fd, const char *tmpdir, nct_why *why)
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
		return nct_temporary_failed(tmpdir, why);
	t->bytes = p;
	(void)posix_madvise(p, t->n, POSIX_MADV_RANDOM); /* examples come in random order */
	return NCT_OK;
}

nct_err
nct_text_read(nct_text **out, nct_operand operand, void *ctx, const struct nct_text_options *options, size_t *at,
              nct_why *why)
{
	struct nct_text_options o;
	nct_why own;
	size_t number;
	nct_err err;

	*out = NULL;
	why = nct_why_begin(why, &own);
	at = at != NULL ? at : &number;
	*at = SIZE_MAX;
	if ((err = nct_options_take(&o, sizeof o, options, why)) != NCT_OK)
		return err;
	struct nct_unpack u = {
	    .operand = operand, .ctx = ctx, .plain = o.plain, .tmpdir = o.tmpdir, .why = why, .index = SIZE_MAX};
	struct text_reader r = {.t = calloc(1, sizeof *r.t), .fd = -1, .tmpdir = o.tmpdir, .buf = malloc(BUFFER)};
	err = NCT_ENOMEM;
	if (r.t == NULL || r.buf == NULL || (err = nct_temporary(&r.fd, o.tmpdir, why)) != NCT_OK)
		goto done;
	err = nct_docs_new(&r.docs, nct_unpack_operand, &u, o.separator, o.pattern, 0, why);
	if (err == NCT_OK)
		err = take(&r, why);
	if (err != NCT_OK)
		*at = u.index;
	else
		err = map(r.t, r.fd, o.tmpdir, why);
done:
	if (err != NCT_OK && why->text[0] == '\0')
		(void)nct_fail(why, err, "%s", err == NCT_EIO ? strerror(errno) : nct_strerror(err));
	nct_docs_free(r.docs);
	if (r.fd >= 0)
		(void)close(r.fd);
	free(r.buf);
	if (err == NCT_OK)
		*out = r.t;
	else
		nct_text_free(r.t);
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

/* The first document whose EOD is at symbol `from` or later. Document i's EOD is symbol ends[i] + i. */
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

int
nct_text_document(const nct_text *t, uint64_t i, const uint8_t **bytes, size_t *n, int *eod)
{
	const size_t from = i == 0 || i > t->documents ? 0 : (size_t)t->ends[i - 1];
	const size_t end = i < t->documents ? (size_t)t->ends[i] : t->n;

	*bytes = t->bytes != NULL ? t->bytes + from : NULL;
	*n = end - from;
	*eod = i < t->documents;
	return i < t->documents || (i == t->documents && *n > 0);
}
