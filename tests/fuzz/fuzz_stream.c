/* fuzz_stream.c - a fuzz target: any bytes through the stream reader and all conversions, as they are and with right
 * checksums.
 *
 * Built for libFuzzer and run by `make fuzz`; `make check` runs test_fuzz_stream, which mutates its own seeds and
 * replays the corpus. */
#include "fuzz.h"

#include <fcntl.h>

#include "mend.h"
#include "stream/stream.h"

#define INPUT_MAX 65536 /* the capacity of a pipe */

/* Reads to the end or to the first error. Returns the number of blocks. */
static size_t
read_stream(const uint8_t *p, size_t n, int keep_going, nct_err *err)
{
	enum nct_event event = NCT_AT_HEADER;
	int fd = pipe_of(p, n);
	struct nct_block b;
	nct_reader *r;
	nct_why why;
	size_t blocks = 0, events = 0;
	uint8_t sum = 0;
	size_t cap;

	must(nct_reader_new(&r, fd, keep_going) == NCT_OK, "no memory");
	while ((*err = nct_reader_next(r, &event, &b, &why)) == NCT_OK && event != NCT_AT_END) {
		must(++events <= 3 * n, "more events than bytes"); /* at worst: loss, header, loss */
		if (event == NCT_AT_LOSS)
			must(keep_going && why.text[0] != '\0', "a loss without words");
		if (event != NCT_AT_BLOCK)
			continue;
		for (size_t i = 0; i < b.dir_bytes; i++)
			sum ^= b.dir[i]; /* a sanitizer notices if this cannot be read */
		for (size_t i = 0; i < b.code_bytes; i++)
			sum ^= b.code[i];
		if (blocks++ % 2 == 0)
			free(nct_reader_take(r, &cap));
	}
	must(*err == NCT_OK || why.text[0] != '\0', "an error without words");
	must(!keep_going || *err == NCT_OK || (*err == NCT_ECUT && n == 0), "keep_going gave up");
	nct_reader_free(r);
	close(fd);
	return blocks + (sum & 0); /* so that it is used */
}

struct input {
	const uint8_t *p;
	size_t n;
};

static nct_err
one_input(void *ctx, size_t i, int *fd)
{
	const struct input *in = ctx;

	*fd = i == 0 ? pipe_of(in->p, in->n) : -1;
	return NCT_OK;
}

/* Runs a conversion, which asserts that its output follows the format's rules. The last byte, part of a checksum,
 * chooses which. */
static void
convert(const uint8_t *p, size_t n, int out)
{
	const unsigned way = n > 0 ? p[n - 1] : 0;
	const struct nct_pack_options o = {sizeof o, .token_bits = 1 + way % 16, .keep_going = way >> 4 & 1};
	struct input in = {p, n};
	nct_err err = nct_pack(one_input, &in, out, &o, NULL, NULL);

	err = nct_unpack(one_input, &in, out, &o, NULL, NULL);
	err = nct_tokens_export(one_input, &in, out, NCT_EXPORT_TEXT, &o, NULL, NULL);
	(void)err; /* any result will do */
}

static void
mend(uint8_t *p, size_t n)
{
	for (size_t at = 0; at < n;)
		at += mend_stream(p + at, n - at);
}

static void
one_form(const uint8_t *p, size_t n, int out)
{
	nct_err err, kept_err;
	size_t blocks = read_stream(p, n, 0, &err), kept = read_stream(p, n, 1, &kept_err);

	must(kept >= blocks, "keep_going gave less");
	must(err != NCT_OK || kept == blocks, "keep_going gave more of a good stream");
	convert(p, n, out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int out = open("/dev/null", O_WRONLY);
	uint8_t *p = malloc(size + 1);

	must(out >= 0 && p != NULL, "no memory");
	if (size <= INPUT_MAX) {
		if (size > 0)
			memcpy(p, data, size);
		one_form(p, size, out);
		mend(p, size);
		one_form(p, size, out);
	}
	free(p);
	close(out);
	return 0;
}
