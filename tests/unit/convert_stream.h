/* convert_stream.h - packing, unpacking and exporting streams in memory, for tests. */
#ifndef NCT_TEST_CONVERT_STREAM_H
#define NCT_TEST_CONVERT_STREAM_H

#include "sample_stream.h"

/* Operands in memory. */
struct inputs {
	const struct bytes *b;
	size_t n;
};

static inline nct_err
next_input(void *ctx, size_t i, int *fd)
{
	const struct inputs *in = ctx;

	*fd = i < in->n ? bytes_fd(in->b[i].p, in->b[i].n) : -1;
	return NCT_OK;
}

static int losses;

static inline void
count_loss(void *ctx, const nct_why *why)
{
	(void)ctx;
	assert_true(strlen(why->text) > 0);
	losses++;
}

enum what { PACK, UNPACK, TEXT, RAW, NPY };

/* Converts one operand. *out receives the bytes written, even after an error. */
static inline nct_err
run(enum what what, struct bytes in, unsigned v, int keep_going, struct bytes *out, nct_why *why)
{
	static const enum nct_export forms[] = {[TEXT] = NCT_EXPORT_TEXT, [RAW] = NCT_EXPORT_RAW, [NPY] = NCT_EXPORT_NPY};
	const struct nct_pack_options o = {sizeof o, .token_bits = v, .keep_going = keep_going, .lost = count_loss};
	struct inputs inputs = {&in, 1};
	int fd = bytes_fd("", 0);
	nct_err err;

	if (what == PACK)
		err = nct_pack(next_input, &inputs, fd, &o, NULL, why);
	else if (what == UNPACK)
		err = nct_unpack(next_input, &inputs, fd, &o, NULL, why);
	else
		err = nct_tokens_export(next_input, &inputs, fd, forms[what], &o, NULL, why);
	*out = fd_bytes(fd);
	return err;
}

static inline struct bytes
converted(enum what what, struct bytes in, unsigned v)
{
	struct bytes out;
	nct_why why;

	if (run(what, in, v, 0, &out, &why) != NCT_OK)
		fail_msg("%s", why.text);
	return out;
}

/* Compares and frees `got`. */
static inline void
assert_text(struct bytes got, const char *want)
{
	if (got.n != strlen(want) || memcmp(got.p, want, got.n) != 0)
		fail_msg("'%.*s' instead of '%s'", (int)got.n, (const char *)got.p, want);
	free(got.p);
}

#endif
