/* log.c - the log of a run, as TSV with a row for each step. A resumed run continues it. */
#include "log.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/err.h"
#include "base/io.h"
#include "base/outfile.h"

#define COLUMNS_OF_ALL "step\tlr\ttrain_bits_per_" /* how every log begins */
#define FLOPS "\ttrain_flops"                      /* how it ends; older logs do not have this column */

struct nct_log {
	FILE *f;
	char *path;
	int timing;
	double flops; /* of a step */
	char columns[128];
};

static nct_err
failed(const char *path, nct_why *why)
{
	return nct_fail_about(why, NCT_ABOUT_FILE, NCT_EIO, "%s: %s", path, strerror(errno));
}

/* The operations of all steps up to this one. */
static double
flops_until(const nct_log *log, uint64_t step)
{
	return (double)step * log->flops;
}

/* Is this the header of an older log, which has all columns but the last? */
static int
is_older(const nct_log *log, const char *header)
{
	const size_t n = strlen(log->columns) - (sizeof FLOPS - 1);

	return strlen(header) == n && memcmp(header, log->columns, n) == 0;
}

/* Copies the header and the rows up to step `keep` from `in` to `fd`. Drops an incomplete last line. */
static nct_err
copy_rows(FILE *in, int fd, const nct_log *log, uint64_t keep, nct_why *why)
{
	char *line = NULL;
	size_t cap = 0;
	ssize_t n;
	int older = 0;
	nct_err err = NCT_OK;

	for (int row = 0; err == NCT_OK && (n = getline(&line, &cap, in)) > 0 && line[n - 1] == '\n'; row++) {
		const uint64_t step = strtoull(line, NULL, 10);
		char end[32] = "\n"; /* of the line */

		line[n - 1] = '\0';
		if (row == 0 && (older = is_older(log, line)) == 0 && strcmp(line, log->columns) != 0)
			err = nct_fail_about(why, NCT_ABOUT_FILE, NCT_EKIND,
			                     "%s: not a log with these columns, so it cannot be continued", log->path);
		if (older && row == 0)
			snprintf(end, sizeof end, FLOPS "\n");
		else if (older)
			snprintf(end, sizeof end, "\t%.9g\n", flops_until(log, step));
		if (err == NCT_OK && (row == 0 || step <= keep) &&
		    (nct_write(fd, line, (size_t)n - 1) != NCT_OK || nct_write(fd, end, strlen(end)) != NCT_OK))
			err = failed(log->path, why);
	}
	if (err == NCT_OK && ferror(in))
		err = failed(log->path, why);
	free(line);
	return err;
}

/* Drops the rows after step `keep`. Does nothing if there is no log. */
static nct_err
cut_back(const nct_log *log, uint64_t keep, nct_why *why)
{
	nct_outfile o;
	struct stat s;
	FILE *in;
	nct_err err;

	if (stat(log->path, &s) == 0 && !S_ISREG(s.st_mode)) /* a device or pipe keeps no rows */
		return NCT_OK;
	in = fopen(log->path, "r");
	if (in == NULL)
		return errno == ENOENT ? NCT_OK : failed(log->path, why);
	err = nct_outfile_open(&o, log->path);
	if (err != NCT_OK) {
		err = err == NCT_EIO ? failed(log->path, why) : nct_fail(why, err, "out of memory");
	} else if ((err = copy_rows(in, o.fd, log, keep, why)) != NCT_OK) {
		nct_outfile_drop(&o);
	} else if (nct_outfile_commit(&o) != NCT_OK) {
		err = failed(log->path, why);
	}
	(void)fclose(in);
	return err;
}

/* NCT_EKIND if a new run's log would replace a file that is not a log. *replaces tells whether it replaces a log. */
static nct_err
check_old(const nct_log *log, int *replaces, nct_why *why)
{
	char first[sizeof COLUMNS_OF_ALL] = "";
	struct stat s;
	FILE *in;

	*replaces = 0;
	if (stat(log->path, &s) != 0 || !S_ISREG(s.st_mode) || s.st_size == 0)
		return NCT_OK; /* if something is wrong, opening it will tell */
	if ((in = fopen(log->path, "r")) == NULL)
		return failed(log->path, why);
	const char *got = fgets(first, sizeof first, in);
	const int bad = ferror(in);

	(void)fclose(in);
	if (bad)
		return failed(log->path, why);
	if (got == NULL || strcmp(first, COLUMNS_OF_ALL) != 0)
		return nct_fail_about(why, NCT_ABOUT_FILE, NCT_EKIND,
		                      "%s: there is a file that is no log of a run, and it is not replaced", log->path);
	*replaces = 1;
	return NCT_OK;
}

/* Closes and frees. Returns the result of fclose(). */
static int
destroy(nct_log *log)
{
	int bad = log->f != NULL ? fclose(log->f) : 0;

	free(log->path);
	free(log);
	return bad;
}

nct_err
nct_log_open(nct_log **out, const char *path, const struct nct_log_columns *c, uint64_t keep, int *replaces,
             nct_why *why)
{
	nct_log *log = calloc(1, sizeof *log);
	nct_err err = NCT_OK;
	int n;

	*out = NULL;
	*replaces = 0;
	if (log == NULL || (log->path = strdup(path)) == NULL) {
		free(log);
		return nct_fail(why, NCT_ENOMEM, "out of memory");
	}
	log->timing = c->timing;
	log->flops = c->flops;
	n = snprintf(log->columns, sizeof log->columns, COLUMNS_OF_ALL "%s\teval_bits_per_%s", c->per, c->per);
	if (c->timing)
		n += snprintf(log->columns + n, sizeof log->columns - (size_t)n, "\t%s_per_second\tseconds", c->unit);
	snprintf(log->columns + n, sizeof log->columns - (size_t)n, FLOPS);
	err = keep > 0 ? cut_back(log, keep, why) : check_old(log, replaces, why);
	if (err == NCT_OK && (log->f = fopen(path, keep > 0 ? "a" : "w")) == NULL)
		err = failed(path, why);
	if (err == NCT_OK && (fseek(log->f, 0, SEEK_END) != 0 || ftell(log->f) == 0) &&
	    fprintf(log->f, "%s\n", log->columns) < 0)
		err = failed(path, why);
	if (err != NCT_OK) {
		(void)destroy(log);
		return err;
	}
	*out = log;
	return NCT_OK;
}

nct_err
nct_log_add(nct_log *log, const struct nct_train_progress *p, nct_why *why)
{
	if (log == NULL)
		return NCT_OK;
	fprintf(log->f, "%" PRIu64 "\t%.9g\t%.6f\t", p->step, p->lr, p->train_bits);
	if (!isnan(p->eval_bits))
		fprintf(log->f, "%.6f", p->eval_bits);
	if (log->timing)
		fprintf(log->f, "\t%.0f\t%.1f", (double)p->units / p->seconds, p->seconds);
	fprintf(log->f, "\t%.9g\n", flops_until(log, p->step));
	if (fflush(log->f) != 0 || ferror(log->f)) /* now, as a checkpoint must never be ahead of its log */
		return failed(log->path, why);
	return NCT_OK;
}

nct_err
nct_log_close(nct_log *log, nct_why *why)
{
	if (log != NULL && destroy(log) != 0)
		return nct_fail(why, NCT_EIO, "log: %s", strerror(errno));
	return NCT_OK;
}
