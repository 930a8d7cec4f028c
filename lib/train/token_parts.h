/* token_parts.h - which parts the texts of tokens have in common. */
#ifndef NCT_TRAIN_TOKEN_PARTS_H
#define NCT_TRAIN_TOKEN_PARTS_H

#include "net/compose.h"
#include "train/token_texts.h"

/* Finds the parts of each token's text. Each word of a text (words.h) has these:
 *   - the word as it stands. Where it begins the text, it is another part than where it goes on with it;
 *   - the word without a space before it, in small letters;
 *   - of this its first three characters, if it has so many, and its first four and last three, if it has four;
 *   - its shape: whether a space is before it, whether it begins with a letter, a number or neither, and which of its
 *     first two characters are capital letters.
 * Only parts that two tokens have, or more, are given. What follows the last boundary in a text counts as a word,
 * whole or not. The caller frees *c, which is empty on failure. NCT_ENOMEM. */
nct_err nct_token_parts(struct nct_composition *c, const nct_texts *x) NCT_USED;

#endif
