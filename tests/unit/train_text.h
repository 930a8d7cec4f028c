/* train_text.h - for the tests of training: texts from memory, as files in a folder of the test. */
#ifndef TRAIN_TEXT_H
#define TRAIN_TEXT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "data/mapped_text.h"

static char folder[] = "/tmp/nct-test-train.XXXXXX";

static inline char *
in_folder(char *path, const char *name)
{
	snprintf(path, 256, "%s/%s", folder, name);
	return path;
}

struct piece {
	const char *bytes;
	size_t n;
};

/* An nct_operand: each text of a list becomes a file. The list ends with bytes = NULL. */
static inline nct_err
from_pieces(void *ctx, size_t i, int *fd)
{
	const struct piece *p = ctx;
	char path[256];

	*fd = -1;
	if (p[i].bytes == NULL)
		return NCT_OK;
	*fd = open(in_folder(path, "piece"), O_RDWR | O_CREAT | O_TRUNC, 0600);
	assert_true(*fd >= 0);
	assert_int_equal(write(*fd, p[i].bytes, p[i].n), (ssize_t)p[i].n);
	assert_int_equal(lseek(*fd, 0, SEEK_SET), 0);
	return NCT_OK;
}

static inline nct_text *
text_of(struct piece *p, enum nct_separator separator)
{
	const struct nct_text_options o = {sizeof o, .separator = separator, .tmpdir = folder};
	nct_text *t;
	nct_why why = {0};
	size_t at;

	if (nct_text_read(&t, from_pieces, p, &o, &at, &why) != NCT_OK)
		fail_msg("operand %zu: %s", at, why.text);
	return t;
}

static inline int
make_folder(void **state)
{
	(void)state;
	return mkdtemp(folder) == NULL;
}

/* Removes the test's folder. Fails if a test has left files in it. */
static inline int
drop_folder(void **state)
{
	char path[256];

	(void)state;
	(void)unlink(in_folder(path, "piece"));
	return rmdir(folder);
}

#endif
