/* models.h - small models of every kind, with codebooks, for targets that encode or decode. */
#ifndef NCT_FUZZ_MODELS_H
#define NCT_FUZZ_MODELS_H

#include "../unit/some_m1.h"
#include "../unit/some_strings.h"
#include "fuzz.h"

static nct_m1 *models[SOME_M1];

/* Adds a codebook of code `best` with random strings, in every other case with the places of its nodes. */
static void
give_strings(nct_m1 *m, unsigned which)
{
	static struct some s[STRINGS];
	nct_rng r = {which};
	struct nct_codebook *c;

	draw_strings(&r, s);
	c = codebook_of(s);
	must(nct_codebook_seal(c, nct_m1_fingerprint(m), NULL) == NCT_OK, "seal");
	must(which % 2 == 0 || nct_codebook_keep_places(c) == NCT_OK, "pack");
	nct_m1_take_codebook(m, c);
}

/* Makes the models, once. Each has codebooks for 10 bits of both codes, and one for 13 bits of code `split`. */
static void
make_models(void)
{
	for (unsigned i = 0; i < SOME_M1 && models[i] == NULL; i++) {
		models[i] = some_m1(i);
		must(nct_m1_compile(models[i], 10, 1, NULL) == NCT_OK && nct_m1_compile(models[i], 13, 1, NULL) == NCT_OK, "compile");
		give_strings(models[i], i);
	}
}

#endif
