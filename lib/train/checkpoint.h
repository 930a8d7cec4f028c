/* checkpoint.h - checkpoints: files with the state of a run. The previous one is kept as FILE.prev. */
#ifndef NCT_TRAIN_CHECKPOINT_H
#define NCT_TRAIN_CHECKPOINT_H

#include "m1/safetensors.h"

/* The progress of a run. */
struct nct_mark {
	uint64_t step;
	uint64_t best_step; /* step of the best evaluation so far; 0: none yet */
	double best_bits;   /* its result */
	uint64_t round;     /* steps done when the current round of windows began (rounds.h); NCT_NO_ROUND: none has */
	char from[64];      /* names the run that the initial parameters are from; empty: they were random */
	int pending;        /* this step's evaluation was interrupted, and its row is missing in the log */
	double train_bits;  /* if pending: the step's training loss, for that row; else 0 */
};

#define NCT_NO_ROUND UINT64_MAX

/* The contents of a checkpoint, besides the mark. */
struct nct_state {
	const struct nct_st_pair *options; /* options that must be the same when the run is resumed */
	size_t option_count;
	struct nct_slot {
		char name[32];
		unsigned rank;
		uint64_t shape[NCT_ST_RANK];
		float *data; /* borrowed */
		size_t size; /* number of floats */
	} *slots;
	size_t slot_count;
};

/* Writes state and mark to `path`. The file that was there becomes `path`.prev. If `path` is a symbolic link, both
 * are where it leads to, and the link stays. NCT_EIO, NCT_ENOMEM: the old file is still at `path`. */
nct_err nct_checkpoint_save(const char *path, const struct nct_state *s, const struct nct_mark *mark,
                            nct_why *why) NCT_USED;

/* Reads `path` into the slots. If it is damaged, reads `path`.prev instead; then *old is 1, and `why` says what is
 * wrong with `path`. If there is neither, *mark has no steps, and nothing is read. NCT_EMODEL: the file was made
 * with other options (`why` names the first), or there is only `path`.prev, so that we cannot tell whether a new run
 * was meant. Other errors are those of `path`. After an error, the slots' contents are undefined. */
nct_err nct_checkpoint_load(const char *path, const struct nct_state *s, struct nct_mark *mark, int *old,
                            nct_why *why) NCT_USED;

/* Begins a new run with the parameters of another run's checkpoint `path`. Reads slots[0..n) only, and writes to
 * mark->from which run that is. The options in *s named must[0..musts) must be the same, else NCT_EMODEL. Other
 * errors as above; NCT_EIO if there is no such file. */
nct_err nct_checkpoint_begin(const char *path, const struct nct_state *s, size_t n, const char *const *must,
                             size_t musts, struct nct_mark *mark, nct_why *why) NCT_USED;

#endif
