/* test_codebook.c - compiled windows: the same strings as by the general path, and refusal of what no tree could hold. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "coder/bits.h"
#include "model/codebook.h"
#include "some_m1.h"
#include "window/chunk.h"

/* Text of window k by the codebook: its path from the root. Gives its length; EOD is not part of the text. */
static size_t
path(const struct nct_codebook *c, size_t k, uint8_t *text, int *eod)
{
	unsigned want = c->depth[k];
	const size_t n = want - (c->symbol[k] == NCT_EOD);

	*eod = c->symbol[k] == NCT_EOD;
	for (size_t i = k + 1; i-- > 0 && want > 0;)
		if (c->depth[i] == want) {
			want--;
			if (want < n)
				text[want] = (uint8_t)c->symbol[i];
		}
	return n;
}

/* Every number of b bits decodes to the same text, by whatever threads the codebook was made. */
static void
test_strings(void **state)
{
	(void)state;
	for (unsigned which = 0; which < SOME_M1; which++)
		for (unsigned b = NCT_WINDOW_MIN; b <= 14; b++) {
			nct_m1 *m = some_m1(which);
			struct nct_unchunk u = {.plan = {b, 1}, .separator = -1};
			uint8_t text[NCT_WINDOW_SYMBOLS];

			assert_int_equal(nct_m1_compile(m, b, 1, NULL), NCT_OK);
			const struct nct_codebook *c = nct_m1_codebook(m, b);
			assert_int_equal(nct_context_new(&u.context, m, b, 1, 0), NCT_OK);
			for (size_t k = 0; k < (size_t)1 << b; k++) {
				nct_bits bits = {0};
				int eod, general_eod;
				const size_t n = path(c, k, text, &eod);

				u.bytes = u.text_bytes = 0;
				u.text_max = UINT64_MAX;
				assert_int_equal(nct_bits_put(&bits, k, b), NCT_OK);
				nct_unchunk_begin(&u);
				assert_int_equal(nct_unchunk_part(&u, bits.bytes, 0, b, 1, 0, &general_eod), NCT_OK);
				if (u.bytes != n || (n > 0 && memcmp(u.text, text, n) != 0) || eod != general_eod)
					fail_msg("model %u, b=%u: window %zu", which, b, k);
				nct_bits_free(&bits);
			}
			const uint64_t print = c->fingerprint;
			assert_int_equal(nct_m1_compile(m, b, 3, NULL), NCT_OK);
			assert_true(nct_m1_codebook(m, b)->fingerprint == print);
			nct_unchunk_free(&u);
			nct_context_free(u.context);
			nct_m1_free(m);
		}
}

static void
test_arguments(void **state)
{
	nct_m1 *m = some_m1(0);
	nct_why why;

	(void)state;
	for (unsigned b = 0; b <= NCT_WINDOW_MAX; b++) {
		assert_int_equal(nct_m1_compiled(m, b), 0);
		if (b < NCT_WINDOW_MIN || b > NCT_CODEBOOK_MAX)
			assert_int_equal(nct_m1_compile(m, b, 1, &why), NCT_EARG);
	}
	assert_int_equal(nct_m1_compile(m, 10, 1, NULL), NCT_OK);
	assert_int_equal(nct_m1_compiled(m, 10), 1);
	nct_m1_free(m);
}

/* ---- what is refused ---- */

static struct nct_codebook *
copy(const struct nct_codebook *from)
{
	struct nct_codebook *c;

	assert_int_equal(nct_codebook_new(&c, from->bits), NCT_OK);
	memcpy(c->depth, from->depth, ((size_t)4 << from->bits));
	return c;
}

static void
refuse(const struct nct_codebook *good, size_t k, unsigned depth, unsigned symbol, const char *what)
{
	struct nct_codebook *c = copy(good);
	nct_why why = {""};
	char line[200];

	c->depth[k] = (uint16_t)depth;
	c->symbol[k] = (uint16_t)symbol;
	assert_int_equal(nct_codebook_seal(c, 1, &why), NCT_EDATA);
	snprintf(line, sizeof line, "codebook of %u bits: %s", c->bits, what);
	assert_string_equal(why.text, line);
	nct_codebook_free(c);
}

static void
test_faults(void **state)
{
	nct_m1 *m = some_m1(3);
	const size_t n = 1024;
	char line[100];

	(void)state;
	assert_int_equal(nct_m1_compile(m, 10, 1, NULL), NCT_OK);
	const struct nct_codebook *good = nct_m1_codebook(m, 10);
	struct nct_codebook *c = copy(good);
	assert_int_equal(nct_codebook_seal(c, 1, NULL), NCT_OK);
	const uint64_t print = c->fingerprint;
	assert_int_equal(nct_codebook_seal(c, 2, NULL), NCT_OK);
	assert_true(c->fingerprint != print); /* bound to M1 */
	nct_codebook_free(c);

	refuse(good, 0, 2, 0, "a string without the one that it goes on from, number 0");
	refuse(good, 0, 0, 0, "a string of impossible length, number 0");
	refuse(good, n - 1, 1025, 0, "a string of impossible length, number 1023");
	refuse(good, n - 1, 1, 257, "a string with an unknown symbol, number 1023");
	refuse(good, n - 1, 1, 65535, "a string with an unknown symbol, number 1023");
	refuse(good, n - 1, 1, 255, "a string out of order, number 1023");
	refuse(good, n - 1, 3, 0, "a string without the one that it goes on from, number 1023");
	refuse(good, n - 1, 2, 0, "256 strings of one symbol, not 257");
	refuse(good, 1, 1, 0, "a string out of order, number 1");
	assert_int_equal(good->depth[n - 1], 1); /* EOD alone */
	assert_int_equal(good->depth[n - 2], 1); /* 255, which is improbable in that model */
	size_t k = 0;
	while (good->symbol[k] != NCT_EOD)
		k++;
	assert_true(k < n - 1);
	snprintf(line, sizeof line, "a string that goes on after EOD, number %zu", k + 1);
	refuse(good, k + 1, good->depth[k] + 1u, 0, line);
	nct_m1_free(m);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_strings), cmocka_unit_test(test_arguments), cmocka_unit_test(test_faults),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
