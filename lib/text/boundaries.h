/* boundaries.h - documents with marks at the boundaries where aligned windows may end (nct-formats(5), "Alignment"). */
#ifndef NCT_TEXT_BOUNDARIES_H
#define NCT_TEXT_BOUNDARIES_H

#include "text/documents.h"
#include "text/words.h"

typedef struct nct_bounds nct_bounds;

/* Creates a source of marked text over `docs`, which is borrowed. `pattern` is for NCT_ALIGN_REGEX, NULL otherwise.
 * `cpu`: see nct_m1_cpu().
 * On failure *out is NULL. NCT_EARG (bad pattern), NCT_ENOMEM. */
nct_err nct_bounds_new(nct_bounds **out, nct_docs *docs, enum nct_align align, const char *pattern, const char *cpu,
                       nct_why *why) NCT_USED;
/* As nct_docs_next(). For NCT_ALIGN_REGEX it fills piece->mark, and a piece ends where more text is needed to tell
 * where the next boundary is. For NCT_ALIGN_WORDS the caller marks the text by nct_bounds_words(), which costs less
 * for many pieces at once; a piece has NCT_WORDS_AHEAD bytes ahead. */
nct_err nct_bounds_next(nct_bounds *b, struct nct_piece *piece, nct_why *why) NCT_USED;
const nct_words *nct_bounds_words(const nct_bounds *b); /* borrowed; NULL unless for NCT_ALIGN_WORDS */
/* Sets mark[0..n) for text[0..n), a whole document. Not to be called with NCT_ALIGN_NONE. If `b` is for this call
 * alone, it may be created with docs = NULL. Errors as for nct_bounds_next(). */
nct_err nct_bounds_mark(nct_bounds *b, const uint8_t *text, size_t n, uint8_t *mark, nct_why *why) NCT_USED;
int nct_bounds_ready(const nct_bounds *b); /* as nct_docs_ready() */
void nct_bounds_free(nct_bounds *b);       /* NULL is a no-op */

#endif
