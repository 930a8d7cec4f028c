/* run.h - inside of a run: shared by its loop, its evaluations and what it saves. */
#ifndef NCT_TRAIN_RUN_H
#define NCT_TRAIN_RUN_H

#include "checkpoint.h"
#include "log.h"
#include "loop.h"
#include "schedule.h"
#include "train/adafactor.h"
#include "train/rounds.h"

#define NCT_LOOP_OPTIONS 10

struct nct_loop {
	const struct nct_train_options *o;
	const struct nct_examples *train, *eval;
	struct nct_shape shape;
	struct nct_schedule schedule;
	nct_net *net;
	nct_adafactor *opt;
	nct_log *log;
	size_t rows;             /* of a step, on all ranks: o->rows * o->accumulate */
	size_t own;              /* of a batch, on this rank: o->rows / ranks */
	uint32_t *in, *target;   /* (rows, length) */
	/* (rows, length) the same: first position attended to; NULL: there are no rounds of windows */
	uint32_t *seen;
	struct nct_mark mark;
	float *parsed_by;        /* parameters as the round of windows began; NULL as above */
	uint64_t parsed;         /* the round whose windows are at hand; NCT_NO_ROUND: none */
	float *best;             /* parameters at mark.best_step; NULL: not kept */
	struct nct_train_progress p;
	double start;            /* when training began, seconds */
	double input_seconds, optimiser_seconds; /* spent on these since then */
	double peak;             /* operations a second that products of all ranks may reach */
	double eval_bits;        /* NAN, or the evaluation of the parameters as they are */

	struct nct_state state;  /* what a checkpoint holds, pointing to what follows */
	struct nct_st_pair options[NCT_LOOP_OPTIONS];
	char values[NCT_LOOP_OPTIONS][128];
	struct nct_slot slots[3 * NCT_P_COUNT + 1];
};

/* run.c: all parameters, embeddings included; the shape has been checked. */
size_t nct_loop_parameters(const nct_loop *l);
/* Tells a fact, on rank 0 alone. */
void nct_loop_report(const nct_loop *l, const char *key, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* resume.c: describes what a checkpoint holds, and goes on from the one there is, if there is one. */
nct_err nct_loop_resume(nct_loop *l, nct_why *why) NCT_USED;
/* Saves a checkpoint, on rank 0 alone. NCT_ENAN, and the one before stays the newest, if the state is not finite. */
nct_err nct_loop_save(const nct_loop *l, nct_why *why) NCT_USED;
/* The first tensor of the parameters with a value that is not finite; NULL: all are. */
const char *nct_loop_not_finite(const nct_loop *l);

#endif
