/* documents.h - text from operands, cut into documents (nct-formats(5), "Documents and chunks"). */
#ifndef NCT_TEXT_DOCUMENTS_H
#define NCT_TEXT_DOCUMENTS_H

#include "nct.h"

typedef struct nct_docs nct_docs;

/* A run of text inside one document. */
struct nct_piece {
	const uint8_t *text; /* valid until the next call */
	/* aligned (boundaries.h): 1 where a boundary stands before the byte of the same index, else 0; otherwise NULL */
	const uint8_t *mark;
	size_t n;            /* 0 only where a document ends without more text */
	int ends;            /* the document ends after it */
	int eod;             /* ... and an EOD is to be coded there */
	int done;            /* no piece: the input is at its end */
};

/* Opens the first operand. `pattern` is for NCT_SEP_REGEX, NULL otherwise. NCT_EARG (bad pattern), NCT_ENOMEM, and
 * what `operand` returns. */
nct_err nct_docs_new(nct_docs **out, nct_operand operand, void *ctx, enum nct_separator separator, const char *pattern,
                     int open, nct_why *why) NCT_USED;
/* Has `begins` (NULL: nothing) told what each operand begins with, as far as its first read goes, before it is given
 * out. */
typedef void nct_docs_begins(void *ctx, size_t operand, const uint8_t *bytes, size_t n);
void nct_docs_watch(nct_docs *d, nct_docs_begins *begins, void *ctx);
/* NCT_EIO, NCT_EARG (a match gave up) */
nct_err nct_docs_next(nct_docs *d, struct nct_piece *piece, nct_why *why) NCT_USED;
/* True if the next call will probably not wait for input: there is some, or it comes within milliseconds. */
int nct_docs_ready(const nct_docs *d);
void nct_docs_free(nct_docs *d); /* NULL is a no-op */

#endif
