/* by_book.h - decodes by a codebook, without evaluating M1. */
#ifndef NCT_DECODE_BY_BOOK_H
#define NCT_DECODE_BY_BOOK_H

#include "book/text_table.h"
#include "decode/output.h"

typedef struct nct_book_decoder nct_book_decoder;

/* Makes a decoder for the streams that *reader reads from fd `in`. Their text goes to *to. All three are borrowed. On
 * failure *out is NULL: NCT_ENOMEM. */
nct_err nct_book_decoder_new(nct_book_decoder **out, nct_reader *reader, int in, struct nct_output *to) NCT_USED;
void nct_book_decoder_free(nct_book_decoder *d); /* NULL is a no-op */
/* Decodes the blocks that come next, up to an error or to the first event that is no block. *event and *why tell of
 * that, as in nct_reader_next(). All text before it is written. Errors as nct_decode(). */
nct_err nct_book_decode(nct_book_decoder *d, const struct nct_text_table *strings, enum nct_event *event,
                        nct_why *why) NCT_USED;

#endif
