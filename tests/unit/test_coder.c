/* test_coder.c - bit strings, and arithmetic coding with flat and with extreme frequencies. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <math.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/rng.h"
#include "coder/ac.h"
#include "coder/bits.h"

static void
test_bits(void **state)
{
	nct_rng rng = {3};
	nct_bits b = {0}, copy = {0};
	nct_u128 value[500];
	unsigned width[500];
	uint64_t at = 0;

	(void)state;
	for (unsigned i = 0; i < 500; i++) {
		width[i] = 1 + (unsigned)nct_rng_below(&rng, 128);
		value[i] = ((nct_u128)nct_rng_next(&rng) << 64 | nct_rng_next(&rng)) >> (128 - width[i]);
		assert_int_equal(nct_bits_put(&b, value[i], width[i]), NCT_OK);
		assert_int_equal(nct_bits_append(&copy, b.bytes, at, width[i]), NCT_OK);
		at += width[i];
		assert_int_equal(b.bits, at);
	}
	assert_int_equal(copy.bits, b.bits);
	assert_memory_equal(copy.bytes, b.bytes, nct_bits_bytes(b.bits));
	at = 0;
	for (unsigned i = 0; i < 500; i++) {
		assert_true(nct_bits_get(b.bytes, b.bits, at, width[i]) == value[i]);
		at += width[i];
	}
	/* zeros follow */
	assert_true(nct_bits_get(b.bytes, b.bits, b.bits - 5, 64) == nct_bits_get(b.bytes, b.bits, b.bits - 5, 5) << 59);
	nct_bits_clear(&b);
	assert_int_equal(nct_bits_put(&b, 1, 3), NCT_OK);
	assert_int_equal(b.bytes[0], 0x20); /* cleared bytes are zero again */
	nct_bits_free(&b);
	nct_bits_free(&copy);
}

/* nct_bits_put_all() and nct_bits_get_all() do the same as many single calls, at every offset in a byte. Bits above
 * the width are ignored. */
static void
test_many(void **state)
{
	uint32_t value[100], back[100];
	nct_rng rng = {4};

	(void)state;
	for (unsigned width = 1; width <= 32; width++)
		for (unsigned i = 0; i < 100; i++) {
			const size_t n = i < 12 ? i : 100;
			const unsigned before = i % 9;
			nct_bits one = {0}, all = {0};

			assert_int_equal(nct_bits_put(&one, 0x155 >> (9 - before), before), NCT_OK);
			assert_int_equal(nct_bits_put(&all, 0x155 >> (9 - before), before), NCT_OK);
			for (size_t k = 0; k < n; k++) {
				value[k] = (uint32_t)nct_rng_next(&rng);
				assert_int_equal(nct_bits_put(&one, value[k], width), NCT_OK);
			}
			assert_int_equal(nct_bits_put_all(&all, value, n / 3, width), NCT_OK);
			assert_int_equal(nct_bits_put_all(&all, value + n / 3, n - n / 3, width), NCT_OK);
			assert_int_equal(all.bits, one.bits);
			if (all.bits > 0)
				assert_memory_equal(all.bytes, one.bytes, nct_bits_bytes(all.bits));
			nct_bits_get_all(back, n, all.bytes, all.bits, before, width);
			for (size_t k = 0; k < n; k++)
				assert_int_equal(back[k], value[k] & (uint32_t)(~(uint64_t)0 >> (64 - width)));
			nct_bits_free(&one);
			nct_bits_free(&all);
		}
}

/* Random frequencies: from flat ones to one symbol that has nearly all. */
static void
make_freq(uint32_t *freq, nct_rng *rng)
{
	uint32_t left = NCT_FREQ_TOTAL - NCT_SYMBOLS;

	for (unsigned s = 0; s < NCT_SYMBOLS; s++)
		freq[s] = 1;
	for (unsigned i = nct_rng_below(rng, 3) != 0 ? 20 : 0; i > 0; i--) {
		uint32_t part = (uint32_t)nct_rng_below(rng, left + 1);

		freq[nct_rng_below(rng, NCT_SYMBOLS)] += part;
		left -= part;
	}
	freq[nct_rng_below(rng, 2) != 0 ? NCT_EOD : 0] += left;
}

/* Texts of every length from 0 up, probable and improbable, come back. Codes are as long as the frequencies say. */
static void
test_unbroken(void **state)
{
	nct_rng rng = {5};
	nct_bits all = {0};
	struct nct_ac_enc enc = {0};

	(void)state;
	for (unsigned n = 0; n < 300; n++) {
		unsigned text[300];
		uint64_t from = all.bits, bits;
		double ideal = 0;
		nct_rng start = {n};
		nct_rng freqs = start;
		uint32_t freq[NCT_SYMBOLS];

		nct_ac_start(&enc);
		for (unsigned i = 0; i < n; i++) {
			uint32_t lo = 0;

			make_freq(freq, &freqs);
			text[i] = nct_rng_below(&rng, 3) == 0   ? (unsigned)nct_rng_below(&rng, NCT_SYMBOLS)
			          : nct_rng_below(&rng, 2) != 0 ? NCT_EOD
			                                        : 0;
			for (unsigned s = 0; s < text[i]; s++)
				lo += freq[s];
			assert_int_equal(nct_ac_put(&enc, lo, lo + freq[text[i]]), NCT_OK);
			ideal += log2((double)NCT_FREQ_TOTAL / freq[text[i]]);
		}
		assert_int_equal(nct_ac_finish(&enc, &all), NCT_OK);
		bits = enc.code.bits;
		assert_int_equal(all.bits, from + bits);
		assert_true((double)bits < ideal + 2.001);

		struct nct_ac_dec dec;
		nct_ac_open(&dec, all.bytes, from, bits);
		freqs = start;
		for (unsigned i = 0; i < n; i++) {
			make_freq(freq, &freqs);
			assert_int_equal(nct_ac_get(&dec, freq), text[i]);
		}
	}
	nct_ac_free(&enc);
	nct_bits_free(&all);
}

/* Carries through many bytes: symbols at the top of the range, then one that overflows it. */
static void
test_carry(void **state)
{
	nct_bits out = {0};
	struct nct_ac_enc enc = {0};
	uint32_t freq[NCT_SYMBOLS];

	(void)state;
	for (unsigned s = 0; s < NCT_SYMBOLS; s++)
		freq[s] = 4080;
	freq[NCT_EOD] = NCT_FREQ_TOTAL - 256 * 4080;
	for (unsigned run = 0; run < 64; run++) {
		nct_bits_clear(&out);
		nct_ac_start(&enc);
		for (unsigned i = 0; i < run; i++)
			assert_int_equal(nct_ac_put(&enc, NCT_FREQ_TOTAL - freq[NCT_EOD], NCT_FREQ_TOTAL), NCT_OK);
		for (unsigned s = 0; s < 256; s += 15)
			assert_int_equal(nct_ac_put(&enc, s * 4080, s * 4080 + 4080), NCT_OK);
		assert_int_equal(nct_ac_finish(&enc, &out), NCT_OK);

		struct nct_ac_dec dec;
		nct_ac_open(&dec, out.bytes, 0, out.bits);
		for (unsigned i = 0; i < run; i++)
			assert_int_equal(nct_ac_get(&dec, freq), NCT_EOD);
		for (unsigned s = 0; s < 256; s += 15)
			assert_int_equal(nct_ac_get(&dec, freq), s);
	}
	nct_ac_free(&enc);
	nct_bits_free(&out);
}

/* Any bits decode to some symbols, without reads out of bounds. */
static void
test_any_bits(void **state)
{
	nct_rng rng = {11};
	uint8_t code[64];
	uint32_t freq[NCT_SYMBOLS];

	(void)state;
	for (unsigned round = 0; round < 200; round++) {
		struct nct_ac_dec dec;

		for (size_t i = 0; i < sizeof code; i++)
			code[i] = round == 0 ? 0xff : (uint8_t)nct_rng_next(&rng);
		nct_ac_open(&dec, code, 0, 8 * sizeof code);
		for (unsigned i = 0; i < 2000; i++) {
			make_freq(freq, &rng);
			assert_true(nct_ac_get(&dec, freq) <= NCT_EOD);
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_bits),  cmocka_unit_test(test_many),     cmocka_unit_test(test_unbroken),
	    cmocka_unit_test(test_carry), cmocka_unit_test(test_any_bits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
