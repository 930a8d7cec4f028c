/* layouts.c - files of ids in the layouts of other programs: headers, and where documents end. */
#include "tokens/layouts.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/io.h"
#include "base/le.h"

/* ---- NumPy ---- */

void
nct_npy_header(uint8_t p[NCT_NPY_HEADER], size_t width, uint64_t count)
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

/* ---- llm.c ---- */

#define LLMC_MAGIC 20240520u
#define LLMC_VERSION 1u

void
nct_llmc_header(uint8_t p[NCT_LLMC_HEADER], uint64_t count)
{
	memset(p, 0, NCT_LLMC_HEADER);
	nct_put32(p, LLMC_MAGIC);
	nct_put32(p + 4, LLMC_VERSION);
	nct_put32(p + 8, (uint32_t)count);
}

nct_err
nct_llmc_read(const uint8_t p[NCT_LLMC_HEADER], uint64_t *count, nct_why *why)
{
	if (nct_get32(p) != LLMC_MAGIC)
		return nct_fail(why, NCT_EKIND, "not a file of tokens as llm.c has them, byte 0");
	if (nct_get32(p + 4) != LLMC_VERSION)
		return nct_fail(why, NCT_EVERSION, "version %" PRIu32 " of llm.c's token files is not known here, byte 4",
		                nct_get32(p + 4));
	*count = nct_get32(p + 8);
	return *count <= NCT_LLMC_MAX ? NCT_OK : nct_fail(why, NCT_EDATA, "a number of tokens below 0, byte 8");
}

/* ---- where documents end ---- */

static nct_err
keep_length(struct nct_ends *e, uint64_t length, nct_why *why)
{
	if (length > INT32_MAX)
		return nct_fail(why, NCT_EKIND, "a document of %" PRIu64 " tokens: Megatron's files hold at most %d", length,
		                INT32_MAX);
	if (e->count == e->cap) {
		const size_t cap = e->cap * 2 + 1024;
		uint32_t *more = realloc(e->length, cap * sizeof *more);

		if (more == NULL)
			return NCT_ENOMEM;
		e->length = more;
		e->cap = cap;
	}
	e->length[e->count++] = (uint32_t)length;
	return NCT_OK;
}

nct_err
nct_ends_flush(struct nct_ends *e)
{
	const size_t n = e->held;

	e->held = 0;
	return n > 0 ? nct_write(e->fd, e->buf, n) : NCT_OK;
}

nct_err
nct_ends_put(struct nct_ends *e, uint64_t at, nct_why *why)
{
	const uint64_t length = at - e->before;
	nct_err err = NCT_OK;

	e->before = at;
	if (e->lengths)
		return keep_length(e, length, why);
	if (e->fd < 0)
		return NCT_OK;
	if (e->held == sizeof e->buf)
		err = nct_ends_flush(e);
	nct_put64(e->buf + e->held, at);
	e->held += 8;
	return err;
}

/* Numbers on their way to a file. */
struct numbers {
	int fd;
	size_t held;
	nct_err err;
	uint8_t buf[8192];
};

static void
put_number(struct numbers *n, uint64_t x, size_t width)
{
	if (n->held + 8 > sizeof n->buf) {
		if (n->err == NCT_OK)
			n->err = nct_write(n->fd, n->buf, n->held);
		n->held = 0;
	}
	nct_put64(n->buf + n->held, x); /* what is too much is overwritten by the next one */
	n->held += width;
}

nct_err
nct_ends_megatron(const struct nct_ends *e, int fd)
{
	struct numbers *n = calloc(1, sizeof *n);
	uint64_t at = 0;
	nct_err err;

	if (n == NULL)
		return NCT_ENOMEM;
	n->fd = fd;
	memcpy(n->buf, "MMIDIDX\0\0", 9);
	n->held = 9;
	put_number(n, 1, 8); /* version */
	put_number(n, 8, 1); /* u16 */
	put_number(n, e->count, 8);
	put_number(n, e->count + 1, 8);
	for (size_t i = 0; i < e->count; i++)
		put_number(n, e->length[i], 4);
	for (size_t i = 0; i < e->count; at += e->length[i++])
		put_number(n, 2 * at, 8);
	for (size_t i = 0; i <= e->count; i++)
		put_number(n, i, 8);
	err = n->err != NCT_OK ? n->err : nct_write(fd, n->buf, n->held);
	free(n);
	return err;
}

void
nct_ends_free(struct nct_ends *e)
{
	free(e->length);
	e->length = NULL;
}
