/* options.h - option structs of programs that were compiled with another nct.h, an older or a newer one.
 *
 * A new field stands at the end of its struct, means by 0 what was before it, and lies beyond the old struct's size:
 * not in its padding, where an older program may have anything. */
#ifndef NCT_BASE_OPTIONS_H
#define NCT_BASE_OPTIONS_H

#include "nct.h"

/* Copies the options *from, which begin with their size, to *to, which has `size` bytes. What *from does not have
 * becomes 0. NCT_EARG: the size is not set, or *from sets an option that is not known here. */
nct_err nct_options_take(void *to, size_t size, const void *from, nct_why *why) NCT_USED;
/* Copies to *to, which has `size` bytes, so much of the options *from of from_size bytes. What *from does not have
 * becomes 0. */
void nct_options_give(void *to, size_t size, const void *from, size_t from_size);

#endif
