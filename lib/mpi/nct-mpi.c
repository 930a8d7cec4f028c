/* nct-mpi.c - the MPI plug-in, by which several processes (ranks) train together. Trainers load it only when an MPI
 * launcher starts them, so they do not need MPI themselves. */
#include "mpi/nct-mpi.h"

#include <mpi.h>
#include <stdlib.h>
#include <string.h>

#define SECTION ((size_t)1 << 20) /* numbers summed at a time; limits buffers and MPI's counts */

/* A type of number to sum. */
struct type {
	size_t bytes;
	MPI_Datatype mpi;
	void (*add)(void *to, const void *x, size_t n);
};

static void
add_floats(void *to, const void *x, size_t n)
{
	float *a = to;
	const float *b = x;

	for (size_t i = 0; i < n; i++)
		a[i] += b[i];
}

static void
add_doubles(void *to, const void *x, size_t n)
{
	double *a = to;
	const double *b = x;

	for (size_t i = 0; i < n; i++)
		a[i] += b[i];
}

/* Sums x[0..n), n <= SECTION, over all ranks. Each rank receives one share of the numbers from all ranks, adds them
 * up in the order of ranks, and sends the sums to all. So results do not depend on timing. */
static int
sum_section(const struct nct_world *w, const struct type *t, char *x, size_t n, char *mine, char *theirs)
{
	const size_t share = (n + w->size - 1) / w->size, bytes = share * t->bytes;

	memcpy(mine, x, n * t->bytes);
	memset(mine + n * t->bytes, 0, share * w->size * t->bytes - n * t->bytes);
	if (MPI_Alltoall(mine, (int)share, t->mpi, theirs, (int)share, t->mpi, MPI_COMM_WORLD) != MPI_SUCCESS)
		return -1;
	for (unsigned r = 1; r < w->size; r++)
		t->add(theirs, theirs + r * bytes, share);
	if (MPI_Allgather(theirs, (int)share, t->mpi, mine, (int)share, t->mpi, MPI_COMM_WORLD) != MPI_SUCCESS)
		return -1;
	memcpy(x, mine, n * t->bytes);
	return 0;
}

static nct_err
sum_all(const struct nct_world *w, const struct type *t, char *x, size_t n)
{
	const size_t room = (SECTION + w->size) * t->bytes;
	char *mine = malloc(room), *theirs = malloc(room);
	nct_err err = mine != NULL && theirs != NULL ? NCT_OK : NCT_ENOMEM;

	for (size_t at = 0; err == NCT_OK && at < n; at += SECTION)
		if (sum_section(w, t, x + at * t->bytes, n - at < SECTION ? n - at : SECTION, mine, theirs) != 0)
			err = NCT_EIO;
	free(mine);
	free(theirs);
	return err;
}

static nct_err
sum(const struct nct_world *w, float *x, size_t n)
{
	const struct type t = {sizeof *x, MPI_FLOAT, add_floats};

	return sum_all(w, &t, (char *)x, n);
}

static nct_err
sum_doubles(const struct nct_world *w, double *x, size_t n)
{
	const struct type t = {sizeof *x, MPI_DOUBLE, add_doubles};

	return sum_all(w, &t, (char *)x, n);
}

static nct_err
max(const struct nct_world *w, int *x)
{
	int all;

	(void)w;
	if (MPI_Allreduce(x, &all, 1, MPI_INT, MPI_MAX, MPI_COMM_WORLD) != MPI_SUCCESS)
		return NCT_EIO;
	*x = all;
	return NCT_OK;
}

static nct_err
share(const struct nct_world *w, void *bytes, size_t n)
{
	(void)w;
	for (size_t at = 0; at < n; at += SECTION)
		if (MPI_Bcast((char *)bytes + at, (int)(n - at < SECTION ? n - at : SECTION), MPI_BYTE, 0, MPI_COMM_WORLD) !=
		    MPI_SUCCESS)
			return NCT_EIO;
	return NCT_OK;
}

int
nct_mpi_start(struct nct_world *w)
{
	int level, rank, size;

	if (MPI_Init_thread(NULL, NULL, MPI_THREAD_FUNNELED, &level) != MPI_SUCCESS ||
	    MPI_Comm_rank(MPI_COMM_WORLD, &rank) != MPI_SUCCESS || MPI_Comm_size(MPI_COMM_WORLD, &size) != MPI_SUCCESS)
		return -1;
	*w = (struct nct_world){.rank = (unsigned)rank,
	                        .size = (unsigned)size,
	                        .sum = sum,
	                        .sum_doubles = sum_doubles,
	                        .max = max,
	                        .share = share};
	return 0;
}

void
nct_mpi_end(int status)
{
	if (status == 0)
		(void)MPI_Finalize();
	else
		(void)MPI_Abort(MPI_COMM_WORLD, status);
}
