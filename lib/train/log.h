/* log.h - the TSV log of a run: a row a step, continued on resuming as if the run had never stopped. */
#ifndef NCT_TRAIN_LOG_H
#define NCT_TRAIN_LOG_H

#include "nct-train.h"

typedef struct nct_log nct_log; /* opaque; NULL stands for "no log": all calls take it */

/* What decides a log's columns: with `timing`, rows have the columns <unit>_per_second and seconds, too. The strings
 * are borrowed for the call. */
struct nct_log_columns {
	const char *per, *unit; /* as in nct_examples */
	int timing;
};

/* Opens `path`, keeping the rows up to step `keep` if that is not 0. Else the log begins anew, and *replaces says
 * whether one was there before. NCT_EIO, NCT_ENOMEM; NCT_EKIND: a log to be continued has other columns, or a file
 * to be replaced is no log. On failure *out is NULL, and the file is as it was. */
nct_err nct_log_open(nct_log **out, const char *path, const struct nct_log_columns *columns, uint64_t keep,
                     int *replaces, nct_why *why) NCT_USED;
/* Adds the row of p->step. NCT_EIO. */
nct_err nct_log_add(nct_log *log, const struct nct_train_progress *p, nct_why *why) NCT_USED;
/* Closes; NCT_EIO if what was written may not have arrived. NULL is a no-op. */
nct_err nct_log_close(nct_log *log, nct_why *why) NCT_USED;

#endif
