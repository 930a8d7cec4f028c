/* corpus.h - the tokens of token streams: where each stands, and what text they stand for. */
#ifndef NCT_DATA_CORPUS_H
#define NCT_DATA_CORPUS_H

#include "data/examples.h"
#include "nct-m2.h"
#include "stream/stream.h"

uint64_t nct_corpus_crc(const nct_corpus *c); /* CRC64 over the language (see nct_same_tokens()) and the tokens */

/* Writes tokens [from, from + n), which must exist, to out; `place` (NULL: not wanted) receives each one's number
 * within its block, where windows begin with the block. */
void nct_corpus_get(const nct_corpus *c, uint64_t from, size_t n, uint32_t *out, uint64_t *place);

/* Block `i`, counting those that hold tokens; what it points to lives as long as `c`. 0: there are not that many. */
int nct_corpus_block(const nct_corpus *c, size_t i, struct nct_block *b);

/* Some of the blocks of `c` (borrowed), spread evenly over all and holding about `tokens` tokens, at least one:
 * whole blocks, so that the text they stand for is known to the byte (or, of a part of a line of ids that was cut,
 * said not to be). NCT_ENOMEM; on failure *out is NULL. Free it before `c`. */
nct_err nct_corpus_sample(nct_corpus **out, const nct_corpus *c, uint64_t tokens) NCT_USED;

/* The tokens of `c` (borrowed) cut every `length`: example i's targets are tokens [i * length, (i + 1) * length),
 * its inputs the vocabulary's size (M2's own BOS) and all targets but the last. An evaluation takes all of them. */
void nct_corpus_examples(struct nct_examples *e, const nct_corpus *c, size_t length);

#endif
