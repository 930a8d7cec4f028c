/* tally_codebook.h - makes a codebook of the chosen strings of a tally. */
#ifndef NCT_STRINGS_TALLY_CODEBOOK_H
#define NCT_STRINGS_TALLY_CODEBOOK_H

#include "book/codebook.h"
#include "strings/tally.h"

/* Makes a codebook of windows of `bits` bits, of which *t has 2^bits chosen strings. It is not sealed. The caller frees
 * *out by nct_codebook_free(); on failure it is NULL. NCT_ENOMEM. */
nct_err nct_tally_codebook(struct nct_codebook **out, const struct nct_tally *t, unsigned bits) NCT_USED;

#endif
