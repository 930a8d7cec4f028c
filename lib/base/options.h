/* options.h - copies option structs between programs and a library that were compiled with different versions of
 * nct.h.
 *
 * A new field goes to the end of its struct. Its value 0 means what was done before the field existed. It lies
 * beyond the old struct's size, and not in its padding, where an older program may have any bytes. */
#ifndef NCT_BASE_OPTIONS_H
#define NCT_BASE_OPTIONS_H

#include "nct.h"

/* Copies a caller's options *from to *to, which has `size` bytes. Both begin with their size in bytes, as a size_t.
 * Fields that *from does not have become 0. NCT_EARG if the size is not set, or if *from sets a field that this
 * library does not know. */
nct_err nct_options_take(void *to, size_t size, const void *from, nct_why *why) NCT_USED;
/* The other way: copies the library's options *from, of from_size bytes, to a caller's *to, of `size` bytes. Fields
 * that do not fit are left out; fields that *from does not have become 0. */
void nct_options_give(void *to, size_t size, const void *from, size_t from_size);

#endif
