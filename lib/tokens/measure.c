/* measure.c - measures evaluation tables or token streams; finds out which of them the input is. */
#include "tokens/measure.h"

#include <errno.h>
#include <stdlib.h>

#include "base/err.h"

#define STREAM_BEGINS 0x89 /* first byte of a stream; no table begins with it */

nct_err
nct_measure(int in, void (*each)(void *ctx, const struct nct_measured *m), void (*progress)(void *ctx, uint64_t bytes),
            void *ctx, nct_why *why)
{
	const struct nct_measure_calls calls = {each, progress, ctx};
	struct nct_input input = {.fd = in};
	nct_why own;
	nct_err err;
	int saved;

	why = nct_why_begin(why, &own);
	if ((err = nct_input_need(&input, 1)) == NCT_OK) {
		if (nct_input_have(&input) == 0)
			err = nct_fail(why, NCT_ECUT, "empty: neither token streams nor an evaluation table, byte 0");
		else if (nct_input_bytes(&input)[0] == STREAM_BEGINS)
			err = nct_measure_streams(&input, &calls, why);
		else
			err = nct_measure_tables(&input, &calls, why);
	}
	saved = errno;
	nct_input_free(&input);
	errno = saved;
	return err;
}
