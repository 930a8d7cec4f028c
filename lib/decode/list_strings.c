/* list_strings.c - writes a codebook's strings as lines, or in forms that other programs read. */
#include "base/err.h"
#include "base/io.h"
#include "base/le.h"
#include "base/options.h"
#include "book/llmc_texts.h"
#include "book/text_table.h"
#include "decode/show.h"
#include "m1/m1.h"

#include <stdlib.h>
#include <string.h>

#define LINES 65536 /* bytes that are written at a time */
#define ROOM NCT_SHOW_ROOM(NCT_WINDOW_SYMBOLS) /* bytes of one string in any form, at most */

static const char end_text[] = "<|endoftext|>"; /* EOD, as in other tokenizers' files */

/* Writes string k in one of the forms to `to` (ROOM); *n receives the bytes. NCT_EKIND: it is too long for the form. */
typedef nct_err (*put_string)(const struct nct_text_table *s, uint32_t k, uint8_t *to, size_t *n, nct_why *why);

/* Copies the text of string k to `text`, EOD as `<|endoftext|>`, and returns its length. `text` has room for
 * NCT_WINDOW_SYMBOLS bytes and for that. */
static size_t
text_of(const struct nct_text_table *s, uint32_t k, uint8_t *text)
{
	size_t n = nct_codebook_bytes(s->book, k);

	nct_text_copy(s, k, text);
	if (s->entry[k] & NCT_STRING_EOD) {
		memcpy(text + n, end_text, sizeof end_text - 1);
		n += sizeof end_text - 1;
	}
	return n;
}

static nct_err
put_shown(const struct nct_text_table *s, uint32_t k, uint8_t *to, size_t *n, nct_why *why)
{
	uint8_t text[NCT_WINDOW_SYMBOLS + NCT_STRING_SHORT];

	(void)why;
	nct_text_copy(s, k, text);
	*n = nct_show_window(to, s->book->bits, k, text, nct_codebook_bytes(s->book, k), (s->entry[k] & NCT_STRING_EOD) != 0);
	return NCT_OK;
}

static nct_err
put_llmc(const struct nct_text_table *s, uint32_t k, uint8_t *to, size_t *n, nct_why *why)
{
	uint8_t text[NCT_WINDOW_SYMBOLS + NCT_STRING_SHORT + sizeof end_text];
	const size_t length = text_of(s, k, text);

	if (length > NCT_LLMC_TEXT_BYTES)
		return nct_fail(why, NCT_EKIND, "string %u has %zu bytes: llm.c's tokens have at most %d", (unsigned)k, length,
		                NCT_LLMC_TEXT_BYTES);
	to[0] = (uint8_t)length;
	memcpy(to + 1, text, length);
	*n = 1 + length;
	return NCT_OK;
}

/* The character for a byte in GPT-2's vocab.json. Bytes that are printable characters in Latin-1 stand for themselves.
 * The others, in order, have the characters from U+0100 on. */
static unsigned
gpt2_character(unsigned byte)
{
	if (byte <= ' ')
		return 256 + byte;
	if (byte >= 0x7f && byte <= 0xa0)
		return 256 + 33 + byte - 0x7f;
	return byte == 0xad ? 256 + 33 + 34 : byte;
}

static nct_err
put_json(const struct nct_text_table *s, uint32_t k, uint8_t *to, size_t *n, nct_why *why)
{
	uint8_t text[NCT_WINDOW_SYMBOLS + NCT_STRING_SHORT + sizeof end_text];
	const size_t bytes = nct_codebook_bytes(s->book, k), length = text_of(s, k, text);
	size_t at = 0;

	(void)why;
	memcpy(to, k == 0 ? "{\n\"" : ",\n\"", 3);
	at = 3;
	for (size_t i = 0; i < length; i++) {
		const unsigned c = i < bytes ? gpt2_character(text[i]) : text[i];

		if (c == '"' || c == '\\')
			to[at++] = '\\';
		if (c < 128) {
			to[at++] = (uint8_t)c;
		} else {
			to[at++] = (uint8_t)(0xc0 | c >> 6);
			to[at++] = (uint8_t)(0x80 | (c & 63));
		}
	}
	to[at++] = '"';
	to[at++] = ':';
	to[at++] = ' ';
	char digits[8];
	size_t d = 0;
	uint32_t x = k;
	do
		digits[d++] = (char)('0' + x % 10);
	while ((x /= 10) > 0);
	while (d > 0)
		to[at++] = (uint8_t)digits[--d];
	if (k + 1 == (uint32_t)1 << s->book->bits) {
		memcpy(to + at, "\n}\n", 3);
		at += 3;
	}
	*n = at;
	return NCT_OK;
}

static nct_err
put_llmc_header(const struct nct_text_table *s, int out, nct_why *why)
{
	uint8_t head[NCT_LLMC_TEXTS_HEADER] = {0};
	const uint32_t n = (uint32_t)1 << s->book->bits;

	nct_put32(head, NCT_LLMC_TEXTS_MAGIC);
	nct_put32(head + 4, NCT_LLMC_TEXTS_VERSION);
	nct_put32(head + 8, n);
	nct_put32(head + 12, n - 1); /* EOD */
	nct_put64(head + NCT_LLMC_TEXTS_CODEBOOK, s->book->fingerprint);
	return nct_wrote(nct_write(out, head, sizeof head), why);
}

static nct_err
write_strings(const struct nct_text_table *s, put_string put, int out, uint8_t *buf, nct_why *why)
{
	const uint32_t n = (uint32_t)1 << s->book->bits;
	size_t at = 0, length;
	nct_err err;

	for (uint32_t k = 0; k < n; k++) {
		if ((err = put(s, k, buf + at, &length, why)) != NCT_OK)
			return err;
		at += length;
		if (at < LINES && k + 1 < n)
			continue;
		if ((err = nct_write(out, buf, at)) != NCT_OK)
			return nct_wrote(err, why);
		at = 0;
	}
	return NCT_OK;
}

/* Checks that all strings fit, so that an error comes before anything is written. */
static nct_err
check_llmc(const struct nct_text_table *s, uint8_t *buf, nct_why *why)
{
	const uint32_t n = (uint32_t)1 << s->book->bits;
	size_t length;
	nct_err err = NCT_OK;

	for (uint32_t k = 0; k < n && err == NCT_OK; k++)
		err = put_llmc(s, k, buf, &length, why);
	return err;
}

static nct_err
list_strings(const struct nct_text_table *s, enum nct_strings_form form, int out, nct_why *why)
{
	static const put_string puts[] = {put_shown, put_llmc, put_json};
	uint8_t *buf = malloc(LINES + ROOM);
	nct_err err = buf == NULL ? NCT_ENOMEM : NCT_OK;

	if (err == NCT_OK && form == NCT_STRINGS_LLMC && (err = check_llmc(s, buf, why)) == NCT_OK)
		err = put_llmc_header(s, out, why);
	if (err == NCT_OK)
		err = write_strings(s, puts[form], out, buf, why);
	free(buf);
	return err;
}

static const struct nct_codebook *
book_of(const nct_m1 *m, const struct nct_strings_options *o)
{
	return o->code <= NCT_CODE_BEST ? nct_m1_codebook_named(m, o->code, o->window_bits, o->codebook) : NULL;
}

nct_err
nct_m1_list_strings(const nct_m1 *m, const struct nct_strings_options *options, int out, nct_why *why)
{
	struct nct_strings_options o;
	struct nct_text_table s;
	nct_why own;
	nct_err err;

	why = nct_why_begin(why, &own);
	if ((err = nct_options_take(&o, sizeof o, options, why)) != NCT_OK)
		return err;
	if ((unsigned)o.form > NCT_STRINGS_JSON)
		return nct_fail(why, NCT_EARG, "impossible options");
	const struct nct_codebook *c = book_of(m, &o);
	if (c == NULL)
		return nct_fail(why, NCT_EARG, "no %scodebook %s%.100s%sfor windows of %u bits",
		                o.code == NCT_CODE_BEST    ? "best "
		                : o.code == NCT_CODE_SPLIT ? "split "
		                                           : "",
		                o.codebook != NULL ? "'" : "", o.codebook != NULL ? o.codebook : "",
		                o.codebook != NULL ? "' " : "", o.window_bits);
	if ((err = nct_text_table_new(&s, c)) != NCT_OK)
		return err == NCT_EARG ? nct_fail(why, err, "codebook of %u bits: its texts are too long", c->bits) : err;
	err = list_strings(&s, o.form, out, why);
	nct_text_table_free(&s);
	return err;
}
