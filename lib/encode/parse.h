/* parse.h - finds where windows begin in a text, as encoding by M1 does, but makes no code. Training on windows needs
 * it. */
#ifndef NCT_ENCODE_PARSE_H
#define NCT_ENCODE_PARSE_H

#include "nct.h"

struct nct_parse_plan {
	unsigned window_bits;      /* r is 1: M1 is reset after each window */
	enum nct_align align;
	const char *align_pattern; /* for NCT_ALIGN_REGEX, else NULL; borrowed */
	size_t span;               /* symbols of a span; at least 1 */
	unsigned threads;
};

/* Cuts symbol[0..n) into spans, and parses each as if it were a chunk. EOD ends a window. The result does not depend
 * on `threads`.
 *
 * reach (n): reach[i] becomes 0 if no window begins at symbol i. Else it becomes the number of symbols that the window
 * took until one did not fit. An aligned window that closed at a boundary gave the last of them back, so it is shorter
 * than that. A window that is open at a span's end is not counted.
 *
 * NCT_EARG (the pattern; `why->about` is NCT_ABOUT_ALIGNMENT), NCT_ENOMEM. */
nct_err nct_parse(const nct_m1 *m1, const struct nct_parse_plan *p, const uint16_t *symbol, size_t n, uint16_t *reach,
                  nct_why *why) NCT_USED;

#endif
