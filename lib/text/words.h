/* words.h - finds where words begin, as NCT_WORDS_PATTERN would, but faster (nct-formats(5), "Alignment"). */
#ifndef NCT_TEXT_WORDS_H
#define NCT_TEXT_WORDS_H

#include "nct.h"

/* Matches a word, a number or a sequence of other characters, each with one space before it; or white space. An
 * apostrophe after a letter belongs to the word. The boundaries are where its matches begin (see pattern.h). */
#define NCT_WORDS_PATTERN "[ ]?(?:[\\p{L}\\p{M}]['\xe2\x80\x99]?)+|[ ]?\\p{N}+|[ ]?[^\\s\\p{L}\\p{M}\\p{N}]+|\\s+"

/* Whether a word begins at a byte depends on at most so many bytes before it ... */
#define NCT_WORDS_BEHIND 8
#define NCT_WORDS_AHEAD 3 /* ... and so many after it: the rest of its UTF-8 character */

typedef struct nct_words nct_words; /* immutable: any number of threads may share it */

/* `cpu`: see nct_m1_cpu(). NCT_ENOMEM. */
nct_err nct_words_new(nct_words **out, const char *cpu) NCT_USED;
void nct_words_free(nct_words *w);               /* NULL is a no-op */

/* What character c is. Letters include marks. What is beyond Unicode counts as another character. */
enum nct_character { NCT_LETTER, NCT_NUMBER, NCT_OTHER };
enum nct_character nct_words_character(const nct_words *w, uint32_t c);

/* Sets mark[i], for i in [0, n), to 1 if a word begins at text[i], else to 0. The `behind` bytes before the text and
 * the `ahead` bytes after it must be readable and of the same document. They are at least NCT_WORDS_BEHIND and
 * NCT_WORDS_AHEAD, or as many as the document has. */
void nct_words_mark(const nct_words *w, const uint8_t *text, size_t behind, size_t n, size_t ahead, uint8_t *mark);

/* The same for ASCII text: bytes from 0x80 on count as "other characters". text[-2] and text[-1] must be readable. */
typedef void nct_words_marker(const uint8_t *text, size_t n, uint8_t *mark);
nct_words_marker nct_words_bytes;
nct_words_marker nct_words_bytes_avx512; /* x86-64 with AVX-512 */

#endif
