/* corpus.h - the tokens of one or more token streams, by number, with the text that they stand for. */
#ifndef NCT_DATA_CORPUS_H
#define NCT_DATA_CORPUS_H

#include "data/examples.h"
#include "nct-m2.h"
#include "stream/stream.h"

uint64_t nct_corpus_crc(const nct_corpus *c); /* CRC64 over the kind of tokens (stream/same_tokens.h) and the tokens */

/* Copies tokens [from, from + n), which must exist, to out (n). `place` (n) receives each token's index within its
 * block; it may be NULL. */
void nct_corpus_get(const nct_corpus *c, uint64_t from, size_t n, uint32_t *out, uint64_t *place);

/* Block `i` of those that have tokens. *b points into memory of `c`. Returns 0 if there is no such block. */
int nct_corpus_block(const nct_corpus *c, size_t i, struct nct_block *b);

/* A corpus of some blocks of `c`, evenly spread, with about `tokens` tokens, and at least one block. Blocks are
 * taken whole, so that the bytes of their text are known. (Of a document of foreign tokens in several blocks they
 * may not be; then text_unknown is set.) `c` is borrowed: free *out before `c`. On failure *out is NULL. NCT_ENOMEM. */
nct_err nct_corpus_sample(nct_corpus **out, const nct_corpus *c, uint64_t tokens) NCT_USED;

/* Examples of `length` tokens of `c` (borrowed). Targets of example i are tokens [i * length, (i + 1) * length). Its
 * inputs are M2's BOS, whose id is the vocabulary's size, and all targets but the last. An evaluation takes all
 * examples. */
void nct_corpus_examples(struct nct_examples *e, const nct_corpus *c, size_t length);

#endif
