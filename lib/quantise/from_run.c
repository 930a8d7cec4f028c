/* from_run.c - quantises a training run's parameters to an integer M1, with a sample of the training text. */
#include "quantise/from_run.h"

#include <stdlib.h>

#include "base/err.h"
#include "quantise/quantise.h"

#define CALIBRATION_SYMBOLS ((size_t)1 << 16)
#define CALIBRATION_SEED UINT64_C(0x63616c6962726174) /* "calibrat"; differs from the seed of training */

nct_err
nct_m1_from_floats(nct_m1 **m, const struct nct_shape *shape, const float *params, const struct nct_examples *e,
                   const struct nct_train_options *o, nct_why *why)
{
	const size_t length = e->length, most = CALIBRATION_SYMBOLS / length > 0 ? CALIBRATION_SYMBOLS / length : 1;
	const size_t rows = e->count < most ? (size_t)e->count : most;
	uint32_t *in = calloc(rows * length, sizeof *in), *target = calloc(rows * length, sizeof *target);
	uint64_t targets = 0, bytes = 0;
	nct_err err = NCT_ENOMEM;

	*m = NULL;
	if (in == NULL || target == NULL) {
		(void)nct_fail(why, err, "out of memory");
		goto done;
	}
	nct_examples_fill(e, CALIBRATION_SEED, 0, rows, in, target, &targets, &bytes);
	err = nct_m1_quantise(m, shape, params, in, rows, length, o->threads, o->cpu, why);
	if (err == NCT_EARG) /* options were checked before, so a parameter is at fault */
		err = NCT_ENAN;
done:
	free(in);
	free(target);
	return err;
}
