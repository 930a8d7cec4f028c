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

struct nct_schedule
nct_schedule_make(const struct nct_train_options *o)
{
	struct nct_schedule s = {.lr = o->lr, .steps = o->steps, .warmup = o->warmup, .cooldown = o->cooldown};

	if (s.warmup == NCT_TRAIN_AUTO) /* published: 10,000; shorter runs need a higher rate */
		s.warmup = s.steps < 10000 ? 1000 : s.steps < 100000 ? s.steps / 10 : 10000;
	if (s.cooldown == NCT_TRAIN_AUTO)
		s.cooldown = s.steps / 5;
	return s;
}
