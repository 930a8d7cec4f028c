/* fuzz_decode.c - a fuzz target: decodes any bytes, after they are made a stream of a small model with right
 * checksums.
 *
 * By codebook and by M1, with 1 and 2 threads, text, totals and error must be the same. (Code `best` has codebooks
 * only.) Built for libFuzzer and run by `make fuzz`; `make check` runs test_fuzz_decode, which mutates its own seeds
 * and replays the corpus. */
#include "models.h"

#include "encode/m1_chunk.h"
#include "mend.h"

#define INPUT_MAX 4096
#define SYMBOLS_MAX 20000 /* symbols of unbroken codes; these may take hardly any bits, and so could take minutes */

/* If the header is valid, makes the stream one of model m. Returns whether its code is `best`. */
static int
claim(uint8_t *p, const nct_m1 *m)
{
	struct nct_header h;

	p[34] = p[35] = 0; /* these chose the model, and how to decode */
	if (nct_frame_get_header(&h, p).what != NULL)
		return 0;
	const struct nct_plan plan = {.window_bits = h.window_bits, .resets = h.resets};
	const struct nct_codebook *best = h.code == NCT_CODE_BEST ? nct_m1_codebook(m, NCT_CODE_BEST, h.window_bits) : NULL;

	h.m1 = nct_m1_fingerprint(m);
	h.windows = nct_plan_fingerprint(&plan, h.m1, best);
	h.m1_parameters = nct_m1_parameters(m);
	nct_frame_put_header(p, &h);
	return best != NULL;
}

/* Makes all streams in p[0..n) ones of a model, which is returned. *best: some have code `best`. */
static const nct_m1 *
claim_all(uint8_t *p, size_t n, int *best)
{
	const nct_m1 *m = models[n > 34 ? p[34] % SOME_M1 : 0];

	*best = 0;
	for (size_t at = 0; at < n; at += mend_stream(p + at, n - at))
		if (n - at >= NCT_HEADER_BYTES)
			*best |= claim(p + at, m);
	return m;
}

/* The number of symbols of unbroken codes that the blocks announce. */
static uint64_t
symbols_claimed(const uint8_t *p, size_t n)
{
	uint64_t sum = 0;

	for (size_t at = 0; at + NCT_BLOCK_HEADER_BYTES <= n; at++)
		if (nct_frame_kind(p + at) == NCT_FRAME_BLOCK)
			sum += nct_get32(p + at + 40);
	return sum;
}

struct result {
	nct_err err;
	struct nct_totals totals;
	nct_why why;
	uint8_t *text;
	size_t n, losses;
};

static void
count_loss(void *ctx, const nct_why *why)
{
	must(why->text[0] != '\0', "a loss without words");
	++*(size_t *)ctx;
}

/* Decodes. The caller frees the text of the result. */
static struct result
decode(const nct_m1 *m, const uint8_t *p, size_t n, struct nct_decode_options o)
{
	struct result r = {.n = 0};
	FILE *f = tmpfile();
	int in = pipe_of(p, n);

	must(f != NULL, "no file");
	o.lost = count_loss;
	o.ctx = &r.losses;
	o.cache_bytes = 1u << 18;
	r.err = nct_decode(m, in, fileno(f), &o, &r.totals, &r.why);
	close(in);
	must(r.err == NCT_OK || r.why.text[0] != '\0', "an error without words");
	must(o.keep_going || r.losses == 0, "a loss where the first is fatal");
	r.text = contents(f, &r.n);
	return r;
}

static void
same(const struct result *a, const struct result *b)
{
	must(a->err == b->err, "another error");
	must(strcmp(a->why.text, b->why.text) == 0, "other words");
	must(a->n == b->n && memcmp(a->text, b->text, a->n) == 0, "another text");
	must(a->losses == b->losses, "other losses");
	must(a->err != NCT_OK || memcmp(&a->totals, &b->totals, sizeof a->totals) == 0, "other totals");
}

/* Decodes twice and compares: by codebook and by M1, or, if some streams have code `best`, with other numbers of
 * threads. `way` chooses how. Returns whether p[0..n) is good. */
static int
decode_both_ways(const nct_m1 *m, const uint8_t *p, size_t n, unsigned way, int best)
{
	struct nct_decode_options o = {sizeof o, .threads = 1, .show = way & 1, .keep_going = way >> 1 & 1};
	struct result r = decode(m, p, n, o), s;

	o.no_codebook = 1;
	o.threads = best ? 2 : 1 + (way >> 2 & 1);
	s = decode(m, p, n, o);
	same(&r, &s);
	free(r.text);
	free(s.text);
	return r.err == NCT_OK;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *p = malloc(size + 1);
	const unsigned way = size > 35 ? data[35] : 0;
	const nct_m1 *m;
	int best;

	make_models();
	must(p != NULL, "no memory");
	if (size > 0)
		memcpy(p, data, size);
	m = claim_all(p, size, &best);
	if (size <= INPUT_MAX && symbols_claimed(p, size) <= SYMBOLS_MAX)
		decode_both_ways(m, p, size, way, best);
	free(p);
	return 0;
}
