/* quantised.c - measures what quantising costs at 16 bits: encodes a text with a float M1 and with the integer M1
 * made of it.
 *
 * usage: quantised SIZE LENGTH CHECKPOINT SAMPLE TEXT
 * SIZE and LENGTH are m1train's -s and -L, and CHECKPOINT is the file of its -C. SAMPLE is text to quantise with,
 * perhaps compressed, and TEXT is text to measure on; both have documents that end with NUL. The codebook of the
 * float model is made like that of the integer model: by the split rule, from its probabilities in units of 2^-20. */
#include <fcntl.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "book/codebook.h"
#include "coder/split.h"
#include "data/mapped_text.h"
#include "m1/m1.h"
#include "m1/safetensors.h"
#include "net/step.h"
#include "quantise/quantise.h"

#define BITS 16
#define SAMPLE_SYMBOLS ((size_t)1 << 16)

static nct_why why;

static void
must(nct_err err, const char *what)
{
	if (err == NCT_OK)
		return;
	fprintf(stderr, "quantised: %s: %s, %s\n", what, nct_strerror(err), why.text);
	exit(1);
}

static nct_err
one_file(void *ctx, size_t i, int *fd)
{
	*fd = i == 0 ? open(ctx, O_RDONLY) : -1;
	return i == 0 && *fd < 0 ? NCT_EIO : NCT_OK;
}

/* ---- the float model ---- */

static struct nct_shape shape;
static const float *tensors[NCT_P_COUNT]; /* in the mapped checkpoint */

static void
open_checkpoint(const char *path)
{
	struct nct_tensor t[NCT_P_COUNT];
	const void *data;
	size_t total;
	nct_st *st;

	must(nct_shape_tensors(&shape, t, &total, &why), "size");
	must(nct_st_open(&st, path, &why), path);
	for (size_t i = 0; i < NCT_P_COUNT; i++) {
		const uint64_t dims[3] = {t[i].stack, t[i].rows, t[i].cols};

		must(nct_st_get(st, t[i].name, NCT_F32, 3, dims, &data, &why), path);
		tensors[i] = data;
	}
}

/* All parameters in the table's order, for nct_m1_quantise(). */
static float *
parameters(void)
{
	struct nct_tensor t[NCT_P_COUNT];
	size_t total;
	float *p;

	must(nct_shape_tensors(&shape, t, &total, &why), "size");
	if ((p = malloc(total * sizeof *p)) == NULL)
		must(NCT_ENOMEM, "parameters");
	for (size_t i = 0; i < NCT_P_COUNT; i++)
		memcpy(p + t[i].offset, tensors[i], t[i].size * sizeof *p);
	return p;
}

/* Frequencies as in nct-formats(5), "M1", but without rounding of logits: each symbol gets 1, and the rest is
 * divided by probability. */
static void
frequencies(const float *logits, uint32_t freq[NCT_SYMBOLS])
{
	double e[NCT_SYMBOLS], sum = 0;
	uint32_t given = 0, best = 0;

	for (uint32_t s = 0; s < NCT_SYMBOLS; s++)
		best = logits[s] > logits[best] ? s : best;
	for (uint32_t s = 0; s < NCT_SYMBOLS; s++)
		sum += e[s] = exp((double)logits[s] - (double)logits[best]);
	for (uint32_t s = 0; s < NCT_SYMBOLS; s++)
		given += freq[s] = 1 + (uint32_t)(e[s] / sum * (NCT_FREQ_TOTAL - NCT_SYMBOLS));
	freq[best] += NCT_FREQ_TOTAL - given;
}

/* The frequencies of what comes after a reset and n symbols. */
static void
ask(const uint16_t *text, unsigned n, uint32_t freq[NCT_SYMBOLS])
{
	nct_step *s;

	must(nct_step_new(&s, &shape, tensors, 1, NULL, &why), "float model");
	must(nct_step_read(s, NCT_EOD), "float model");
	for (unsigned i = 0; i < n; i++)
		must(nct_step_read(s, text[i]), "float model");
	frequencies(nct_step_logits(s), freq);
	nct_step_free(s);
}

/* Writes the strings below a node with children. text[0..node.symbols) is the node's string. */
static void
descend(struct nct_codebook *c, struct nct_node node, uint16_t *text)
{
	uint32_t freq[NCT_SYMBOLS], bound[NCT_SYMBOLS + 1];

	ask(text, node.symbols, freq);
	nct_split_bounds(&node, freq, bound);
	for (unsigned s = 0; s < NCT_SYMBOLS; s++) {
		const uint32_t n = bound[s + 1] - bound[s];
		const struct nct_node child = {.first = node.first + bound[s], .rest = n - (n > 0), .symbols = node.symbols + 1};
		/* at the greatest length all numbers stand for the same string */
		const uint32_t strings = child.symbols < NCT_WINDOW_SYMBOLS && n > 0 ? 1 : n;

		for (uint32_t k = 0; k < strings; k++) {
			c->depth[(size_t)child.first + k] = (uint16_t)child.symbols;
			c->symbol[(size_t)child.first + k] = (uint16_t)s;
		}
		text[node.symbols] = (uint16_t)s;
		if (n > 1 && s != NCT_EOD && child.symbols < NCT_WINDOW_SYMBOLS)
			descend(c, child, text);
	}
}

/* ---- measuring ---- */

static double
bits_per_byte(const nct_m1 *m, const char *path)
{
	const struct nct_encode_options o = {sizeof o,         .window_bits = BITS,      .resets = 1,
	                                     .chunk = 1 << 20, .separator = NCT_SEP_NUL, .threads = 1};
	int null = open("/dev/null", O_WRONLY);
	struct nct_totals t;

	must(nct_encode(m, one_file, (void *)(uintptr_t)path, null, &o, &t, &why), path);
	close(null);
	return (double)t.windows * BITS / (double)t.text_bytes;
}

static nct_m1 *
quantise(const char *path, size_t length)
{
	const struct nct_text_options o = {sizeof o, .separator = NCT_SEP_NUL};
	uint32_t *in = calloc(SAMPLE_SYMBOLS, sizeof *in);
	const size_t rows = SAMPLE_SYMBOLS / length;
	float *p = parameters();
	nct_text *text;
	nct_m1 *m;
	size_t at;

	must(in == NULL ? NCT_ENOMEM : NCT_OK, "sample");
	must(nct_text_read(&text, one_file, (void *)(uintptr_t)path, &o, &at, &why), path);
	for (size_t i = 0; i < rows; i++) { /* rows are spread over the text; each begins after a reset */
		in[i * length] = NCT_EOD;
		nct_text_get(text, i * (nct_text_symbols(text) / rows), length - 1, in + i * length + 1);
	}
	must(nct_m1_quantise(&m, &shape, p, in, rows, length, 1, NULL, &why), "integer model");
	nct_text_free(text);
	free(in);
	free(p);
	return m;
}

int
main(int argc, char **argv)
{
	static uint16_t text[NCT_WINDOW_SYMBOLS];
	const size_t length = argc == 6 ? strtoul(argv[2], NULL, 10) : 0;
	struct nct_codebook *c;

	if (length < 2 || length > NCT_REACH_MAX) {
		fprintf(stderr, "usage: quantised SIZE LENGTH CHECKPOINT SAMPLE TEXT\n");
		return 2;
	}
	shape = (struct nct_shape){.vocab = NCT_SYMBOLS, .inputs = NCT_SYMBOLS, .reach = (uint32_t)length};
	must(nct_shape_parse(&shape, argv[1], &why), "size");
	open_checkpoint(argv[3]);
	nct_m1 *m = quantise(argv[4], length);
	must(nct_m1_compile(m, BITS, 1, &why), "codebook");
	const double integers = bits_per_byte(m, argv[5]);
	must(nct_codebook_new(&c, NCT_CODE_SPLIT, BITS, (size_t)1 << BITS), "codebook");
	descend(c, nct_split_root(BITS), text);
	must(nct_codebook_seal(c, nct_m1_fingerprint(m), &why), "float codebook");
	nct_m1_take_codebook(m, c);
	const double floats = bits_per_byte(m, argv[5]);
	printf("b=%d: floats %.4f bits/byte, integers %.4f, %+.2f%%\n", BITS, floats, integers, 100 * (integers / floats - 1));
	nct_m1_free(m);
	return 0;
}
