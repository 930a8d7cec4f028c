/* ranks.h - several processes that a launcher (mpirun, srun) started, as one run. */
#ifndef NCT_RANKS_H
#define NCT_RANKS_H

#include "cli.h"
#include "nct-train.h"

/* Joins the other ranks, and returns their world, in static memory; NULL: this process trains alone. Ranks other than
 * 0 become quiet. If the tool ends before ranks_end(), all ranks end. Ends the tool with status 1 on failure. */
const struct nct_world *ranks_start(struct cli *c);
/* For work that one rank does alone: returns 1 on rank 0, or without a launcher. Ranks that get 0 have to end. */
int ranks_first(struct cli *c);
/* For an error that all ranks find: rank 0 prints `tool: what`, and all exit with `status`. */
void ranks_die(const struct cli *c, int status, const char *what) __attribute__((noreturn));
/* Waits until all ranks are here, and ends their connection. Does nothing if this process trains alone. */
void ranks_end(void);

#endif
