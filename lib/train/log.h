/* log.h - the log of a run, as TSV with a row for each step. A resumed run continues it. */
#ifndef NCT_TRAIN_LOG_H
#define NCT_TRAIN_LOG_H

#include "nct-train.h"

typedef struct nct_log nct_log; /* opaque; all calls accept NULL, which means no log */

/* What determines a log's columns. With `timing` there are also columns <unit>_per_second and seconds. The last one,
 * train_flops, is the step's number times `flops`. The strings are borrowed for the call. */
struct nct_log_columns {
	const char *per, *unit; /* as in nct_examples */
	int timing;
	double flops;           /* operations of a step */
};

/* Opens the log `path`. If `keep` is not 0, keeps the rows up to step `keep` and continues after them. Logs of before
 * had no train_flops: then the rows get it. If it is 0,
 * begins anew, and *replaces tells whether there was a log before. NCT_EIO, NCT_ENOMEM, NCT_EKIND (the log to
 * continue has other columns, or the file to replace is not a log). On failure *out is NULL, and the file is
 * unchanged. */
nct_err nct_log_open(nct_log **out, const char *path, const struct nct_log_columns *columns, uint64_t keep,
                     int *replaces, nct_why *why) NCT_USED;
/* Adds the row of p->step. NCT_EIO. */
nct_err nct_log_add(nct_log *log, const struct nct_train_progress *p, nct_why *why) NCT_USED;
/* Closes the log. NCT_EIO if rows may be lost. NULL is a no-op. */
nct_err nct_log_close(nct_log *log, nct_why *why) NCT_USED;

#endif
