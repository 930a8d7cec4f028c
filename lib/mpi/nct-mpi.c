/* nct-mpi.c - the plug-in through which ranks train together by MPI: the trainers load it under a launcher, so that
 * they need no MPI. */
#include "mpi/nct-mpi.h"

#include <mpi.h>
#include <stdlib.h>
#include <string.h>

#define PIECE ((size_t)1 << 20) /* numbers summed at a time, to bound buffers and counts */

/* Sums of one type of number. */
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

/* x[0..n), n <= PIECE: each rank gets a share of the numbers from all, adds them in the order of ranks and gives the
 * sums to all. */
static int
sum_piece(const struct nct_world *w, const struct type *t, char *x, size_t n, char *mine, char *theirs)
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
	const size_t room = (PIECE + w->size) * t->bytes;
	char *mine = malloc(room), *theirs = malloc(room);
	nct_err err = mine != NULL && theirs != NULL ? NCT_OK : NCT_ENOMEM;

	for (size_t at = 0; err == NCT_OK && at < n; at += PIECE)
		if (sum_piece(w, t, x + at * t->bytes, n - at < PIECE ? n - at : PIECE, mine, theirs) != 0)
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
	for (size_t at = 0; at < n; at += PIECE)
		if (MPI_Bcast((char *)bytes + at, (int)(n - at < PIECE ? n - at : PIECE), MPI_BYTE, 0, MPI_COMM_WORLD) != MPI_SUCCESS)
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
