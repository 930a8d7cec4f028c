/* err.h - filling in nct_why: the one way in which the library explains a failure. */
#ifndef NCT_BASE_ERR_H
#define NCT_BASE_ERR_H

#include "nct.h"

/* Formats `what, where` into *why (NULL: dropped) and gives back `err`, so that a caller can return it. It is about
 * the input. */
nct_err nct_fail(nct_why *why, nct_err err, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/* The same about something else. */
nct_err nct_fail_about(nct_why *why, enum nct_subject about, nct_err err, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

/* Every public function that takes `why` begins with this. Gives back `why`, or `own` where that is NULL, with an
 * empty text: from then on it can be written to and read, and text in it is of this call. */
nct_why *nct_why_begin(nct_why *why, nct_why *own) NCT_USED;

/* Of a call that writes: gives back `err`, but NCT_EWRITE for NCT_EIO, and says so in `why` (may be NULL). */
nct_err nct_wrote(nct_err err, nct_why *why) NCT_USED;

#endif
