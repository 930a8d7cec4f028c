/* files.h - checks the files of a call before work begins: no file is both read and written, and all outputs can be
 * written. */
#ifndef NCT_FILES_H
#define NCT_FILES_H

#include <stddef.h>

struct cli;

enum { FILES_MAX = 8 }; /* files that options name for reading, or for writing, at most */

/* A file that an option names. */
struct file {
	const char *option; /* its name in messages */
	const char *name;   /* "-" is standard input or output */
	const char *suffix; /* the file is `name` with this added; "" for none */
	int in_place;       /* it is written directly, without a temporary file */
};

/* The files that a tool's own options name. Operands and -o are in struct cli. */
struct files {
	struct file reads[FILES_MAX], writes[FILES_MAX];
	size_t read_count, write_count;
	int no_input;             /* without operands, standard input is not read */
	int no_output;            /* neither -o nor standard output is written */
	struct {
		const char *in, *out; /* options that may name the same file */
	} same[2];
	size_t same_count;
};

/* Enter the file that an option names. `name` is NULL if the option was not given; nothing is entered then. Strings
 * are borrowed. */
void files_read(struct files *f, const char *option, const char *name);
void files_write(struct files *f, const char *option, const char *name, const char *suffix);
void files_write_in_place(struct files *f, const char *option, const char *name);
/* Allows options `in` and `out` to name the same file, as it is read as a whole before it is replaced. */
void files_may_be_same(struct files *f, const char *in, const char *out);

/* Says what is wrong with the files of the call, as `file: what` in static memory; NULL: nothing. A file is wrong if
 * it would be both read and written, by whatever names, or written twice, or if it cannot be written. No file is
 * changed.
 *
 * Also sets a handler: if a mapped input shrinks later, the tool ends with one line and status 1. */
const char *files_fault(const struct cli *c);

#endif
