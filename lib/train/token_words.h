/* token_words.h - which words the strings of tokens have in common. */
#ifndef NCT_TRAIN_TOKEN_WORDS_H
#define NCT_TRAIN_TOKEN_WORDS_H

#include "net/compose.h"

/* Finds the words in the string of each token of streams with this header, whose windows are of *m1. A word that begins
 * a string and one that goes on with it count as different. Only words that two tokens have, or more, are given. What
 * follows the last boundary in a string counts as a word, whole or not. The caller frees *c, which is empty on failure.
 * NCT_EMODEL: *m1 is not the M1 of these windows, or lacks their codebook. NCT_EKIND: a token is not one window of
 * chosen strings. NCT_ENOMEM. */
nct_err nct_token_words(struct nct_composition *c, const nct_m1 *m1, const struct nct_header *h, nct_why *why) NCT_USED;

#endif
