/* options.c - copies option structs between programs and a library that were compiled with different versions of
 * nct.h. */
#include "options.h"

#include <string.h>

#include "err.h"

#define MOST 4096 /* bytes that no option struct will exceed; a larger size was never set */

/* Every option struct begins with its size. */
static void
set_size(void *options, size_t size)
{
	memcpy(options, &size, sizeof size);
}

nct_err
nct_options_take(void *to, size_t size, const void *from, nct_why *why)
{
	const unsigned char *p = from;
	size_t given;

	memcpy(&given, from, sizeof given);
	if (given < sizeof given || given > MOST)
		return nct_fail(why, NCT_EARG, "options without their size");
	for (size_t i = size; i < given; i++)
		if (p[i] != 0)
			return nct_fail(why, NCT_EARG, "an option that this version of the library (%s) does not know", NCT_VERSION);
	memset(to, 0, size);
	memcpy(to, from, given < size ? given : size);
	set_size(to, size);
	return NCT_OK;
}

void
nct_options_give(void *to, size_t size, const void *from, size_t from_size)
{
	memset(to, 0, size);
	memcpy(to, from, from_size < size ? from_size : size);
	set_size(to, size);
}
