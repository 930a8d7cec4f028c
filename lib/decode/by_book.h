/* by_book.h - decoding by a codebook, where M1 is not asked any more. */
#ifndef NCT_DECODE_BY_BOOK_H
#define NCT_DECODE_BY_BOOK_H

#include "book/text_table.h"
#include "decode/output.h"

typedef struct nct_book_decoder nct_book_decoder;

/* For streams that *reader reads from fd `in`, whose text goes to *to. All is borrowed. On failure *out is NULL:
 * NCT_ENOMEM. */
nct_err nct_book_decoder_new(nct_book_decoder **out, nct_reader *reader, int in, struct nct_output *to) NCT_USED;
void nct_book_decoder_free(nct_book_decoder *d); /* NULL is a no-op */
/* After a stream's header: decodes its blocks up to the first event that is no block, given as by nct_reader_next(),
 * or up to an error. All text before that is written. Errors as nct_decode(). */
nct_err nct_book_decode(nct_book_decoder *d, const struct nct_text_table *strings, enum nct_event *event,
                        nct_why *why) NCT_USED;

#endif
