/* huge.h - memory for large arrays, in large pages where the system has them. */
#ifndef NCT_BASE_HUGE_H
#define NCT_BASE_HUGE_H

#include <stddef.h>

/* At least `bytes`, aligned to 64, to be freed by free(); NULL if there is no room. With pages of 4 KiB, walking the
 * page tables costs training some percent of its time. */
void *nct_huge_alloc(size_t bytes);

#endif
