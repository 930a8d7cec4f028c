/* documents.h - reads text from operands and cuts it into documents (nct-formats(5), "Documents and chunks"). */
#ifndef NCT_TEXT_DOCUMENTS_H
#define NCT_TEXT_DOCUMENTS_H

#include "nct.h"

typedef struct nct_docs nct_docs;

/* A piece: text of one document, as far as it is read. */
struct nct_piece {
	const uint8_t *text; /* valid until the next call */
	/* (n) mark[i] is 1 if a boundary stands before text[i], else 0; NULL without alignment. Set by boundaries.h
	 * only. */
	const uint8_t *mark;
	size_t n;            /* bytes; 0 only if `ends` or `done` */
	size_t ahead;        /* bytes behind them that belong to the document and can be read, too: see nct_docs_hold() */
	int ends;            /* the document ends after this piece */
	int eod;             /* ... and an EOD is to be coded there */
	int done;            /* the input has ended, and this is no piece */
};

/* Creates a reader and opens the first operand. `pattern` is for NCT_SEP_REGEX, NULL otherwise. `open`: the last
 * document gets no EOD. On failure *out is NULL. NCT_EARG (bad pattern), NCT_ENOMEM, and errors of `operand`. */
nct_err nct_docs_new(nct_docs **out, nct_operand operand, void *ctx, enum nct_separator separator, const char *pattern,
                     int open, nct_why *why) NCT_USED;
/* Has `begins` called for each operand with the bytes of its first read, before any of its text is given out. NULL:
 * no more calls. */
typedef void nct_docs_begins(void *ctx, size_t operand, const uint8_t *bytes, size_t n);
void nct_docs_watch(nct_docs *d, nct_docs_begins *begins, void *ctx);
/* From now on a piece has `hold` bytes ahead, or as many as its document has. At first it need not have any. */
void nct_docs_hold(nct_docs *d, size_t hold);
/* Gives the next piece. NCT_EIO, NCT_EARG (PCRE2 gave up on the pattern). */
nct_err nct_docs_next(nct_docs *d, struct nct_piece *piece, nct_why *why) NCT_USED;
/* True if the next nct_docs_next() will probably not block. Waits some milliseconds for input to arrive. */
int nct_docs_ready(const nct_docs *d);
void nct_docs_free(nct_docs *d); /* NULL is a no-op */

#endif
