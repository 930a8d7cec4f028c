/* choose.h - which of many counted strings to have, so that windows get as long as can be. */
#ifndef NCT_STRINGS_CHOOSE_H
#define NCT_STRINGS_CHOOSE_H

#include "strings/tally.h"

/* Chooses `strings` nodes, all strings of one symbol (which are made if missing) among them, NCT_SYMBOLS at least.
 * `aligned`: windows are closed at boundaries. Counts below `least` are not looked at. All in integers, ties by the
 * number of a node: the same everywhere. NCT_ENOMEM, also if the tally has no room for so many. */
nct_err nct_choose(struct nct_tally *t, size_t strings, int aligned, uint32_t least) NCT_USED;

#endif
