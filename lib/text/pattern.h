/* pattern.h - finds the matches of a PCRE2 pattern in text that arrives in pieces. */
#ifndef NCT_TEXT_PATTERN_H
#define NCT_TEXT_PATTERN_H

#include "nct.h"

#define NCT_PATTERN_SPAN 65536u /* bytes that a match may look at from its start on, and before its start */

typedef struct nct_pattern nct_pattern;

/* Compiles `pattern` with PCRE2's UTF, MATCH_INVALID_UTF and MULTILINE, and with its JIT if available. On failure
 * *out is NULL. NCT_EARG (an empty pattern, or a wrong one: `why` says where), NCT_ENOMEM. */
nct_err nct_pattern_new(nct_pattern **out, const char *pattern, nct_why *why) NCT_USED;
void nct_pattern_free(nct_pattern *p); /* NULL is a no-op */

/* Looks in text[0..n) for the first match that starts at or after `from`. No match, not even an empty one, starts at
 * a byte that is not UTF-8 or at the end of the text. `last`: no text follows. Otherwise a match that would need
 * more text stays undecided. `line_start`: text[0] is the start of a line. If NCT_PATTERN_SPAN bytes do not suffice
 * to tell whether a match starts at a place, none does, and the search goes on after these bytes. *found = 1: the
 * match is [*start, *end). *found = 0: no match starts before *start; search on from there with more text. NCT_EARG:
 * PCRE2 reached its limits on backtracking. */
nct_err nct_pattern_find(nct_pattern *p, const uint8_t *text, size_t n, size_t from, int last, int line_start,
                         int *found, size_t *start, size_t *end, nct_why *why) NCT_USED;

#endif
