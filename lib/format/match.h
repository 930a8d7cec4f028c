/* match.h - whether tokens of two streams are the same language. */
#ifndef NCT_FORMAT_MATCH_H
#define NCT_FORMAT_MATCH_H

#include "nct.h"

/* NCT_OK if tokens made as `have` says can stand beside those of `want`: the same code, sizes, vocabulary, resets and
 * fingerprints (how documents and chunks were cut, and the alignment, may differ). Else NCT_EMODEL; `why` names the first
 * difference, with both values. */
nct_err nct_header_match(const struct nct_header *have, const struct nct_header *want, nct_why *why) NCT_USED;
#endif
