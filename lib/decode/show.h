/* show.h - a window as a line of text: its value, a tab, what it stands for (nct.h, nct_decode()). */
#ifndef NCT_DECODE_SHOW_H
#define NCT_DECODE_SHOW_H

#include "base/u128.h"
#include "nct.h"

#define NCT_SHOW_ROOM(n) (4 * (n) + 40) /* bytes that the line of a window of n bytes may take */

/* Writes the line and gives its length. `text` may not overlap it. */
size_t nct_show_window(uint8_t *line, unsigned window_bits, nct_u128 k, const uint8_t *text, size_t n, int eod);

#endif
