/* fuzz.h - shared by the fuzz targets: the entry point that libFuzzer calls, checks, and the replay of files. */
#ifndef NCT_FUZZ_H
#define NCT_FUZZ_H

#include <dirent.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"

#define FUZZ_FILE_MAX ((size_t)1 << 20)

/* The fuzz target. Returns 0; aborts if a rule that must hold for every input does not. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Aborts unless `holds`; `what` names the rule. */
static inline void
must(int holds, const char *what)
{
	if (holds)
		return;
	fprintf(stderr, "fuzz: %s\n", what);
	abort();
}

/* A pipe with p[0..n), which must fit into a pipe. Programs that seek fail on it. */
static inline int
pipe_of(const uint8_t *p, size_t n)
{
	int fd[2];

	must(pipe(fd) == 0, "pipe");
	must(nct_write(fd[1], p, n) == NCT_OK, "writing to the pipe");
	close(fd[1]);
	return fd[0];
}

/* A file's bytes, up to the largest input. The caller frees them. */
static inline uint8_t *
load(const char *path, size_t *n)
{
	uint8_t *p = malloc(FUZZ_FILE_MAX);
	FILE *f = fopen(path, "rb");

	must(p != NULL && f != NULL, path);
	*n = fread(p, 1, FUZZ_FILE_MAX, f);
	must(!ferror(f) && fclose(f) == 0, path);
	return p;
}

/* All bytes that were written to a file. Closes it. The caller frees the bytes. */
static inline uint8_t *
contents(FILE *f, size_t *n)
{
	uint8_t *p;
	long end = -1;

	must(fseek(f, 0, SEEK_END) == 0 && (end = ftell(f)) >= 0, "no size");
	rewind(f);
	*n = (size_t)end;
	p = malloc(*n + 1);
	must(p != NULL && fread(p, 1, *n, f) == *n && fclose(f) == 0, "no text");
	return p;
}

/* Runs the target on a file, such as a fuzzer has kept, in memory of the exact size. */
static inline void
replay(const char *path)
{
	size_t n;
	uint8_t *p = load(path, &n), *exact = malloc(n + (n == 0));

	must(exact != NULL, "no memory");
	memcpy(exact, p, n);
	free(p);
	LLVMFuzzerTestOneInput(exact, n);
	free(exact);
}

/* Runs the target on all files of a folder. Returns their number. */
static inline size_t
replay_folder(const char *dir)
{
	DIR *d = opendir(dir);
	const struct dirent *e;
	size_t count = 0;
	char path[4096];

	must(d != NULL, dir);
	while ((e = readdir(d)) != NULL) {
		if (e->d_name[0] == '.')
			continue;
		snprintf(path, sizeof path, "%s/%s", dir, e->d_name);
		replay(path);
		count++;
	}
	closedir(d);
	return count;
}

/* Replays the files among a test program's arguments, and writes seeds to the folders, which end with a slash.
 * Returns 1 if there were any arguments. */
static inline int
replay_arguments(int argc, char **argv, void (*write_seeds)(const char *dir))
{
	for (int i = 1; i < argc; i++)
		if (argv[i][strlen(argv[i]) - 1] == '/')
			write_seeds(argv[i]);
		else
			replay(argv[i]);
	return argc > 1;
}

/* Writes p[0..n) as seed number i of a folder. */
static inline void
write_seed(const char *dir, size_t i, const uint8_t *p, size_t n)
{
	char path[4096];
	FILE *f;

	snprintf(path, sizeof path, "%s/seed%zu", dir, i);
	f = fopen(path, "wb");
	must(f != NULL && fwrite(p, 1, n, f) == n && fclose(f) == 0, path);
}

#endif
