/* by_m1.h - encodes by evaluating M1: windows of any size, any number of resets, unbroken codes. */
#ifndef NCT_ENCODE_BY_M1_H
#define NCT_ENCODE_BY_M1_H

#include "m1/m1.h"
#include "stream/blocks.h"
#include "text/boundaries.h"

/* Encodes all text of `bounds` to blocks of *b. The caller writes header and trailer, and has checked the options.
 * Errors as nct_encode(). */
nct_err nct_encode_by_m1(const nct_m1 *m1, nct_bounds *bounds, struct nct_blocks *b, const struct nct_encode_options *o,
                         nct_why *why) NCT_USED;

#endif
