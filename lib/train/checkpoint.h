/* checkpoint.h - the state of a run on disk: written whole, checked by CRC, with the one before kept as FILE.prev. */
#ifndef NCT_TRAIN_CHECKPOINT_H
#define NCT_TRAIN_CHECKPOINT_H

#include "m1/safetensors.h"

/* How far a run has come. */
struct nct_mark {
	uint64_t step;
	uint64_t best_step; /* of the evaluation with the fewest bits so far; 0: there was none */
	double best_bits;
	uint64_t round;     /* the step before which this round of windows began (rounds.h); NCT_NO_ROUND: none has */
	char from[64];      /* what run the first parameters are from; empty: they were random */
	/* the evaluation that belongs to this step was broken off, and its row of the log is not written */
	int pending;
	double train_bits;  /* then: what that row needs of the step itself; else 0 */
};

#define NCT_NO_ROUND UINT64_MAX

/* What belongs into a checkpoint, besides the mark. */
struct nct_state {
	const struct nct_st_pair *options; /* what must be the same on resuming */
	size_t option_count;
	struct nct_slot {
		char name[32];
		unsigned rank;
		uint64_t shape[NCT_ST_RANK];
		float *data; /* borrowed */
		size_t size; /* floats */
	} *slots;
	size_t slot_count;
};

/* Writes state and mark to `path`; the file that was there becomes `path`.prev. Where `path` is a link, both stand
 * where it leads to, and it stays. On failure (NCT_EIO, NCT_ENOMEM) the old file is still the newest. */
nct_err nct_checkpoint_save(const char *path, const struct nct_state *s, const struct nct_mark *mark,
                            nct_why *why) NCT_USED;

/* Reads `path` into the slots, or `path`.prev if that is damaged: then *old is 1 and `why` says what is wrong with
 * the newest. If there is neither, *mark is of no steps and nothing is read. NCT_EMODEL: made with other options
 * (`why` names the first), or only `path`.prev is there, and it is not for us to say whether a new run was meant;
 * else the error of the newest file. The slots hold rubbish after an error. */
nct_err nct_checkpoint_load(const char *path, const struct nct_state *s, struct nct_mark *mark, int *old,
                            nct_why *why) NCT_USED;

/* Begins a run with what another one had reached: reads slots[0..n), and no others, from its checkpoint `path`, and
 * into mark->from what run that is. Of the options in *s those named `must[0..musts)` have to be the same: else
 * NCT_EMODEL. Errors as above; NCT_EIO if there is no such file. */
nct_err nct_checkpoint_begin(const char *path, const struct nct_state *s, size_t n, const char *const *must,
                             size_t musts, struct nct_mark *mark, nct_why *why) NCT_USED;

#endif
