/* names.c - names of the codes (enum nct_code). */
#include "nct.h"

const char *
nct_code_name(unsigned code)
{
	static const char *const names[] = {"none", "split", "best", "unbroken"};

	return code < sizeof names / sizeof names[0] ? names[code] : NULL;
}
