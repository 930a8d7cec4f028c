/* loop.h - the training loop of both trainers: steps, evaluations, checkpoints, log. */
#ifndef NCT_TRAIN_LOOP_H
#define NCT_TRAIN_LOOP_H

#include "data/examples.h"
#include "net/transformer.h"

typedef struct nct_loop nct_loop; /* a run: net, optimiser, batches, step */

/* Prepares a run: checks options and memory, and makes random parameters or reads the checkpoint. `eval` may be
 * NULL. All arguments are borrowed until nct_loop_free(). Errors as for nct_m1_train(). */
nct_err nct_loop_new(nct_loop **out, const struct nct_train_options *o, const struct nct_shape *shape,
                     const struct nct_examples *train, const struct nct_examples *eval, nct_why *why) NCT_USED;
void nct_loop_free(nct_loop *l); /* NULL is a no-op */

/* Trains up to step o->steps. Does nothing if the checkpoint has as many steps or more. *stopped is 1 if o->stop()
 * ended the run before that. */
nct_err nct_loop_run(nct_loop *l, int *stopped, nct_why *why) NCT_USED;
/* Evaluates the parameters on the sample of `eval`, with the net in floats. *bits is bits/byte (see
 * nct_examples.per), or NAN if there is no `eval`. *stopped is 1, and *bits NAN, if o->stop() ended it. */
nct_err nct_loop_evaluate(nct_loop *l, double *bits, int *stopped, nct_why *why) NCT_USED;

/* NCT_ENOMEM if this machine has less memory than `need` bytes. `hint`, for the message, says what would need less. */
nct_err nct_train_fits(uint64_t need, const char *hint, nct_why *why) NCT_USED;
int nct_train_stop(const struct nct_train_options *o); /* o->stop() on this rank; 0 if there is none */
uint64_t nct_loop_step(const nct_loop *l);      /* steps done, including those before the run was resumed */
int nct_loop_had_rounds(const nct_loop *l);     /* true if the run has trained on windows (rounds.h) */
/* names the run that the initial parameters are from; empty: they were random; borrowed */
const char *nct_loop_from(const nct_loop *l);
/* In the order of nct_shape_tensors(); borrowed. To be changed only if no step or evaluation follows. */
float *nct_loop_params(const nct_loop *l);
/* The parameters of the best evaluation, borrowed, with its result and step. NULL without o->keep_best, or before
 * the first evaluation. */
float *nct_loop_best(const nct_loop *l, double *bits, uint64_t *step);

#endif
