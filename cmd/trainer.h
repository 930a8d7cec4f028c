/* trainer.h - what m1train and m2train share beyond cli.h: options of training, progress, stopping by signal. */
#ifndef NCT_TRAINER_H
#define NCT_TRAINER_H

#include "cli.h"
#include "nct-train.h"

enum {
	OPT_ACCUMULATE = 256,
	OPT_LR,
	OPT_WARMUP,
	OPT_COOLDOWN,
	OPT_ZLOSS,
	OPT_SEED,
	OPT_EVAL_EVERY,
	OPT_SAVE_EVERY,
	OPT_LOG,
	OPT_LOG_TIMING,
	OPT_TRAINER_END
};

/* Rows of the option table, with what differs: the sizes to begin with, the defaults of -B and -L, what is trained
 * on. */
#define TRAINER_OPTIONS(size, rows, length, symbols, what)                                                   \
	{'s', "size", "SIZE", size " or d=256,layers=3,heads=4,ff=1024[,reach=1024]"},                       \
	{'n', "steps", "N", "train N steps (default 20000)"},                                                \
	{'B', "rows", "N", "examples in a batch (default " rows ")"},                                        \
	{'L', "length", "N", symbols " in an example (default " length ")"},                                 \
	{OPT_ACCUMULATE, "accumulate", "N", "batches in a step (default 1)"},                                \
	{OPT_LR, "lr", "X", "learning rate, over sqrt(max(step, warmup)) (default 1)"},                      \
	{OPT_WARMUP, "warmup", "N", "steps of constant rate (default n/10, from 1000 to 10000)"},            \
	{OPT_COOLDOWN, "cooldown", "N", "last steps, rate falling to 0 (default n/5)"},                      \
	{OPT_ZLOSS, "z-loss", "X", "weight of log(Z)^2 in the loss (default 0.0001)"},                       \
	{OPT_SEED, "seed", "N", "of parameters and order of examples (default 1)"},                          \
	{'e', "eval", "FILE", what " to evaluate on"},                                                       \
	{OPT_EVAL_EVERY, "eval-every", "N", "steps between evaluations (default 1000; 0: at the end)"},      \
	{'C', "checkpoint", "FILE", "save there, and go on from there if it exists"},                        \
	{OPT_SAVE_EVERY, "save-every", "N", "steps between checkpoints (default 500; 0: at the end)"},       \
	{OPT_LOG, "log", "FILE", "write a table of steps, rates and losses"},                                \
	{OPT_LOG_TIMING, "log-timing", NULL, "add columns of speed and time to the log"}

struct trainer {
	struct cli *cli;
	struct nct_train_options train;
	const char *eval;            /* -e; NULL: none */
	int given[OPT_TRAINER_END];  /* by letter or number: which of the rows above were */
};

/* Takes one option if it is of TRAINER_OPTIONS: 1, else 0. */
int trainer_take(struct trainer *t, int letter, const char *arg);
/* After the last option: no option may be given in vain. Joins other ranks, if a launcher started this process as
 * one of several. Sets threads, cpu, world and the functions of t->train, whose ctx is `t`. */
void trainer_check(struct trainer *t);

/* The operands, and the file of -e, as nct_operand's, with a struct trainer for ctx. */
nct_err trainer_operand(void *ctx, size_t i, int *fd);
nct_err trainer_eval_operand(void *ctx, size_t i, int *fd);
/* Ends the tool because reading the operands, or with `eval` the file of -e, failed at operand `at`. */
void trainer_die_reading(const struct trainer *t, nct_err err, int eval, size_t at, const nct_why *why)
    __attribute__((noreturn));

/* Ends the tool because the operands, or with `eval` the file of -e, hold none of `what`. */
void trainer_die_empty(const struct trainer *t, int eval, const char *what) __attribute__((noreturn));
/* What a fault of all operands together is called by. */
const char *trainer_operands_name(const struct trainer *t);

/* Signals that end a run after its step, unless they are ignored, are held back from here on, so that no handler
 * interrupts a kernel; trainer_let_signals() lets them kill. */
void trainer_hold_signals(void);
int trainer_signalled(void *ctx); /* one is waiting */
void trainer_let_signals(void);
/* Waits until `fd` takes a pipe's smallest whole write (PIPE_BUF bytes), letting signals kill while it has to wait. */
void trainer_await(int fd);

/* Ends the progress line, if one stands open. */
void trainer_end_line(void);
/* The run was asked to stop after `step`: says how to go on, and drops the output. */
void trainer_stopped(const struct trainer *t, uint64_t step);
/* The output, on the rank that writes it; else -1. */
int trainer_output(const struct trainer *t);
const char *trainer_output_name(const struct trainer *t);
/* Ends the tool after a run that failed, on all ranks with the same `err`; `name` is what failed, unless `why`
 * begins with a file's name. */
void trainer_die(const struct trainer *t, nct_err err, const char *name, const nct_why *why) __attribute__((noreturn));
/* After a run that did not fail: finishes the output unless the run was stopped, parts from other ranks, lets
 * signals kill. */
int trainer_end(const struct trainer *t, int stopped);

#endif
