/* ranks.h - several processes as one run, where a launcher (mpirun, srun) started them. */
#ifndef NCT_RANKS_H
#define NCT_RANKS_H

#include "cli.h"
#include "nct-train.h"

/* The world of this process, or NULL if it trains alone. Ranks other than 0 are made quiet. From here on the tool's
 * end before ranks_end() ends all ranks. */
const struct nct_world *ranks_start(struct cli *c);
/* For what no other rank shares: 1 on rank 0, or without a launcher. The others, which get 0, are to end at once. */
int ranks_first(struct cli *c);
/* For what all ranks find out for themselves, alike: prints `tool: what` once, parts from the others, exits. */
void ranks_die(const struct cli *c, int status, const char *what) __attribute__((noreturn));
/* Waits for the others to come here too, and parts from them. */
void ranks_end(void);

#endif
