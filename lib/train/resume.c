/* resume.c - what a run saves in checkpoints, and how it is resumed from them. */
#include "train/run.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "base/outfile.h"
#include "net/compose.h"
#include "quantise/to_floats.h"
#include "world.h"

static void __attribute__((format(printf, 3, 4)))
add_option(struct nct_loop *l, const char *key, const char *fmt, ...)
{
	const size_t i = l->state.option_count++;
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(l->values[i], sizeof l->values[i], fmt, ap);
	va_end(ap);
	l->options[i] = (struct nct_st_pair){key, l->values[i]};
}

/* Adds a slot for each tensor of a block of parameters. */
static void
add_slots(struct nct_loop *l, const struct nct_tensor t[NCT_P_COUNT], const char *prefix, float *block)
{
	for (size_t i = 0; i < NCT_P_COUNT && t[i].size > 0; i++) {
		struct nct_slot *slot = &l->slots[l->state.slot_count++];

		*slot = (struct nct_slot){.rank = 3, .shape = {t[i].stack, t[i].rows, t[i].cols}, .data = block + t[i].offset,
		    .size = t[i].size};
		snprintf(slot->name, sizeof slot->name, "%s%s", prefix, t[i].name);
	}
}

/* Describes a checkpoint: tensors by name, the optimiser's state, and the options that may not change in a run. */
static nct_err
describe_state(struct nct_loop *l, nct_why *why)
{
	const struct nct_shape *s = &l->shape;
	const struct nct_train_options *o = l->o;
	struct nct_tensor t[NCT_P_COUNT];
	size_t total;
	nct_err err = nct_shape_tensors(s, t, &total, why);

	if (err != NCT_OK)
		return err;
	l->state = (struct nct_state){.options = l->options, .slots = l->slots};
	add_slots(l, t, "", nct_net_params(l->net));
	l->params = l->state.slot_count;
	l->slots[l->state.slot_count++] = (struct nct_slot){.name = "adafactor", .rank = 1, .shape = {nct_adafactor_floats(s)},
	    .data = nct_adafactor_state(l->opt), .size = nct_adafactor_floats(s)};
	if (l->best != NULL)
		add_slots(l, t, "best.", l->best);
	if (l->parsed_by != NULL)
		add_slots(l, t, "round.", l->parsed_by);
	add_option(l, "vocabulary", "%" PRIu32 "+%" PRIu32, s->vocab, s->inputs - s->vocab);
	add_option(l, "size", "d=%" PRIu32 ",layers=%" PRIu32 ",heads=%" PRIu32 ",ff=%" PRIu32 ",reach=%" PRIu32, s->width,
	           s->layers, s->heads, s->inner, s->reach);
	if (s->parts > 0)
		add_option(l, "parts", "%" PRIu32 ", CRC %016" PRIx64, s->parts, nct_composition_crc(l->train->parts));
	add_option(l, "rows", "%zu", o->rows);
	add_option(l, "length", "%zu", o->length);
	add_option(l, "accumulate", "%zu", o->accumulate);
	add_option(l, "seed", "%" PRIu64, o->seed);
	add_option(l, "examples", "%" PRIu64, l->train->count);
	add_option(l, l->train->what, "CRC %016" PRIx64, l->train->crc);
	if (o->keep_best && l->eval == NULL)
		add_option(l, "validation", "none");
	else if (o->keep_best)
		add_option(l, "validation", "CRC %016" PRIx64 ", bits per %s", l->eval->crc, l->eval->per);
	if (l->train->rounds != NULL) {
		char text[sizeof l->values[0]];

		nct_rounds_describe(o, text, sizeof text);
		add_option(l, "windows", "%s", text);
	}
	return NCT_OK;
}

/* Begins with the parameters of an integer M1, if the file is one. */
static nct_err
begin_with_m1(struct nct_loop *l, nct_why *why)
{
	nct_why found = {0};
	nct_m1 *m;
	nct_err err = nct_m1_open(&m, l->o->from, NULL, &found);

	if (err == NCT_EKIND)
		return nct_fail_about(why, NCT_ABOUT_FILE, err, "%s: neither a checkpoint nor an M1", l->o->from);
	if (err == NCT_OK && (err = nct_m1_to_floats(nct_net_params(l->net), &l->shape, m, &found)) == NCT_OK)
		snprintf(l->mark.from, sizeof l->mark.from, "M1 %016" PRIx64, nct_m1_fingerprint(m));
	nct_m1_free(m);
	return err == NCT_OK ? err
	                     : nct_fail_about(why, NCT_ABOUT_FILE, err, "%s: %.180s", l->o->from,
	                                      found.text[0] != '\0' ? found.text : nct_strerror(err));
}

/* Begins a run, if asked for with the parameters of another run. */
static nct_err
begin(struct nct_loop *l, nct_why *why)
{
	static const char *const must[] = {"vocabulary", "size", "parts"};

	if (l->o->from == NULL)
		return NCT_OK;
	nct_err err = nct_checkpoint_begin(l->o->from, &l->state, l->params, must, 3, &l->mark, why);
	if (err == NCT_EKIND)
		err = begin_with_m1(l, why);
	if (err == NCT_OK)
		nct_loop_report(l, "from", "%s", l->mark.from);
	return err;
}

/* Reads the checkpoint, if there is one. */
static nct_err
load(struct nct_loop *l, nct_why *why)
{
	nct_why found = {0};
	int old;
	nct_err err;

	if (l->o->checkpoint == NULL)
		return begin(l, why);
	if ((err = nct_outfile_try(l->o->checkpoint)) != NCT_OK) /* now, not after hours of work */
		return nct_fail_about(why, NCT_ABOUT_FILE, err, "%s: %s", l->o->checkpoint,
		                      err == NCT_EIO ? strerror(errno) : nct_strerror(err));
	err = nct_checkpoint_load(l->o->checkpoint, &l->state, &l->mark, &old, &found);
	if (err != NCT_OK)
		return nct_fail_about(why, found.about, err, "%s", found.text);
	if (old)
		nct_loop_warn(l, "%s; going on from the one before it, step %" PRIu64, found.text, l->mark.step);
	if (l->mark.step > l->o->steps)
		nct_loop_warn(l, "%s: is at step %" PRIu64 " already: the model is made of that", l->o->checkpoint, l->mark.step);
	if (l->mark.step == 0)
		return begin(l, why);
	nct_loop_report(l, "resumed_step", "%" PRIu64, l->mark.step);
	return NCT_OK;
}

/* Gives rank 0's state, which read the file, to all ranks. */
static nct_err
share(struct nct_loop *l, nct_why *why)
{
	const struct nct_world *w = l->o->world;
	nct_err err = nct_world_share(w, &l->mark, sizeof l->mark);

	for (size_t i = 0; err == NCT_OK && i < l->state.slot_count; i++)
		err = nct_world_share(w, l->slots[i].data, l->slots[i].size * sizeof(float));
	return err == NCT_OK ? NCT_OK : nct_fail(why, err, "between the ranks: %s", nct_strerror(err));
}

nct_err
nct_loop_resume(nct_loop *l, nct_why *why)
{
	nct_err err = describe_state(l, why);

	if (err == NCT_OK && nct_world_rank(l->o->world) == 0)
		err = load(l, why);
	if ((err = nct_world_agree(l->o->world, err, why)) != NCT_OK)
		return err;
	return l->mark.step > 0 || nct_world_size(l->o->world) > 1 ? share(l, why) : NCT_OK;
}

/* A state that is not finite must not replace a good one. */
nct_err
nct_loop_save(const nct_loop *l, nct_why *why)
{
	if (nct_world_rank(l->o->world) != 0)
		return NCT_OK;
	for (size_t i = 0; i < l->state.slot_count; i++)
		for (size_t j = 0; j < l->slots[i].size; j++)
			if (!isfinite(l->slots[i].data[j]))
				return nct_fail(why, NCT_ENAN, "step %" PRIu64 ": %s is not finite any more", l->mark.step, l->slots[i].name);
	return nct_checkpoint_save(l->o->checkpoint, &l->state, &l->mark, why);
}
