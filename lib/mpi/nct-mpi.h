/* nct-mpi.h - what the MPI plug-in offers; looked up by name in nct-mpi.so. */
#ifndef NCT_MPI_NCT_MPI_H
#define NCT_MPI_NCT_MPI_H

#include "nct-train.h"

/* Joins the other ranks and fills in *w. 0, or -1 if that failed. */
int nct_mpi_start(struct nct_world *w);
/* With status 0 leaves them, once all do; else ends them all, with that status. */
void nct_mpi_end(int status);

#endif
