/* long_tests.h - whether the long tests run, too. */
#ifndef NCT_TESTS_LONG_TESTS_H
#define NCT_TESTS_LONG_TESTS_H

#include <stdlib.h>

static inline int
long_tests(void)
{
	return getenv("NCT_LONG") != NULL;
}

#endif
