/* cli.h - what the six tools share: the option table, --help, errors, operands, output. */
#ifndef NCT_CLI_H
#define NCT_CLI_H

#include "files.h"
#include "nct.h"

#include <stdint.h>
#include <stdio.h>

enum { EX_DONE = 0, EX_FAIL = 1, EX_USE = 2, EX_DATA = 3 };

/* One option of a tool. A table of them ends with a zero row; --help and getopt's tables come from it. */
struct cli_option {
	int letter;       /* the short option, or a number above 255 for a long one alone */
	const char *name; /* the long option */
	const char *arg;  /* name of its argument, NULL: none; "[=NAME]": the long option may have one */
	const char *help; /* one line */
};

enum { CLI_THREADS = 1, CLI_CPU = 2, CLI_BINARY = 4 }; /* -T; --cpu; output is binary: never to a terminal */

/* A tool: the first part is constant, the second is what the common options said. */
struct cli {
	const char *tool;
	const char *synopsis; /* what follows the name in the usage line */
	const char *about;    /* one sentence */
	const struct cli_option *options;
	unsigned flags;
	const char *(*cpu_name)(size_t i); /* NULL: nct_cpu_name */

	int quiet, verbose;     /* never both: -q goes before */
	unsigned threads;       /* default: all cores */
	const char *cpu;        /* NULL: the best */
	const char *output;     /* -o, NULL: stdout */
	char **operands;        /* after the last option; none or "-" is stdin */
	size_t operand_count;   /* at least 1: stdin counts as "-" */
	int operands_given;     /* 0: operands[0] was put in for none */
	int launched;           /* by a launcher (ranks.h), which may pass standard output on */

	struct files files;     /* of the tool's own options: entered by the tool */
};

/* Gives the next option's letter or number, its argument in *arg; common options are dealt with here (--help and
 * --version exit 0, errors exit 2). At the end it fills in the operands and gives -1. */
int cli_next(struct cli *c, int argc, char **argv, const char **arg);

/* Prints `tool: what` and exits. */
void die(const struct cli *c, int status, const char *fmt, ...) __attribute__((format(printf, 3, 4), noreturn));
/* Prints `tool: what` unless -q. */
void note(const struct cli *c, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Exits as `err` demands with `tool: name: what, where`: `why` if it has text, else the error's own words (errno's
 * for NCT_EIO and NCT_EWRITE). In place of `name` it says what could not be written, or what file `why` is about. */
void die_err(const struct cli *c, nct_err err, const char *name, const nct_why *why) __attribute__((noreturn));
/* The same line without the exit. */
void note_err(const struct cli *c, nct_err err, const char *name, const nct_why *why);

uint64_t opt_u64(const struct cli *c, const char *opt, const char *s, uint64_t min, uint64_t max);
double opt_double(const struct cli *c, const char *opt, const char *s, double min, double max);

/* Opens operand i for reading ("-" is stdin) and gives its file descriptor; -1: errno tells why not. */
int cli_open(const struct cli *c, size_t i);
int cli_input(const struct cli *c, size_t i); /* the same; a file that cannot be opened ends the tool */

/* After the last option, before anything is opened: ends the tool with status 1 where the files of the call do not
 * go together, or one cannot be written (files.h). */
void cli_check_files(const struct cli *c);

/* A number as text, or "unknown"; `text` has room for any. */
#define CLI_COUNT_ROOM 24
const char *cli_count(char text[CLI_COUNT_ROOM], uint64_t n, int unknown);

/* A copy of `s` in which tabs, newlines and backslashes are escaped (\t, \n, \\), so that it is one field of a
 * table's row; the caller frees it. */
char *cli_escaped(const struct cli *c, const char *s);

/* Standard output for text, line by line, waiting where it does not block. */
FILE *cli_stdout(const struct cli *c);
/* Flushes, closes and checks it; ends the tool with status 1 if that fails. */
void cli_stdout_done(const struct cli *c, FILE *f);

/* Whether standard output goes to a terminal, at once or through a launcher. */
int cli_terminal(const struct cli *c);
/* The output: stdout, or a temporary file beside -o FILE that cli_output_done() moves into place. */
int cli_output(const struct cli *c);
/* Another file to write beside the output, in the same way: cli_output_done() moves all of them into place, or none. */
enum { CLI_ALSO_MAX = 2 };
int cli_output_also(const struct cli *c, const char *name);
/* Flushes, closes and checks the output; ends the tool with status 1 if that fails. */
void cli_output_done(const struct cli *c);
/* Before a die(): removes an unfinished -o FILE. With `keep`, what was written is kept and moved into place. */
void cli_output_abort(const struct cli *c, int keep);
void cli_output_unlink(void); /* removes it, and no more: for signal handlers */

/* Progress on stderr, at most a few times a second, if stderr is a terminal or --verbose was given. Both in
 * bytes; total 0: unknown. */
void cli_progress(const struct cli *c, uint64_t done, uint64_t total);
/* The same for a known total of things that are counted one by one: `unit`. */
void cli_progress_count(const struct cli *c, uint64_t done, uint64_t total, const char *unit);
void cli_progress_end(const struct cli *c);

#endif
