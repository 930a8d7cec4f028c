/* show.h - a window as a line: its value, a tab, its text in escapes (nct.h, nct_decode()). */
#ifndef NCT_DECODE_SHOW_H
#define NCT_DECODE_SHOW_H

#include "base/u128.h"
#include "nct.h"

#define NCT_SHOW_ROOM(n) (4 * (n) + 40) /* bytes of the line of a window of n bytes, at most */

/* Writes the line of window k, of text[0..n) and EOD if `eod`, and returns its length. `text` may not overlap it. */
size_t nct_show_window(uint8_t *line, unsigned window_bits, nct_u128 k, const uint8_t *text, size_t n, int eod);

#endif
