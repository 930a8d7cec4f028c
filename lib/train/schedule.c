/* schedule.c - the learning rate of each step. */
#include "schedule.h"

#include <math.h>

double
nct_schedule_rate(const struct nct_schedule *s, uint64_t step)
{
	double rate = s->lr / sqrt((double)(step > s->warmup ? step : s->warmup));
	uint64_t left = s->steps - step + 1; /* steps, this one included */

	return left <= s->cooldown ? rate * (double)left / ((double)s->cooldown + 1) : rate;
}

uint64_t
nct_schedule_warmup(uint64_t steps)
{
	return steps / 10 < 10000 ? steps / 10 : 10000;
}

uint64_t
nct_schedule_cooldown(uint64_t steps)
{
	return steps / 5;
}
