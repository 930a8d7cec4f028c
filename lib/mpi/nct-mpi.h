/* nct-mpi.h - the functions of the MPI plug-in nct-mpi.so, which trainers look up by name. */
#ifndef NCT_MPI_NCT_MPI_H
#define NCT_MPI_NCT_MPI_H

#include "nct-train.h"

/* Initialises MPI and fills in *w. Returns 0, or -1 on failure. */
int nct_mpi_start(struct nct_world *w);
/* With status 0, waits until all ranks end, and ends MPI. Otherwise aborts all ranks with that status. */
void nct_mpi_end(int status);

#endif
