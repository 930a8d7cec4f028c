/* schedule.h - the learning rate of each step. */
#ifndef NCT_TRAIN_SCHEDULE_H
#define NCT_TRAIN_SCHEDULE_H

#include "nct-train.h"

struct nct_schedule {
	double lr;
	uint64_t steps, warmup, cooldown;
};

/* The rate at `step`, from 1 to steps: lr / sqrt(max(step, warmup)). In the last `cooldown` steps it is multiplied
 * by (steps - step + 1) / (cooldown + 1), and so falls to nearly 0. */
double nct_schedule_rate(const struct nct_schedule *s, uint64_t step);

/* The schedule for these options. NCT_TRAIN_AUTO means steps / 10, but from 1,000 to 10,000, for the warm-up, and
 * steps / 5 for the cool-down. */
struct nct_schedule nct_schedule_make(const struct nct_train_options *o);

#endif
