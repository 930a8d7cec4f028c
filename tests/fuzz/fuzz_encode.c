/* fuzz_encode.c - a fuzz target: encodes any text with any options, and decodes it: text and counts must come back.
 *
 * The first bytes choose the options. Streams must not depend on the number of threads, and those of code `split`
 * not on whether a codebook is used. Built for libFuzzer and run by `make fuzz`; `make check` runs test_fuzz_encode,
 * which mutates its own seeds and replays the corpus. */
#include "models.h"

#define INPUT_MAX 4096
#define WAY 6              /* bytes that choose the options */
#define LONG_TEXT 140000u  /* several batches of `make fuzz`, so that several threads take part */

struct input {
	const nct_m1 *m1;
	const uint8_t *text;
	size_t n, cut; /* bytes; where the second operand begins (0: there is one operand) */
	struct nct_encode_options o;
};

struct stream {
	uint8_t *p;
	size_t n;
	struct nct_totals totals;
};

static int
file_of_bytes(const uint8_t *p, size_t n)
{
	FILE *f = tmpfile();
	int fd = -1;

	must(f != NULL && (fd = dup(fileno(f))) >= 0 && fclose(f) == 0, "no file");
	must(nct_write(fd, p, n) == NCT_OK && lseek(fd, 0, SEEK_SET) == 0, "writing to the file");
	return fd;
}

static nct_err
one_operand(void *ctx, size_t i, int *fd)
{
	const struct input *in = ctx;

	*fd = -1;
	if (i == 0)
		*fd = file_of_bytes(in->text, in->cut > 0 ? in->cut : in->n);
	if (i == 1 && in->cut > 0)
		*fd = file_of_bytes(in->text + in->cut, in->n - in->cut);
	return NCT_OK;
}

static struct stream
encode(struct input *in, unsigned threads, int no_codebook)
{
	struct stream s = {0};
	FILE *f = tmpfile();
	nct_why why = {0};

	must(f != NULL, "no file");
	in->o.threads = threads;
	in->o.no_codebook = no_codebook;
	if (nct_encode(in->m1, one_operand, in, fileno(f), &in->o, &s.totals, &why) != NCT_OK)
		must(0, why.text);
	s.p = contents(f, &s.n);
	return s;
}

/* Encodes with another number of threads, or without a codebook. The stream must be the same. */
static void
encode_again(struct input *in, const struct stream *s, unsigned threads, int no_codebook)
{
	const struct stream t = encode(in, threads, no_codebook);

	must(t.n == s->n && memcmp(t.p, s->p, s->n) == 0, "another stream");
	free(t.p);
}

static void
decode_again(const struct input *in, const struct stream *s, unsigned threads)
{
	const struct nct_decode_options o = {sizeof o, .threads = threads, .cache_bytes = 1u << 18};
	const int from = file_of_bytes(s->p, s->n);
	struct nct_totals totals;
	FILE *f = tmpfile();
	nct_why why = {0};
	uint8_t *text;
	size_t n;

	must(f != NULL, "no file");
	if (nct_decode(in->m1, from, fileno(f), &o, &totals, &why) != NCT_OK)
		must(0, why.text);
	close(from);
	text = contents(f, &n);
	must(n == in->n && (n == 0 || memcmp(text, in->text, n) == 0), "another text");
	must(totals.text_bytes == s->totals.text_bytes && totals.windows == s->totals.windows &&
	         totals.documents == s->totals.documents && totals.blocks == s->totals.blocks,
	     "other totals");
	free(text);
}

static struct nct_encode_options
options_of(const uint8_t *way)
{
	const int best = way[0] >> 2 & 1, nul = way[0] >> 4 & 1;

	return (struct nct_encode_options){
		sizeof(struct nct_encode_options),
		.code = best ? NCT_CODE_BEST : NCT_CODE_SPLIT,
		.window_bits = best || way[1] & 1 ? 10 : 13,
		.resets = 1,
		.cache_bytes = 1u << 18,
		.align = way[0] >> 3 & 1 ? NCT_ALIGN_WORDS : NCT_ALIGN_NONE,
		.separator = nul ? NCT_SEP_NUL : NCT_SEP_OPERAND,
		.open = !nul && way[0] >> 5 & 1,
		.chunk = way[2] | (uint64_t)way[3] << 8,
	};
}

/* The text, repeated `times_over` times. The caller frees it. */
static uint8_t *
repeated(const uint8_t *p, size_t n, int times_over, size_t *length)
{
	const size_t times = times_over && n > 0 ? LONG_TEXT / n : 1;
	uint8_t *text = malloc(times * n + 1);

	must(text != NULL, "no memory");
	for (size_t i = 0; i < times && n > 0; i++)
		memcpy(text + i * n, p, n);
	*length = times * n;
	return text;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = {0};
	struct stream s;
	uint8_t *text;

	if (size < WAY || size > INPUT_MAX)
		return 0;
	make_models();
	in.m1 = models[data[0] % SOME_M1];
	in.o = options_of(data);
	in.text = text = repeated(data + WAY, size - WAY, data[4] == 'L', &in.n);
	in.cut = in.o.separator == NCT_SEP_OPERAND ? in.n * data[5] / 256 : 0;
	s = encode(&in, 1, 0);
	encode_again(&in, &s, 2, 0);
	if (in.o.code == NCT_CODE_SPLIT && data[4] == 'M')
		encode_again(&in, &s, 1, 1);
	decode_again(&in, &s, 1);
	decode_again(&in, &s, 2);
	free(s.p);
	free(text);
	return 0;
}
