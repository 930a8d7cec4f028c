/* ranks.c - several processes that a launcher (mpirun, srun) started, as one run: finds and loads the MPI plug-in. */
#include "ranks.h"

#include <dlfcn.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PLUGIN "nct-mpi.so"

static struct nct_world world;
static void (*end)(int status); /* nct_mpi_end(); NULL: not started, or ended */

/* True if a launcher started this process: it sets one of these variables. */
static int
launched(void)
{
	static const char *const names[] = {"OMPI_COMM_WORLD_SIZE", "PMIX_RANK", "PMI_RANK"};

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		if (getenv(names[i]) != NULL)
			return 1;
	return 0;
}

int
ranks_first(struct cli *c)
{
	static const char *const names[] = {"OMPI_COMM_WORLD_RANK", "PMIX_RANK", "PMI_RANK"};

	c->launched = launched();
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		if (getenv(names[i]) != NULL)
			return strcmp(getenv(names[i]), "0") == 0;
	return 1;
}

/* Loads the plug-in, which is beside the tool or, when installed, in ../lib/nct. NULL: that failed. RTLD_GLOBAL,
 * because OpenMPI loads modules that need its symbols. */
static void *
load(void)
{
	static const char *const places[] = {"", "../lib/nct/"};
	char self[PATH_MAX], path[PATH_MAX + 64];
	ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
	void *plugin = NULL;

	if (n < 0)
		return NULL;
	self[n] = '\0';
	*(strrchr(self, '/') + 1) = '\0';
	for (size_t i = 0; plugin == NULL && i < sizeof places / sizeof places[0]; i++) {
		snprintf(path, sizeof path, "%s%s" PLUGIN, self, places[i]);
		if (access(path, F_OK) == 0)
			plugin = dlopen(path, RTLD_NOW | RTLD_GLOBAL);
	}
	return plugin;
}

/* Called when the process exits. If the other ranks still run, ends them: they would wait for this one for ever. */
static void
on_end(int status, void *unused)
{
	(void)unused;
	if (end != NULL)
		end(status != 0 ? status : EX_FAIL);
}

const struct nct_world *
ranks_start(struct cli *c)
{
	void *plugin;
	int (*start)(struct nct_world *);

	if (!(c->launched = launched()))
		return NULL;
	plugin = load();
	if (plugin == NULL)
		die(c, EX_FAIL, PLUGIN ": %s", dlerror() != NULL ? "cannot be loaded, and without it ranks cannot train together" :
		    "not there (built without OpenMPI), and without it ranks cannot train together");
	*(void **)&start = dlsym(plugin, "nct_mpi_start");
	*(void **)&end = dlsym(plugin, "nct_mpi_end");
	if (start == NULL || end == NULL || start(&world) != 0) {
		end = NULL;
		die(c, EX_FAIL, PLUGIN ": cannot start");
	}
	if (on_exit(on_end, NULL) != 0)
		die(c, EX_FAIL, "out of memory");
	if (world.rank != 0) {
		c->quiet = 1;
		c->verbose = 0;
	}
	return &world;
}

void
ranks_end(void)
{
	if (end != NULL)
		end(0);
	end = NULL;
}

void
ranks_die(const struct cli *c, int status, const char *what)
{
	if (world.rank == 0)
		fprintf(stderr, "%s: %s\n", c->tool, what);
	ranks_end();
	exit(status);
}
