/* compose.h - rows of `embed` and `head` that tokens share in part.
 *
 * A token's row, of inputs or of outputs, is a row of its own plus the rows of its words: rows of the tensor `words`
 * that other tokens have, too. So what is learned of a word serves all tokens that begin with it, or go on with it.
 * The passes see the sums alone, and a model is saved with them. */
#ifndef NCT_NET_COMPOSE_H
#define NCT_NET_COMPOSE_H

#include "net/transformer.h"

/* Which rows of `words` are added to which token's. */
struct nct_composition {
	uint32_t vocab, words; /* V, W */
	uint32_t *at;          /* (V + 1) owned: token t has word[at[t]..at[t + 1]) */
	uint32_t *word;        /* (at[V]) owned: numbers below W */
};

void nct_composition_free(struct nct_composition *c); /* zero is a no-op */
/* CRC64 of all pairs of a token and a word of it, two little-endian u32 each. */
uint64_t nct_composition_crc(const struct nct_composition *c);

/* Adds the rows of words to the rows of tokens, in a copy of a net's parameters. */
void nct_compose(const struct nct_shape *s, const struct nct_composition *c, float *params);

/* For a net with s->words > 0, which borrows *c. Call it before the first pass. NCT_ENOMEM. */
nct_err nct_net_set_words(nct_net *n, const struct nct_composition *c) NCT_USED;
/* Computes the rows that the passes see. To be called when parameters have changed. Without words it does nothing. */
void nct_net_compose(nct_net *n);
/* Adds the gradients of the tokens' rows, of all batches so far, to those of their words' rows. */
void nct_net_spread(nct_net *n);

#endif
