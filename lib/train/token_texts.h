/* token_texts.h - the texts of tokens. */
#ifndef NCT_TRAIN_TOKEN_TEXTS_H
#define NCT_TRAIN_TOKEN_TEXTS_H

#include "nct-m2.h"

#define NCT_TEXT_BYTES NCT_WINDOW_SYMBOLS /* of a token, at most */

struct nct_texts {
	uint32_t vocab;    /* V */
	uint64_t codebook; /* its fingerprint; 0: not known */
	uint32_t *at;      /* (V + 1) owned: token t's text is text[at[t]..at[t + 1]); it may be empty */
	uint8_t *text;     /* owned */
};

#endif
