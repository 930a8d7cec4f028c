/* files.h - the files of a call: none that is read may be written to, and those to be written can be, before work
 * begins. */
#ifndef NCT_FILES_H
#define NCT_FILES_H

#include <stddef.h>

struct cli;

enum { FILES_MAX = 8 }; /* of options, for reading or for writing */

/* A file that an option names. */
struct file {
	const char *option; /* as messages name it */
	const char *name;   /* "-" is standard input or output */
	const char *suffix; /* added to the name: "", or what makes it another file of the same option */
	int in_place;       /* written without a temporary file beside it */
};

/* The files that a tool's own options name. Operands, which are read, and -o or standard output, which is written,
 * are known without. */
struct files {
	struct file reads[FILES_MAX], writes[FILES_MAX];
	size_t read_count, write_count;
	int no_input;                   /* without operands, standard input is not read */
	int no_output;                  /* -o and standard output are not written to */
	struct {
		const char *in, *out;   /* options that may name one file */
	} same[2];
	size_t same_count;
};

/* NULL, for an option that was not given, is none */
void files_read(struct files *f, const char *option, const char *name);
void files_write(struct files *f, const char *option, const char *name, const char *suffix);
void files_write_in_place(struct files *f, const char *option, const char *name);
/* One file may be named by both: it is read as a whole before it is replaced. */
void files_may_be_same(struct files *f, const char *in, const char *out);

/* What is wrong with the files of the call, as `file: what` in a static line; NULL: nothing. No file has been
 * changed. A file would be written that is read, too, by whatever name; or written twice; or it could not be written
 * at all. From here on, a mapped input that shrinks while it is used ends the tool with one line and status 1. */
const char *files_fault(const struct cli *c);

#endif
