/* loop.h - the training loop that both trainers share: steps, evaluations, checkpoints, log. */
#ifndef NCT_TRAIN_LOOP_H
#define NCT_TRAIN_LOOP_H

#include "data/examples.h"
#include "net/transformer.h"

typedef struct nct_loop nct_loop; /* a run: net, optimiser, batches, step */

/* Prepares a run of a net of `shape`: checks the options and the memory, makes random parameters or reads the
 * checkpoint. All that is passed is borrowed until nct_loop_free(); `eval` may be NULL. Errors as nct_m1_train(). */
nct_err nct_loop_new(nct_loop **out, const struct nct_train_options *o, const struct nct_shape *shape,
                     const struct nct_examples *train, const struct nct_examples *eval, nct_why *why) NCT_USED;
void nct_loop_free(nct_loop *l); /* NULL is a no-op */

/* Trains up to step o->steps; does nothing if the checkpoint is already there or past it. *stopped: o->stop() said
 * so first. */
nct_err nct_loop_run(nct_loop *l, int *stopped, nct_why *why) NCT_USED;
/* Bits/byte (see nct_examples.per) of the sample of `eval`, in full float precision; NAN if there is no `eval`, or
 * if o->stop() said so before a batch of it: then *stopped is 1. */
nct_err nct_loop_evaluate(nct_loop *l, double *bits, int *stopped, nct_why *why) NCT_USED;

/* NCT_ENOMEM, with `why`, if this machine has less memory than `need` bytes; `hint` says what would need less. */
nct_err nct_train_fits(uint64_t need, const char *hint, nct_why *why) NCT_USED;
int nct_train_stop(const struct nct_train_options *o); /* what o->stop() says on this rank; 0 if there is none */
uint64_t nct_loop_step(const nct_loop *l);      /* steps done, those before the checkpoint included */
int nct_loop_had_rounds(const nct_loop *l);     /* windows were trained on, in this process or before */
/* what run the first parameters are from; empty: they were random; borrowed */
const char *nct_loop_from(const nct_loop *l);
const float *nct_loop_params(const nct_loop *l); /* in the order of nct_shape_tensors(); borrowed */
/* The parameters that did best in an evaluation, their bits and step; with o->keep_best and after one alone, else
 * NULL. Borrowed. */
const float *nct_loop_best(const nct_loop *l, double *bits, uint64_t *step);

#endif
