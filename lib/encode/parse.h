/* parse.h - where windows begin in a text, and how far each would have gone: what encoding finds out, without the
 * code. */
#ifndef NCT_ENCODE_PARSE_H
#define NCT_ENCODE_PARSE_H

#include "nct.h"

struct nct_parse_plan {
	unsigned window_bits;
	enum nct_align align;
	const char *align_pattern; /* for NCT_ALIGN_REGEX, else NULL */
	size_t span;               /* symbols that are parsed on their own, as a chunk is; at least 1 */
	unsigned threads;
};

/* Parses spans of symbol[0..n), each as acwin would encode it were it a chunk: EODs end windows, M1 is reset at
 * each. reach[i] becomes 0 if no window begins at symbol i, else how many symbols this one took before one did not
 * fit, which is more than it has where it closed at a boundary before that. A window still open at a span's end is
 * none. The result does not depend on `threads`. NCT_EARG (the pattern, `why->about` is NCT_ABOUT_ALIGNMENT),
 * NCT_ENOMEM. */
nct_err nct_parse(const nct_m1 *m1, const struct nct_parse_plan *p, const uint16_t *symbol, size_t n, uint16_t *reach,
                  nct_why *why) NCT_USED;

#endif
