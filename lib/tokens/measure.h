/* measure.h - the two kinds of input that nct_measure() reads: token streams and evaluation tables. */
#ifndef NCT_TOKENS_MEASURE_H
#define NCT_TOKENS_MEASURE_H

#include "stream/input.h"

/* The caller's functions: see nct_measure(). */
struct nct_measure_calls {
	void (*each)(void *ctx, const struct nct_measured *m);
	void (*progress)(void *ctx, uint64_t bytes); /* NULL: none */
	void *ctx;
};

/* Both read all of *input, of which only waiting bytes were read before. Errors as nct_measure(). */
nct_err nct_measure_streams(struct nct_input *input, const struct nct_measure_calls *calls, nct_why *why) NCT_USED;
nct_err nct_measure_tables(struct nct_input *input, const struct nct_measure_calls *calls, nct_why *why) NCT_USED;

#endif
