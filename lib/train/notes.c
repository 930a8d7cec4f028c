/* notes.c - notes in a model file on how it was trained. */
#include "notes.h"

#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "schedule.h"

void
nct_note(struct nct_notes *n, const char *key, const char *fmt, ...)
{
	va_list ap;

	assert(n->n < NCT_NOTES);
	va_start(ap, fmt);
	vsnprintf(n->value[n->n], sizeof n->value[n->n], fmt, ap);
	va_end(ap);
	n->pair[n->n] = (struct nct_st_pair){key, n->value[n->n]};
	n->n++;
}

void
nct_note_training(struct nct_notes *n, const struct nct_train_options *o, uint64_t step)
{
	const struct nct_schedule schedule = nct_schedule_make(o);
	const uint64_t symbols = step * o->rows * o->accumulate * o->length;

	nct_note(n, "note.steps", "%" PRIu64, step);
	nct_note(n, "note.rows", "%zu", o->rows);
	nct_note(n, "note.length", "%zu", o->length);
	nct_note(n, "note.accumulate", "%zu", o->accumulate);
	nct_note(n, "note.symbols", "%" PRIu64, symbols);
	nct_note(n, "note.lr", "%g", o->lr);
	nct_note(n, "note.warmup", "%" PRIu64, schedule.warmup);
	nct_note(n, "note.cooldown", "%" PRIu64, schedule.cooldown);
	nct_note(n, "note.z-loss", "%g", o->zloss);
	nct_note(n, "note.seed", "%" PRIu64, o->seed);
}
