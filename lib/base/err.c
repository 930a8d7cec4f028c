/* err.c - names of the library's errors, and the exit status that each one means. */
#include "err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const struct {
	const char *text;
	int status;
} errors[] = {
	[NCT_OK] = {"no error", 0},
	[NCT_EARG] = {"argument out of range", 2},
	[NCT_ENOMEM] = {"out of memory", 1},
	[NCT_EIO] = {"input or output failed", 1},
	[NCT_EMODEL] = {"written with another model", 1},
	[NCT_EDATA] = {"damaged", 3},
	[NCT_ECUT] = {"ends early", 3},
	[NCT_EKIND] = {"of another kind", 3},
	[NCT_EVERSION] = {"of a version not known here", 3},
	[NCT_ENAN] = {"not a finite number", 1},
	[NCT_EWRITE] = {"output failed", 1},
};

const char *
nct_strerror(nct_err err)
{
	return (size_t)err < sizeof errors / sizeof errors[0] ? errors[err].text : "unknown error";
}

int
nct_err_status(nct_err err)
{
	return (size_t)err < sizeof errors / sizeof errors[0] ? errors[err].status : 1;
}

static void __attribute__((format(printf, 3, 0)))
fill(nct_why *why, enum nct_subject about, const char *fmt, va_list ap)
{
	if (why == NULL)
		return;
	vsnprintf(why->text, sizeof why->text, fmt, ap);
	why->about = about;
}

nct_err
nct_fail(nct_why *why, nct_err err, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	fill(why, NCT_ABOUT_INPUT, fmt, ap);
	va_end(ap);
	return err;
}

nct_err
nct_fail_about(nct_why *why, enum nct_subject about, nct_err err, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	fill(why, about, fmt, ap);
	va_end(ap);
	return err;
}

nct_why *
nct_why_begin(nct_why *why, nct_why *own)
{
	if (why == NULL)
		why = own;
	why->text[0] = '\0';
	why->about = NCT_ABOUT_INPUT;
	return why;
}

nct_err
nct_wrote(nct_err err, nct_why *why)
{
	char text[128];

	if (err == NCT_EIO && strerror_r(errno, text, sizeof text) == 0)
		return nct_fail(why, NCT_EWRITE, "cannot write: %s", text);
	return err;
}
