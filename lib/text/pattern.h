/* pattern.h - finding the matches of a PCRE2 pattern in text that comes in pieces. */
#ifndef NCT_TEXT_PATTERN_H
#define NCT_TEXT_PATTERN_H

#include "nct.h"

#define NCT_PATTERN_SPAN 65536u /* how far from its start on a match, and how far back it, may look */

typedef struct nct_pattern nct_pattern;

/* Compiles with UTF, MATCH_INVALID_UTF and MULTILINE, JIT where there is one. NCT_EARG says where the pattern is
 * wrong; an empty one is. */
nct_err nct_pattern_new(nct_pattern **out, const char *pattern, nct_why *why) NCT_USED;
void nct_pattern_free(nct_pattern *p); /* NULL is a no-op */

/* Looks in text[0..n) for the first match that starts at or after `from`. No match starts before a byte that is not
 * UTF-8, even an empty one, nor at the end of the text. `last`: no text follows; else what a match would need more text
 * for is not decided. Where NCT_PATTERN_SPAN bytes from a place on do not tell whether there is a match, there is none,
 * and the next one is looked for behind them. `whole`: text[0] is the start of a line.
 * *found 1: the match is [*start, *end). *found 0: no match starts before *start, where to go on once there is more
 * text (or n). NCT_EARG: the matcher gave up (its limits on backtracking). */
nct_err nct_pattern_find(nct_pattern *p, const uint8_t *text, size_t n, size_t from, int last, int whole, int *found,
                         size_t *start, size_t *end, nct_why *why) NCT_USED;

#endif
