/* list_strings.c - a codebook as lines of text, one for each window. */
#include "base/err.h"
#include "base/io.h"
#include "book/text_table.h"
#include "decode/show.h"
#include "m1/m1.h"
#include "stream/operands.h"

#include <stdlib.h>

#define LINES 65536 /* bytes of lines that are written at once */

/* The line of string k. */
static size_t
show_string(const struct nct_text_table *s, uint32_t k, uint8_t *line)
{
	uint8_t text[NCT_WINDOW_SYMBOLS + NCT_STRING_SHORT];

	nct_text_copy(s, k, text);
	return nct_show_window(line, s->book->bits, k, text, nct_codebook_bytes(s->book, k),
	                       (s->entry[k] & NCT_STRING_EOD) != 0);
}

static nct_err
write_lines(const struct nct_text_table *s, int out, uint8_t *lines, nct_why *why)
{
	const uint32_t n = (uint32_t)1 << s->book->bits;
	size_t at = 0;
	nct_err err;

	for (uint32_t k = 0; k < n; k++) {
		at += show_string(s, k, lines + at);
		if (at < LINES && k + 1 < n)
			continue;
		if ((err = nct_write(out, lines, at)) != NCT_OK)
			return nct_wrote(err, why);
		at = 0;
	}
	return NCT_OK;
}

nct_err
nct_m1_list_strings(const nct_m1 *m, enum nct_code code, unsigned window_bits, int out, nct_why *why)
{
	const struct nct_codebook *c = code <= NCT_CODE_BEST ? nct_m1_codebook(m, code, window_bits) : NULL;
	struct nct_text_table s;
	uint8_t *lines;
	nct_why own;
	nct_err err;

	why = nct_why_begin(why, &own);
	if (c == NULL)
		return nct_fail(why, NCT_EARG, "no %scodebook for windows of %u bits",
		                code == NCT_CODE_BEST    ? "best "
		                : code == NCT_CODE_SPLIT ? "split "
		                                         : "",
		                window_bits);
	if ((err = nct_text_table_new(&s, c)) != NCT_OK)
		return err == NCT_EARG ? nct_fail(why, err, "codebook of %u bits: its texts are too long", window_bits) : err;
	lines = malloc(LINES + NCT_SHOW_ROOM(NCT_WINDOW_SYMBOLS));
	err = lines == NULL ? NCT_ENOMEM : write_lines(&s, out, lines, why);
	free(lines);
	nct_text_table_free(&s);
	return err;
}
