/* pattern.c - finds the matches of a PCRE2 pattern in text that arrives in pieces. */
#include "text/pattern.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <stdlib.h>

#include "base/err.h"
#include "text/utf8.h"

struct nct_pattern {
	pcre2_code *code;
	pcre2_match_data *match;
	pcre2_match_context *context;
	pcre2_jit_stack *stack;
};

nct_err
nct_pattern_new(nct_pattern **out, const char *pattern, nct_why *why)
{
	nct_pattern *p = calloc(1, sizeof *p);
	int code;
	PCRE2_SIZE at;
	nct_err err = NCT_ENOMEM;

	*out = NULL;
	if (p == NULL)
		return NCT_ENOMEM;
	if (pattern[0] == '\0') {
		err = nct_fail(why, NCT_EARG, "an empty pattern matches everywhere");
		goto fail;
	}
	p->code = pcre2_compile((PCRE2_SPTR)pattern, PCRE2_ZERO_TERMINATED,
	                        PCRE2_UTF | PCRE2_MATCH_INVALID_UTF | PCRE2_MULTILINE, &code, &at, NULL);
	if (p->code == NULL) {
		PCRE2_UCHAR text[128];

		pcre2_get_error_message(code, text, sizeof text);
		err = nct_fail(why, NCT_EARG, "pattern '%.80s': %s, at offset %zu", pattern, (const char *)text, (size_t)at);
		goto fail;
	}
	p->match = pcre2_match_data_create_from_pattern(p->code, NULL);
	p->context = pcre2_match_context_create(NULL);
	if (p->match == NULL || p->context == NULL)
		goto fail;
	if (pcre2_jit_compile(p->code, PCRE2_JIT_COMPLETE | PCRE2_JIT_PARTIAL_HARD) == 0) { /* else PCRE2 interprets */
		if ((p->stack = pcre2_jit_stack_create(32 * 1024, 4 * 1024 * 1024, NULL)) == NULL)
			goto fail;
		pcre2_jit_stack_assign(p->context, NULL, p->stack);
	}
	*out = p;
	return NCT_OK;
fail:
	nct_pattern_free(p);
	return err;
}

void
nct_pattern_free(nct_pattern *p)
{
	if (p == NULL)
		return;
	pcre2_jit_stack_free(p->stack);
	pcre2_match_context_free(p->context);
	pcre2_match_data_free(p->match);
	pcre2_code_free(p->code);
	free(p);
}

/* The first index at or after `i` that is not inside a UTF-8 character. */
static size_t
next_character(const uint8_t *text, size_t n, size_t i)
{
	for (unsigned k = 0; k < 3 && i < n && (text[i] & 0xc0) == 0x80; k++)
		i++;
	return i;
}

/* The length of text[0..n) without an incomplete UTF-8 character at its end. */
static size_t
whole_characters(const uint8_t *text, size_t n)
{
	for (size_t back = 1; back <= 3 && back <= n; back++) {
		uint8_t c = text[n - back];

		if (c >= 0xc0) /* the first byte of a character of 2, 3 or 4 bytes */
			return back < (size_t)2 + (c >= 0xe0) + (c >= 0xf0) ? n - back : n;
		if (c < 0x80)
			break;
	}
	return n;
}

/* True if text[i] is part of a valid UTF-8 character. */
static int
is_utf8(const uint8_t *text, size_t n, size_t i)
{
	uint32_t c;

	for (size_t back = 0; back < 4 && back <= i; back++)
		if (nct_utf8(text + i - back, n - i + back, &c) > back)
			return 1;
	return 0;
}

static nct_err
gave_up(int code, nct_why *why)
{
	PCRE2_UCHAR words[128];

	pcre2_get_error_message(code, words, sizeof words);
	return nct_fail(why, NCT_EARG, "the pattern gave up: %s", (const char *)words);
}

/* PCRE2 sees at most NCT_PATTERN_SPAN bytes from where it begins. So the result does not depend on how much more
 * text is in memory, and the time is proportional to the text. */
nct_err
nct_pattern_find(nct_pattern *p, const uint8_t *text, size_t n, size_t from, int last, int line_start, int *found,
                 size_t *start, size_t *end, nct_why *why)
{
	const PCRE2_SIZE *range = pcre2_get_ovector_pointer(p->match);

	*found = 0;
	if (!last)
		n = whole_characters(text, n);
	for (size_t at = next_character(text, n, from); (*start = at) < n; at = next_character(text, n, at)) {
		const int bounded = n - at > NCT_PATTERN_SPAN;
		const size_t upto = bounded ? at + whole_characters(text + at, NCT_PATTERN_SPAN) : n;
		const uint32_t options = (last && !bounded ? 0 : PCRE2_PARTIAL_HARD) | (line_start ? 0 : PCRE2_NOTBOL);
		const int r = pcre2_match(p->code, text, upto, at, options, p->match, p->context);

		if (r == PCRE2_ERROR_NOMATCH) {
			at = upto;
			continue;
		}
		if (r < 0 && r != PCRE2_ERROR_PARTIAL)
			return gave_up(r, why);
		*start = range[0] > at ? range[0] : at;
		*end = range[1];
		if (*start >= n || (r == PCRE2_ERROR_PARTIAL && !bounded))
			return NCT_OK; /* more text is needed to tell */
		*found = r != PCRE2_ERROR_PARTIAL && *end >= *start && is_utf8(text, n, *start);
		if (*found)
			return NCT_OK;
		at = r != PCRE2_ERROR_PARTIAL ? *start + 1 : *start > at ? *start : upto;
	}
	return NCT_OK;
}
