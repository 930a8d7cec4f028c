/* notes.h - notes in a model file on how it was trained. */
#ifndef NCT_TRAIN_NOTES_H
#define NCT_TRAIN_NOTES_H

#include "m1/safetensors.h"
#include "nct-train.h"

#define NCT_NOTES 24

struct nct_notes {
	struct nct_st_pair pair[NCT_NOTES];
	char value[NCT_NOTES][96];
	size_t n;
};

/* Adds a note. `key` begins with "note." and is borrowed. */
void nct_note(struct nct_notes *n, const char *key, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/* Adds notes on a run of `step` steps with these options. */
void nct_note_training(struct nct_notes *n, const struct nct_train_options *o, uint64_t step);

#endif
