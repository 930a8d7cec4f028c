/* fuzz_texts.c - a fuzz target: any bytes as a file of token texts, as they are and after a valid header; then the
 * parts that the texts share.
 *
 * Built for libFuzzer and run by `make fuzz`; `make check` runs test_token_parts, which replays the corpus. */
#include "fuzz.h"

#include "base/err.h"
#include "base/le.h"
#include "book/llmc_texts.h"
#include "train/token_parts.h"

#define TEXTS_MAX 60000 /* bytes that fit into a pipe together with the header */

/* What holds for all texts: their places ascend, and so do the parts of a token, which another token has, too. */
static void
check_texts(const nct_texts *x)
{
	struct nct_composition c;
	uint32_t *tokens; /* (parts) that have it */

	must(x->vocab >= 2 && x->vocab <= 65536 && x->at[0] == 0, "a vocabulary out of range");
	for (uint32_t t = 0; t < x->vocab; t++)
		must(x->at[t] <= x->at[t + 1] && x->at[t + 1] - x->at[t] <= NCT_LLMC_TEXT_BYTES, "a text of a wrong length");
	must(nct_token_parts(&c, x) == NCT_OK && c.vocab == x->vocab && c.at[0] == 0, "no parts");
	tokens = calloc((size_t)c.parts + 1, sizeof *tokens);
	must(tokens != NULL, "no memory");
	for (uint32_t t = 0; t < c.vocab; t++)
		for (uint32_t i = c.at[t]; i < c.at[t + 1]; i++) {
			must(c.part[i] < c.parts && (i == c.at[t] || c.part[i - 1] <= c.part[i]), "a part out of order");
			tokens[c.part[i]] += i == c.at[t] || c.part[i - 1] != c.part[i];
		}
	for (uint32_t k = 0; k < c.parts; k++)
		must(tokens[k] >= 2, "a part that is not shared");
	free(tokens);
	nct_composition_free(&c);
}

static void
read_file(const uint8_t *p, size_t n)
{
	nct_texts *x;
	nct_why why;
	const int fd = pipe_of(p, n);
	const nct_err err = nct_texts_read(&x, fd, &why);

	close(fd);
	must((err == NCT_OK) == (x != NULL), "texts and an error, or neither");
	must(err == NCT_OK || (nct_err_status(err) == 3 && why.text[0] != '\0'), "an error without words, or not for damage");
	if (err == NCT_OK)
		check_texts(x);
	nct_texts_free(x);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *p;
	uint32_t count = 0;
	size_t n;

	if (size < 2 || size > TEXTS_MAX)
		return 0;
	read_file(data, size);
	/* As many tokens as there are whole texts behind the first two bytes; the last one has what is there. */
	n = NCT_LLMC_TEXTS_HEADER + size - 2;
	p = calloc(n + 256, 1);
	must(p != NULL, "no memory");
	memcpy(p + NCT_LLMC_TEXTS_HEADER, data + 2, size - 2);
	for (size_t at = NCT_LLMC_TEXTS_HEADER; at < n; at += (size_t)1 + p[at])
		count++;
	for (size_t at = NCT_LLMC_TEXTS_HEADER; at < n; at += (size_t)1 + p[at])
		if (at + 1 + p[at] > n)
			p[at] = (uint8_t)(n - at - 1);
	nct_put32(p, NCT_LLMC_TEXTS_MAGIC);
	nct_put32(p + 4, 1 + data[0] % 2u);
	nct_put32(p + 8, count);
	nct_put32(p + 12, count > 0 ? data[1] % count : 0);
	read_file(p, n);
	free(p);
	return 0;
}
