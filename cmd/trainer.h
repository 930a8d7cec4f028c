/* trainer.h - what m1train and m2train share: options of training, progress, stopping by signals. */
#ifndef NCT_TRAINER_H
#define NCT_TRAINER_H

#include "cli.h"
#include "nct-m2.h"

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

/* Rows of both tools' option tables. The arguments are what differs: sizes, the defaults of -B and -L, the name of
 * what an example has, and of what the model is trained on. */
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
	int given[OPT_TRAINER_END];  /* by letter or number: which options of these rows were given */
};

/* Takes an option of TRAINER_OPTIONS and returns 1; returns 0 for any other. */
int trainer_take(struct trainer *t, int letter, const char *arg);
/* Call it after the last option. Ends the tool if an option would have no effect, or a file is wrong (files.h). Joins
 * the other ranks, if a launcher started several. Sets threads, cpu, world, ctx and the functions of t->train. */
void trainer_check(struct trainer *t);

/* The operands, and the file of -e, as nct_operand functions. ctx is a struct trainer. */
nct_err trainer_operand(void *ctx, size_t i, int *fd);
nct_err trainer_eval_operand(void *ctx, size_t i, int *fd);
/* Ends the tool: reading operand `at` failed, or with `eval` the file of -e. */
void trainer_die_reading(const struct trainer *t, nct_err err, int eval, size_t at, const nct_why *why)
    __attribute__((noreturn));

/* Ends the tool: the operands have no `what` in them, or with `eval` the file of -e. */
void trainer_die_empty(const struct trainer *t, int eval, const char *what) __attribute__((noreturn));
/* The name for errors about all operands: that of the operand if there is one, else "operands". */
const char *trainer_operands_name(const struct trainer *t);

/* The value of --weights. Ends the tool if there is no such. */
enum nct_weights trainer_weights(const struct cli *c, const char *arg);

/* Blocks SIGINT, SIGTERM and SIGHUP, unless they are ignored, so that a run can finish its step and save it. */
void trainer_hold_signals(void);
int trainer_signalled(void *ctx); /* true if a blocked signal is pending; `ctx` is not used */
void trainer_let_signals(void);   /* unblocks them: a pending signal kills the process */
/* Waits until `fd` takes a write of PIPE_BUF bytes. If it has to wait, signals kill the process meanwhile. */
void trainer_await(int fd);

/* Ends the progress line, if there is one. */
void trainer_end_line(void);
/* The run was stopped after `step`: says how to go on, and drops the output. */
void trainer_stopped(const struct trainer *t, uint64_t step);
/* Opens the output and returns its descriptor; -1 on ranks that do not write it. */
int trainer_output(const struct trainer *t);
const char *trainer_output_name(const struct trainer *t); /* "-" is standard output */
/* Ends the tool after a run that failed, on all ranks with the same `err`. Rank 0 prints the line of die_err(). */
void trainer_die(const struct trainer *t, nct_err err, const char *name, const nct_why *why) __attribute__((noreturn));
/* Ends a run that did not fail: finishes the output unless the run was stopped, leaves the other ranks, unblocks
 * signals. Returns the exit status. */
int trainer_end(const struct trainer *t, int stopped);

#endif
