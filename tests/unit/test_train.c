/* test_train.c - the parts of a run: text, order of examples, schedule, frequencies, measuring. */
#include "train_text.h"

#include <math.h>

#include "data/examples.h"
#include "m1/m1.h"
#include "net/transformer.h"
#include "train/m1_measure.h"
#include "train/schedule.h"
#include "train/unigram.h"

/* ---- text ---- */

static void
expect_symbols(const nct_text *t, const uint32_t *want, size_t n)
{
	assert_int_equal(nct_text_symbols(t), n);
	for (size_t from = 0; from < n; from++) /* every part of the text, from every offset */
		for (size_t len = 0; from + len <= n; len++) {
			uint32_t got[16];
			size_t bytes = 0;

			for (size_t i = 0; i < len; i++)
				bytes += want[from + i] != NCT_EOD;
			assert_int_equal(nct_text_get(t, from, len, got), bytes);
			assert_memory_equal(got, want + from, len * sizeof *got);
		}
}

static void
test_documents(void **state)
{
	struct piece p[] = {{"ab", 2}, {"", 0}, {"\0c", 2}, {NULL, 0}};
	struct piece q[] = {{"a\0\0b", 4}, {"c\0d", 3}, {NULL, 0}};
	const uint32_t operands[] = {'a', 'b', NCT_EOD, 0, 'c', NCT_EOD};
	const uint32_t nuls[] = {'a', NCT_EOD, NCT_EOD, 'b', 'c', NCT_EOD, 'd'};
	nct_text *t = text_of(p, NCT_SEP_OPERAND);

	(void)state;
	expect_symbols(t, operands, 6);
	assert_int_equal(nct_text_bytes(t), 4);
	assert_int_equal(nct_text_documents(t), 2);
	nct_text_free(t);
	t = text_of(q, NCT_SEP_NUL);
	expect_symbols(t, nuls, 7); /* the last document has no NUL, so no EOD */
	assert_int_equal(nct_text_documents(t), 3);
	nct_text_free(t);
}

static void
test_text_crc_sees_ends(void **state)
{
	struct piece p[] = {{"ab", 2}, {"c", 1}, {NULL, 0}}, q[] = {{"a", 1}, {"bc", 2}, {NULL, 0}};
	nct_text *a = text_of(p, NCT_SEP_OPERAND), *b = text_of(q, NCT_SEP_OPERAND);

	(void)state;
	assert_true(nct_text_crc(a) != nct_text_crc(b));
	nct_text_free(a);
	nct_text_free(b);
}

/* ---- order ---- */

static void
test_permutation(void **state)
{
	static const uint64_t sizes[] = {1, 2, 3, 4, 5, 16, 17, 1000, 4096, 4097};

	(void)state;
	for (size_t k = 0; k < sizeof sizes / sizeof sizes[0]; k++) {
		const uint64_t n = sizes[k];
		uint8_t *seen = calloc(n, 1);
		uint64_t fixed = 0;

		assert_non_null(seen);
		for (uint64_t i = 0; i < n; i++) {
			uint64_t to = nct_permute(n, 7, i);

			if (to >= n || seen[to]++)
				fail_msg("n=%zu: %zu goes to %zu", (size_t)n, (size_t)i, (size_t)to);
			fixed += to == i;
		}
		if (n >= 1000)
			assert_in_range(fixed, 0, 10); /* one is expected; 10 has odds of 1 in 10^7 */
		free(seen);
	}
	assert_in_range(nct_permute(UINT64_MAX, 7, UINT64_MAX - 1), 0, UINT64_MAX - 1);
}

static void
test_epochs(void **state)
{
	const struct nct_examples e = {.count = 500, .length = 1};
	uint8_t seen[500] = {0};
	size_t same = 0;

	(void)state;
	for (uint64_t i = 0; i < 1500; i++)
		seen[nct_examples_order(&e, 3, i)]++;
	for (size_t i = 0; i < 500; i++)
		assert_int_equal(seen[i], 3); /* each example once per epoch */
	for (uint64_t i = 0; i < 500; i++)
		same += nct_examples_order(&e, 3, i) == nct_examples_order(&e, 3, i + 500);
	assert_in_range(same, 0, 12); /* but not in the same order */
	same = 0;
	for (uint64_t i = 0; i < 500; i++)
		same += nct_examples_order(&e, 3, i) == nct_examples_order(&e, 4, i);
	assert_in_range(same, 0, 12);
}

static void
test_examples(void **state)
{
	struct piece p[] = {{"abcde", 5}, {NULL, 0}};
	const uint32_t in[2][4] = {{NCT_EOD, 'a', 'b', 'c'}, {NCT_EOD, 'e', NCT_EOD, NCT_EOD}};
	const uint32_t target[2][4] = {{'a', 'b', 'c', 'd'}, {'e', NCT_EOD, NCT_NO_TARGET, NCT_NO_TARGET}};
	nct_text *t = text_of(p, NCT_SEP_OPERAND);
	struct nct_examples e;
	uint32_t x[4], y[4];

	(void)state;
	nct_text_examples(&e, t, 4);
	assert_int_equal(e.count, 2);
	for (uint64_t i = 0; i < 2; i++) {
		assert_int_equal(e.get(&e, i, x, y), i == 0 ? 4 : 1); /* EOD is not a byte of text */
		assert_memory_equal(x, in[i], sizeof x);
		assert_memory_equal(y, target[i], sizeof y);
	}
	nct_text_free(t);
}

/* ---- schedule, frequencies ---- */

static void
test_schedule(void **state)
{
	const struct nct_schedule s = {.lr = 2, .steps = 1000, .warmup = 100, .cooldown = 9};
	struct nct_train_options o;

	(void)state;
	assert_true(nct_schedule_rate(&s, 1) == 0.2);
	assert_true(nct_schedule_rate(&s, 100) == 0.2);
	assert_true(nct_schedule_rate(&s, 400) == 0.1);
	assert_true(nct_schedule_rate(&s, 991) == 2 / sqrt(991));
	assert_true(nct_schedule_rate(&s, 992) == 2 / sqrt(992) * 9 / 10);
	assert_true(nct_schedule_rate(&s, 1000) == 2 / sqrt(1000) * 1 / 10);
	nct_train_defaults(&o, sizeof o);
	o.steps = 50000;
	assert_int_equal(nct_schedule_make(&o).warmup, 5000);
	assert_int_equal(nct_schedule_make(&o).cooldown, 10000);
	o.steps = 500;
	assert_int_equal(nct_schedule_make(&o).warmup, 1000);
	o.steps = 2500000;
	assert_int_equal(nct_schedule_make(&o).warmup, 10000);
	o.warmup = 7;
	o.cooldown = 0;
	assert_int_equal(nct_schedule_make(&o).warmup, 7);
	assert_int_equal(nct_schedule_make(&o).cooldown, 0);
}

static void
test_unigram(void **state)
{
	uint64_t count[NCT_SYMBOLS] = {['a'] = 3, ['b'] = 3, ['c'] = 1};
	uint32_t freq[NCT_SYMBOLS];
	uint64_t sum = 0;

	(void)state;
	nct_unigram_frequencies(count, freq);
	for (size_t s = 0; s < NCT_SYMBOLS; s++)
		sum += freq[s];
	assert_int_equal(sum, NCT_FREQ_TOTAL);
	assert_int_equal(freq['c'], 1 + (NCT_FREQ_TOTAL - NCT_SYMBOLS) / 7);
	assert_int_equal(freq['b'], 1 + (NCT_FREQ_TOTAL - NCT_SYMBOLS) * 3 / 7);
	assert_in_range(freq['a'], freq['b'] + 1, freq['b'] + 2); /* the rest goes to the smaller of equals */
	assert_int_equal(freq['d'], 1);
	count['a'] = UINT64_C(1) << 62; /* no overflow */
	nct_unigram_frequencies(count, freq);
	assert_int_equal(freq['b'], 1);
	assert_int_equal(freq['a'], NCT_FREQ_TOTAL - 256);
}

static void
test_measure(void **state)
{
	struct piece p[] = {{"aab", 3}, {NULL, 0}};
	uint32_t freq[NCT_SYMBOLS];
	nct_text *t = text_of(p, NCT_SEP_OPERAND);
	struct nct_examples e;
	nct_m1 *m;
	double bits;

	(void)state;
	for (size_t s = 0; s < NCT_SYMBOLS; s++)
		freq[s] = 1;
	freq['a'] = 1 << 19;
	freq['b'] = 1 << 18;
	freq['z'] = NCT_FREQ_TOTAL - (1 << 19) - (1 << 18) - 254;
	nct_text_examples(&e, t, 2);
	assert_int_equal(nct_m1_new_unigram(&m, freq, NULL, NULL), NCT_OK);
	for (unsigned threads = 1; threads <= 2; threads++) {
		assert_int_equal(nct_m1_measure(m, &e, threads, &bits, NULL), NCT_OK);
		assert_true(bits == (1 + 1 + 2 + 20) / 3.0); /* EOD's 20 bits count, its bytes do not */
	}
	nct_m1_free(m);
	nct_text_free(t);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_documents),
		cmocka_unit_test(test_text_crc_sees_ends),
		cmocka_unit_test(test_permutation),
		cmocka_unit_test(test_epochs),
		cmocka_unit_test(test_examples),
		cmocka_unit_test(test_schedule),
		cmocka_unit_test(test_unigram),
		cmocka_unit_test(test_measure),
	};

	return cmocka_run_group_tests(tests, make_folder, drop_folder);
}
