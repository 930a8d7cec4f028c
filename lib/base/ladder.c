/* ladder.c - the names that --cpu takes, in order. */
#include "ladder.h"

#include <string.h>

static const char *const names[] = {
#if defined __x86_64__
	"amx", "avx512bf16", "avx512vnni", "avx512", "avx2",
#elif defined __aarch64__
	"neon-dot", "neon",
#endif
	"ref",
};

#define NAMES (sizeof names / sizeof names[0])

const char *
nct_ladder_name(size_t i)
{
	return i < NAMES ? names[i] : NULL;
}

/* Index of `name` from the top; NAMES if unknown. */
static size_t
place(const char *name)
{
	size_t i = 0;

	while (i < NAMES && strcmp(names[i], name) != 0)
		i++;
	return i;
}

const char *
nct_ladder_name_of(const char *name)
{
	return name != NULL ? nct_ladder_name(place(name)) : NULL;
}

int
nct_ladder_serves(const char *row, const char *want)
{
	return want == NULL || (place(want) < NAMES && place(row) < NAMES && place(row) >= place(want));
}
