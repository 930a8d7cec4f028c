/* files.c - checks the files of a call before work begins: no file is both read and written, and all outputs can be
 * written. */
#include "cli.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/outfile.h"

/* What tells files apart: device and inode. If a file does not exist, they are those of its folder, and `name` is its
 * name there. */
struct identity {
	int known; /* 0: it is no regular file, and may be both read and written */
	dev_t dev;
	ino_t ino;
	char name[NAME_MAX + 1]; /* "": the file exists */
};

static char line[PATH_MAX + 256]; /* the text that files_fault() returns */

void
files_read(struct files *f, const char *option, const char *name)
{
	if (name != NULL)
		f->reads[f->read_count++] = (struct file){option, name, "", 0};
}

void
files_write(struct files *f, const char *option, const char *name, const char *suffix)
{
	if (name != NULL)
		f->writes[f->write_count++] = (struct file){option, name, suffix, 0};
}

void
files_write_in_place(struct files *f, const char *option, const char *name)
{
	if (name != NULL)
		f->writes[f->write_count++] = (struct file){option, name, "", 1};
}

void
files_may_be_same(struct files *f, const char *in, const char *out)
{
	f->same[f->same_count].in = in;
	f->same[f->same_count++].out = out;
}

/* The identity of a file that does not exist yet. */
static struct identity
place(const char *path)
{
	struct identity id = {.known = 0};
	const char *slash = strrchr(path, '/'), *name = slash != NULL ? slash + 1 : path;
	char folder[PATH_MAX];
	struct stat s;

	snprintf(folder, sizeof folder, "%.*s", slash != NULL ? (int)(slash - path) + 1 : 1, slash != NULL ? path : ".");
	if (stat(folder, &s) != 0 || strlen(name) > NAME_MAX)
		return id;
	id = (struct identity){.known = 1, .dev = s.st_dev, .ino = s.st_ino};
	memcpy(id.name, name, strlen(name) + 1);
	return id;
}

/* The identity of a file. `standard` is the descriptor that "-" stands for. */
static struct identity
identify(const struct file *f, int standard)
{
	struct identity id = {.known = 0};
	char path[PATH_MAX];
	struct stat s;
	char *led;
	int there = strcmp(f->name, "-") == 0 ? fstat(standard, &s) == 0 : f->suffix[0] == '\0' && stat(f->name, &s) == 0;

	if (!there && strcmp(f->name, "-") != 0 && (led = nct_follow_links(f->name)) != NULL) {
		const int fits = snprintf(path, sizeof path, "%s%s", led, f->suffix) < (int)sizeof path;

		free(led);
		if (!fits)
			return id;
		if ((there = stat(path, &s) == 0) == 0)
			return place(path);
	}
	if (there && S_ISREG(s.st_mode))
		id = (struct identity){.known = 1, .dev = s.st_dev, .ino = s.st_ino};
	return id;
}

static int
same(const struct identity *a, const struct identity *b)
{
	return a->known && b->known && a->dev == b->dev && a->ino == b->ino && strcmp(a->name, b->name) == 0;
}

/* ---- one file twice ---- */

/* Sets *f to input i: those of options come first, then operands. 0: there are no more. */
static int
input(const struct cli *c, size_t i, struct file *f)
{
	if (i < c->files.read_count) {
		*f = c->files.reads[i];
		return 1;
	}
	if (i - c->files.read_count >= c->operand_count || (!c->operands_given && c->files.no_input))
		return 0;
	*f = (struct file){"operand", c->operands[i - c->files.read_count], "", 0};
	return 1;
}

/* Sets *f to output i: those of options come first, then -o or standard output. 0: there are no more. */
static int
output(const struct cli *c, size_t i, struct file *f)
{
	const int named = c->output != NULL && strcmp(c->output, "-") != 0;

	if (i < c->files.write_count) {
		*f = c->files.writes[i];
		return 1;
	}
	if (i > c->files.write_count || c->files.no_output)
		return 0;
	*f = (struct file){named ? "-o" : "standard output", named ? c->output : "-", "", 0};
	return 1;
}

static int
may_be_same(const struct files *f, const struct file *in, const struct file *out)
{
	for (size_t i = 0; i < f->same_count; i++)
		if (strcmp(f->same[i].in, in->option) == 0 && strcmp(f->same[i].out, out->option) == 0)
			return 1;
	return 0;
}

/* True if output i is also an input, or an output before it. */
static int
is_twice(const struct cli *c, size_t i)
{
	struct file out, other;

	if (!output(c, i, &out))
		return 0;
	const struct identity id = identify(&out, STDOUT_FILENO);
	for (size_t k = 0; id.known && input(c, k, &other); k++) {
		const struct identity in = identify(&other, STDIN_FILENO);

		if (same(&id, &in) && !may_be_same(&c->files, &other, &out)) {
			snprintf(line, sizeof line, "%s%s: %s would overwrite a file that is read: %s %s", out.name, out.suffix, out.option,
			         other.option, other.name);
			return 1;
		}
	}
	for (size_t k = 0; id.known && k < i && output(c, k, &other); k++) {
		const struct identity before = identify(&other, STDOUT_FILENO);

		if (same(&id, &before) && strcmp(out.option, other.option) != 0) {
			snprintf(line, sizeof line, "%s%s: %s would overwrite what is written by %s %s%s", out.name, out.suffix, out.option,
			         other.option, other.name, other.suffix);
			return 1;
		}
	}
	return 0;
}

/* ---- files that cannot be written ---- */

/* True if output i cannot be written. Standard output, which is open already, is not tested. */
static int
is_barred(const struct cli *c, size_t i)
{
	struct file out;
	struct stat s;
	nct_err err;

	if (!output(c, i, &out) || strcmp(out.name, "-") == 0 || out.suffix[0] != '\0')
		return 0;
	if (out.in_place && stat(out.name, &s) == 0) /* whether it can be written, opening it tells */
		return 0;
	if ((err = nct_outfile_try(out.name)) == NCT_OK)
		return 0;
	snprintf(line, sizeof line, "%s: %s", out.name, err == NCT_EIO ? strerror(errno) : nct_strerror(err));
	return 1;
}

/* ---- inputs that shrink ---- */

static const struct cli *watched;
static off_t *sizes; /* by input: its size when work began; 0: it is no regular file */

static void
put(const char *s)
{
	(void)!write(STDERR_FILENO, s, strlen(s)); /* if this fails, there is nobody else to tell */
}

/* SIGBUS: a mapped file was read behind its end, since it has shrunk. Calls only what is safe in a signal handler. */
static void
on_bus(int sig)
{
	struct file f;
	struct stat s;
	int found = 0;

	(void)sig;
	cli_output_unlink();
	for (size_t i = 0; sizes != NULL && !found && input(watched, i, &f); i++)
		if (sizes[i] > 0 && stat(f.name, &s) == 0 && s.st_size < sizes[i]) {
			put(watched->tool);
			put(": ");
			put(f.name);
			put(": shrank while it was read\n");
			found = 1;
		}
	if (!found) {
		put(watched->tool);
		put(": a file that is mapped into memory cannot be read any more\n");
	}
	_exit(EX_FAIL);
}

/* Remembers the sizes of all inputs, and sets the handler. */
static void
watch(const struct cli *c)
{
	const struct sigaction a = {.sa_handler = on_bus};
	struct file f;
	struct stat s;
	size_t n = 0;

	while (input(c, n, &f))
		n++;
	free(sizes);
	sizes = calloc(n, sizeof *sizes); /* if this fails, the message names no file */
	for (size_t i = 0; sizes != NULL && input(c, i, &f); i++)
		if (strcmp(f.name, "-") != 0 && stat(f.name, &s) == 0 && S_ISREG(s.st_mode))
			sizes[i] = s.st_size;
	watched = c;
	(void)sigaction(SIGBUS, &a, NULL);
}

const char *
files_fault(const struct cli *c)
{
	for (size_t i = 0; i <= c->files.write_count; i++)
		if (is_twice(c, i))
			return line;
	for (size_t i = 0; i <= c->files.write_count; i++)
		if (is_barred(c, i))
			return line;
	watch(c);
	return NULL;
}
