/* encode_text.h - the text of the sample, and encoding of text to streams in memory. */
#ifndef NCT_TEST_ENCODE_TEXT_H
#define NCT_TEST_ENCODE_TEXT_H

#include "sample_stream.h"

/* At most `most` bytes of the sample, decompressed by xz; the caller frees them. */
static inline struct bytes
sample_text(size_t most)
{
	FILE *f = popen("xz -dc examples/sample.txt.xz", "r");
	struct bytes b = {malloc(most), 0};

	assert_true(f != NULL && b.p != NULL);
	b.n = fread(b.p, 1, most, f);
	(void)pclose(f); /* its status does not matter, as it may not have written all */
	assert_int_equal(b.n, most);
	return b;
}

/* An nct_operand with one operand: the struct bytes at `ctx`. */
static inline nct_err
open_text(void *ctx, size_t i, int *fd)
{
	const struct bytes *b = ctx;

	*fd = i == 0 ? bytes_fd(b->p, b->n) : -1;
	return NCT_OK;
}

static inline struct bytes
encode(const nct_m1 *m, struct bytes text, const struct nct_encode_options *o)
{
	const int fd = bytes_fd("", 0);
	struct nct_totals t;

	assert_int_equal(nct_encode(m, open_text, &text, fd, o, &t, NULL), NCT_OK);
	assert_true(t.text_bytes == text.n);
	return fd_bytes(fd);
}

#endif
