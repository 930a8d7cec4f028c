/* temporary.c - temporary files without a name. */
#include "temporary.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "err.h"

static const char *
folder(const char *dir)
{
	return dir != NULL && dir[0] != '\0' ? dir : "/tmp";
}

nct_err
nct_temporary_failed(const char *dir, nct_why *why)
{
	return nct_fail_about(why, NCT_ABOUT_FILE, NCT_EIO, "temporary file in %s: %s", folder(dir), strerror(errno));
}

nct_err
nct_temporary(int *fd, const char *dir, nct_why *why)
{
	char path[4096];
	int n = snprintf(path, sizeof path, "%s/nct.XXXXXX", folder(dir));

	*fd = -1;
	if (n < 0 || (size_t)n >= sizeof path)
		errno = ENAMETOOLONG;
	else
		*fd = mkstemp(path);
	if (*fd < 0)
		return nct_temporary_failed(dir, why);
	(void)unlink(path); /* so that it is gone however this process ends */
	return NCT_OK;
}
