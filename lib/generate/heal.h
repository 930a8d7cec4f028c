/* heal.h - takes back the last window of a prompt, so that the first sampled windows may end elsewhere than there. */
#ifndef NCT_GENERATE_HEAL_H
#define NCT_GENERATE_HEAL_H

#include "book/text_table.h"
#include "nct-m2.h"

struct nct_heal {
	size_t length;                 /* bytes of `text`; 0: nothing is taken back, and the other fields are zero */
	uint8_t *text;                 /* owned: that of the window that is taken back */
	struct nct_text_table strings; /* owned */
};

/* Begins to heal a prompt of `prompt` (NULL or empty: there is nothing to heal) by the codebook that *m1 has of windows
 * with the header *h. A window that ends a document stays where it is. NCT_EARG: the tokens are no windows, M1 is not
 * reset before each, or there is no such codebook; `why` says which. NCT_ENOMEM. */
nct_err nct_heal_begin(struct nct_heal *x, const nct_m1 *m1, const struct nct_header *h, const nct_corpus *prompt,
                       nct_why *why) NCT_USED;
void nct_heal_free(struct nct_heal *x); /* zero is a no-op */

/* May window `id` come where text[at..length), one byte at least, is still to be sampled? Its string begins with all of
 * that, or that begins with its string. */
int nct_heal_fits(const struct nct_heal *x, size_t at, uint32_t id);
/* Where the text is after such a window, up to `length`. *fresh: the window has something that the text has not. */
size_t nct_heal_after(const struct nct_heal *x, size_t at, uint32_t id, int *fresh);

#endif
