/* sampled.h - writes sampled tokens, and the prompt before them, as a token stream. */
#ifndef NCT_GENERATE_SAMPLED_H
#define NCT_GENERATE_SAMPLED_H

#include "nct-m2.h"
#include "stream/stream.h"

#define NCT_SAMPLED_GROUP 128 /* tokens of a block, at most: lcm(v, b) / v <= b */

struct nct_sampled {
	struct nct_header header;
	nct_writer *writer;    /* owned */
	size_t group, windows; /* tokens of a block, and the windows (or foreign tokens) in it */
	int inside;            /* the previous block ended within a chunk */
};

/* True if the tokens of such streams tell where documents end: those of a window of all ones end one. */
int nct_sampled_ends_known(const struct nct_header *h);
/* Begins a stream on `out` with the header *h, but with text bytes unknown. NCT_EIO, NCT_ENOMEM. */
nct_err nct_sampled_begin(struct nct_sampled *s, const struct nct_header *h, int out) NCT_USED;
/* Copies the prompt's blocks. Its last document is left open, unless it has ended. Foreign tokens have no ends, and are
 * always left open. With `shorten` the last token, which is then a window that ends no document, is left out. NCT_EIO,
 * NCT_ENOMEM. */
nct_err nct_sampled_prompt(struct nct_sampled *s, const nct_corpus *prompt, int shorten) NCT_USED;

/* What follows a block: nothing, the rest of the document, or, with foreign tokens alone, the document's end. */
enum nct_sampled_after { NCT_SAMPLED_LAST, NCT_SAMPLED_MORE, NCT_SAMPLED_END };
/* Writes a block of s->group tokens. NCT_EIO, NCT_ENOMEM. */
nct_err nct_sampled_put(struct nct_sampled *s, const uint32_t *ids, enum nct_sampled_after after) NCT_USED;
/* True if these s->group tokens end a document. */
int nct_sampled_is_end(const struct nct_sampled *s, const uint32_t *ids);
/* Ends a document by a window of all ones. The tokens must tell where documents end. NCT_EIO,
 * NCT_ENOMEM. */
nct_err nct_sampled_end_document(struct nct_sampled *s) NCT_USED;
nct_err nct_sampled_end(struct nct_sampled *s) NCT_USED; /* ends the stream; NCT_EIO */
void nct_sampled_free(struct nct_sampled *s);            /* zero is a no-op; writes nothing */

#endif
