/* huge.c - memory for large arrays, in large pages where the system has them. */
#include "huge.h"

#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>

#define LINE ((size_t)64)
#define PAGE ((size_t)1 << 21)

/* The alignment for an array. It is a large page only if the array is at least half a page, and if rounding up adds
 * at most three quarters of its size: smaller arrays gain nothing, and memory should not be wasted. */
static size_t
page_for(size_t bytes)
{
	return bytes >= PAGE / 2 && (PAGE - bytes % PAGE) % PAGE <= bytes / 4 * 3 ? PAGE : LINE;
}

void *
nct_huge_alloc(size_t bytes)
{
	const size_t align = page_for(bytes);
	void *p;

	if (bytes > SIZE_MAX - align)
		return NULL;
	bytes = (bytes + align - 1) / align * align;
	p = aligned_alloc(align, bytes);
#ifdef MADV_HUGEPAGE
	if (p != NULL && align == PAGE)
		(void)madvise(p, bytes, MADV_HUGEPAGE); /* a hint: failure does no harm */
#endif
	return p;
}
