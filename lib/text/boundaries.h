/* boundaries.h - documents with the boundaries at which windows may close early (nct-formats(5), "Alignment"). */
#ifndef NCT_TEXT_BOUNDARIES_H
#define NCT_TEXT_BOUNDARIES_H

#include "text/documents.h"

typedef struct nct_bounds nct_bounds;

/* Marks what *docs gives, which is borrowed. `pattern` is for NCT_ALIGN_REGEX, NULL otherwise. NCT_EARG (bad
 * pattern), NCT_ENOMEM. */
nct_err nct_bounds_new(nct_bounds **out, nct_docs *docs, enum nct_align align, const char *pattern,
                       nct_why *why) NCT_USED;
/* As nct_docs_next(), with piece->mark, NULL if there is no alignment. A piece ends where it is not decided yet what
 * stands next. */
nct_err nct_bounds_next(nct_bounds *b, struct nct_piece *piece, nct_why *why) NCT_USED;
/* Marks text[0..n), a document that is at hand whole, as mark[0..n); of no use where there is no alignment. *b may
 * have been made without documents: then it is for this alone. Errors as nct_bounds_next(). */
nct_err nct_bounds_mark(nct_bounds *b, const uint8_t *text, size_t n, uint8_t *mark, nct_why *why) NCT_USED;
int nct_bounds_ready(const nct_bounds *b); /* as nct_docs_ready() */
void nct_bounds_free(nct_bounds *b);       /* NULL is a no-op */

#endif
