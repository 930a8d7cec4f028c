/* heal.c - takes back the last window of a prompt, so that the first sampled windows may end elsewhere than there. */
#include "generate/heal.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "data/corpus.h"
#include "m1/m1.h"
#include "m1/plan.h"

/* The codebook of these windows; NULL: *m1 has none. */
static const struct nct_codebook *
book_of(const nct_m1 *m1, const struct nct_header *h)
{
	const struct nct_plan plan = {.window_bits = h->window_bits, .resets = h->resets};
	const struct nct_codebook *c = h->code == NCT_CODE_BEST
	                                   ? nct_m1_codebook_printed(m1, h->window_bits, h->windows)
	                                   : nct_m1_codebook(m1, NCT_CODE_SPLIT, h->window_bits);

	return c != NULL && nct_plan_fingerprint(&plan, nct_m1_fingerprint(m1), c) == h->windows ? c : NULL;
}

/* Does string `id` end with EOD? */
static int
ends(const struct nct_heal *x, uint32_t id)
{
	return x->strings.book->symbol[nct_codebook_node(x->strings.book, id)] == NCT_EOD;
}

nct_err
nct_heal_begin(struct nct_heal *x, const nct_m1 *m1, const struct nct_header *h, const nct_corpus *prompt, nct_why *why)
{
	const uint64_t n = prompt != NULL ? nct_corpus_tokens(prompt) : 0;
	const struct nct_codebook *book;
	uint32_t id;
	nct_err err;

	*x = (struct nct_heal){0};
	if (h->window_bits == 0 || h->window_bits != h->token_bits || h->resets != 1)
		return nct_fail(why, NCT_EARG, "the model's tokens are not whole windows that M1 is reset before, so that no prompt "
		                "can be healed");
	if ((book = book_of(m1, h)) == NULL)
		return nct_fail(why, NCT_EARG, "M1 has no codebook of the model's windows, so that no prompt can be healed");
	if (n == 0)
		return NCT_OK;
	if ((err = nct_text_table_new(&x->strings, book)) != NCT_OK)
		return nct_fail(why, err, "%s", nct_strerror(err));
	nct_corpus_get(prompt, n - 1, 1, &id, NULL);
	const size_t length = ends(x, id) ? 0 : nct_codebook_bytes(book, id);
	if (length == 0) {
		nct_heal_free(x);
		return NCT_OK;
	}
	if ((x->text = malloc(length)) == NULL) {
		nct_heal_free(x);
		return nct_fail(why, NCT_ENOMEM, "out of memory");
	}
	x->length = length;
	nct_text_copy(&x->strings, id, x->text);
	return NCT_OK;
}

void
nct_heal_free(struct nct_heal *x)
{
	nct_text_table_free(&x->strings);
	free(x->text);
	*x = (struct nct_heal){0};
}

int
nct_heal_fits(const struct nct_heal *x, size_t at, uint32_t id)
{
	const size_t n = nct_codebook_bytes(x->strings.book, id), left = x->length - at;
	uint8_t text[NCT_WINDOW_SYMBOLS];

	if (n == 0 || (n < left && ends(x, id)))
		return 0;
	nct_text_copy(&x->strings, id, text);
	return memcmp(text, x->text + at, n < left ? n : left) == 0;
}

size_t
nct_heal_after(const struct nct_heal *x, size_t at, uint32_t id, int *fresh)
{
	const size_t n = nct_codebook_bytes(x->strings.book, id), left = x->length - at;

	*fresh = n > left || ends(x, id);
	return n < left ? at + n : x->length;
}
