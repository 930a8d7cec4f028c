/* words.h - where words begin, found fast: what NCT_WORDS_PATTERN finds, without it (nct-formats(5), "Alignment"). */
#ifndef NCT_TEXT_WORDS_H
#define NCT_TEXT_WORDS_H

#include "nct.h"

/* A word, a number or a run of other characters, each with the space before it; or white space. An apostrophe behind
 * a letter belongs to the word. Compiled as patterns are (pattern.h), its matches begin at the boundaries. */
#define NCT_WORDS_PATTERN "[ ]?(?:[\\p{L}\\p{M}]['\xe2\x80\x99]?)+|[ ]?\\p{N}+|[ ]?[^\\s\\p{L}\\p{M}\\p{N}]+|\\s+"

#define NCT_WORDS_BEHIND 8 /* bytes before a place, at most, that tell whether a word begins there ... */
#define NCT_WORDS_AHEAD 3  /* ... and behind it: a character's */

typedef struct nct_words nct_words; /* immutable: any number of threads may share it */

nct_err nct_words_new(nct_words **out) NCT_USED; /* NCT_ENOMEM */
void nct_words_free(nct_words *w);               /* NULL is a no-op */

/* For text[0..n), sets mark[i] to 1 if a word begins at i, else to 0. `behind` bytes before the text and `ahead`
 * bytes after it are of the same document: all there are, or NCT_WORDS_BEHIND and NCT_WORDS_AHEAD at least. */
void nct_words_mark(const nct_words *w, const uint8_t *text, size_t behind, size_t n, size_t ahead, uint8_t *mark);

/* What that does where all is ASCII: for text[0..n), as if other bytes were other characters. There are 2 before it. */
typedef void nct_words_marker(const uint8_t *text, size_t n, uint8_t *mark);
nct_words_marker nct_words_bytes;
nct_words_marker nct_words_bytes_avx512; /* x86-64 with AVX-512 */

#endif
