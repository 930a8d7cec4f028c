/* schedule.h - the learning rate of each step. */
#ifndef NCT_TRAIN_SCHEDULE_H
#define NCT_TRAIN_SCHEDULE_H

#include "nct-train.h"

struct nct_schedule {
	double lr;
	uint64_t steps, warmup, cooldown;
};

/* The rate at step 1..steps: lr / sqrt(max(step, warmup)), times (steps - step + 1) / (cooldown + 1) in the last
 * `cooldown` steps, so that the step after the last would have 0. */
double nct_schedule_rate(const struct nct_schedule *s, uint64_t step);

/* The schedule that options ask for: NCT_TRAIN_AUTO is steps / 10, but 1,000 to 10,000, for the warm-up and steps /
 * 5 for the cool-down. */
struct nct_schedule nct_schedule_make(const struct nct_train_options *o);

#endif
