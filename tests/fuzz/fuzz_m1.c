/* fuzz_m1.c - a fuzz target: any bytes as a model file, as they are and with right fingerprints. They are refused
 * with a reason, or are a model that works.
 *
 * Built for libFuzzer and run by `make fuzz`; `make check` runs test_fuzz_m1, which mutates models and replays the
 * corpus. */
#include "fuzz.h"

#include "book/text_table.h"
#include "book/trie.h"
#include "m1/m1.h"

/* Evaluates three steps in one call. Each must give valid frequencies. */
static void
evaluate(const nct_m1 *m)
{
	const size_t bytes = nct_m1_kv_bytes(m), reach = nct_m1_reach(m);
	int8_t *kv = calloc(3, bytes + 1);
	const int8_t *at[3] = {kv, kv + bytes, kv + 2 * bytes};
	static uint32_t freq[3][NCT_SYMBOLS];
	struct nct_m1_step steps[3];
	nct_m1_scratch *s;

	must(kv != NULL && nct_m1_scratch_new(&s, m, 3) == NCT_OK, "no memory");
	for (uint32_t i = 0; i < 3; i++)
		steps[i] = (struct nct_m1_step){.symbol = i == 0 ? NCT_EOD : (uint16_t)(97 * i), .past = i,
		    .kv = at + (i + 1 > reach && reach > 0 ? i + 1 - reach : 0), .kv_out = kv + i * bytes, .freq = freq[i]};
	nct_m1_eval(m, s, steps, 3);
	for (size_t i = 0; i < 3; i++) {
		uint64_t sum = 0;

		for (size_t j = 0; j < NCT_SYMBOLS; j++) {
			must(freq[i][j] >= 1, "a frequency of 0");
			sum += freq[i][j];
		}
		must(sum == NCT_FREQ_TOTAL, "frequencies of another sum");
	}
	nct_m1_scratch_free(s);
	free(kv);
}

/* The window that contains all of text[0..n), with EOD after it if `eod`. */
static uint32_t
window_of(const struct nct_trie *t, const uint8_t *text, size_t n, int eod)
{
	static uint32_t out[NCT_WINDOW_SYMBOLS + 2];
	struct nct_book_lane lane = {.text = text, .out = out};

	nct_trie_walk(t, &lane, 1, n, NCT_WALK_JOINED);
	must(lane.text == text + n && lane.out == out && nct_trie_close(t, &lane, eod, NCT_WALK_JOINED, out) == 1,
	     "more windows than one");
	return out[0];
}

/* Uses a codebook that was accepted: each string, as a text, must give the window of its number. */
static void
use_codebook(const struct nct_codebook *c)
{
	static uint8_t text[NCT_WINDOW_SYMBOLS + 1];
	struct nct_text_table s;
	struct nct_trie t;
	const nct_err packed = nct_trie_new(&t, c, NULL);

	must(packed == NCT_OK || packed == NCT_EARG || (packed == NCT_EDATA && c->base != NULL), "no memory");
	must(nct_text_table_new(&s, c) == NCT_OK, "no memory");
	for (uint32_t k = 0; k < 1u << c->bits; k++) {
		nct_text_copy(&s, k, text);
		if (packed != NCT_OK || (k > 0 && nct_codebook_alias(c, k)))
			continue;
		must(window_of(&t, text, nct_codebook_bytes(c, k), c->symbol[nct_codebook_node(c, k)] == NCT_EOD) == k,
		     "a string that is not found");
	}
	nct_trie_free(&t);
	nct_text_table_free(&s);
}

/* Calls nct_m1_parse() and returns its result. A model is evaluated and freed. */
static nct_err
parse(const void *data, size_t size, nct_why *why)
{
	nct_m1 *m;
	const nct_err err = nct_m1_parse(&m, data, size, NULL, why);

	must((err == NCT_OK) == (m != NULL), "an error and a model");
	must(err == NCT_OK || err == NCT_ENOMEM || why->text[0] != '\0', "refused without a word");
	if (m != NULL)
		evaluate(m);
	for (unsigned b = NCT_WINDOW_MIN; m != NULL && b <= NCT_CODEBOOK_MAX; b++)
		for (int code = NCT_CODE_SPLIT; code <= NCT_CODE_BEST; code++)
			if (nct_m1_codebook(m, (enum nct_code)code, b) != NULL)
				use_codebook(nct_m1_codebook(m, (enum nct_code)code, b));
	nct_m1_free(m);
	return err;
}

/* Replaces a fingerprint in the file, M1's or a codebook's, by the right one, which `why` names. */
static int
correct(uint8_t *data, size_t size, const nct_why *why)
{
	static const char told[] = "the fingerprint is ";
	const char *is = strstr(why->text, told);
	char key[32] = "\"fingerprint\":\"", code[8];
	unsigned bits;

	if (is == NULL)
		return 0;
	if (sscanf(why->text, "codebook of %u bits (%7[a-z])", &bits, code) == 2)
		snprintf(key, sizeof key, "\"%s%u\":\"", code, bits);
	const size_t n = strlen(key);
	for (size_t i = 0; i + n + 16 <= size; i++)
		if (memcmp(data + i, key, n) == 0) {
			memcpy(data + i + n, is + sizeof told - 1, 16);
			return 1;
		}
	return 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	nct_why why = {0};

	if (parse(data, size, &why) == NCT_EDATA) {
		uint8_t *copy = malloc(size + 1);

		must(copy != NULL, "no memory");
		memcpy(copy, data, size);
		for (int i = 0; i < 4 && correct(copy, size, &why) && parse(copy, size, &why) == NCT_EDATA; i++)
			continue; /* first M1's fingerprint, then those of codebooks, which depend on it */
		free(copy);
	}
	return 0;
}
