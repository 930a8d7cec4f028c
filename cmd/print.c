/* print.c - prints text and tables on standard output. */
#include "cli.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"

static ssize_t
write_stdout(void *unused, const char *p, size_t n)
{
	(void)unused;
	return nct_write(STDOUT_FILENO, p, n) == NCT_OK ? (ssize_t)n : 0; /* 0: failed, with errno */
}

FILE *
cli_stdout(const struct cli *c)
{
	/* stdio's own stream would lose data if the descriptor is non-blocking and full. */
	FILE *f = fopencookie(NULL, "w", (cookie_io_functions_t){.write = write_stdout});

	if (f == NULL)
		die(c, EX_FAIL, "-: %s", strerror(errno));
	(void)setvbuf(f, NULL, _IOLBF, BUFSIZ);
	return f;
}

void
cli_stdout_done(const struct cli *c, FILE *f)
{
	const int bad = ferror(f); /* an earlier line could not be written */

	if (fclose(f) != 0 || bad || close(STDOUT_FILENO) != 0)
		die(c, EX_FAIL, "-: cannot write: %s", strerror(errno));
}

const char *
cli_count(char text[CLI_COUNT_ROOM], uint64_t n, int unknown)
{
	if (unknown)
		return "unknown";
	snprintf(text, CLI_COUNT_ROOM, "%" PRIu64, n);
	return text;
}

char *
cli_escaped(const struct cli *c, const char *s)
{
	char *copy = malloc(2 * strlen(s) + 1), *to = copy;

	if (copy == NULL)
		die_err(c, NCT_ENOMEM, s, NULL);
	for (; *s != '\0'; s++) {
		if (*s == '\t' || *s == '\n' || *s == '\\')
			*to++ = '\\';
		*to++ = *s;
		if (*s == '\t' || *s == '\n')
			to[-1] = *s == '\t' ? 't' : 'n';
	}
	*to = '\0';
	return copy;
}
