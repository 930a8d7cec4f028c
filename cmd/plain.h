/* plain.h - plain text for m2gen: the prompt as tokens, and sampled tokens as text while they are made. */
#ifndef NCT_PLAIN_H
#define NCT_PLAIN_H

#include "cli.h"
#include "nct-m2.h"

/* Reads the M1 of the model's tokens from the file `name`; NULL: takes the built-in one. Ends the tool if they are not
 * of that M1. */
nct_m1 *plain_m1(const struct cli *c, const nct_m2 *m, const char *model, const char *name);
/* Turns `text` into tokens as the model has them. Its document stays open. Ends the tool if that fails. */
nct_corpus *plain_prompt(const struct cli *c, const nct_m2 *m, const nct_m1 *m1, const char *m1_name, const char *text);

/* A token stream that becomes text. Characters of UTF-8 are written whole. */
struct plain_text;
/* Starts threads that write to `out` the text of what is written to plain_text_input(). `end` takes the place of the
 * NUL bytes that end documents. A thread that fails ends the tool. */
struct plain_text *plain_text_begin(const struct cli *c, const nct_m1 *m1, int out, char end);
int plain_text_input(const struct plain_text *t);
void plain_text_end(struct plain_text *t); /* closes the input, and waits until all text is written */

#endif
