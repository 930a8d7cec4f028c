/* fuzz_encode.c - a fuzz target: encodes any text with any options, and decodes it: text and counts must come back. The
 * codec in memory must give the ids of the stream.
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

static nct_err
one_stream(void *ctx, size_t i, int *fd)
{
	const struct stream *s = ctx;

	*fd = i == 0 ? file_of_bytes(s->p, s->n) : -1;
	return NCT_OK;
}

/* ids[0..n) are those of the stream. */
static void
same_ids(const struct stream *s, const uint16_t *ids, size_t n)
{
	struct stream in = *s;
	const struct nct_pack_options o = {.struct_size = sizeof o};
	FILE *f = tmpfile();
	size_t raw_n;

	must(f != NULL, "no file");
	must(nct_tokens_export(one_stream, &in, fileno(f), NCT_EXPORT_RAW, &o, NULL, NULL) == NCT_OK, "exporting");
	uint8_t *raw = contents(f, &raw_n);
	must(raw_n == 2 * n, "another number of ids in memory");
	for (size_t i = 0; i < n; i++)
		must(ids[i] == (raw[2 * i] | raw[2 * i + 1] << 8), "other ids in memory");
	free(raw);
}

/* Encodes text[0..n) in memory, and decodes it. Returns how many ids it has. */
static size_t
ids_in_memory(const nct_codec *c, nct_codec_scratch *s, const uint8_t *text, size_t n, int open, uint16_t *ids,
              size_t room)
{
	const uint64_t offsets[2] = {0, n};
	uint64_t ends[2], back[2];
	uint8_t *again = malloc(n + 1);

	must(again != NULL, "no memory");
	must(nct_codec_encode(c, s, text, offsets, 1, open, ids, room, ends, NULL) == NCT_OK && ends[1] <= room,
	     "encoding in memory");
	must(nct_codec_decode(c, ids, ends, 1, again, n, back, NULL) == NCT_OK && back[1] == n && memcmp(again, text, n) == 0,
	     "another text from memory");
	free(again);
	return (size_t)ends[1];
}

/* The codec in memory gives the ids of the stream. */
static void
encode_in_memory(const struct input *in, const struct stream *s)
{
	const struct nct_codec_options o = {sizeof o, in->o.window_bits, 0, in->o.code, NULL, in->o.align, NULL, in->o.eod,
	                                    in->o.chunk == 0 ? UINT64_MAX : in->o.chunk};
	nct_codec *c;
	nct_codec_scratch *scratch;
	const uint8_t *text = in->text;
	size_t at = 0, n = 0;

	const nct_err err = nct_codec_new(&c, in->m1, &o, NULL);
	if (err == NCT_EDATA && in->o.code == NCT_CODE_SPLIT) /* no places for its strings; the stream is by M1 */
		return;
	must(err == NCT_OK && nct_codec_scratch_new(&scratch, c) == NCT_OK, "no codec");
	const size_t room = (size_t)nct_codec_ids_max(c, in->n, in->n + 2);
	uint16_t *ids = malloc(room * sizeof *ids);
	must(ids != NULL, "no memory");
	while (at < in->n) { /* a call for each document */
		const int nul = in->o.separator == NCT_SEP_NUL;
		const uint8_t *end = nul ? memchr(text + at, 0, in->n - at) : NULL;
		const size_t to = nul ? (end != NULL ? (size_t)(end - text) : in->n) : in->cut > at ? in->cut : in->n;
		const int open = to == in->n && (nul || in->o.open);

		n += ids_in_memory(c, scratch, text + at, to - at, open, ids + n, room - n);
		at = to + (size_t)nul;
	}
	same_ids(s, ids, n);
	free(ids);
	nct_codec_scratch_free(scratch);
	nct_codec_free(c);
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
	encode_in_memory(&in, &s);
	if (in.o.code == NCT_CODE_SPLIT && data[4] == 'M')
		encode_again(&in, &s, 1, 1);
	decode_again(&in, &s, 1);
	decode_again(&in, &s, 2);
	free(s.p);
	free(text);
	return 0;
}
