/* test_packed.c - codebooks whose file has the places of nodes in the double array: false places do no harm. Also
 * checks the built-in model. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "book/trie.h"
#include "m1/m1_impl.h"
#include "some_m1.h"
#include "some_strings.h"

#define TEXT 3000

/* Walks text[0..TEXT) through the trie. Returns how many windows. */
static size_t
walk(const struct nct_trie *t, const uint8_t *text, uint32_t *k)
{
	struct nct_book_lane lane = {.text = text, .out = k};

	while (lane.text < text + TEXT)
		nct_trie_walk(t, &lane, 1, (size_t)(text + TEXT - lane.text), NCT_WALK_JOINED);
	return (size_t)(lane.out - k) + nct_trie_close(t, &lane, 1, NCT_WALK_JOINED, lane.out);
}

/* A codebook with false places is refused, or gives the same windows as with places that are found anew. Both
 * happen. */
static void
check_spoilt(struct nct_codebook *c, nct_rng *r, size_t seen[2])
{
	const size_t parents = nct_codebook_parents(c);
	uint32_t *honest = malloc(parents * sizeof *honest), want[TEXT + 2], got[TEXT + 2];
	uint8_t text[TEXT];
	struct nct_trie t;

	assert_non_null(honest);
	for (size_t i = 0; i < TEXT; i++)
		text[i] = (uint8_t)('a' + nct_rng_below(r, nct_rng_below(r, 9) == 0 ? 20 : 3));
	assert_int_equal(nct_trie_new(&t, c, NULL), NCT_OK);
	const size_t count = walk(&t, text, want);
	nct_trie_free(&t);
	assert_int_equal(nct_codebook_keep_places(c), NCT_OK);
	assert_non_null(c->base);
	memcpy(honest, c->base, parents * sizeof *honest);
	for (unsigned i = 0; i < 300; i++) {
		memcpy(c->base, honest, parents * sizeof *honest);
		for (unsigned k = 0; k < i % 3; k++)
			spoil_base(r, c->base, parents);
		const nct_err err = nct_trie_new(&t, c, NULL);
		if (err != NCT_OK) {
			assert_true(i % 3 != 0 && (err == NCT_EDATA || err == NCT_EARG));
			seen[0]++;
			continue;
		}
		seen[1]++;
		assert_int_equal(walk(&t, text, got), count);
		assert_memory_equal(got, want, count * sizeof *got);
		nct_trie_free(&t);
	}
	free(honest);
}

static void
test_spoilt(void **state)
{
	nct_rng r = {7};
	struct some s[STRINGS];
	size_t seen[2] = {0};

	(void)state;
	for (unsigned i = 0; i < 6; i++) {
		draw_strings(&r, s);
		struct nct_codebook *c = codebook_of(s);
		assert_int_equal(nct_codebook_seal(c, 1, NULL), NCT_OK);
		check_spoilt(c, &r, seen);
		nct_codebook_free(c);
	}
	for (unsigned i = 0; i < SOME_M1; i++) {
		nct_m1 *m = some_m1(i);

		assert_int_equal(nct_m1_compile(m, BITS, 1, NULL), NCT_OK);
		struct nct_codebook *c = m->book[0];
		assert_non_null(c->base); /* places are found when it is made */
		free(c->base);
		c->base = NULL;
		check_spoilt(c, &r, seen);
		nct_m1_free(m);
	}
	assert_true(seen[0] > 100 && seen[1] > 1000);
}

/* An encoder refuses a codebook unless the 257 cells from each base on are below the limit. */
static void
check_last_base(struct nct_codebook *c)
{
	const size_t limit = nct_codebook_places_limit(c), last = nct_codebook_parents(c) - 1;
	struct nct_trie t;

	assert_int_equal(nct_codebook_keep_places(c), NCT_OK);
	assert_true(c->base[last] < limit - NCT_SYMBOLS);
	c->base[last] = (uint32_t)(limit - NCT_SYMBOLS);
	assert_int_equal(nct_trie_new(&t, c, NULL), NCT_OK);
	nct_trie_free(&t);
	c->base[last]++;
	assert_int_equal(nct_trie_new(&t, c, NULL), NCT_EDATA);
}

static void
test_last_base(void **state)
{
	nct_m1 *m = some_m1(3);
	nct_rng r = {8};
	struct some s[STRINGS];

	(void)state;
	assert_int_equal(nct_m1_compile(m, BITS, 1, NULL), NCT_OK);
	assert_int_equal(nct_codebook_places_limit(m->book[0]), 8192);
	check_last_base(m->book[0]);
	nct_m1_free(m);
	draw_strings(&r, s);
	struct nct_codebook *c = codebook_of(s);
	assert_int_equal(nct_codebook_seal(c, 1, NULL), NCT_OK);
	check_last_base(c);
	nct_codebook_free(c);
}

extern const uint8_t nct_m1_default[], nct_m1_default_end[];

/* Programs use the built-in model and its places of nodes unchecked, so they are checked here. */
static void
test_builtin(void **state)
{
	static const enum nct_code code[2] = {NCT_CODE_SPLIT, NCT_CODE_BEST};
	nct_why why = {0};
	struct nct_trie t;
	nct_m1 *trusted, *read;

	(void)state;
	assert_int_equal(nct_m1_builtin(&trusted, NULL, NULL), NCT_OK);
	if (nct_m1_parse(&read, nct_m1_default, (size_t)(nct_m1_default_end - nct_m1_default), NULL, &why) != NCT_OK)
		fail_msg("%s", why.text);
	assert_true(nct_m1_fingerprint(trusted) == nct_m1_fingerprint(read));
	assert_string_equal(nct_m1_describe(trusted), nct_m1_describe(read));
	for (unsigned i = 0; i < 2; i++) {
		const struct nct_codebook *a = nct_m1_codebook(trusted, code[i], 16), *b = nct_m1_codebook(read, code[i], 16);

		assert_non_null(a);
		assert_non_null(b);
		assert_true(a->fingerprint == b->fingerprint && a->nodes == b->nodes);
		assert_non_null(a->base);
		for (size_t k = 0; k < (size_t)1 << 16; k++)
			assert_int_equal(nct_codebook_bytes(a, k), nct_codebook_bytes(b, k));
		assert_int_equal(nct_trie_new(&t, a, NULL), NCT_OK);
		nct_trie_free(&t);
	}
	nct_m1_free(trusted);
	nct_m1_free(read);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_spoilt), cmocka_unit_test(test_last_base),
	                                   cmocka_unit_test(test_builtin)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
