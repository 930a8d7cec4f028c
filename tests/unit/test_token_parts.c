/* test_token_parts.c - which parts the texts of tokens have in common, and files of token texts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../fuzz/fuzz_texts.c"

/* ---- parts ---- */

/* Texts of tokens, as their list is written here: up to NULL. */
static nct_texts
texts_of(const char *const *list)
{
	nct_texts x = {.at = calloc(1, sizeof *x.at), .text = malloc(4096)};

	assert_true(x.at != NULL && x.text != NULL);
	for (; list[x.vocab] != NULL; x.vocab++) {
		const uint32_t n = (uint32_t)strlen(list[x.vocab]);

		x.at = realloc(x.at, (x.vocab + 2) * sizeof *x.at);
		assert_non_null(x.at);
		memcpy(x.text + x.at[x.vocab], list[x.vocab], n);
		x.at[x.vocab + 1] = x.at[x.vocab] + n;
	}
	return x;
}

/* How many parts the texts `a` and `b` share. There are no others, so each part listed is shared. */
static unsigned
shared(const char *a, const char *b)
{
	nct_texts x = texts_of((const char *const[]){a, b, NULL});
	struct nct_composition c;
	unsigned n;

	assert_int_equal(nct_token_parts(&c, &x), NCT_OK);
	assert_int_equal(c.vocab, 2);
	n = c.parts;
	for (uint32_t t = 0; t < 2; t++)
		for (uint32_t i = c.at[t]; i < c.at[t + 1]; i++)
			assert_true(c.part[i] < n);
	assert_true(n == 0 || (c.at[1] > c.at[0] && c.at[2] > c.at[1]));
	nct_composition_free(&c);
	free(x.at);
	free(x.text);
	return n;
}

static void
test_shared(void **state)
{
	static const struct {
		const char *a, *b;
		unsigned parts;
	} cases[] = {
		{"x", "", 0},
		{"it", "he", 1},              /* the shape */
		{"it", " he", 0},             /* a space before it: another shape */
		{" it", " it", 3},            /* the word, its letters, its shape */
		{" it", "it", 1},             /* letters */
		{" it", " It", 1},
		{" IT", " It", 1},
		{" IT", " HE", 1},            /* shape: two capitals */
		{" He", " IT", 0},
		{" cat", " cat", 4},          /* also three letters that it begins with */
		{" cat", " catch", 2},        /* these, the shape */
		{" cats", " cats", 6},        /* all parts */
		{" cats", "CATS", 4},         /* letters and what they begin and end with */
		{" walk", " walked", 3},      /* two beginnings, the shape */
		{" walked", " talked", 2},    /* ending, shape */
		{" in the", " the", 3},       /* letters, three of them, shape; " the" does not begin the first */
		{" in the", " of the", 4},    /* " the" as it goes on, its letters, three of them, the shape of both words */
		{" the end", " the cat", 4},  /* " the" as it begins, its letters, three of them, the shape of both words */
		{" 1990", " 1991", 2},        /* three digits, the shape */
		{" (", "(", 1}, {"(", ")", 1}, {"(", "5", 0}, {"5", "a", 0}, {"(", "a", 0}, /* shapes */
		{" ", " ", 3},                /* a space alone is a word, not before one */
		{"\n", "\n\n", 1},
		/* white space: its shape alone */
		{"  ", " (", 0}, {"  ", " ", 1}, {"  ", "\n\n", 1}, {" \n", "\n", 1},
		/* shapes: «, ٣, no UTF-8, א, two signs */
		{"\xc2\xab", "(", 1}, {"\xd9\xa3", "3", 1}, {"\xff", "(", 1}, {"\xd7\x90", "a", 1},
		{"\xc3\x97", "\xc3\xb7", 1}, {"\xe2\x80\x94", "(", 1},
		/* Мир, мир: letters, three of them; Мир, Дом: shape */
		{" \xd0\x9c\xd0\xb8\xd1\x80", " \xd0\xbc\xd0\xb8\xd1\x80", 2},
		{" \xd0\x9c\xd0\xb8\xd1\x80", " \xd0\x94\xd0\xbe\xd0\xbc", 1},
		/* Étés, étéan: three characters; Σα, σα; Ź, ź; Ա, ա; of three bytes Ệ, ệ; Ａ, ａ */
		{"\xc3\x89t\xc3\xa9s", "\xc3\xa9t\xc3\xa9" "an", 1}, {"\xce\xa3\xce\xb1", "\xcf\x83\xce\xb1", 1},
		{"\xc5\xb9", "\xc5\xba", 1}, {"\xd4\xb1", "\xd5\xa1", 1},
		{"\xe1\xbb\x86", "\xe1\xbb\x87", 1}, {"\xef\xbc\xa1", "\xef\xbd\x81", 1},
		/* bytes that are not UTF-8 */
		{"\xff\xfe", "\xff\xfe", 3}, {"a\xe2\x82", "a\xe2\x82", 4},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		if (shared(cases[i].a, cases[i].b) != cases[i].parts)
			fail_msg("'%s' and '%s' share %u parts, not %u", cases[i].a, cases[i].b, shared(cases[i].a, cases[i].b),
			         cases[i].parts);
}

/* Texts of 1,024 bytes, as long as those of a codebook may be, of one word and of as many words as can be. */
static void
test_longest(void **state)
{
	static const struct {
		const char *repeated;
		unsigned parts; /* that two such texts share */
	} cases[] = {
		{"x", 6}, {" ", 6}, {"\n", 6}, /* all of one word */
		{" a", 4}, /* " a" that begins the text, and that goes on with it; its letters, its shape */
		{"\xc3\x89", 6}, {"\xff", 6}, {"\xf0\x9f\x98\x80", 6},
		{"a1", 7}, /* "a" that begins the text, and that goes on with it, "1"; their letters, their shapes */
		{"(a", 7},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		char text[1025] = {0};
		const size_t n = strlen(cases[i].repeated);

		for (size_t at = 0; at + 1 < sizeof text; at += n)
			memcpy(text + at, cases[i].repeated, n);
		if (shared(text, text) != cases[i].parts)
			fail_msg("'%s', repeated: %u parts, not %u", cases[i].repeated, shared(text, text), cases[i].parts);
	}
}

/* A part that one token has twice is listed twice, if another has it, too; one that it has for itself is not. */
static void
test_listed(void **state)
{
	nct_texts x = texts_of((const char *const[]){" so so", " no no", " so", "", NULL});
	struct nct_composition c;
	unsigned uses[8] = {0};

	(void)state;
	assert_int_equal(nct_token_parts(&c, &x), NCT_OK);
	assert_int_equal(c.parts, 3); /* " so" as it begins, its letters, the shape of all words */
	assert_int_equal(c.at[1] - c.at[0], 1 + 2 + 2);
	assert_int_equal(c.at[2] - c.at[1], 2);
	assert_int_equal(c.at[3] - c.at[2], 3);
	assert_int_equal(c.at[4] - c.at[3], 0);
	for (uint32_t i = 0; i < c.at[4]; i++)
		uses[c.part[i]]++;
	assert_int_equal(uses[0], 2); /* in the order of kinds */
	assert_int_equal(uses[1], 3);
	assert_int_equal(uses[2], 5);
	nct_composition_free(&c);
	free(x.at);
	free(x.text);
}

/* ---- files ---- */

#define HEADER 1024

static void
put32(uint8_t *p, uint32_t x)
{
	for (unsigned i = 0; i < 4; i++)
		p[i] = (uint8_t)(x >> 8 * i);
}

/* Three texts: none, "ab", "\0". Returns the file's bytes. */
static size_t
file(uint8_t to[HEADER + 8])
{
	memset(to, 0, HEADER);
	put32(to, 20240328);
	put32(to + 4, 2);
	put32(to + 8, 3);
	memcpy(to + HEADER, "\0\2ab\1\0", 6);
	return HEADER + 6;
}

static nct_err
read_texts(nct_texts **x, const uint8_t *bytes, size_t n, nct_why *why)
{
	FILE *f = tmpfile();
	nct_err err;

	assert_non_null(f);
	assert_true(fwrite(bytes, 1, n, f) == n && fflush(f) == 0 && lseek(fileno(f), 0, SEEK_SET) == 0);
	err = nct_texts_read(x, fileno(f), why);
	(void)fclose(f);
	return err;
}

static void
test_file(void **state)
{
	uint8_t bytes[HEADER + 8];
	const size_t n = file(bytes);
	nct_texts *x;

	(void)state;
	for (uint32_t version = 1; version <= 2; version++) {
		put32(bytes + 4, version);
		assert_int_equal(read_texts(&x, bytes, n, NULL), NCT_OK);
		assert_int_equal(x->vocab, 3);
		assert_memory_equal(x->at, ((const uint32_t[]){0, 0, 2, 3}), 4 * sizeof *x->at);
		assert_memory_equal(x->text, "ab", 3);
		nct_texts_free(x);
	}
}

/* The text of EOD is taken from all texts that end with it, but not if the version has no EOD. */
static void
test_eod(void **state)
{
	static const uint8_t texts[] = "\4a<>b\4ab<>\2<>\3<>a\3b<>";
	uint8_t bytes[HEADER + sizeof texts] = {0};
	nct_texts *x;

	(void)state;
	put32(bytes, 20240328);
	put32(bytes + 4, 2);
	put32(bytes + 8, 5);
	put32(bytes + 12, 2);
	memcpy(bytes + HEADER, texts, sizeof texts);
	assert_int_equal(read_texts(&x, bytes, sizeof bytes - 1, NULL), NCT_OK);
	assert_memory_equal(x->at, ((const uint32_t[]){0, 4, 6, 6, 9, 10}), 6 * sizeof *x->at);
	assert_memory_equal(x->text, "a<>bab<>ab", 10);
	nct_texts_free(x);
	put32(bytes + 4, 1);
	assert_int_equal(read_texts(&x, bytes, sizeof bytes - 1, NULL), NCT_OK);
	assert_int_equal(x->at[5], 16);
	nct_texts_free(x);
}

/* A file with one number of its header changed, or of another length, is refused. */
static void
test_bad_file(void **state)
{
	static const struct {
		size_t at;
		uint32_t value;
		size_t n;
		nct_err err;
		const char *what;
	} cases[] = {
		{8, 3, 0, NCT_EKIND, "not a file of token texts (see acwin --strings=llmc)"},
		{8, 3, 3, NCT_EKIND, "not a file of token texts (see acwin --strings=llmc)"},
		{0, 20240520, HEADER + 6, NCT_EKIND, "not a file of token texts (see acwin --strings=llmc)"},
		{8, 3, HEADER - 1, NCT_ECUT, "ends at byte 1023, within its header"},
		{8, 3, HEADER, NCT_ECUT, "ends at byte 1024, within its texts"},
		{8, 3, HEADER + 3, NCT_ECUT, "ends at byte 1027, within its texts"},
		{8, 4, HEADER + 6, NCT_ECUT, "ends at byte 1030, within its texts"},
		{8, 2, HEADER + 6, NCT_EDATA, "goes on behind the text of the last token, byte 1028"},
		{8, 3, HEADER + 7, NCT_EDATA, "goes on behind the text of the last token, byte 1030"},
		{4, 0, HEADER + 6, NCT_EVERSION, "version 0 of token texts is not known"},
		{4, 3, HEADER + 6, NCT_EVERSION, "version 3 of token texts is not known"},
		{12, 3, HEADER + 6, NCT_EDATA, "its end of documents, token 3, is not one of 3 tokens"},
		{8, 1, HEADER + 6, NCT_EDATA, "texts of 1 tokens: not from 2 to 65536"},
		{8, 65537, HEADER + 6, NCT_EDATA, "texts of 65537 tokens: not from 2 to 65536"},
		{8, UINT32_MAX, HEADER + 6, NCT_EDATA, "texts of 4294967295 tokens: not from 2 to 65536"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		uint8_t bytes[HEADER + 8] = {0};
		nct_texts *x;
		nct_why why;

		(void)file(bytes);
		put32(bytes + cases[i].at, cases[i].value);
		assert_int_equal(read_texts(&x, bytes, cases[i].n, &why), cases[i].err);
		assert_string_equal(why.text, cases[i].what);
		assert_null(x);
	}
}

static void
test_corpus(void **state)
{
	(void)state;
	assert_true(replay_folder("tests/fuzz/corpus/texts") > 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_shared),
		cmocka_unit_test(test_longest),
		cmocka_unit_test(test_listed),
		cmocka_unit_test(test_file),
		cmocka_unit_test(test_eod),
		cmocka_unit_test(test_bad_file),
		cmocka_unit_test(test_corpus),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
