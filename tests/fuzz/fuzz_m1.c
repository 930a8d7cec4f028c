/* fuzz_m1.c - any bytes as a model file, as they are and with the fingerprint made right: refused with a reason, or a model.
 *
 * With libFuzzer: clang -g -O1 -fsanitize=fuzzer,address,undefined -Ilib -D_POSIX_C_SOURCE=200809L tests/fuzz/fuzz_m1.c
 *     lib/model/m1.c lib/model/m1_*.c lib/model/safetensors.c lib/model/bucket.c lib/model/builtin.S lib/kernels/kernels.c
 *     lib/kernels/i8_ref.c build/lib/kernels/i8_avx2.o lib/base/cpu.c lib/base/err.c lib/base/io.c -llzma -ljansson -o fuzz_m1
 * Seeds: tests/vectors/m1-*.safetensors. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/m1.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
must(int holds, const char *what)
{
	if (holds)
		return;
	fprintf(stderr, "fuzz_m1: %s\n", what);
	abort();
}

/* Three steps in one call; each distribution must be one. */
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

/* Gives what nct_m1_parse() gives; a model is evaluated and freed. */
static nct_err
parse(const void *data, size_t size, nct_why *why)
{
	nct_m1 *m;
	const nct_err err = nct_m1_parse(&m, data, size, NULL, why);

	must((err == NCT_OK) == (m != NULL), "an error and a model");
	must(err == NCT_OK || err == NCT_ENOMEM || why->text[0] != '\0', "refused without a word");
	if (m != NULL)
		evaluate(m);
	nct_m1_free(m);
	return err;
}

/* Puts the fingerprint that the file should have, told by `why`, in place of the one it has. */
static int
correct(uint8_t *data, size_t size, const nct_why *why)
{
	static const char key[] = "\"fingerprint\":\"", told[] = "the fingerprint is ";
	const size_t n = sizeof key - 1;

	if (strncmp(why->text, told, sizeof told - 1) != 0)
		return 0;
	for (size_t i = 0; i + n + 16 <= size; i++)
		if (memcmp(data + i, key, n) == 0) {
			memcpy(data + i + n, why->text + sizeof told - 1, 16);
			return 1;
		}
	return 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	nct_why why = {""};

	if (parse(data, size, &why) == NCT_EDATA) {
		uint8_t *copy = malloc(size + 1);

		must(copy != NULL, "no memory");
		memcpy(copy, data, size);
		if (correct(copy, size, &why))
			(void)parse(copy, size, &why);
		free(copy);
	}
	return 0;
}
