/* cli.c - what the six tools share: the option table, --help, errors, operands, output. */
#include "cli.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <math.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "base/cores.h"
#include "base/io.h"
#include "base/outfile.h"
#include "base/temporary.h"

enum { OPT_VERBOSE = 1000, OPT_CPU };

static const struct cli_option common[] = {
	{'h', "help", NULL, "print this help"},
	{'V', "version", NULL, "print the version, what it was built with and the licences"},
	{'q', "quiet", NULL, "print nothing but errors"},
	{OPT_VERBOSE, "verbose", NULL, "print key=value lines on stderr"},
	{'T', "threads", "N", "threads (default: one for each core that may be used)"},
	{OPT_CPU, "cpu", "NAME", "use one row of kernels; 'list' prints those usable here"},
	{'o', "output", "FILE", "write to FILE, which appears only when complete"},
	{0, NULL, NULL, NULL},
};

enum { MAX_OPTIONS = 64 };

static nct_outfile outfile = {.fd = -1};  /* -o FILE */
static nct_outfile also[CLI_ALSO_MAX];    /* of cli_output_also() */
static const char *also_name[CLI_ALSO_MAX];
static size_t also_count;
static atomic_int progress_shown; /* atomic: one thread may print a line while another shows progress */

/* True if the tool has this common option. */
static int
offered(const struct cli *c, const struct cli_option *o)
{
	return !(o->letter == 'T' && !(c->flags & CLI_THREADS)) && !(o->letter == OPT_CPU && !(c->flags & CLI_CPU));
}

/* Prints a line on stderr. Ends the progress line first, if there is one. */
static void
say(const struct cli *c, const char *fmt, va_list ap)
{
	cli_progress_end(c);
	fprintf(stderr, "%s: ", c->tool);
	vfprintf(stderr, fmt, ap);
	fputc('\n', stderr);
}

void
note(const struct cli *c, const char *fmt, ...)
{
	va_list ap;

	if (c->quiet)
		return;
	va_start(ap, fmt);
	say(c, fmt, ap);
	va_end(ap);
}

void
die(const struct cli *c, int status, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say(c, fmt, ap);
	va_end(ap);
	cli_output_abort(c, 0);
	exit(status);
}

void
note_err(const struct cli *c, nct_err err, const char *name, const nct_why *why)
{
	const char *text = why != NULL && why->text[0] != '\0'   ? why->text
	                   : err == NCT_EIO || err == NCT_EWRITE ? strerror(errno)
	                                                         : nct_strerror(err);

	if (err == NCT_EWRITE)
		name = c->output != NULL ? c->output : "-";
	cli_progress_end(c);
	if (why != NULL && why->about == NCT_ABOUT_FILE) /* the text names it */
		fprintf(stderr, "%s: %s\n", c->tool, text);
	else
		fprintf(stderr, "%s: %s: %s\n", c->tool, name, text);
}

void
die_err(const struct cli *c, nct_err err, const char *name, const nct_why *why)
{
	note_err(c, err, name, why);
	cli_output_abort(c, 0);
	exit(nct_err_status(err));
}

uint64_t
opt_u64(const struct cli *c, const char *opt, const char *s, uint64_t min, uint64_t max)
{
	char *end;

	errno = 0;
	uintmax_t v = strtoumax(s, &end, 10);
	if (s[0] < '0' || s[0] > '9' || *end != '\0' || errno != 0 || v < min || v > max)
		die(c, EX_USE, "%s: '%s' is not an integer from %" PRIu64 " to %" PRIu64, opt, s, min, max);
	return v;
}

double
opt_double(const struct cli *c, const char *opt, const char *s, double min, double max)
{
	char *end;

	errno = 0;
	double v = strtod(s, &end);
	if (s[0] == '\0' || *end != '\0' || errno != 0 || !isfinite(v) || v < min || v > max)
		die(c, EX_USE, "%s: '%s' is not a number from %g to %g", opt, s, min, max);
	return v;
}

static void
help_rows(const struct cli *c, const struct cli_option *o, FILE *f)
{
	for (; o->name != NULL; o++) {
		char left[64];

		if (!offered(c, o))
			continue;
		snprintf(left, sizeof left, "%c%c%s--%s%s%s", o->letter < 256 ? '-' : ' ', o->letter < 256 ? o->letter : ' ',
		         o->letter < 256 ? ", " : "  ", o->name, o->arg != NULL && o->arg[0] != '[' ? "=" : "",
		         o->arg != NULL ? o->arg : "");
		fprintf(f, "  %-26s %s\n", left, o->help);
	}
}

static void
help(const struct cli *c)
{
	FILE *f = cli_stdout(c);

	fprintf(f, "usage: %s %s\n%s\n\n", c->tool, c->synopsis, c->about);
	help_rows(c, c->options, f);
	help_rows(c, common, f);
	fprintf(f, "\nExit status: 0 done, 1 failed, 2 wrong usage, 3 input damaged. Manual: man %s\n", c->tool);
	cli_stdout_done(c, f);
	exit(EX_DONE);
}

static const char *
cpu_name(const struct cli *c, size_t i)
{
	return c->cpu_name != NULL ? c->cpu_name(i) : nct_cpu_name(i);
}

static void
version(const struct cli *c)
{
	FILE *f = cli_stdout(c);

	fprintf(f, "%s (nct) %s\n", c->tool, NCT_VERSION);
	fprintf(f, "compiler=%s kernels=", __VERSION__);
	for (size_t i = 0; cpu_name(c, i) != NULL; i++)
		fprintf(f, "%s%s", i > 0 ? "," : "", cpu_name(c, i));
	fprintf(f, "\ncode: MIT licence; built-in model: CC BY-SA 4.0, attribution in m1-default.LICENSE\n");
	cli_stdout_done(c, f);
	exit(EX_DONE);
}

static void
list_cpus(const struct cli *c)
{
	FILE *f = cli_stdout(c);

	for (size_t i = 0; cpu_name(c, i) != NULL; i++)
		fprintf(f, "%s\n", cpu_name(c, i));
	cli_stdout_done(c, f);
	exit(EX_DONE);
}

/* Fills getopt_long()'s two tables from the tool's options. */
static void
tables(const struct cli *c, char *letters, struct option *longs)
{
	const struct cli_option *lists[2] = {c->options, common};
	size_t n = 0;

	*letters++ = ':'; /* getopt_long() prints no errors: we do */
	for (size_t l = 0; l < 2; l++)
		for (const struct cli_option *o = lists[l]; o->name != NULL && n < MAX_OPTIONS; o++) {
			if (!offered(c, o))
				continue;
			if (o->letter < 256) {
				*letters++ = (char)o->letter;
				if (o->arg != NULL)
					*letters++ = ':';
			}
			const int takes = o->arg == NULL ? no_argument : o->arg[0] == '[' ? optional_argument : required_argument;
			longs[n++] = (struct option){o->name, takes, NULL, o->letter};
		}
	*letters = '\0';
	longs[n] = (struct option){NULL, 0, NULL, 0};
}

static void
take_operands(struct cli *c, int argc, char **argv)
{
	static char dash[] = "-";
	static char *none[] = {dash, NULL};

	c->operands_given = optind < argc;
	c->operands = c->operands_given ? argv + optind : none;
	c->operand_count = c->operands_given ? (size_t)(argc - optind) : 1;
	c->verbose = c->verbose && !c->quiet;
	if (c->threads == 0)
		c->threads = nct_cores();
}

/* Opens standard descriptors that are closed, so that no other file gets their numbers. Reading the new 0 fails, and
 * so does writing the new 1 or 2. */
static void
hold_standard(const struct cli *c)
{
	for (int fd = 0; fd <= 2; fd++)
		if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", fd == 0 ? O_WRONLY : O_RDONLY) != fd)
			die(c, EX_FAIL, "/dev/null: %s", strerror(errno));
}

int
cli_next(struct cli *c, int argc, char **argv, const char **arg)
{
	char letters[3 * MAX_OPTIONS];
	struct option longs[MAX_OPTIONS + 1];

	hold_standard(c);
	tables(c, letters, longs);
	opterr = 0;
	for (;;) {
		int at = optind;
		int o = getopt_long(argc, argv, letters, longs, NULL);

		*arg = optarg;
		switch (o) {
		case 'h': help(c); break;
		case 'V': version(c); break;
		case 'q': c->quiet = 1; break;
		case OPT_VERBOSE: c->verbose = 1; break;
		case 'T': c->threads = (unsigned)opt_u64(c, "-T", optarg, 1, 1024); break;
		case OPT_CPU:
			if (strcmp(optarg, "list") == 0)
				list_cpus(c);
			c->cpu = optarg;
			break;
		case 'o': c->output = optarg; break;
		case ':': die(c, EX_USE, "%s: argument missing (see --help)", argv[optind - 1]);
		case '?':
			if (optopt > 0 && optopt < 256)
				die(c, EX_USE, "-%c: unknown option (see --help)", optopt);
			die(c, EX_USE, "%s: unknown option (see --help)", argv[at]);
		case -1: take_operands(c, argc, argv); return -1;
		default: return o;
		}
	}
}

int
cli_open(const struct cli *c, size_t i)
{
	const char *name = c->operands[i];

	return strcmp(name, "-") == 0 ? STDIN_FILENO : open(name, O_RDONLY | O_CLOEXEC);
}

int
cli_input(const struct cli *c, size_t i)
{
	int fd = cli_open(c, i);

	if (fd < 0)
		die(c, EX_FAIL, "%s: %s", c->operands[i], strerror(errno));
	return fd;
}

void
cli_check_files(const struct cli *c)
{
	const char *fault = files_fault(c);

	if (fault != NULL)
		die(c, EX_FAIL, "%s", fault);
}

void
cli_output_unlink(void)
{
	if (outfile.temp != NULL && outfile.fd >= 0)
		(void)unlink(outfile.temp);
	for (size_t i = 0; i < also_count; i++)
		if (also[i].temp != NULL)
			(void)unlink(also[i].temp);
}

/* On a signal: removes the unfinished -o FILE, and ends the tool by the same signal. */
static void
on_signal(int sig)
{
	cli_output_unlink();
	(void)signal(sig, SIG_DFL);
	(void)raise(sig);
}

static void
watch_signals(void)
{
	static const int signals[] = {SIGINT, SIGTERM, SIGHUP};

	for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++) {
		struct sigaction a = {.sa_handler = on_signal}, old;

		if (sigaction(signals[i], NULL, &old) == 0 && old.sa_handler == SIG_DFL)
			(void)sigaction(signals[i], &a, NULL);
	}
}

/* mpirun gives ranks a pseudo-terminal for standard output, and copies what they write to its own. So we look at the
 * launcher's standard output. */
int
cli_terminal(const struct cli *c)
{
	static const char *const terminals[] = {"/dev/pts/", "/dev/tty", "/dev/console"};
	char link[64], target[64];

	if (!isatty(STDOUT_FILENO) || !c->launched)
		return isatty(STDOUT_FILENO);
	snprintf(link, sizeof link, "/proc/%ld/fd/1", (long)getppid());
	const ssize_t n = readlink(link, target, sizeof target - 1);
	if (n < 0)
		return 0; /* we cannot see it, and take it for a file */
	target[n] = '\0';
	for (size_t i = 0; i < sizeof terminals / sizeof terminals[0]; i++)
		if (strncmp(target, terminals[i], strlen(terminals[i])) == 0)
			return 1;
	return 0;
}

/* Sets a launcher's pseudo-terminal to pass on all bytes unchanged, newlines too. */
static void
make_raw(const struct cli *c)
{
	struct termios t;

	if (tcgetattr(STDOUT_FILENO, &t) == 0) {
		t.c_oflag &= ~(tcflag_t)OPOST;
		if (tcsetattr(STDOUT_FILENO, TCSANOW, &t) == 0)
			return;
	}
	die(c, EX_FAIL, "standard output is a terminal of the launcher's, which may change bytes: give -o FILE");
}

int
cli_output(const struct cli *c)
{
	if (c->output == NULL || strcmp(c->output, "-") == 0) {
		const int terminal = cli_terminal(c);

		if ((c->flags & CLI_BINARY) && terminal)
			die(c, EX_USE, "refusing to write binary data to a terminal");
		if (!terminal && isatty(STDOUT_FILENO))
			make_raw(c);
		if ((fcntl(STDOUT_FILENO, F_GETFL) & O_ACCMODE) == O_RDONLY) /* it was closed: see hold_standard() */
			die(c, EX_FAIL, "-: %s", strerror(EBADF));
		return STDOUT_FILENO;
	}
	nct_err err = nct_outfile_open(&outfile, c->output);
	if (err != NCT_OK)
		die_err(c, err, c->output, NULL);
	watch_signals();
	return outfile.fd;
}

int
cli_output_also(const struct cli *c, const char *name)
{
	const size_t i = also_count;
	nct_err err = nct_outfile_open(&also[i], name);

	if (err != NCT_OK)
		die_err(c, err, name, NULL);
	also_name[i] = name;
	also_count++;
	watch_signals();
	return also[i].fd;
}

/* Closes all outputs, then moves them into place. Returns the name of the one that failed; NULL: none did. */
static const char *
place_outputs(const struct cli *c)
{
	for (size_t i = 0; i < also_count; i++)
		if (nct_outfile_finish(&also[i]) != NCT_OK)
			return also_name[i];
	if (outfile.fd >= 0) {
		if (nct_outfile_commit(&outfile) != NCT_OK)
			return c->output;
	} else if (!c->files.no_output && close(STDOUT_FILENO) != 0) { /* this may be the first to tell of a full disk */
		return "-";
	}
	for (size_t i = 0; i < also_count; i++)
		if (nct_outfile_commit(&also[i]) != NCT_OK)
			return also_name[i];
	also_count = 0;
	return NULL;
}

void
cli_output_done(const struct cli *c)
{
	const char *failed = place_outputs(c);

	if (failed != NULL)
		die(c, EX_FAIL, "%s: %s", failed, strerror(errno));
}

void
cli_output_abort(const struct cli *c, int keep)
{
	if (keep && outfile.fd >= 0 && nct_outfile_commit(&outfile) != NCT_OK)
		fprintf(stderr, "%s: %s: %s\n", c->tool, c->output, strerror(errno));
	nct_outfile_drop(&outfile);
	for (size_t i = 0; i < also_count; i++)
		nct_outfile_drop(&also[i]);
	also_count = 0;
}

static double
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* True if it is time for a line of progress. Then *seconds is the time since the first call. */
static int
progress_due(const struct cli *c, int terminal, double *seconds)
{
	static double start, last;
	double t = now();

	if (c->quiet || (!terminal && !c->verbose))
		return 0;
	if (start == 0)
		start = last = t;
	if (t - last < (terminal ? 0.25 : 5.0))
		return 0;
	last = t;
	*seconds = t - start;
	return 1;
}

void
cli_progress_count(const struct cli *c, uint64_t done, uint64_t total, const char *unit)
{
	int terminal = isatty(STDERR_FILENO);
	double seconds;

	if (!progress_due(c, terminal, &seconds))
		return;
	fprintf(stderr, "%s%s: %" PRIu64 " of %" PRIu64 " %s, %.0f/s, %.0f s left%s", terminal ? "\r" : "", c->tool,
	        done, total, unit, (double)done / seconds, (double)(total - done) * seconds / (double)done,
	        terminal ? "   " : "\n");
	progress_shown = terminal;
}

void
cli_progress(const struct cli *c, uint64_t done, uint64_t total)
{
	int terminal = isatty(STDERR_FILENO);
	double seconds;

	if (!progress_due(c, terminal, &seconds))
		return;
	double rate = (double)done / seconds;
	if (total > 0 && done <= total)
		fprintf(stderr, "%s%s: %.1f of %.1f MB, %.3f MB/s, %.0f s left%s", terminal ? "\r" : "", c->tool, (double)done / 1e6,
		        (double)total / 1e6, rate / 1e6, (double)(total - done) / rate, terminal ? "   " : "\n");
	else
		fprintf(stderr, "%s%s: %.1f MB, %.3f MB/s%s", terminal ? "\r" : "", c->tool, (double)done / 1e6, rate / 1e6,
		        terminal ? "   " : "\n");
	progress_shown = terminal;
}

void
cli_progress_end(const struct cli *c)
{
	(void)c;
	if (atomic_exchange(&progress_shown, 0))
		fputc('\n', stderr);
}
