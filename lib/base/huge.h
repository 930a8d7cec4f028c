/* huge.h - memory for large arrays, in large pages where the system has them. */
#ifndef NCT_BASE_HUGE_H
#define NCT_BASE_HUGE_H

#include <stddef.h>

/* Allocates at least `bytes`, aligned to 64. The caller frees it by free(). NULL if out of memory. Large pages save
 * look-ups in the page tables, which take some percent of training's time with pages of 4 KiB. */
void *nct_huge_alloc(size_t bytes);

#endif
