/* outfile.c - output files that appear under their name only when complete. */
#include "base/outfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LINKS_MAX 40 /* as many as Linux follows */
#define NAME_CAP 4096

/* The target of the symbolic link `path`. A relative target is relative to the link's folder, so that folder is put
 * before it. The caller frees it. NULL on failure, with errno (EINVAL if `path` is not a link). */
static char *
read_link(const char *path)
{
	char to[NAME_CAP];
	const ssize_t n = readlink(path, to, sizeof to - 1);
	const char *slash = strrchr(path, '/');
	const size_t folder = n > 0 && to[0] != '/' && slash != NULL ? (size_t)(slash - path) + 1 : 0;
	char *name;

	if (n < 0)
		return NULL;
	if ((name = malloc(folder + (size_t)n + 1)) == NULL)
		return NULL;
	memcpy(name, path, folder);
	memcpy(name + folder, to, (size_t)n);
	name[folder + (size_t)n] = '\0';
	return name;
}

char *
nct_follow_links(const char *path)
{
	char *name = strdup(path);

	for (int i = 0; name != NULL && i < LINKS_MAX; i++) {
		struct stat s;
		char *next;

		if (lstat(name, &s) != 0 || !S_ISLNK(s.st_mode))
			return name;
		next = read_link(name);
		free(name);
		name = next;
	}
	if (name != NULL) {
		free(name);
		errno = ELOOP;
	}
	return NULL;
}

/* Gives a new file the owner, group and mode of the one that it will replace. If the group cannot be set, the new
 * group gets only those rights that all others have, too. */
static void
look_like(int fd, const struct stat *s)
{
	mode_t mode = s->st_mode & 07777;

	if (fchown(fd, s->st_uid, s->st_gid) != 0 && fchown(fd, (uid_t)-1, s->st_gid) != 0)
		mode = (mode & 0700) | (mode >> 3 & mode & 07) << 3 | (mode & 07);
	(void)fchmod(fd, mode);
}

/* Sets the mode that open() would give a new file; mkstemp() sets 0600. */
static void
look_new(int fd)
{
	const mode_t mask = umask(0);

	umask(mask);
	(void)fchmod(fd, 0666 & ~mask);
}

/* Drops the file, keeps errno and returns `err`. */
static nct_err
fail(nct_outfile *f, nct_err err)
{
	const int e = errno;

	nct_outfile_drop(f);
	errno = e;
	return err;
}

nct_err
nct_outfile_open(nct_outfile *f, const char *path)
{
	static const char suffix[] = ".XXXXXX";
	struct stat s;
	size_t n;

	*f = (nct_outfile){.fd = -1};
	const int there = stat(path, &s) == 0;
	if (there && !S_ISREG(s.st_mode)) { /* opened as it is: what links in /proc/self/fd say of a pipe is no path */
		f->fd = open(path, O_WRONLY | O_CLOEXEC);
		return f->fd >= 0 ? NCT_OK : NCT_EIO;
	}
	if ((f->path = nct_follow_links(path)) == NULL)
		return errno == ENOMEM ? NCT_ENOMEM : NCT_EIO;
	if (there && access(f->path, W_OK) != 0) /* a rename would get round the file's protection */
		return fail(f, NCT_EIO);
	n = strlen(f->path);
	if ((f->temp = malloc(n + sizeof suffix)) == NULL)
		return fail(f, NCT_ENOMEM);
	memcpy(f->temp, f->path, n);
	memcpy(f->temp + n, suffix, sizeof suffix);
	if ((f->fd = mkstemp(f->temp)) < 0) {
		f->temp[0] = '\0'; /* nothing to remove */
		return fail(f, NCT_EIO);
	}
	(void)fcntl(f->fd, F_SETFD, FD_CLOEXEC);
	if (there)
		look_like(f->fd, &s);
	else
		look_new(f->fd);
	return NCT_OK;
}

nct_err
nct_outfile_finish(nct_outfile *f)
{
	const int fd = f->fd;

	if (fd < 0)
		return NCT_OK;
	if (f->temp != NULL && fsync(fd) != 0)
		return fail(f, NCT_EIO);
	f->fd = -1;
	return close(fd) == 0 ? NCT_OK : fail(f, NCT_EIO);
}

nct_err
nct_outfile_commit(nct_outfile *f)
{
	nct_err err = nct_outfile_finish(f);

	if (err != NCT_OK)
		return err;
	if (f->temp != NULL && rename(f->temp, f->path) != 0)
		return fail(f, NCT_EIO);
	free(f->temp);
	f->temp = NULL;
	nct_outfile_drop(f);
	return NCT_OK;
}

void
nct_outfile_drop(nct_outfile *f)
{
	if (f->fd >= 0)
		(void)close(f->fd);
	if (f->temp != NULL && f->temp[0] != '\0')
		(void)unlink(f->temp);
	free(f->temp);
	free(f->path);
	f->fd = -1;
	f->temp = f->path = NULL;
}

nct_err
nct_outfile_try(const char *path)
{
	nct_outfile f;
	struct stat s;

	if (stat(path, &s) == 0 && !S_ISREG(s.st_mode) && !S_ISDIR(s.st_mode))
		return NCT_OK;
	nct_err err = nct_outfile_open(&f, path); /* a folder fails here */
	if (err == NCT_OK)
		nct_outfile_drop(&f);
	return err;
}
