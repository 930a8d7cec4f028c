/* err.h - fills in nct_why, by which the library explains all failures. */
#ifndef NCT_BASE_ERR_H
#define NCT_BASE_ERR_H

#include "nct.h"

/* Formats a message of the form `what, where` into *why, about the input. Returns `err`, so that a caller can return
 * it in turn. `why` may be NULL; then the message is dropped. */
nct_err nct_fail(nct_why *why, nct_err err, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/* The same, about something other than the input. */
nct_err nct_fail_about(nct_why *why, enum nct_subject about, nct_err err, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

/* Every public function that takes `why` calls this first. Returns `why`, or `own` if `why` is NULL, with its text
 * emptied. So the function may read and write the result, and any text in it comes from this call. */
nct_why *nct_why_begin(nct_why *why, nct_why *own) NCT_USED;

/* For the result of a call that writes. Turns NCT_EIO into NCT_EWRITE and explains it in `why` (may be NULL).
 * Returns any other `err` as it is. */
nct_err nct_wrote(nct_err err, nct_why *why) NCT_USED;

#endif
