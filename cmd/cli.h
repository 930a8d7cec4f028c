/* cli.h - what the six tools share: the option table, --help, errors, operands, output. */
#ifndef NCT_CLI_H
#define NCT_CLI_H

#include "files.h"
#include "nct.h"

#include <stdint.h>
#include <stdio.h>

enum { EX_DONE = 0, EX_FAIL = 1, EX_USE = 2, EX_DATA = 3 }; /* exit status */

/* An option. A table of options ends with a row of zeros. --help and getopt_long()'s tables are made from it. */
struct cli_option {
	int letter;       /* the short option; a number above 255 if there is only the long one */
	const char *name; /* the long option */
	const char *arg;  /* name of its argument; NULL: none; "[=NAME]": the argument may be left out */
	const char *help; /* one line */
};

/* Flags of a tool: it has -T; it has --cpu; its output is binary, and never goes to a terminal. */
enum { CLI_THREADS = 1, CLI_CPU = 2, CLI_BINARY = 4 };

/* A tool. The tool sets the first fields; cli_next() sets those that the common options give. */
struct cli {
	const char *tool;
	const char *synopsis; /* what follows the name in the usage line */
	const char *about;    /* one sentence */
	const struct cli_option *options;
	unsigned flags;
	const char *(*cpu_name)(size_t i); /* NULL: nct_cpu_name */

	int quiet, verbose;     /* -q, --verbose; with both, verbose is 0 */
	unsigned threads;       /* -T; default: all cores */
	const char *cpu;        /* --cpu; NULL: the best usable row */
	const char *output;     /* -o; NULL: standard output */
	char **operands;        /* (operand_count) "-" is standard input */
	size_t operand_count;   /* at least 1 */
	int operands_given;     /* 0: there are none, and operands[0] is "-" */
	int launched;           /* a launcher started the tool (ranks.h), and may copy its standard output */

	struct files files;     /* of the tool's own options; set by the tool */
};

/* Returns the letter or number of the tool's next option, and its argument in *arg. Handles common options itself:
 * --help and --version exit with 0, errors with 2. Behind the last option it sets the operands and returns -1. */
int cli_next(struct cli *c, int argc, char **argv, const char **arg);

/* Prints `tool: what`, drops unfinished output files, and exits. */
void die(const struct cli *c, int status, const char *fmt, ...) __attribute__((format(printf, 3, 4), noreturn));
/* Prints `tool: what` unless -q. */
void note(const struct cli *c, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Prints `tool: name: what, where`, drops unfinished output files, and exits with the status for `err`.
 * `what, where` is the text of `why`. Without one it is strerror(errno) for NCT_EIO and NCT_EWRITE, else
 * nct_strerror(). For NCT_EWRITE the output's name takes the place of `name`, and for NCT_ABOUT_FILE that of the file
 * that `why` is about. */
void die_err(const struct cli *c, nct_err err, const char *name, const nct_why *why) __attribute__((noreturn));
/* Prints the same line, and does no more. */
void note_err(const struct cli *c, nct_err err, const char *name, const nct_why *why);

/* The value of option `opt`, given as `s`. Ends the tool with status 2 if it is not from `min` to `max`. */
uint64_t opt_u64(const struct cli *c, const char *opt, const char *s, uint64_t min, uint64_t max);
double opt_double(const struct cli *c, const char *opt, const char *s, double min, double max);

/* Opens operand i for reading ("-" is standard input). Returns its descriptor; -1: that failed, see errno. */
int cli_open(const struct cli *c, size_t i);
int cli_input(const struct cli *c, size_t i); /* the same, but ends the tool with status 1 if that fails */

/* Checks the files of the call (files.h). Ends the tool with status 1 if a file would be overwritten that is also
 * read, or one cannot be written. Call it after the last option, before any file is opened. */
void cli_check_files(const struct cli *c);

/* Returns n as text, in `text`, or "unknown". */
#define CLI_COUNT_ROOM 24
const char *cli_count(char text[CLI_COUNT_ROOM], uint64_t n, int unknown);

/* Returns a copy of `s` with tabs, newlines and backslashes as \t, \n and \\, so that it can be a field of a table.
 * The caller frees it. */
char *cli_escaped(const struct cli *c, const char *s);

/* Standard output for text, written line by line. Writes wait even if the descriptor is non-blocking. */
FILE *cli_stdout(const struct cli *c);
/* Closes it. Ends the tool with status 1 if a write failed. */
void cli_stdout_done(const struct cli *c, FILE *f);

/* True if standard output goes to a terminal, by itself or through a launcher. */
int cli_terminal(const struct cli *c);
/* Opens the output and returns its descriptor: standard output, or a temporary file that cli_output_done() moves to -o
 * FILE. Ends the tool if that fails. */
int cli_output(const struct cli *c);
/* The same for another output file. cli_output_done() moves all files into place once all are closed without error. */
enum { CLI_ALSO_MAX = 2 };
int cli_output_also(const struct cli *c, const char *name);
/* Closes all outputs and moves them into place. Ends the tool with status 1 if that fails. */
void cli_output_done(const struct cli *c);
/* Drops unfinished output files. With `keep`, what was written so far is moved to -o FILE. */
void cli_output_abort(const struct cli *c, int keep);
void cli_output_unlink(void); /* removes the temporary files, and does no more: for signal handlers */

/* Shows progress on stderr if that is a terminal, a few times a second, or else with --verbose, every 5 seconds.
 * `done` and `total` are bytes; total 0: unknown. */
void cli_progress(const struct cli *c, uint64_t done, uint64_t total);
/* The same for a known total of things, called `unit`. */
void cli_progress_count(const struct cli *c, uint64_t done, uint64_t total, const char *unit);
void cli_progress_end(const struct cli *c); /* ends the progress line, if there is one */

#endif
