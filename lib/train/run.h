/* run.h - the state of a run (struct nct_loop). For the files of lib/train alone. */
#ifndef NCT_TRAIN_RUN_H
#define NCT_TRAIN_RUN_H

#include "checkpoint.h"
#include "log.h"
#include "loop.h"
#include "schedule.h"
#include "train/adafactor.h"
#include "train/rounds.h"

#define NCT_LOOP_OPTIONS 11

struct nct_loop {
	const struct nct_train_options *o;
	const struct nct_examples *train, *eval;
	struct nct_shape shape;
	struct nct_schedule schedule;
	nct_net *net;
	nct_adafactor *opt;
	nct_log *log;
	size_t rows;             /* rows of a step, on all ranks: o->rows * o->accumulate */
	size_t own;              /* rows of a batch on this rank: o->rows / ranks */
	uint32_t *in, *target;   /* (rows,length) the examples of a step */
	uint32_t *seen;          /* (rows,length) the first position that each may attend to; NULL without rounds */
	struct nct_mark mark;
	float *parsed_by;        /* parameters when the current round began; NULL without rounds */
	uint64_t parsed;         /* the round whose windows are in memory; NCT_NO_ROUND: none */
	float *best;             /* parameters at mark.best_step; NULL: not kept */
	struct nct_train_progress p;
	double start;            /* time when training began, in seconds */
	double input_seconds, optimiser_seconds; /* seconds spent on these since then */
	double peak;             /* FLOP/s that all ranks together can reach in products */
	double eval_bits;        /* result of an evaluation of the present parameters; NAN: none */

	size_t params;           /* slots of the parameters; they are the first */
	struct nct_state state;  /* the contents of a checkpoint, which point to the following */
	struct nct_st_pair options[NCT_LOOP_OPTIONS];
	char values[NCT_LOOP_OPTIONS][128];
	struct nct_slot slots[3 * NCT_P_COUNT + 1];
};

/* run.c: the number of all parameters, embeddings included. */
size_t nct_loop_parameters(const nct_loop *l);
/* Reports key=value, on rank 0 alone. */
void nct_loop_report(const nct_loop *l, const char *key, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/* Gives the user a line to see, on rank 0 alone. */
void nct_loop_warn(const nct_loop *l, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* resume.c: sets l->state, and reads the checkpoint, if there is one. */
nct_err nct_loop_resume(nct_loop *l, nct_why *why) NCT_USED;
/* Saves a checkpoint, on rank 0 alone. NCT_ENAN if the state is not finite; then the previous checkpoint stays. */
nct_err nct_loop_save(const nct_loop *l, nct_why *why) NCT_USED;
/* The name of the first tensor with a parameter that is not finite; NULL if all are finite. */
const char *nct_loop_not_finite(const nct_loop *l);

#endif
