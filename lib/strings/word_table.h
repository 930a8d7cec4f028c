/* word_table.h - the distinct words of a text, each with its counts.
 *
 * A word is what stands between two boundaries. Windows of strings of one word never cross a boundary, so the table
 * says all about them that the text says, in much less memory. */
#ifndef NCT_STRINGS_WORD_TABLE_H
#define NCT_STRINGS_WORD_TABLE_H

#include "strings/segments.h"

struct nct_word {
	const uint8_t *text; /* (n) borrowed from the text */
	uint32_t n;
	uint32_t count;
	uint32_t documents;  /* segments (segments.h) that have it */
	uint32_t last;       /* number of the last one */
};

struct nct_word_table {
	struct nct_word *word; /* (n) owned; the most frequent first, equal ones in the order of their bytes */
	size_t n;
	uint64_t eods;         /* segments that an EOD follows */
	uint64_t segments;
	/* While words are counted: */
	size_t room;           /* of `word` */
	uint32_t *slot;        /* (2^bits) owned: a hash table of words, by their text; number of a word + 1, 0: empty */
	unsigned bits;
};

/* Counts the words of one of `stride` segments of the text, by o->threads threads, of which four are of use. The table
 * gets no more than `most` words, at least 64: whenever there would be more, rare ones are dropped. The result is the
 * same for any number of threads. The boundaries are not those of NCT_ALIGN_NONE. Ends early if the run is to stop. On
 * failure *t is zero. NCT_ENOMEM; NCT_EARG (the pattern). */
nct_err nct_word_table_new(struct nct_word_table *t, const nct_text *text, uint64_t stride, size_t most,
                           const struct nct_boundaries *b, const struct nct_train_options *o, nct_why *why) NCT_USED;
void nct_word_table_free(struct nct_word_table *t); /* zero is a no-op */

#endif
