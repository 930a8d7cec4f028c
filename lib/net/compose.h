/* compose.h - rows of `embed` and `head` that tokens share in part.
 *
 * A token's row, of inputs or of outputs, is a row of its own plus the rows of its parts: rows of the tensor `parts`
 * that other tokens have, too. So what is learned of a part serves all tokens that have it.
 * The passes see the sums alone, and a model is saved with them. */
#ifndef NCT_NET_COMPOSE_H
#define NCT_NET_COMPOSE_H

#include "net/transformer.h"

/* Which rows of `parts` are added to which token's. */
struct nct_composition {
	uint32_t vocab, parts; /* V, P */
	uint32_t *at;          /* (V + 1) owned: token t has part[at[t]..at[t + 1]) */
	uint32_t *part;        /* (at[V]) owned: numbers below P */
};

void nct_composition_free(struct nct_composition *c); /* zero is a no-op */
/* CRC64 of all pairs of a token and a part of it, two little-endian u32 each. */
uint64_t nct_composition_crc(const struct nct_composition *c);

/* Adds the rows of parts to the rows of tokens, in place: then they are those of a model. No pass may follow with these
 * parameters. */
void nct_compose(const struct nct_shape *s, const struct nct_composition *c, float *params);

/* For a net with s->parts > 0, which borrows *c. Call it before the first pass. NCT_ENOMEM. */
nct_err nct_net_set_parts(nct_net *n, const struct nct_composition *c) NCT_USED;
/* Computes the rows that the passes see. To be called when parameters have changed. Without parts it does nothing. */
void nct_net_compose(nct_net *n);
/* Adds the gradients of the tokens' rows, of all batches so far, to those of their parts' rows. */
void nct_net_spread(nct_net *n);

#endif
