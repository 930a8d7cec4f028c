/* schedule.h - the learning rate of each step. */
#ifndef NCT_TRAIN_SCHEDULE_H
#define NCT_TRAIN_SCHEDULE_H

#include <stdint.h>

struct nct_schedule {
	double lr;
	uint64_t steps, warmup, cooldown;
};

/* The rate at step 1..steps: lr / sqrt(max(step, warmup)), times (steps - step + 1) / (cooldown + 1) in the last
 * `cooldown` steps, so that the step after the last would have 0. */
double nct_schedule_rate(const struct nct_schedule *s, uint64_t step);

/* What NCT_TRAIN_AUTO stands for. */
uint64_t nct_schedule_warmup(uint64_t steps);   /* steps / 10, at most 10,000 */
uint64_t nct_schedule_cooldown(uint64_t steps); /* steps / 5 */

#endif
